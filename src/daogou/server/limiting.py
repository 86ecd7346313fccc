"""How much one client may send: a token bucket for each of them.

Not the package ``limits``: in memory it keeps each client's hits in a list or a counter that only
its own timer thread takes away, so that a client with ever new addresses fills the memory, and
its stores that machines share need a Redis or a Memcached. What is here has a bound, tells to the
second when to come again, and needs nothing. Each process counts by itself: behind N workers a
client can send up to N times as much.
"""

import ipaddress
import threading
import time
from collections.abc import Callable
from typing import Final

from daogou.server.errors import TooMany

MOST_CLIENTS: Final = 10_000
"""Beyond so many, those that have been quiet for a minute are forgotten."""
_MINUTE: Final = 60.0


class Limiter:
    """Lets each client send so many a minute, and all of them at once where it likes.

    Parameters
    ----------
    per_minute
        0 lets everything through.
    clock
        Seconds that never go back.
    what
        Is counted: a word for the refusal.
    """

    def __init__(
        self,
        per_minute: int,
        clock: Callable[[], float] = time.monotonic,
        what: str = "messages",
    ) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._what = what
        self._lock = threading.Lock()
        self._left: dict[str, tuple[float, float]] = {}

    def admit(self, client: str, per_minute: int | None = None) -> None:
        """Count one that a client sends.

        Parameters
        ----------
        client
            An address (of IPv6 its network counts, of which one client has all addresses), or
            any other name.
        per_minute
            How many this client may send; the limiter's own number where it is None.

        Raises
        ------
        TooMany
            There were as many as may be.
        """
        most = self._per_minute if per_minute is None else per_minute
        if not most:
            return
        client = _network(client)
        now = self._clock()
        with self._lock:
            if len(self._left) >= MOST_CLIENTS:
                self._forget(now)
            left, then = self._left.get(client, (float(most), now))
            left = min(left + (now - then) * most / _MINUTE, most)
            if left < 1:
                raise TooMany(most, (1 - left) * _MINUTE / most, self._what)
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
    if known.ipv4_mapped is not None:  # all IPv4 clients of a proxy with one socket for both
        return str(known.ipv4_mapped)
    return str(ipaddress.ip_network((known, 64), strict=False))
