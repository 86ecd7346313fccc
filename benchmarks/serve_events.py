"""Events over HTTP: how many a second are on the disk, and how soon another process knows them.

    python -m benchmarks.serve_events --json FILE
    python -m benchmarks.serve_events --seconds 2 --one-visitor 0

``daogou events BATCH STORE``: `daogou serve` in a process of its own, this one as its client with
``--clients`` connections, each of which sends a batch and waits for the answer, which comes when
the batch is on the disk. ``per_second`` counts events, the times are those of a request. Ids are
random, every visitor has some ten events. ``daogou freshness``, with PostgreSQL ``daogou freshness
postgres``: two servers on one database; an event is sent to one, and from its 2xx on the other is
asked until its answer has changed. ``daogou recommend N events STORE``: one visitor with N events,
beside one with ten.
"""

import argparse
import http.client
import random
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
from rich.console import Console
from rich.table import Table

from benchmarks.faults.shop import STORES, Shop, StoreKind, database
from benchmarks.reporting import document, save
from daogou.cli.results import Row
from daogou.store import Store
from daogou.types import EventLine, EventType, UserEvent

BATCHES: Final = (1, 100, 1000)
_PREPARED: Final = 40_000
"""Events that each connection has ready, encoded, before the clock starts."""
_KINDS: Final[tuple[EventType, ...]] = (
    "detail-page-view",
    "add-to-cart",
    "purchase-complete",
    "search",
)


@dataclass(frozen=True, slots=True)
class EventLoad:
    """How much is measured.

    Attributes
    ----------
    seconds
        Of each row of events.
    clients
        Connections at once.
    fresh
        Events of the row of freshness.
    one_visitor
        Events of the visitor who has many; 0 leaves that visitor out.
    """

    seconds: float = 10
    clients: int = 8
    fresh: int = 200
    one_visitor: int = 20_000


def main(arguments: Sequence[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.serve_events",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--stores", nargs="+", choices=STORES, default=list(STORES))
    parser.add_argument("--seconds", type=float, default=10, help="for each row of events")
    parser.add_argument("--clients", type=int, default=8, help="connections at once")
    parser.add_argument("--fresh", type=int, default=200, help="events of the row freshness")
    parser.add_argument("--one-visitor", type=int, default=20_000, help="events; 0 leaves it out")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    load = EventLoad(options.seconds, options.clients, options.fresh, options.one_visitor)
    rows = event_rows(options.stores, load)
    table = Table("", "p50 ms", "p95 ms", "p99 ms", "a second")
    for row in rows:
        table.add_row(
            str(row["name"]),
            *(f"{row[key]:.1f}" for key in ("p50_ms", "p95_ms", "p99_ms")),
            f"{row['per_second']:,.0f}",
        )
    Console().print(table)
    save(options.json, document("serve_events", arguments, rows))


def event_rows(stores: Sequence[StoreKind], load: EventLoad) -> list[Row]:
    """All rows, store by store."""
    return [row for store in stores for row in _measured(store, load)]


def _measured(kind: StoreKind, load: EventLoad) -> Iterator[Row]:
    for batch in BATCHES:
        with _shop(kind) as (shop, _):
            yield _events(shop, f"daogou events {batch} {kind}", batch, load)
    with _shop(kind) as (shop, other):
        name = "daogou freshness" if kind == "sqlite" else f"daogou freshness {kind}"
        yield _fresh(shop, other, name, load.fresh)
        for count in (10, load.one_visitor) if load.one_visitor else ():
            yield _long(shop, f"daogou recommend {count} events {kind}", count)


class _shop:  # noqa: N801  # a context manager, as a function would be
    """Two servers on one new database."""

    def __init__(self, kind: StoreKind) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="daogou-events-", dir="/var/tmp")
        self._database = database(kind, Path(self._folder.name))

    def __enter__(self) -> tuple[Shop, Shop]:
        url, _ = self._database.__enter__()
        root = Path(self._folder.name)
        self._shops = Shop(root / "a", url), Shop(root / "b", url)
        for shop in self._shops:
            shop.start()
        return self._shops

    def __exit__(self, *caught: Any) -> None:
        for shop in self._shops:
            shop.kill()
        self._database.__exit__(*caught)
        self._folder.cleanup()


def _events(shop: Shop, name: str, batch: int, load: EventLoad) -> Row:
    bodies = [_bodies(batch, client) for client in range(load.clients)]
    taken: list[float] = []
    lock = threading.Lock()
    begin = threading.Barrier(load.clients + 1)

    def client(mine: list[bytes]) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=60)
        connection.connect()
        times = []
        begin.wait()
        end = time.perf_counter() + load.seconds
        for body in mine:
            start = time.perf_counter()
            if start > end:
                break
            answer = _ask(connection, "/v1/events", body)
            times.append(time.perf_counter() - start)
            if answer["accepted"] != batch:
                raise SystemExit(f"of {batch} events {answer} was answered")
        connection.close()
        with lock:
            taken.extend(times)

    threads = [threading.Thread(target=client, args=(mine,)) for mine in bodies]
    for thread in threads:
        thread.start()
    begin.wait()
    start = time.perf_counter()
    for thread in threads:
        thread.join()
    seconds = time.perf_counter() - start
    with Store.open(shop.url, create=False) as store:
        there = sum(store.count_events().values())
    if there != batch * len(taken):
        raise SystemExit(f"{batch * len(taken):,} events were accepted, {there:,} are there")
    return _row(name, taken, there / seconds)


def _fresh(shop: Shop, other: Shop, name: str, count: int) -> Row:
    """From the 2xx of "not interested" at one server to a home page without it from the other."""
    one = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=60)
    two = http.client.HTTPConnection("127.0.0.1", other.port, timeout=60)
    visitor = str(uuid.uuid4())
    with Store.open(shop.url) as store:  # something has to be popular, or no page is made
        now = datetime.now(UTC) - timedelta(days=1)
        store.append_events(
            UserEvent(f"past-{n}", "purchase-complete", f"v{n}", now, (EventLine(f"p{n % 100}"),))
            for n in range(1000)
        )

    def home() -> list[str]:
        body = {"placement": "home", "userEvent": {"visitorId": visitor}, "pageSize": 10}
        results = _ask(two, "/v1/recommend", orjson.dumps(body))["results"]
        return [result["id"] for result in results]

    taken = []
    for number in range(count):
        if number % 20 == 0:  # nobody turns down a whole shop
            visitor = str(uuid.uuid4())
        first = home()[0]
        event = {
            "eventType": "not-interested",
            "visitorId": visitor,
            "eventId": str(uuid.uuid4()),
            "productDetails": [{"product": {"id": first}}],
        }
        _ask(one, "/v1/events", orjson.dumps(event))
        start = time.perf_counter()
        while first in home():
            if time.perf_counter() - start > 10:
                raise SystemExit("after ten seconds the answer is still the old one")
        taken.append(time.perf_counter() - start)
    return _row(name, taken, len(taken) / sum(taken))


def _long(shop: Shop, name: str, count: int, requests: int = 100) -> Row:
    """Recommendations for a visitor with so many events, of all kinds."""
    visitor = str(uuid.uuid4())
    now = datetime.now(UTC)
    kinds: tuple[EventType, ...] = (*_KINDS, "impression")
    with Store.open(shop.url) as store:
        store.append_events(
            UserEvent(
                f"{visitor}-{n}",
                kinds[n % len(kinds)],
                visitor,
                now - timedelta(seconds=count - n),
                (EventLine(f"p{n % 100}"),),
            )
            for n in range(count)
        )
        # And then so many that say nothing of a taste, which have to be skipped.
        store.append_events(
            UserEvent(f"{visitor}-s{n}", "search", visitor, now, query="tea") for n in range(count)
        )
    connection = http.client.HTTPConnection("127.0.0.1", shop.port, timeout=60)
    body = orjson.dumps({"placement": "home", "userEvent": {"visitorId": visitor}})
    taken = []
    for _ in range(requests):
        start = time.perf_counter()
        _ask(connection, "/v1/recommend", body)
        taken.append(time.perf_counter() - start)
    return _row(name, taken, len(taken) / sum(taken))


def _ask(connection: http.client.HTTPConnection, path: str, body: bytes) -> Any:
    connection.request("POST", path, body, {"Content-Type": "application/json"})
    answer = connection.getresponse()
    content = answer.read()
    if answer.status != 200:
        raise SystemExit(f"{path} answered {answer.status}: {content[:500]!r}")
    return orjson.loads(content)


def _bodies(batch: int, seed: int) -> list[bytes]:
    chance = random.Random(seed)  # noqa: S311
    return [
        orjson.dumps({"userEvents": [_event(chance) for _ in range(batch)]})
        for _ in range(_PREPARED // max(batch, 10))
    ]


def _event(chance: random.Random) -> dict[str, Any]:
    kind = chance.choice(_KINDS)
    event: dict[str, Any] = {
        "eventType": kind,
        "visitorId": f"visitor-{chance.randrange(20_000)}",
        "eventId": str(uuid.UUID(int=chance.getrandbits(128))),
        "attributionToken": "hJ8kQ2mXw0zV5tYB",
    }
    if kind == "search":
        event["searchQuery"] = "green tea"
    else:
        product = {"id": f"p{chance.randrange(100)}"}
        price = {"amount": 499, "currency": "USD"}
        event["productDetails"] = [{"product": product, "quantity": 1, "price": price}]
    return event


def _row(name: str, taken: Sequence[float], per_second: float) -> Row:
    p50, p95, p99 = np.percentile(1e3 * np.array(taken), (50, 95, 99)).tolist()
    return {"name": name, "p50_ms": p50, "p95_ms": p95, "p99_ms": p99, "per_second": per_second}


if __name__ == "__main__":
    main(sys.argv[1:])
