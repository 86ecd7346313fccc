"""A request from its head to the end of its answer: its id, its clock, what its stages took."""

import logging
import re
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from starlette.types import Scope

log = logging.getLogger("daogou.server")

UNMATCHED: Final = "unmatched"
_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_HEADER: Final = b"x-request-id"
_WATCHED: ContextVar["Seen | None"] = ContextVar("daogou_request", default=None)


@dataclass(slots=True)
class Seen:
    """What is known of a request so far.

    Attributes
    ----------
    id
        The caller's ``X-Request-ID`` where it can be used, or one of ours.
    status
        HTTP's; 0 before the answer begins.
    stages
        Seconds by stage; a stage may be part of another.
    """

    id: str
    status: int = 0
    trace_id: str | None = None
    stages: dict[str, float] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def spent(self, stage: str, seconds: float) -> None:
        """Add to what a stage took."""
        with self._lock:
            self.stages[stage] = self.stages.get(stage, 0.0) + seconds


def watched() -> Seen | None:
    """The request that this is part of; None outside of one."""
    return _WATCHED.get()


@contextmanager
def watching(scope: Scope) -> Iterator[Seen]:
    """Make a request the one that everything within is part of."""
    seen = Seen(_request_id(scope))
    token = _WATCHED.set(seen)
    try:
        yield seen
    finally:
        _WATCHED.reset(token)


def place(scope: Scope) -> tuple[str, str]:
    """Method and route of a request. Unknown ones are one, so that a scanner grows nothing."""
    route = getattr(scope.get("route"), "path", UNMATCHED)
    if route == UNMATCHED:
        return "any", route
    return (scope["method"] if scope["method"] in _METHODS else "other"), route


def tell_slow(seen: Seen, method: str, route: str, seconds: float) -> None:
    """Log a request that took long, with where the time went."""
    stages = {name: round(1e3 * spent, 1) for name, spent in seen.stages.items()}
    told = ", ".join(f"{name} {spent:g}" for name, spent in stages.items())
    fields = {
        "method": method,
        "route": route,
        "status": seen.status,
        "milliseconds": round(1e3 * seconds, 1),
        "stages": stages,
    }
    log.warning(
        "slow: %s %s answered %d after %.0f ms%s",
        method,
        route,
        seen.status,
        1e3 * seconds,
        f" (ms: {told})" if told else "",
        extra={"fields": fields},
    )


def _request_id(scope: Scope) -> str:
    given = next((value for name, value in scope["headers"] if name == _HEADER), b"")
    return given.decode() if _ID.fullmatch(given) else secrets.token_hex(8)
