"""Who sends a request, and what they may do: the door of the application.

A request comes with a key (``Authorization: Bearer``) or without. Without one it may do what the
shop's public pages do, unless ``[server] public`` says otherwise. Where there has never been a
key, and the server listens on the loopback, a request of this very machine may do everything.
"""

import asyncio
import logging
import re
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers
from starlette.types import Scope as Asgi

from daogou.errors import ConfigError, DaogouError
from daogou.server.config import ServerConfig, is_loopback
from daogou.server.errors import Forbidden, Unauthorized, shown
from daogou.server.limiting import Limiter
from daogou.store import ApiKey, Keyring, Scope, Store

log = logging.getLogger("daogou.access")

Access = Literal["open", Scope]
"""What a route needs, and what a caller has; ``open`` is nothing at all."""
_RANK: Final[Mapping[Access, int]] = {"open": 0, "shopper": 1, "merchant": 2, "admin": 3}
KEY_SECONDS: Final = 1.0
"""So old may be what a process knows of the keys: a revoked one is refused after that."""
CREATE: Final = "`daogou keys create --scope"
_CALLER: Final = "daogou.caller"
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
_RANDOM_UUID: Final = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}(?![0-9a-f])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who sent a request.

    Attributes
    ----------
    access
        What they may do.
    address
        Where they are, as far as a trusted proxy tells.
    key
        The key that they sent.
    is_local
        Whether it is this machine, and nothing asks for a key.
    """

    access: Access
    address: str
    key: ApiKey | None = None
    is_local: bool = False

    def may(self, needed: Access) -> bool:
        """Whether they may do what needs this scope."""
        return _RANK[self.access] >= _RANK[needed]


STRANGER: Final = Caller("open", "")


def caller_of(request: Request) -> Caller:
    """Who sent a request, as the door found when it let it in; a dependency of routes."""
    caller: Caller = request.scope.get(_CALLER, STRANGER)
    return caller


def can_be_guessed(visitor_id: str) -> bool:
    """Whether a stranger could name this visitor: the id has no random UUID (version 4) in it.

    The storefront and the widget name their visitors ``web-`` and such a UUID, of 122 random bits.
    Who knows one has been told it, as with the id of a conversation.
    """
    return _RANDOM_UUID.search(visitor_id) is None


class Door:
    """Lets requests in; one for an application.

    Parameters
    ----------
    clock
        Seconds that never go back.
    """

    def __init__(
        self, store: Store, config: ServerConfig, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._config = config
        self._clock = clock
        self._near = is_loopback(config.host)
        self._offered = {shopper.visitor_id for shopper in config.shop_as}
        self._messages = Limiter(config.messages_per_minute, clock)
        self._requests = Limiter(config.requests_per_minute, clock, "requests")
        self._ring: tuple[float, Keyring] | None = None
        self._lock = threading.Lock()
        # A thread of its own: keys must not wait behind the searches that they are to admit.
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="daogou-keys")

    async def admit(self, scope: Asgi, needed: Access) -> None:
        """Let a request in that needs ``needed``, and note with it who sent it.

        Raises
        ------
        Unauthorized
            It needs a key and has none, or one that is not in force.
        Forbidden
            Its key is for less.
        TooMany
            Its key, or its address, has sent as many as may be.
        """
        if needed == "open":
            return
        caller = await self.identify(scope)
        if not caller.may(needed):
            raise self._refusal(caller, scope, needed)
        scope[_CALLER] = caller
        self._count(caller)

    async def identify(self, scope: Asgi) -> Caller:
        """Who sent a request.

        Raises
        ------
        Unauthorized
            It has a key that is not in force.
        """
        ring = await self._keyring()
        client = scope.get("client")
        address = client[0] if client else ""
        if self._near and not ring.any_ever and _is_direct(scope):
            return Caller("admin", address, is_local=True)
        scheme, _, text = Headers(scope=scope).get("authorization", "").partition(" ")
        # Other schemes are a proxy's affair.
        if scheme.lower() != "bearer":
            return Caller("shopper" if self._config.public else "open", address)
        key = ring.find(text.strip(), datetime.now(UTC))
        if key is None:
            raise Unauthorized(
                "The key is not in force: it was revoked, has expired, or is not of this shop."
                " `daogou keys list` tells which keys are. Without a key leave the header"
                " Authorization out.",
                invalid=True,
            )
        return Caller(key.scope, address, key)

    async def look(self, request: Request) -> Caller:
        """Who sent a request to a route that is open to all; a dependency, which never refuses."""
        try:
            return await self.identify(request.scope)
        except DaogouError:
            return STRANGER

    def speak_for(self, caller: Caller, visitor_id: str | None) -> None:
        """Let a caller be answered as a visitor.

        Raises
        ------
        Forbidden
            The caller is no more than a shopper, and anybody could have guessed the visitor's id:
            answers would tell strangers what that visitor did.
        TooMany
            The visitor has sent as many requests as may be.
        """
        if visitor_id is None:
            return
        if not (
            caller.may("merchant")
            or self._config.guessable_visitors
            or visitor_id in self._offered
            or not can_be_guessed(visitor_id)
        ):
            raise Forbidden(
                f"visitorId is {shown(visitor_id)}, which others could guess, and the answer would"
                " tell them what that visitor did. Expected an id with a random UUID (version 4)"
                " in it, or a key of the scope merchant, sent by your own server. `[server]"
                " guessable_visitors = true` lets every id through."
            )
        if not caller.is_local:
            self._requests.admit(f"visitor {visitor_id}")

    def own(self, caller: Caller, visitor_id: str, *, erase: bool = False) -> None:
        """Let a caller read what is known of a visitor, or with ``erase`` delete it.

        Raises
        ------
        Forbidden
            The caller is no more than a shopper, and does not prove to be that visitor.
        """
        offered = visitor_id in self._offered and not erase
        if not (caller.may("merchant") or offered or not can_be_guessed(visitor_id)):
            raise Forbidden(
                f"The visitor {shown(visitor_id)} can be read and erased with a key of the scope"
                " merchant alone, since others could guess the id. Only who has an id with a random"
                " UUID (version 4) in it can do both without."
            )

    def message(self, caller: Caller, visitor: str | None = None) -> None:
        """Count a message to the assistant, of a visitor or a conversation where one is named.

        Raises
        ------
        TooMany
            There were as many as may be.
        """
        if not self._has_its_own_limit(caller):
            self._messages.admit(caller.address)
        if visitor is not None:
            self._messages.admit(f"visitor {visitor}")

    def _count(self, caller: Caller) -> None:
        if caller.key is not None and caller.key.per_minute is not None:
            self._requests.admit(f"key {caller.key.id}", caller.key.per_minute)
        elif not (caller.is_local or self._has_its_own_limit(caller)):
            self._requests.admit(caller.address)

    @staticmethod
    def _has_its_own_limit(caller: Caller) -> bool:
        """Whether it is a shop's server, which sends what many shoppers do from one address."""
        key = caller.key
        return key is not None and (key.per_minute is not None or caller.may("merchant"))

    def _refusal(self, caller: Caller, scope: Asgi, needed: Access) -> DaogouError:
        what = f"{scope['method']} {shown(scope['path'])} needs a key of the scope {needed}"
        remedy = f"{CREATE} {needed}` makes one."
        if caller.key is not None:
            return Forbidden(f"{what}; this one ({caller.key.id}) is for {caller.access}. {remedy}")
        return Unauthorized(
            f"{what}, and the request has none; send it as 'Authorization: Bearer KEY'. {remedy}"
        )

    async def _keyring(self) -> Keyring:
        known = self._fresh()
        if known is not None:
            return known
        return await asyncio.get_running_loop().run_in_executor(self._reader, self._read)

    def _fresh(self) -> Keyring | None:
        known = self._ring
        return known[1] if known and self._clock() - known[0] < KEY_SECONDS else None

    def _read(self) -> Keyring:
        with self._lock:
            fresh = self._fresh()
            if fresh is not None:
                return fresh
            now, before = self._clock(), self._ring
            ring = self._store.keyring()
            if before is not None:
                _tell_changes(before[1], ring)
            self._ring = (now, ring)
            return ring


def refuse_strangers(config: ServerConfig, store: Store) -> None:
    """Refuse to listen where others can reach it, unless there is a key.

    Raises
    ------
    ConfigError
        It is not the loopback, and no key is in force.
    """
    if is_loopback(config.host) or store.keyring().keys:
        return
    raise ConfigError(
        f"{config.host or 'Every address'} can be reached by others, and there is no key in force:"
        " nobody could be told from a stranger. Create one first with"
        f" {CREATE} admin`, or listen on this machine alone with --host 127.0.0.1."
    )


def _is_direct(scope: Asgi) -> bool:
    """Whether a request comes from this machine itself, for this machine itself.

    Not through a proxy, which forwards what others send; and not from a page that had its own
    name resolve to the loopback (DNS rebinding), which names itself in the header Host.
    """
    headers = Headers(scope=scope)
    if any(name in headers for name in _FORWARDED):
        return False
    try:
        name = urlsplit(f"//{headers.get('host', '')}").hostname or ""
    except ValueError:
        return False
    # Nobody else's name is without a dot.
    return is_loopback(name) or name.endswith(".localhost") or not {*".:"} & {*name}


def _tell_changes(before: Keyring, now: Keyring) -> None:
    for told, first, second in (("accepted", now, before), ("refused", before, now)):
        for key_id in sorted(first.keys.keys() - second.keys.keys()):
            key = first.keys[key_id]
            log.warning("key %s is %s now: scope %s, name %r", key_id, told, key.scope, key.name)
