"""From a store to a bundle: read, replay, train, export, report."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import torch

from daogou.bundle import Bundle, BundleWriter
from daogou.encoders import TextEncoder
from daogou.errors import TrainingError
from daogou.features import FEATURES, ItemStats, save_items
from daogou.models import ItemContent, JointModel
from daogou.retrieval.dense import DenseRetriever, build_dense
from daogou.retrieval.lexical import LexicalRetriever
from daogou.retrieval.lexical_index import build_lexical
from daogou.store import Store
from daogou.training.checkpoint import Progress
from daogou.training.config import TrainingConfig, plan
from daogou.training.data import Data, gather, neighbours
from daogou.training.export import export_intent, export_ranker
from daogou.training.replay import Indexes, StatsClock
from daogou.training.report import write_report
from daogou.training.shop import Shop, Stage, read_shop
from daogou.training.trainer import Course, Report, fit


@dataclass(frozen=True, slots=True)
class Trained:
    """What a training gave.

    Attributes
    ----------
    bundle
        Not yet active.
    progress
        How it went.
    seconds
        How long each stage took.
    left_out
        Head to the reason why the shop's data could not teach it; empty where all were taught.
    """

    bundle: Bundle
    progress: Progress
    seconds: Mapping[str, float]
    left_out: Mapping[str, str]


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
    """Train what a store's data can teach, and write a bundle.

    A shop with too few purchases gets a bundle of its content: indexes, vectors and the
    intent head, taught by queries that are derived from the catalogue.

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
        There is no product.
    """
    torch.set_num_threads(config.threads or torch.get_num_threads())
    torch.manual_seed(config.seed)
    derived, timer = plan(config.effort), _Timer()
    shop = read_shop(store, encoder, stage, until)
    if not len(shop.table):
        raise TrainingError(
            "The store has no products, so there is nothing to train on. Import them with"
            " `daogou import products FILE`."
        )
    timer.lap("read")
    end = _end(shop, until)
    with BundleWriter(bundles) as writer:
        stage("building indexes", 0, 1)
        indexes = _indexes(writer, shop)
        timer.lap("indexes")
        data = gather(shop, encoder, config, derived, indexes, end, stage)
        timer.lap("replay")
        model = JointModel(derived.model, _content(shop), n_features=len(FEATURES))

        def step(done: int, steps: int, so_far: Progress) -> None:
            stage("training", done, steps)
            report(done, steps, so_far)

        signature = _signature(shop, config, end)
        course = Course(derived, config.weights(), config.seed, signature, checkpoint)
        progress = fit(model, data, course, step)
        timer.lap("train")
        stage("writing the bundle", 0, 1)
        _write_content(writer, shop, _final_stats(shop, end))
        _write_model(writer, model, data)
        writer.add_json("model", _described(shop, encoder, model, data))
        timer.lap("export")
        metrics = write_report(writer, model, data, progress, timer.seconds, shop.summary())
        timer.lap("report")
        bundle = writer.commit(metrics=metrics, config=asdict(config))
    if checkpoint:
        checkpoint.unlink(missing_ok=True)
    return Trained(bundle, progress, timer.seconds, data.left_out)


def _end(shop: Shop, until: float | None) -> float:
    if until is not None:
        return until
    return float(shop.log.lines.times.max()) + 1 if len(shop.log.lines) else time.time()


def _signature(shop: Shop, config: TrainingConfig, end: float) -> str:
    parts = (
        repr(config), repr(end if len(shop.log.lines) else None), str(len(shop.table)),
        str(len(shop.log.lines)),
        hashlib.sha256(shop.log.lines.items.tobytes()).hexdigest(),
        hashlib.sha256(shop.texts.tobytes()).hexdigest(),
    )  # fmt: skip
    return hashlib.sha256("|".join(parts).encode()).hexdigest()


def _indexes(writer: BundleWriter, shop: Shop) -> Indexes:
    build_lexical(writer.path("lexical"), shop.documents)
    texts = shop.texts.astype(np.float32)
    build_dense(writer.path("dense_text"), texts)
    return Indexes(
        LexicalRetriever.open(writer.path("lexical")),
        DenseRetriever.open(writer.path("dense_text"), "meaning", "query_vector", texts),
        shop.texts,
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
        names=torch.from_numpy(shop.category_names),
    )


def _final_stats(shop: Shop, end: float) -> ItemStats:
    return StatsClock(shop.log, shop.table, neighbours(shop, end), end).stats(end)


def _write_content(writer: BundleWriter, shop: Shop, stats: ItemStats) -> None:
    save_items(writer, shop.table, stats)
    writer.add_array("text_vectors", shop.texts)
    for name, array in shop.centring.to_arrays().items():
        writer.add_array(f"centring_{name}", array)


def _write_model(writer: BundleWriter, model: JointModel, data: Data) -> None:
    """The trained parts: towers and ranker where a head was taught, and the intent head."""
    if data.heads:
        vectors = model.all_item_vectors().numpy()
        writer.add_array("item_vectors", vectors)
        build_dense(writer.path("dense_items"), vectors)
        graphs = ("item_tower", "context_tower", "ranker")
        export_ranker(model, data.heads, {name: writer.path(f"{name}.onnx") for name in graphs})
    if data.intents:
        export_intent(model, writer.path("intent.onnx"))


def _described(
    shop: Shop, encoder: TextEncoder, model: JointModel, data: Data
) -> dict[str, object]:
    """``model.json``: which heads there are, and what they were made for."""
    return {
        "width": model.config.width,
        "length": model.config.length,
        "text_width": shop.texts.shape[1],
        "features": list(FEATURES),
        "heads": list(data.heads),
        "asked": list(data.asked),
        "intent": bool(data.intents),
        "left_out": dict(data.left_out),
        "revision": shop.revision,
        "encoder": {"name": encoder.name, "version": encoder.version},
    }
