"""API keys: how they are made and recognised, and their table, within the caller's transaction.

A key reads ``daogou_SCOPE_ID_SECRET``. The id is public and names the row. Of the secret only a
hash is kept, a plain SHA-256: it is 256 random bits, so that there is nothing to guess which a
slow hash (Argon2, scrypt) would make dearer, and every request can afford to be checked. The
first word and the scope let people, and scanners for leaked secrets, see what they have before
them; what a key may do is in its row alone.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, get_args

import sqlalchemy as sa

from daogou.errors import InvalidInput
from daogou.store import tables
from daogou.store.documents import micros, moment, storable

Scope = Literal["shopper", "merchant", "admin"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
"""Each may do what those before it may."""
MAX_KEYS: Final = 1000
"""Keys in force: a server holds all of them in memory."""
MAX_NAME: Final = 100
PATTERN: Final = re.compile(r"daogou_(?P<scope>[a-z]+)_(?P<id>[0-9a-f]{12})_[A-Za-z0-9_-]{43}")
"""What a key looks like."""
_C: Final = tables.api_keys.c


@dataclass(frozen=True, slots=True)
class ApiKey:
    """What is kept of a key.

    Attributes
    ----------
    per_minute
        How many requests it may send in a minute; None where nothing is said of it.
    digest
        SHA-256 of the whole key, in hex.
    """

    id: str
    scope: Scope
    name: str
    digest: str = field(repr=False)
    per_minute: int | None
    created: datetime
    expires: datetime | None
    revoked: datetime | None = None

    def fits(self, text: str) -> bool:
        """Whether ``text`` is this key; takes the same time wherever the two differ."""
        return hmac.compare_digest(self.digest, _digest(text))

    def is_in_force(self, now: datetime) -> bool:
        """Whether it is neither revoked nor expired."""
        return self.revoked is None and (self.expires is None or now < self.expires)


def make(
    scope: Scope, name: str, per_minute: int | None, now: datetime, expires: datetime | None
) -> tuple[ApiKey, str]:
    """A new key, as it is kept and as it is told once.

    Raises
    ------
    InvalidInput
        There is no such scope, it would have expired already, or its name cannot be stored.
    """
    if scope not in SCOPES:
        raise InvalidInput(
            f"scope is {scope!r}; expected one of {', '.join(SCOPES)}.", field="scope"
        )
    if len(name) > MAX_NAME or not storable(name) or not name.isprintable():
        raise InvalidInput(
            f"name is {name[:MAX_NAME]!r}; expected {MAX_NAME} printable characters at most.",
            field="name",
        )
    if expires is not None and expires <= now:
        raise InvalidInput(f"expires is {expires}, which is past; expected later.", field="expires")
    if per_minute is not None and not 1 <= per_minute <= 1_000_000:
        raise InvalidInput(
            f"per_minute is {per_minute}; expected 1 to 1,000,000 requests.", field="per_minute"
        )
    key_id = secrets.token_hex(6)
    text = f"daogou_{scope}_{key_id}_{secrets.token_urlsafe(32)}"
    return ApiKey(key_id, scope, name, _digest(text), per_minute, now, expires), text


def id_of(text: str) -> str | None:
    """The public part of what looks like a key; None where it does not."""
    found = PATTERN.fullmatch(text)
    return found["id"] if found else None


def add(connection: sa.Connection, key: ApiKey) -> None:
    """Add a key.

    Raises
    ------
    InvalidInput
        There are :data:`MAX_KEYS` in force.
    """
    there = len(in_force(connection, key.created))
    if there >= MAX_KEYS:
        raise InvalidInput(
            f"There are {there:,} keys in force; expected {MAX_KEYS:,} at most. Revoke those that"
            " nobody uses with `daogou keys revoke ID`."
        )
    row = {
        "id": key.id,
        "scope": key.scope,
        "name": key.name,
        "digest": key.digest,
        "per_minute": key.per_minute,
        "created": micros(key.created),
        "expires": None if key.expires is None else micros(key.expires),
    }
    connection.execute(sa.insert(tables.api_keys), row)


def load(connection: sa.Connection) -> list[ApiKey]:
    """All keys that there ever were, oldest first."""
    rows = connection.execute(sa.select(tables.api_keys).order_by(_C.created, _C.id)).mappings()
    return [_key(row) for row in rows]


def in_force(connection: sa.Connection, now: datetime) -> list[ApiKey]:
    """The keys that are neither revoked nor expired."""
    query = sa.select(tables.api_keys).where(
        _C.revoked.is_(None), sa.or_(_C.expires.is_(None), _C.expires > micros(now))
    )
    return [_key(row) for row in connection.execute(query).mappings()]


def any_ever(connection: sa.Connection) -> bool:
    """Whether there has ever been a key, revoked and expired ones included."""
    return connection.execute(sa.select(_C.id).limit(1)).first() is not None


def revoke(connection: sa.Connection, key_id: str, now: datetime) -> ApiKey | None:
    """Revoke a key; returns it as it then is, or None where there is none.

    One that was revoked before keeps its time.
    """
    if not storable(key_id):
        return None
    change = sa.update(tables.api_keys).where(_C.id == key_id, _C.revoked.is_(None))
    connection.execute(change.values(revoked=micros(now)))
    found = connection.execute(sa.select(tables.api_keys).where(_C.id == key_id))
    row = found.mappings().one_or_none()
    return None if row is None else _key(row)


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _key(row: Mapping[Any, Any]) -> ApiKey:
    return ApiKey(
        id=row["id"],
        scope=row["scope"],
        name=row["name"],
        digest=row["digest"],
        per_minute=row["per_minute"],
        created=moment(row["created"]),
        expires=None if row["expires"] is None else moment(row["expires"]),
        revoked=None if row["revoked"] is None else moment(row["revoked"]),
    )
