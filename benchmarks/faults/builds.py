"""What is built beside a running shop and broken off: its catalogue, its bundles, their swaps."""

import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import orjson

from benchmarks.faults.shop import Shop
from daogou.bundle import Bundle, BundleWriter, bundles
from daogou.bundle.pointer import Pointer, read_pointer, write_pointer
from daogou.bundle.unfinished import PREFIX
from daogou.cli.results import Row
from daogou.errors import BundleError
from daogou.store import Store
from daogou.types import Product

SETTINGS: Final = "[training]\nthreads = 1\nreplay_days = 30\nvalidation_days = 7\n"
"""Of a shop whose log is short."""
_PRODUCTS: Final = 10_000
_ITEMS, _VISITORS, _DAYS = 24, 8, 60
_PATIENCE: Final = 60.0
_LOOKS: Final = 2.5
"""Seconds within which a server has seen that another bundle is current."""


def product_imports(shop: Shop, count: int, tell: Callable[[str], None]) -> Row:
    """Kill ``daogou import products`` ``count`` times, and let it run through after each time.

    Two editions of a catalogue take turns: each product tells its edition in its title, its brand
    and its price, so that one that is of both is seen.
    """
    chance = random.Random(21)  # noqa: S311
    feeds = [shop.home / f"edition-{edition}.jsonl" for edition in range(2)]
    for edition, feed in enumerate(feeds):
        _write(feed, (_edition(n, edition) for n in range(_PRODUCTS)))
    with Store.open(shop.url) as store:
        store.delete_products([product.id for product in store.iter_products()])
    whole = _timed(lambda: _daogou(shop, "import", "products", feeds[1]))
    killed = corrupt = lost = 0
    for number in range(count):
        edition = number % 2
        process = _begun(shop, "import", "products", feeds[edition])
        time.sleep(chance.uniform(0.3, 1.0) * whole)
        killed += process.poll() is None
        process.kill()
        process.wait()
        found = _editions(shop)
        corrupt += found.count(None)
        lost += _PRODUCTS - len(found)
        tell(f"import {number + 1}: {found.count(edition):,} of {_PRODUCTS:,} products are new")
        _daogou(shop, "import", "products", feeds[edition])
        lost += _PRODUCTS - _editions(shop).count(edition)
    return {
        "faults": killed,
        "accepted": _PRODUCTS,
        "lost": lost,
        "duplicated": max(0, len(_editions(shop)) - _PRODUCTS),
        "failures": corrupt,
    }


def trainings(shop: Shop, count: int, tell: Callable[[str], None]) -> Row:
    """Kill ``daogou train`` ``count`` times beside a server under load; then let it run through."""
    chance = random.Random(22)  # noqa: S311
    learnable(shop)
    root = shop.home / "bundles"
    whole = _timed(lambda: _daogou(shop, "train", "--effort", "quick"))
    shop.start()
    killed = corrupt = 0
    with Searching(shop) as searching:
        for number in range(count):
            process = _begun(shop, "train", "--effort", "quick", "--seed", str(number))
            time.sleep(chance.uniform(0.2, 1.0) * whole)
            killed += process.poll() is None
            process.kill()
            process.wait()
            corrupt += len(damaged(root))
            tell(f"training {number + 1}: {len(_unfinished(root))} unfinished files and folders")
        _daogou(shop, "train", "--effort", "quick", "--seed", str(count), "--force")
        taken = _within(_PATIENCE, lambda: searching.served() == current(root))
    shop.stop()
    return {
        "faults": killed,
        "accepted": searching.answered,
        "failures": len(searching.failed),
        "left": len(_unfinished(root)),
        "corrupt": corrupt + len(searching.bundles - named(root)),
        "healed": taken,
        "tracebacks": shop.tracebacks,
    }


def swaps(shop: Shop, count: int, tell: Callable[[str], None]) -> Row:
    """Swap bundles ``count`` times under load; every other time one that is damaged.

    ``shop`` has an active bundle. `daogou bundles activate` is killed at a random moment; then
    the pointer is set to a damaged bundle, which no command of ours would do.
    """
    chance = random.Random(23)  # noqa: S311
    root = shop.home / "bundles"
    first = Bundle.current(root)
    if first is None:
        raise SystemExit(f"{root} has no bundle to swap; train first")
    second = copied(first)
    whole = _timed(lambda: _daogou(shop, "bundles", "activate", second.id))
    shop.start()
    killed, bad, missed = 0, set(), 0
    with Searching(shop) as searching:
        for number in range(count):
            target = (first, second)[number % 2]
            process = _begun(shop, "bundles", "activate", target.id)
            time.sleep(chance.uniform(0.5, 1.0) * whole)
            killed += process.poll() is None
            process.kill()
            process.wait()
            missed += not _within(_PATIENCE, lambda: searching.served() == current(root))
            if number % 2 == 0:
                broken = copied(first)
                damage(broken, chance)
                bad.add(broken.id)
                pointer = read_pointer(root)
                if pointer is None:
                    raise SystemExit(f"{root} has lost its pointer")
                write_pointer(root, Pointer(broken.id, (pointer.current,)))
                time.sleep(_LOOKS)
                missed += searching.served() not in (first.id, second.id)
                write_pointer(root, pointer)
                shutil.rmtree(broken.folder)
            tell(f"swap {number + 1}: {searching.served()} is served")
    shop.stop()
    return {
        "faults": killed + len(bad),
        "accepted": searching.answered,
        "failures": len(searching.failed) + missed,
        "left": len(_unfinished(root)),
        "corrupt": len(searching.bundles & bad),
        "tracebacks": shop.tracebacks,
    }


class Searching:
    """Threads that search, and one that asks which bundle is served; a context manager."""

    def __init__(self, shop: Shop, clients: int = 2) -> None:
        self._shop = shop
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._search) for _ in range(clients)]
        self.answered = 0
        self.failed: list[str] = []
        self.bundles: set[str] = set()
        self._lock = threading.Lock()

    def __enter__(self) -> "Searching":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def served(self) -> str | None:
        """The bundle that the server has now."""
        status, answer, _ = self._shop.ask("GET", "/readyz")
        return str(answer["bundle"]) if status == 200 else None

    def _search(self) -> None:
        while not self._stop.is_set():
            status, answer, _ = self._shop.ask("POST", "/v1/search", {"query": "red apple"})
            bundle = self.served()
            with self._lock:
                if status == 200 and answer["results"] and bundle:
                    self.answered += 1
                    self.bundles.add(bundle)
                else:
                    self.failed.append(f"{status}: {str(answer)[:300]}")
            time.sleep(0.01)


def learnable(shop: Shop) -> None:
    """Import a shop of which something can be learned: half its visitors buy apples, half soap."""
    products, events = shop.home / "products.jsonl", shop.home / "events.jsonl"
    _write(products, (_product(n) for n in range(_ITEMS)))
    _write(events, _visits())
    _daogou(shop, "import", "products", products)
    _daogou(shop, "import", "events", events)


def copied(bundle: Bundle) -> Bundle:
    """Another bundle of the same content."""
    with BundleWriter(bundle.folder.parent) as writer:
        shutil.copytree(bundle.folder, writer.dir, dirs_exist_ok=True)
        (writer.dir / "manifest.json").unlink()
        return writer.commit(bundle.manifest.metrics, bundle.manifest.config)


def damage(bundle: Bundle, chance: random.Random) -> None:
    """Turn over a bit of a file."""
    path = bundle.path(chance.choice([n for n in bundle.names() if bundle.path(n).stat().st_size]))
    content = bytearray(path.read_bytes())
    content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
    path.write_bytes(content)


def damaged(root: Path) -> list[str]:
    """The bundles under ``root`` that are not what was written."""
    found = []
    for bundle in bundles(root):
        try:
            bundle.check()
        except BundleError as error:
            found.append(f"{bundle.id}: {error}")
    return found


def current(root: Path) -> str | None:
    """The bundle that is to be served."""
    pointer = read_pointer(root)
    return pointer.current if pointer else None


def named(root: Path) -> set[str]:
    """The bundles that are or were to be served."""
    pointer = read_pointer(root)
    return {pointer.current, *pointer.previous} if pointer else set()


def _unfinished(root: Path) -> list[str]:
    return sorted(path.name for path in root.glob(f"{PREFIX}*"))


def _command(shop: Shop, *words: object) -> list[str]:
    program = [sys.executable, "-m", "daogou", *map(str, words)]
    return [*program, "--home", str(shop.home), "--store", shop.url]


def _begun(shop: Shop, *words: object) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        _command(shop, *words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def _daogou(shop: Shop, *words: object) -> None:
    """Run a command to its end."""
    done = subprocess.run(_command(shop, *words), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"daogou {words[0]} ended with {done.returncode}:\n{done.stderr[-2000:]}")


def _timed(work: Callable[[], None]) -> float:
    begun = time.monotonic()
    work()
    return time.monotonic() - begun


def _editions(shop: Shop) -> list[int | None]:
    """Of each product in the store its edition; None where it is of no single one."""
    with Store.open(shop.url, create=False) as store:
        return [
            next((e for e in range(2) if _told(product.id, e) == _said(product)), None)
            for product in store.iter_products()
        ]


def _told(identifier: str, edition: int) -> tuple[str, str, int]:
    return f"Kettle {identifier} of edition {edition}", f"Maker {edition}", 1000 + edition


def _said(product: Product) -> tuple[object, ...]:
    return product.title, product.brand, product.price and product.price.amount


def _edition(number: int, edition: int) -> dict[str, Any]:
    title, brand, price = _told(f"k{number}", edition)
    return {
        "id": f"k{number}",
        "title": title,
        "brands": [brand],
        "categories": ["Kitchen > Kettles"],
        "priceInfo": {"currencyCode": "USD", "price": f"{price / 100:.2f}"},
    }


def _product(number: int) -> dict[str, Any]:
    even = number % 2 == 0
    return {
        "id": f"p{number}",
        "title": f"{'red apple' if even else 'blue soap'} number {number}",
        "categories": ["Food > Fruit" if even else "Home > Soap"],
        "priceInfo": {"currencyCode": "USD", "price": 1 + number / 100},
    }


def _visits() -> Iterator[dict[str, Any]]:
    chance = random.Random(0)  # noqa: S311
    end = datetime(2026, 6, 1, tzinfo=UTC)
    for visitor in range(_VISITORS):
        own = range(visitor % 2, _ITEMS, 2)
        for day in range(visitor % 3, _DAYS, 3):
            when = end - timedelta(days=_DAYS - day, seconds=visitor)
            bought = chance.sample(own, 4)
            shown = list(dict.fromkeys([*bought[:2], *chance.sample(range(_ITEMS), 4)]))
            yield _event("impression", visitor, when - timedelta(minutes=5), shown)
            yield _event("purchase-complete", visitor, when, bought)


def _event(kind: str, visitor: int, time_: datetime, items: list[int]) -> dict[str, Any]:
    return {
        "eventId": f"{kind}-{visitor}-{time_:%j}",
        "eventType": kind,
        "visitorId": f"v{visitor}",
        "eventTime": time_.isoformat(),
        "productDetails": [{"product": {"id": f"p{item}"}, "quantity": 1} for item in items],
    }


def _write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    path.write_bytes(b"\n".join(map(orjson.dumps, rows)))


def _within(seconds: float, holds: Callable[[], bool]) -> bool:
    end = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > end:
            return False
        time.sleep(0.1)
    return True
