"""The faults, one function each; each gives a row of figures."""

import errno
import os
import random
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson

from benchmarks.faults.load import Load
from benchmarks.faults.shop import Shop
from daogou.cli.results import Row
from daogou.store import Store

_IMPORTED = 15_000


def kills(shop: Shop, count: int, tell: Callable[[str], None]) -> Row:
    """Kill the server ``count`` times at random moments while clients send events."""
    chance = random.Random(6)  # noqa: S311
    lost = 0
    shop.start()
    with Load(shop) as load:
        for number in range(count):
            time.sleep(chance.uniform(0.05, 1.5))
            shop.kill()
            # The log alone: what was answered before the kill has to be there now.
            verdict = load.verdict()
            lost = max(lost, verdict.lost)
            tell(f"kill {number + 1}: {verdict.acknowledged:,} answered, {verdict.lost} lost")
            shop.start()
        time.sleep(0.5)
        load.finish()
    row = _counted(shop, load, count)
    return row | {"lost": max(lost, int(row["lost"]))}


def imports(shop: Shop, count: int, tell: Callable[[str], None]) -> Row:
    """Kill ``daogou import events`` ``count`` times, then let it run through."""
    chance = random.Random(20)  # noqa: S311
    feed = shop.home / "events.jsonl"
    feed.write_bytes(b"\n".join(orjson.dumps(_row(n)) for n in range(_IMPORTED)))
    command = [sys.executable, "-m", "daogou", "import", "events", str(feed)]
    command += ["--home", str(shop.home), "--store", shop.url]
    begun = time.monotonic()
    subprocess.run(command, check=True, capture_output=True)
    whole = time.monotonic() - begun
    with Store.open(shop.url) as store:
        store.delete_visitor("imported")
    killed, torn = 0, 0
    for number in range(count):
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(chance.uniform(0.3 * whole, whole))
        killed += process.poll() is None
        process.kill()
        process.wait()
        torn += not _intact(shop.url)
        with Store.open(shop.url, create=False) as store:
            here = store.count_events().get("purchase-complete", 0)
            tell(f"import {number + 1}: {here:,} of {_IMPORTED:,} events are there")
            if number % 2:  # every other time from nothing
                store.delete_visitor("imported")
    subprocess.run(command, check=True, capture_output=True)
    with Store.open(shop.url, create=False) as store:
        found = store.event_lines(types=["purchase-complete"])["product_id"]
    return {
        "faults": killed,
        "accepted": _IMPORTED,
        "lost": _IMPORTED - found.n_unique(),
        "duplicated": found.len() - found.n_unique(),
        "failures": torn,
        "intact": _intact(shop.url),
    }


def _counted(shop: Shop, load: Load, faults: int) -> Row:
    """Stop the server, and hold what clients were answered against the log."""
    shop.stop()
    verdict = load.verdict()
    return {
        "faults": faults,
        "accepted": verdict.acknowledged,
        "lost": verdict.lost,
        "duplicated": verdict.duplicated,
        "failures": len(load.failed),
        "intact": _intact(shop.url),
    }


def full_disk(shop: Shop, disk: Path, tell: Callable[[str], None]) -> Row:
    """Fill the disk of the database while clients send events, and clear it again.

    ``disk`` is the root of the file system that the database is on, and nothing else.
    """
    shop.start()
    filler = disk / "filler"
    with Load(shop) as load:
        time.sleep(0.5)
        _fill(filler)
        turned = _within(30, lambda: load.refused[503] > 0 and not shop.writes)
        tell(f"the disk is full: {load.refused[503]} requests refused")
        status, _, _ = shop.ask("POST", "/v1/search", {"query": "tea"})
        filler.unlink()
        healed = _within(30, lambda: shop.writes)
        before = len(load.acknowledged)
        healed = healed and _within(30, lambda: len(load.acknowledged) > before)
        load.finish()
    return _counted(shop, load, 1) | {
        "refused": load.refused[503],
        "turned": turned,
        "searched": status == 200,
        "healed": healed,
        "tracebacks": shop.tracebacks,
    }


def lost_database(shop: Shop, server: Any, tell: Callable[[str], None]) -> Row:
    """Shut PostgreSQL down at once, as a crash does, while clients send events; start it again."""
    shop.start()
    with Load(shop) as load:
        time.sleep(0.5)
        os.kill(server.get_pid(), signal.SIGQUIT)
        turned = _within(30, lambda: load.refused[503] > 0 and not shop.writes)
        begun = time.monotonic()
        status, _, headers = shop.ask("POST", "/v1/search", {"query": "tea"})
        tell(f"the database is away: search answers {status} in {time.monotonic() - begun:.2f} s")
        refused = status == 503 and "retry-after" in {name.lower() for name in headers}
        server.ensure_postgres_running()
        healed = _within(30, lambda: shop.writes)
        before = len(load.acknowledged)
        healed = healed and _within(30, lambda: len(load.acknowledged) > before)
        healed = healed and shop.ask("POST", "/v1/search", {"query": "tea"})[0] == 200
        load.finish()
    return _counted(shop, load, 1) | {
        "refused": load.refused[503],
        "turned": turned and refused,
        "healed": healed,
        "tracebacks": shop.tracebacks,
    }


def _fill(path: Path) -> None:
    """Write until there is no room."""
    with path.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(b"\0" * 65_536)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise


def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _intact(url: str) -> bool:
    """Whether the database opens and, where it is a file, finds itself whole."""
    with Store.open(url, create=False):
        pass
    if not url.startswith("sqlite:///"):
        return True
    connection = sqlite3.connect(url.removeprefix("sqlite:///"))
    try:
        found = connection.execute("PRAGMA integrity_check").fetchall()
    finally:
        connection.close()
    return found == [("ok",)]


def _row(number: int) -> dict[str, Any]:
    return {
        "eventType": "purchase-complete",
        "visitorId": "imported",
        "eventId": f"import-{number}",
        "eventTime": "2026-01-31T18:30:00Z",
        "productDetails": [{"product": {"id": f"import-{number}"}, "quantity": 1}],
    }
