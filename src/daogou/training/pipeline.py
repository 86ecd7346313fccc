"""From a store to a bundle: read, replay, train, export, report."""

import functools
import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch

from daogou.bundle import Bundle, BundleWriter
from daogou.encoders import TextEncoder
from daogou.errors import TrainingError
from daogou.features import FEATURES, Basket, ItemStats, Neighbours, save_items
from daogou.features.history import PURCHASE
from daogou.features.items import Float32
from daogou.features.stats import DAY
from daogou.models import HEADS, ItemContent, JointModel
from daogou.retrieval.building import build_item_to_item
from daogou.retrieval.dense import DenseRetriever, build_dense
from daogou.retrieval.lexical import LexicalRetriever
from daogou.retrieval.lexical_index import build_lexical
from daogou.store import Store
from daogou.training.checkpoint import Progress
from daogou.training.config import Plan, TrainingConfig, plan
from daogou.training.examples import Lists
from daogou.training.export import export
from daogou.training.objective import LossWeights
from daogou.training.queries import derive_queries
from daogou.training.replay import Replay, StatsClock
from daogou.training.report import write_report
from daogou.training.shop import Shop, Stage, read_shop
from daogou.training.trainer import Data, Report, fit

FEWEST_BASKETS = 20


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training gave: the bundle (not yet active), how it went, and how long it took."""

    bundle: Bundle
    progress: Progress
    seconds: Mapping[str, float]


@dataclass(slots=True)
class _Timer:
    """Wall-clock seconds of the stages."""

    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)

    def lap(self, name: str) -> None:
        now = time.perf_counter()
        self.seconds[name] = round(now - self._since, 2)
        self._since = now


def train(
    store: Store,
    bundles: Path,
    encoder: TextEncoder,
    config: TrainingConfig,
    *,
    until: float | None = None,
    checkpoint: Path | None = None,
    stage: Stage = lambda *_: None,
    report: Report = lambda *_: None,
) -> Trained:
    """Train the joint model on a store and write a bundle.

    Parameters
    ----------
    until
        Seconds since 1970: what happened later is not looked at, as if the training
        had taken place then. None takes everything.
    checkpoint
        File from which an interrupted training goes on, removed at the end.
    stage
        Told of each stage, and of how much of it is done.
    report
        Told of each training step, with the losses and the validation of past epochs.

    Raises
    ------
    TrainingError
        There are too few purchases to learn an order from.
    """
    torch.set_num_threads(config.threads or torch.get_num_threads())
    torch.manual_seed(config.seed)
    derived, timer = plan(config.effort), _Timer()
    shop = read_shop(store, encoder, stage, until)
    timer.lap("read")
    end = _end(shop, until)
    signature = _signature(shop, config, end)
    with BundleWriter(bundles) as writer:
        stage("building indexes", 0, 1)
        lexical, meaning = _indexes(writer, shop)
        timer.lap("indexes")
        data = _data(shop, encoder, config, derived, end, lexical, meaning, stage)
        timer.lap("replay")
        content = _content(shop)
        model = JointModel(derived.model, content, n_features=len(FEATURES))
        weights = LossWeights(
            config.lambda_retrieval, config.lambda_next, config.lambda_relevance,
            config.lambda_purchase,
        )  # fmt: skip

        def step(done: int, steps: int, so_far: Progress) -> None:
            stage("training", done, steps)
            report(done, steps, so_far)

        progress = fit(
            model, data, derived, weights, seed=config.seed, signature=signature,
            checkpoint=checkpoint, report=step,
        )  # fmt: skip
        timer.lap("train")
        stage("writing the bundle", 0, 1)
        stats = _final_stats(shop, end)
        vectors = model.all_item_vectors().numpy()
        _write(writer, shop, encoder, model, stats, vectors, derived)
        timer.lap("export")
        metrics = write_report(writer, model, data, progress, timer.seconds, shop.summary())
        timer.lap("report")
        bundle = writer.commit(metrics=metrics, config=asdict(config))
    if checkpoint:
        checkpoint.unlink(missing_ok=True)
    return Trained(bundle, progress, timer.seconds)


def _end(shop: Shop, until: float | None) -> float:
    baskets = int((shop.log.lines.kinds == PURCHASE).sum())
    if baskets < FEWEST_BASKETS:
        raise TrainingError(
            f"The store has {baskets} purchased lines of products in the catalogue; at least"
            f" {FEWEST_BASKETS} are needed to learn an order from. Import purchases with"
            " `daogou import events FILE`; until then the shop serves without a model."
        )
    return until if until is not None else float(shop.log.lines.times.max()) + 1


def _signature(shop: Shop, config: TrainingConfig, end: float) -> str:
    parts = (
        repr(config), repr(end), str(len(shop.table)), str(len(shop.log.lines)),
        hashlib.sha256(shop.log.lines.items.tobytes()).hexdigest(),
        hashlib.sha256(shop.texts.tobytes()).hexdigest(),
    )  # fmt: skip
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def _indexes(writer: BundleWriter, shop: Shop) -> tuple[LexicalRetriever, DenseRetriever]:
    build_lexical(writer.path("lexical"), shop.documents)
    texts = shop.texts.astype(np.float32)
    build_dense(writer.path("dense_text"), texts)
    return (
        LexicalRetriever.open(writer.path("lexical")),
        DenseRetriever.open(writer.path("dense_text"), "meaning", "query_vector", texts),
    )


def _neighbours(shop: Shop, until: float) -> Neighbours:
    bought = (shop.log.lines.kinds == PURCHASE) & (shop.log.lines.times < until)
    counts = np.diff(shop.log.offsets)
    visitor = np.repeat(np.arange(len(counts), dtype=np.int64), counts)[bought]
    basket = visitor * (int(shop.log.lines.events.max(initial=0)) + 1)
    return build_item_to_item(
        basket + shop.log.lines.events[bought], shop.log.lines.items[bought], len(shop.table)
    )


def _data(
    shop: Shop,
    encoder: TextEncoder,
    config: TrainingConfig,
    derived: Plan,
    end: float,
    lexical: LexicalRetriever,
    meaning: DenseRetriever,
    stage: Stage,
) -> Data:
    """Training lists from the replayed days, validation lists from the newest ones."""
    check = end - config.validation_days * DAY
    start = check - config.replay_days * DAY
    # What goes together is counted before the replay begins, so that no list sees its own basket.
    clock = StatsClock(shop.log, shop.table, _neighbours(shop, start), end)
    rng = np.random.default_rng(config.seed)

    def drawn(since: float, until: float, limit: int) -> list[Basket]:
        found = list(shop.log.baskets(since, until, config.min_basket))
        if len(found) > limit:
            chosen = np.sort(rng.choice(len(found), limit, replace=False))
            found = [found[i] for i in chosen]
        return found

    within = config.exposure_days * DAY
    baskets = {"train": drawn(start, check, derived.baskets), "validation": drawn(check, end, 1500)}
    lists: dict[str, dict[str, Lists]] = {}
    vectors: list[Float32] = []
    asked = 0
    for part, (since, until, share) in {
        "train": (start, check - within, 1.0),
        "validation": (check, end - within, 0.2),
    }.items():
        keep = derived.list_size if part == "train" else None
        replay = Replay(shop.log, shop.table, clock, keep, config.seed)
        queries = derive_queries(
            baskets[part], shop.titles, int(derived.queries * share), config.seed
        )
        texts = encoder.encode([q.text for q in queries], kind="query")
        centred = shop.centring.apply(texts, [q.language for q in queries])
        stage(f"replaying queries ({part})", 0, 1)
        relevance = replay.queries(queries, centred, lexical, meaning, shop.texts, first=asked)
        asked += len(queries)
        vectors.append(centred)
        stage(f"replaying exposures ({part})", 0, 1)
        exposed = replay.exposures(since, until, within, int(derived.exposures * share))
        replaying = functools.partial(stage, f"replaying baskets ({part})")
        lists[part] = {
            "next": replay.baskets(baskets[part], replaying),
            "relevance": relevance,
            "purchase": exposed,
        }
    return Data(
        log=shop.log,
        train=lists["train"],
        validation=lists["validation"],
        query_vectors=torch.from_numpy(np.concatenate(vectors)),
        popularity=clock.stats(check).popularity_slow,
    )


def _content(shop: Shop) -> ItemContent:
    table = shop.table
    return ItemContent(
        text=torch.from_numpy(shop.texts),
        category=torch.from_numpy(table.category.astype(np.int64)),
        department=torch.from_numpy(table.department.astype(np.int64)),
        brand=torch.from_numpy(table.brand.astype(np.int64)),
        price=torch.from_numpy(table.price),
        sizes=(len(table.categories), len(table.departments), len(table.brands)),
    )


def _final_stats(shop: Shop, end: float) -> ItemStats:
    return StatsClock(shop.log, shop.table, _neighbours(shop, end), end).stats(end)


def _write(
    writer: BundleWriter,
    shop: Shop,
    encoder: TextEncoder,
    model: JointModel,
    stats: ItemStats,
    vectors: Float32,
    derived: Plan,
) -> None:
    save_items(writer, shop.table, stats)
    writer.add_array("item_vectors", vectors)
    writer.add_array("text_vectors", shop.texts)
    for name, array in shop.centring.to_arrays().items():
        writer.add_array(f"centring_{name}", array)
    build_dense(writer.path("dense_items"), vectors)
    graphs: Sequence[str] = ("item_tower", "context_tower", "ranker")
    export(model, {name: writer.path(f"{name}.onnx") for name in graphs})
    writer.add_json(
        "model",
        {
            "width": derived.model.width,
            "length": derived.model.length,
            "text_width": shop.texts.shape[1],
            "features": list(FEATURES),
            "heads": list(HEADS),
            "revision": shop.revision,
            "encoder": {"name": encoder.name, "version": encoder.version},
        },
    )
