"""From a store to a bundle: read, replay, train, export, report."""

import hashlib
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Final

import numpy as np
import torch

from daogou.bundle import Bundle, BundleWriter
from daogou.encoders import TextEncoder
from daogou.errors import TrainingError
from daogou.features import Basket, ItemStats, save_items
from daogou.features.items import Int32
from daogou.models import ContentSizes, ItemContent, JointModel
from daogou.retrieval.dense import DenseRetriever, build_dense
from daogou.retrieval.lexical import LexicalRetriever
from daogou.retrieval.lexical_index import build_lexical
from daogou.retrieval.photos import save_photos
from daogou.retrieval.proposals import TASTE_K
from daogou.retrieval.sources import JOINT, save_sources
from daogou.store import Store
from daogou.training.champions import Standing, champion, compete, refit
from daogou.training.checkpoint import Progress, load_stage, save_stage
from daogou.training.config import Plan, TrainingConfig, plan
from daogou.training.data import FEWEST_PURCHASES, VALIDATED_BASKETS, Data, gather
from daogou.training.export import export_intent, export_ranker
from daogou.training.forecasting import nearest
from daogou.training.past import Past, neighbours
from daogou.training.pictures import Pictures
from daogou.training.pretraining import Pretrained, Stretch, pretrain
from daogou.training.replay import Indexes, StatsClock
from daogou.training.report import Findings, write_report
from daogou.training.shop import Shop, Stage, read_shop
from daogou.training.trainer import Course, Report, fit
from daogou.training.validating import first_of_lists
from daogou.utterances import Utterance, fit_head, save_head, seeds


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
    unread
        What of the log was not looked at ("events in the future"), and why.
    """

    bundle: Bundle
    progress: Progress
    seconds: Mapping[str, float]
    left_out: Mapping[str, str]
    unread: Mapping[str, str]


@dataclass(slots=True)
class Timer:
    """Wall-clock seconds of the stages."""

    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)

    def lap(self, name: str) -> None:
        """Note how long it is since the last lap."""
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
    pictures: Pictures | None = None,
    utterances: Sequence[Utterance] = (),
    typed: Sequence[str] = (),
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
    pictures
        Reads the products' pictures; None where the item tower is to do without.
    utterances
        The shop's own sentences of dialogues, learned beside those of the house.
    typed
        What shoppers type into the search box.
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
    timer = Timer()
    shop = read_shop(store, encoder, stage, until, pictures)
    if not len(shop.table):
        raise TrainingError(
            "The store has no products, so there is nothing to train on. Import them with"
            " `daogou import products FILE`."
        )
    timer.lap("read")
    trained = train_shop(
        shop, bundles, encoder, config, _end(shop, until), utterances=utterances, typed=typed,
        timer=timer, checkpoint=checkpoint, stage=stage, report=report,
    )  # fmt: skip
    if checkpoint:
        checkpoint.unlink(missing_ok=True)
        checkpoint.with_suffix(".pretrained").unlink(missing_ok=True)
    return trained


def train_shop(
    shop: Shop,
    bundles: Path,
    encoder: TextEncoder,
    config: TrainingConfig,
    end: float,
    *,
    known: float | None = None,
    utterances: Sequence[Utterance] = (),
    typed: Sequence[str] = (),
    timer: Timer | None = None,
    checkpoint: Path | None = None,
    stage: Stage = lambda *_: None,
    report: Report = lambda *_: None,
) -> Trained:
    """Train on a shop that has been read; see :func:`train` for what is not said here.

    Parameters
    ----------
    end
        Where the log ends, in seconds.
    known
        What happened from then on is validated on and nothing else: the bundle's statistics and
        sources do not know it. None where they are to know everything.
    """
    known = end if known is None else known
    past = Past.divide(shop, config, plan(config), end)
    derived, timer = sized(plan(config), past), timer or Timer()
    signature = _signature(shop, config, end)
    with BundleWriter(bundles) as writer:
        stage("building indexes", 0, 1)
        indexes = indexes_of(writer, shop)
        timer.lap("indexes")
        standings: list[Standing] = []
        if past.purchases >= FEWEST_PURCHASES:
            past, standings = choose_sources(past, derived, config, stage)
        timer.lap("sources")
        torch.manual_seed(config.seed)
        model = JointModel(derived.model, content_of(shop), n_features=len(past.columns))
        kept = checkpoint.with_suffix(".pretrained") if checkpoint else None
        pretrained = _pretrain(model, past, derived, config, signature, kept, stage)
        timer.lap("pretraining")

        def liked(baskets: Sequence[Basket]) -> Sequence[Int32]:
            known = pretrained.best_epoch > 0
            return nearest(model, shop.log, baskets, TASTE_K) if known else []

        data = gather(shop, encoder, config, derived, indexes, past, liked, stage)
        timer.lap("replay")

        def step(done: int, steps: int, so_far: Progress) -> None:
            stage("training", done, steps)
            report(done, steps, so_far)

        course = Course(
            derived, config.weights(), config.weighting, config.seed, signature, checkpoint
        )
        progress = fit(model, data, course, step)
        timer.lap("train")
        stage("writing the bundle", 0, 1)
        _write_content(writer, shop, _final_stats(shop, known))
        final = refit(past.panel, past.interactions(known), config.effort, shop.texts,
                      lambda name: stage(f"fitting {name}", 0, 1))  # fmt: skip
        save_sources(writer, final.sources)
        _write_model(writer, model, data)
        shelves = [name for name, _ in shop.words.category_names() if name][:MOST_SHELVES]
        save_head(writer, fit_head([*seeds(), *utterances], encoder, searches=[*shelves, *typed]))
        best, compared = _champion(past, model, data)
        writer.add_json("model", _described(shop, encoder, model, data) | {"champion": best})
        timer.lap("export")
        found = Findings(
            progress, pretrained, standings, best, compared, timer.seconds, shop, shop.unread
        )
        metrics = write_report(writer, model, data, found)
        timer.lap("report")
        bundle = writer.commit(metrics=metrics, config=asdict(config))
    return Trained(bundle, progress, timer.seconds, data.left_out, shop.unread)


MOST_SHELVES: Final = 200
"""So many names of categories tell the utterance head what a search is."""
FINE_PURCHASES: Final = 50_000
"""From so many purchased lines on the ranker sees its features by quantile bins. In a planted shop
of some 2,000 it learned the products by heart with them, and went by likeness with a single
one."""


def sized(derived: Plan, past: Past) -> Plan:
    """The plan as the shop's size allows it."""
    if past.purchases >= FINE_PURCHASES:
        return derived
    return replace(derived, model=replace(derived.model, bins=1))


def choose_sources(
    past: Past, derived: Plan, config: TrainingConfig, stage: Stage
) -> tuple[Past, list[Standing]]:
    """The same past with the sources that won on its newest days."""
    baskets = past.drawn(past.check, past.end, derived.judged)
    panel, standings = compete(
        past.interactions(past.start),
        config.effort,
        past.shop.texts,
        past.shop.log,
        baskets,
        [past.given(basket) for basket in baskets],
        lambda name: stage(f"fitting {name}", 0, 1),
    )
    return past.with_panel(panel), standings


def _champion(past: Past, model: JointModel, data: Data) -> tuple[str, Mapping[str, float]]:
    """What orders the home page, and what the ranker and each source reach on validation."""
    lists = data.validation.get("next")
    if lists is None or not len(lists):
        return JOINT, {}
    baskets = past.drawn(past.check, past.end, VALIDATED_BASKETS)
    return champion(past.panel, past.shop.log, baskets, first_of_lists(model, data, lists))


def _pretrain(
    model: JointModel,
    past: Past,
    derived: Plan,
    config: TrainingConfig,
    signature: str,
    kept: Path | None,
    stage: Stage,
) -> Pretrained:
    """The first stage, or what an interrupted training ``kept`` of it."""
    if past.purchases < FEWEST_PURCHASES:
        return Pretrained()
    if kept and (note := load_stage(kept, signature, model)):
        return Pretrained(**note)
    popularity = past.clock.stats(past.start).popularity_slow
    found = pretrain(
        model,
        Stretch(past.shop.log, past.start, past.check, popularity),
        derived,
        config.weights(),
        config.seed,
        lambda done, steps: stage("pretraining the towers", done, steps),
    )
    if kept:
        save_stage(kept, signature, asdict(found), model)
    return found


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


def indexes_of(writer: BundleWriter, shop: Shop) -> Indexes:
    """Write what a query is asked of, and open it."""
    build_lexical(writer.path("lexical"), shop.documents)
    texts = shop.texts.astype(np.float32)
    build_dense(writer.path("dense_text"), texts)
    return Indexes(
        LexicalRetriever.open(writer.path("lexical")),
        DenseRetriever.open(writer.path("dense_text"), "meaning", "query_vector", texts),
        shop.texts,
    )


def content_of(shop: Shop) -> ItemContent:
    """What the item tower reads of the shop's items."""
    table = shop.table
    return ItemContent(
        text=torch.from_numpy(shop.texts),
        image=torch.from_numpy(shop.images),
        category=torch.from_numpy(table.category.astype(np.int64)),
        department=torch.from_numpy(table.department.astype(np.int64)),
        brand=torch.from_numpy(table.brand.astype(np.int64)),
        attributes=torch.from_numpy(shop.attributes.astype(np.int64)),
        price=torch.from_numpy(table.price),
        sizes=ContentSizes(
            items=len(table),
            categories=len(table.categories),
            departments=len(table.departments),
            brands=len(table.brands),
            attributes=len(shop.attribute_values),
            text=shop.texts.shape[1],
            image=shop.images.shape[1],
        ),
        names=torch.from_numpy(shop.category_names),
    )


def _final_stats(shop: Shop, end: float) -> ItemStats:
    return StatsClock(shop.log, shop.table, neighbours(shop, end), end).stats(end)


def _write_content(writer: BundleWriter, shop: Shop, stats: ItemStats) -> None:
    save_items(writer, shop.table, stats)
    writer.add_array("text_vectors", shop.texts)
    writer.add_json("attributes", shop.attribute_values.words)
    if shop.pictured is not None:
        save_photos(writer, shop.pictured)
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
        "image_width": shop.images.shape[1],
        "features": list(data.columns),
        "heads": list(data.heads),
        "asked": list(data.asked),
        "intent": bool(data.intents),
        "left_out": dict(data.left_out),
        "unread": dict(shop.unread),
        "revision": shop.revision,
        "encoder": {"name": encoder.name, "version": encoder.version},
    }
