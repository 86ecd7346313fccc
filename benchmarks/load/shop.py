"""A shop to load a server with: real products, their shoppers' events, and a trained bundle.

Made once for its settings and kept. The products are those of :mod:`benchmarks.catalogue`, the
events those of a sample of the demo shop's visitors. A product of theirs that this shop does not
have stands for one that it has, always the same, so that baskets stay as long as they were.

The bundle is a ``quick`` training on these events. Beyond the real products the catalogue has
varied copies; the text vector of a copy is that of its original turned a little, put into the
encoder's cache before the training, which then encodes the 110,000 texts that there are and not a
million. Whatever is asked of the running server is encoded there, as ever.
"""

import math
import shutil
import time
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
import orjson
import polars as pl
from rich.console import Console

from benchmarks.catalogue import Catalogue, database, encoder_at, fill, real_catalogue
from benchmarks.search_growth import TURN
from daogou.bundle import activate
from daogou.demo import build_feeds, demo_articles, demo_controls
from daogou.encoders.base import unit
from daogou.encoders.cache import VectorCache, content_key
from daogou.feeds import read_events
from daogou.retrieval.documents import item_texts
from daogou.store import Store, import_products
from daogou.types import EventLine, UserEvent

MADE: Final = "made.json"
SETTINGS: Final = '[server]\nshop_name = "Under load"\nmessages_per_minute = 0\n'
"""All messages come from one address, so that the limit of an address has to go."""
VERSION: Final = 1
"""Of what is made here; shops of another one that were kept are made anew."""
AT_ONCE: Final = 5_000


@dataclass(frozen=True, slots=True)
class ShopSettings:
    """What a shop is made by.

    Attributes
    ----------
    products
        How many.
    visitors
        Of how many households of the demo shop it has the events.
    model
        Whether it has a bundle, trained on these events.
    """

    products: int
    visitors: int = 100
    model: bool = True

    @property
    def name(self) -> str:
        """Of its folder."""
        return f"{self.products}-{self.visitors}" + ("" if self.model else "-untrained")


@dataclass(frozen=True, slots=True)
class LoadShop:
    """A shop that was made: its home, what is in it, and how many seconds each step took."""

    home: Path
    catalogue: Catalogue
    seconds: dict[str, float]


def make_load_shop(work: Path, settings: ShopSettings, demo: Path, data: Path | None) -> LoadShop:
    """Make a shop in a folder of ``work``, or take the one that is there.

    Parameters
    ----------
    demo
        The demo shop, for its feeds; where there are none, they are made in ``work``.
    data
        The data sets beside the project; products are fewer without.
    """
    feeds = _demo(demo, work)
    catalogue = real_catalogue(feeds, data, settings.products)
    home = work / settings.name
    made = asdict(settings) | {"version": VERSION, "real": len(catalogue.products)}
    note = home / MADE
    if note.exists():
        known = orjson.loads(note.read_bytes())
        seconds: dict[str, float] = known.pop("seconds")
        if known == made:
            _upgrade(home)
            return LoadShop(home, catalogue, seconds)
    shutil.rmtree(home, ignore_errors=True)
    seconds = _make(home, settings, catalogue, feeds, demo / "cache")
    # Written last: a shop that was cut off is made anew.
    note.write_bytes(orjson.dumps(made | {"seconds": seconds}))
    return LoadShop(home, catalogue, seconds)


def _make(
    home: Path, settings: ShopSettings, catalogue: Catalogue, demo: Path, vectors: Path
) -> dict[str, float]:
    seconds: dict[str, float] = {}
    console, begun = Console(stderr=True), time.perf_counter()

    def lap(step: str) -> None:
        seconds[step] = round(time.perf_counter() - begun - sum(seconds.values()), 1)
        console.print(f"{settings.name}: {step} took {seconds[step]:,.0f} s")

    fill(home, catalogue)
    (home / "daogou.toml").write_text(SETTINGS, encoding="utf-8")
    lap("products")
    with Store.open(database(home), create=False) as store:
        feed = demo / "feeds" / "events.parquet"
        store.append_events(sampled_events(feed, catalogue, settings.visitors))
        store.put_articles(demo_articles())
        for control in demo_controls():
            store.put_control(control)
    lap("events")
    if settings.model:
        _take_vectors(vectors, home)
        turn_vectors(home, catalogue)
        lap("vectors")
        _train(home)
        lap("training")
    return seconds


def _demo(demo: Path, work: Path) -> Path:
    """A home with the demo's feeds and products: the store of ``demo`` may be an older one."""
    home = work / "demo"
    if (home / "daogou.db").exists():
        _upgrade(home)
        return home
    feeds = demo / "feeds"
    if not (feeds / "events.parquet").exists():
        Console(stderr=True).print(f"{demo} is not built; making its feeds in {home}")
        build_feeds(feeds := home / "feeds")
    else:
        shutil.copytree(feeds, home / "feeds", dirs_exist_ok=True)
    half = work / "demo-half"
    shutil.rmtree(half, ignore_errors=True)
    half.mkdir(parents=True)
    with Store.open(database(half)) as store:
        import_products(store, home / "feeds" / "products.jsonl")
    (half / "daogou.db").rename(home / "daogou.db")
    return home


def _upgrade(home: Path) -> None:
    """Bring the tables of a shop that was kept to the version of this code."""
    Store.open(database(home)).close()


def sampled_events(feed: Path, catalogue: Catalogue, visitors: int) -> Iterator[UserEvent]:
    """The events of the first households of a feed, of products that the catalogue has."""
    here = [product.id for product in catalogue.products[: catalogue.size]]
    known = set(here)

    def told(line: EventLine) -> EventLine:
        if line.product_id in known:
            return line
        return replace(line, product_id=here[zlib.crc32(line.product_id.encode()) % len(here)])

    with TemporaryDirectory() as scratch:
        some = Path(scratch) / "events.parquet"
        rows = pl.scan_parquet(feed)
        chosen = rows.select(pl.col("visitorId").unique(maintain_order=True).head(visitors))
        rows.join(chosen, on="visitorId", how="semi").collect().write_parquet(some)
        for event in read_events(some):
            if isinstance(event, UserEvent):
                yield replace(event, lines=tuple(map(told, event.lines)))


def _take_vectors(known: Path, home: Path) -> None:
    """Of the texts that the demo shop has encoded already."""
    known = known / "text-vectors.db"
    (home / "cache").mkdir(exist_ok=True)
    if known.exists():
        shutil.copy(known, home / "cache")


def turn_vectors(home: Path, catalogue: Catalogue) -> None:
    """Put the vectors of copies into the cache of a home: their originals', turned at random."""
    if not catalogue.copies:
        return
    encoder = encoder_at(home)
    cache = VectorCache(home / "cache" / "text-vectors.db")
    texts = [item_texts(product) for product in catalogue.products]
    distinct = list(dict.fromkeys(text for told in texts for text in told.values()))
    place = {text: n for n, text in enumerate(distinct)}
    vectors = encoder.encode(distinct).astype(np.float16)  # [U, D]
    rng = np.random.default_rng(5)
    keys: list[bytes] = []
    rows: list[int] = []

    def write() -> None:
        known = vectors[rows].astype(np.float32)
        step = rng.standard_normal(known.shape, np.float32)
        turned = unit(known + TURN / math.sqrt(known.shape[1]) * step)
        cache.write(keys, turned.astype(np.float16))
        keys.clear()
        rows.clear()

    for n, product in enumerate(catalogue):
        if n < len(texts):
            continue
        original = texts[n % len(texts)]
        for language, text in item_texts(product).items():
            keys.append(content_key(encoder.name, encoder.version, "passage", text))
            rows.append(place[original[language]])
        if len(keys) >= AT_ONCE:
            write()
    if keys:
        write()


def _train(home: Path) -> None:
    from daogou.training.config import TrainingConfig
    from daogou.training.pipeline import train

    # More threads than idle cores wait for each other: on a busy machine two took eight times as
    # long as one.
    config = TrainingConfig(effort="quick", threads=1)
    with Store.open(database(home), create=False) as store:
        trained = train(store, home / "bundles", encoder_at(home), config)
    activate(home / "bundles", trained.bundle)
    Console(stderr=True).print({**trained.seconds, **trained.left_out})
