"""``daogou evaluate``: the joint model against simple ones, on weeks that it was not shown."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl
from rich.markup import escape
from rich.table import Table

from daogou.bundle import Bundle, activate, bundles, prune, training
from daogou.cli.packages import require
from daogou.cli.results import Row, draw, interval, page, results, write_json
from daogou.cli.settings import Settings
from daogou.cli.terminal import Stages, out, say, what_next
from daogou.encoders import TextEncoder, open_text_encoder
from daogou.errors import TrainingError
from daogou.store import Store

if TYPE_CHECKING:
    from daogou.training.config import TrainingConfig
    from daogou.training.evaluating import Evaluation

DAY: Final = 86_400.0
KEPT_BUNDLES: Final = 3
COLUMNS: Final[dict[str, dict[str, str]]] = {
    "Next basket: NDCG@10": {
        "ndcg@10": "all",
        "ndcg@10_repeat": "bought before",
        "ndcg@10_explore": "new to the visitor",
    },
    "Next basket: Recall@10": {
        "recall@10": "all",
        "recall@10_repeat": "bought before",
        "recall@10_explore": "new to the visitor",
    },
    "Beside it": {
        "auc_purchase": "shown to bought: AUC",
        "coverage": "catalogue coverage of the lists",
    },
}
"""Title of a table to its metrics and what they are called."""
DRAWN: Final = {
    "ndcg@10": "NDCG@10, whole basket",
    "ndcg@10_repeat": "NDCG@10, bought before",
    "ndcg@10_explore": "NDCG@10, new to the visitor",
    "auc_purchase": "Shown to bought, AUC",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """What is to be evaluated, as the command line has it."""

    days: int
    json: Path | None
    retrain: bool
    effort: str | None
    seed: int | None


def evaluate_command(settings: Settings, ask: Ask) -> None:
    """Train before the split, compare after it, and write down what came out."""
    require("train", "Evaluation")
    config = settings.training(effort=ask.effort, seed=ask.seed)
    with settings.open_store() as store, Stages() as stages:
        stages.stage("finding the split", 0, 1)
        split = find_split(store, ask.days)
        stages.stage("loading torch and the text encoder", 0, 1)
        from daogou.training.evaluating import evaluate_shop

        encoder = open_text_encoder(settings.encoder(), settings.cache)
        bundle = _bundle(settings, store, encoder, config, split, stages, retrain=ask.retrain)
        stages.stage("reading the log", 0, 1)
        evaluation = evaluate_shop(
            store,
            bundle,
            split,
            min_basket=config.min_basket,
            exposure_days=config.exposure_days,
            seed=config.seed,
            progress=stages.within("ranking baskets"),
        )
    notes = _notes(evaluation, bundle, split, ask.days)
    _tell(evaluation.rows(), notes)
    _write(ask.json or settings.home / "evaluation" / "evaluation.json", evaluation.rows(), notes)
    what_next(
        (settings.command("train"), "train the shop's model on everything, the last weeks too"),
        (settings.command("evaluate --effort standard"), "see what more effort brings"),
    )


def find_split(store: Store, days: int) -> float:
    """Midnight (UTC) after the newest purchase, less ``days``; seconds since 1970.

    Raises
    ------
    TrainingError
        There are no purchases before that.
    """
    from daogou.training.shop import latest

    times = store.event_lines(until=latest(), types=["purchase-complete"]).select(
        first=pl.col("time").min(), last=pl.col("time").max()
    )
    first, last = times.row(0)
    if first is None:
        raise TrainingError(
            "The store has no purchases, so there is nothing to evaluate on. Import them with"
            " `daogou import events FILE`."
        )
    split = (last.timestamp() // DAY + 1 - days) * DAY
    if first.timestamp() >= split:
        known = (last.timestamp() - first.timestamp()) / DAY
        raise TrainingError(
            f"The purchases span {known:.0f} days, and the last {days} are to be predicted: nothing"
            " is left to learn from. Choose fewer with --days."
        )
    return float(split)


def _bundle(
    settings: Settings,
    store: Store,
    encoder: TextEncoder,
    config: "TrainingConfig",
    split: float,
    stages: Stages,
    *,
    retrain: bool,
) -> Bundle:
    """A bundle that has seen nothing from the split on; one that is there already will do."""
    from daogou.cli.training import Epochs, resumable, room_is_told
    from daogou.training.pictures import pictures_of
    from daogou.training.pipeline import train

    root = settings.home / "evaluation" / "bundles"
    # As a bundle's manifest keeps it.
    wanted = {"config": asdict(config), "as_of": split, "revision": store.revision()}
    wanted["encoder"] = {"name": encoder.name, "version": encoder.version}
    for bundle in [] if retrain else bundles(root):
        if _made_of(bundle) == wanted:
            stages.say(f"Bundle {bundle.id} was trained on the same past; --retrain trains anew.")
            return bundle
    with training(root), room_is_told(root), resumable():
        trained = train(
            store,
            root,
            encoder,
            config,
            until=split,
            pictures=pictures_of(settings.encoder(), settings.cache, stages.stage),
            checkpoint=settings.cache / "evaluation.safetensors",
            stage=stages.stage,
            report=Epochs(stages),
        )
    activate(root, trained.bundle)
    prune(root, KEPT_BUNDLES)
    return trained.bundle


def _made_of(bundle: Bundle) -> dict[str, object]:
    described = bundle.json("model")
    return {
        "config": bundle.manifest.config,
        "as_of": bundle.json("statistics")["as_of"],
        "revision": described.get("revision"),
        "encoder": described["encoder"],
    }


def _notes(evaluation: "Evaluation", bundle: Bundle, split: float, days: int) -> list[str]:
    day = datetime.fromtimestamp(split, UTC).date()
    return [
        f"Everything was trained on what happened before {day} (UTC) and asked about the {days}"
        f" days from then on: {evaluation.baskets:,} baskets, and {evaluation.exposures:,}"
        " occasions on which products were shown.",
        "Each basket is ranked against the whole catalogue, from its visitor's history up to that"
        " moment. Brackets are 95% intervals, by bootstrap over visitors.",
        f"Bundle {bundle.id}.",
    ]


def _tell(rows: Sequence[Row], notes: Sequence[str]) -> None:
    for title, columns in COLUMNS.items():
        table = Table("Model", *columns.values(), title=title)
        for column in table.columns[1:]:
            column.justify = "right"
        for row in rows:
            cells = [interval(row, metric) for metric in columns]
            if any(mean for mean, _ in cells):
                style = "bold" if str(row["name"]).startswith("daogou") else None
                told = (f"{mean} {bounds}".strip() for mean, bounds in cells)
                table.add_row(str(row["name"]), *(escape(cell) for cell in told), style=style)
        if table.row_count:
            out.print(table)
    for note in notes:
        say(note)


def _write(path: Path, rows: Sequence[Row], notes: Sequence[str]) -> None:
    """Write the JSON, and beside it the picture and the page."""
    found = results("evaluate", rows)
    picture = draw(rows, {k: v for k, v in DRAWN.items() if any(k in row for row in rows)})
    write_json(path, found)
    svg, web = path.with_suffix(".svg"), path.with_suffix(".html")
    svg.write_bytes(picture)
    web.write_text(page("Evaluation", notes, found, picture), encoding="utf-8")
    say(f"Written: {path}, {svg}, {web}")
