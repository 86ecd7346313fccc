"""How many messages one client may send: a token bucket for each address."""

import ipaddress
import threading
import time
from collections.abc import Callable
from typing import Final

from fastapi import Request

from daogou.server.errors import TooMany

MOST_CLIENTS: Final = 10_000
"""Beyond so many, those that have been quiet for a minute are forgotten."""
_MINUTE: Final = 60.0


class Limiter:
    """Lets each client send so many messages a minute, and all of them at once where it likes.

    Parameters
    ----------
    per_minute
        0 lets everything through.
    clock
        Seconds that never go back.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    async def __call__(self, request: Request) -> None:
        """Admit a request of FastAPI's by its address, as a dependency of a route."""
        self.admit(request.client.host if request.client else "")

    def admit(self, address: str) -> None:
        """Count a message.

        Raises
        ------
        TooMany
            There were as many as may be.
        """
        if not self._per_minute:
            return
        client = _network(address)
        now = self._clock()
        with self._lock:
            if len(self._left) >= MOST_CLIENTS:
                self._forget(now)
            left, then = self._left.get(client, (float(self._per_minute), now))
            left = min(left + (now - then) * self._per_minute / _MINUTE, self._per_minute)
            if left < 1:
                raise TooMany(self._per_minute, (1 - left) * _MINUTE / self._per_minute)
            self._left[client] = (left - 1, now)

    def _forget(self, now: float) -> None:
        fresh = {c: told for c, told in self._left.items() if now - told[1] < _MINUTE}
        # Clients that keep coming from ever new addresses are not to fill the memory.
        self._left = fresh if len(fresh) < MOST_CLIENTS else {}


def _network(address: str) -> str:
    """The address, or of IPv6 the network, of which one client has all addresses."""
    try:
        known = ipaddress.ip_address(address)
    except ValueError:
        return address
    if known.version == 4:
        return address
    return str(ipaddress.ip_network((known, 64), strict=False))
