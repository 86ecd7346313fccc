"""Clients that send events until they are told that these are kept, and what became of them."""

import http.client
import json
import math
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.faults.shop import Shop
from daogou.store import Store

_SIZES: Final = (1, 1, 1, 100)
_PATIENCE: Final = 60.0
"""Seconds that a client goes on with its last request."""
_AGAIN: Final = 0.1
"""Of so many answered requests the answer counts as lost on its way: they are sent again."""


@dataclass(frozen=True)
class Verdict:
    """What the log says of what was sent."""

    acknowledged: int
    lost: int
    duplicated: int


class Load:
    """Threads that send events to a shop until they are stopped.

    Every event is told by its product besides its id: the n-th of a client is of the product
    ``client-n``, so that an event that is there twice is seen whatever its id is.
    """

    def __init__(self, shop: Shop, clients: int = 8) -> None:
        self.shop = shop
        self.refused: Counter[int] = Counter()
        self.failed: list[str] = []
        self._acknowledged: set[str] = set()
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._until = math.inf
        self._threads = [threading.Thread(target=self._client, args=(n,)) for n in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.finish()

    def finish(self) -> None:
        """Let every client have its last request answered, and go."""
        self._until = min(self._until, time.monotonic() + _PATIENCE)
        self._stop.set()
        for thread in self._threads:
            thread.join()

    @property
    def acknowledged(self) -> set[str]:
        """The products of the events that were answered 2xx so far."""
        with self._lock:
            return set(self._acknowledged)

    def verdict(self) -> Verdict:
        """Read the log, and compare."""
        told = self.acknowledged
        with Store.open(self.shop.url, create=False) as store:
            found = Counter(store.event_lines(types=["detail-page-view"])["product_id"].to_list())
        return Verdict(
            acknowledged=len(told),
            lost=len(told - found.keys()),
            duplicated=found.total() - len(found),
        )

    def _client(self, client: int) -> None:
        chance = random.Random(client)  # noqa: S311
        number = 0
        while not self._stop.is_set():
            size = chance.choice(_SIZES)
            ids = [f"{client}-{n}" for n in range(number, number + size)]
            number += size
            body = json.dumps({"userEvents": [_event(client, id_) for id_ in ids]}).encode()
            self._send(body, ids)
            if chance.random() < _AGAIN:
                self._send(body, ids)

    def _send(self, body: bytes, ids: list[str]) -> None:
        while time.monotonic() < self._until:
            connection = http.client.HTTPConnection("127.0.0.1", self.shop.port, timeout=60)
            try:
                connection.request("POST", "/v1/events", body, {"Content-Type": "application/json"})
                answer = connection.getresponse()
                content = answer.read()
            except (OSError, http.client.HTTPException):
                time.sleep(0.05)
                continue
            finally:
                connection.close()
            if answer.status == 200:
                with self._lock:
                    self._acknowledged.update(ids)
                return
            self.refused[answer.status] += 1
            if answer.status not in (429, 503) or answer.getheader("Retry-After") is None:
                self.failed.append(f"{answer.status}: {content[:300]!r}")
                return
            time.sleep(0.05)
        self.failed.append(f"no answer within {_PATIENCE:.0f} s to {ids[0]}")


def _event(client: int, identifier: str) -> dict[str, Any]:
    return {
        "eventType": "detail-page-view",
        "visitorId": f"client-{client}",
        "eventId": f"event-{identifier}",
        "productDetails": [{"product": {"id": identifier}}],
    }
