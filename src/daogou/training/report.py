"""The training report: numbers into the manifest, pictures into one HTML page."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch

from daogou.bundle import BundleWriter
from daogou.evaluation import reliability
from daogou.features.items import Float32
from daogou.models import JointModel
from daogou.retrieval.sources import JOINT
from daogou.training.champions import Standing
from daogou.training.checkpoint import Progress
from daogou.training.data import Data
from daogou.training.pretraining import Pretrained
from daogou.training.reporting import figures, page, slices
from daogou.training.reporting.insight import read
from daogou.training.shop import Shop
from daogou.training.validating import intent_metrics, name_metrics, predict

TITLES: Final[Mapping[str, str]] = {
    "retrieval": "Next item (towers)",
    "next": "Next basket (ranker)",
    "relevance": "Query to product (ranker)",
    "click": "Exposure to view (ranker)",
    "purchase": "Exposure to purchase (ranker)",
    "intent": "Query to category (intent head)",
    "masked": "Masked events (towers)",
    "autoencoder": "Content told again (towers)",
}
_DID: Final[Mapping[str, tuple[str, str, str]]] = {
    "click": ("a view", "viewed", "not viewed"),
    "purchase": ("a purchase", "bought", "not bought"),
}
"""Of the heads that learn from exposures: what is predicted, and what its cases are called."""


@dataclass(frozen=True, slots=True)
class Findings:
    """What a training found out, beside the model.

    ``champion`` orders the home page; ``compared`` is NDCG@10 on validation by source, and of
    the ranker. ``seconds`` are by stage, ``unread`` says what of the log was not looked at, and
    why.
    """

    progress: Progress
    pretrained: Pretrained
    standings: Sequence[Standing]
    champion: str
    compared: Mapping[str, float]
    seconds: Mapping[str, float]
    shop: Shop
    unread: Mapping[str, str]


def write_report(
    writer: BundleWriter, model: JointModel, data: Data, found: Findings
) -> dict[str, float]:
    """Write ``report.html`` and return the metrics of the best epoch, all on validation data."""
    progress = found.progress
    best = progress.best_epoch - 1
    metrics = {name: values[best] for name, values in progress.validation.items()}
    metrics |= intent_metrics(model, data) | name_metrics(model, data)
    exposures = list(_exposures(model, data, metrics))
    parts = [
        page.paragraph(
            "Queries are derived from product texts: this shop has no query log, or none was"
            " imported. All metrics are on the newest days, which no weight was fitted to."
        ),
        *_left_out(data, found),
        page.heading("The shop"),
        page.pairs(found.shop.summary()),
        page.heading("Validation, best epoch"),
        page.pairs(metrics),
        *_sources(found.standings),
        *_champion(found),
        *_pretraining(found.pretrained),
        *_training(progress),
        *_gradients(progress),
        *exposures,
        *_sliced(model, data, found.shop),
        *_insides(model, data, found.shop),
        page.heading("Seconds by stage"),
        page.pairs(found.seconds),
    ]
    text = page.document("Training report", parts)
    writer.path("report.html").write_text(text, encoding="utf-8")
    return metrics


def _left_out(data: Data, found: Findings) -> Iterator[str]:
    lines = [f"{TITLES[head]}: {reason}." for head, reason in data.left_out.items()]
    lines += [f"{name[:1].upper()}{name[1:]}: {why}." for name, why in found.unread.items()]
    if lines:
        yield page.heading("Left out")
        yield page.bullets(lines)


def _sources(standings: Sequence[Standing]) -> Iterator[str]:
    if not standings:
        return
    yield page.heading("Where candidates come from")
    yield page.paragraph(
        "These sources competed on the newest days. Found: the share of a basket's products among"
        " a source's first proposals. Brought: by how much the share that all chosen sources find"
        " grew when it joined them. A source that brought next to nothing is not chosen. NDCG@10"
        " is of its own order: of whole baskets, and of what is new in them. Memory: whether the"
        " newest lines of a history alone count, or those of months."
    )
    yield page.table(
        ("Source", "memory", "found", "brought", "chosen", "NDCG@10", "of new products", "seconds"),
        [
            (
                s.name,
                s.memory,
                s.found,
                s.brought,
                s.chosen,
                s.ndcg,
                s.ndcg_new,
                f"{s.seconds:.2f}",
            )
            for s in sorted(standings, key=lambda s: (-s.brought, -s.found))
        ],
    )


def _champion(found: Findings) -> Iterator[str]:
    if not found.compared:
        return
    leads = found.champion
    yield page.heading("What orders the home page", 3)
    yield page.paragraph(
        "The ranker does: no source alone beats it on the newest days by more than chance."
        if leads == JOINT
        else f"{leads} does: alone it beats the ranker on the newest days by more than chance. The"
        " ranker orders what it does not propose."
    )
    yield page.pairs({f"NDCG@10, {name}": value for name, value in found.compared.items()})


def _pretraining(pretrained: Pretrained) -> Iterator[str]:
    if not pretrained.losses:
        return
    yield page.heading("First stage: the towers alone")
    yield page.picture(
        "Mean loss of each task of the first stage in each epoch.",
        figures.curves(_titled(pretrained.losses), figures.BLUE, label="loss"),
    )
    yield page.picture(
        "NDCG@10 of the next item of visitors whom the first stage did not see further, after"
        f" each epoch; the weights of epoch {pretrained.best_epoch} were kept.",
        figures.curves(
            {"Forecast": pretrained.forecast}, figures.GREEN, best=pretrained.best_epoch
        ),
    )


def _training(progress: Progress) -> Iterator[str]:
    if not progress.losses:
        return
    yield page.heading("Second stage: all heads")
    yield page.picture(
        "Mean loss of each task in each epoch, on the training lists.",
        figures.curves(_titled(progress.losses), figures.BLUE, label="loss"),
    )
    shown = {name: values for name, values in progress.validation.items() if name != "score"}
    yield page.picture(
        f"Validation after each epoch; the bundle holds epoch {progress.best_epoch}.",
        figures.curves(shown, figures.GREEN, best=progress.best_epoch),
    )
    if any(np.ptp(values) > 0 for values in progress.weights.values()):
        yield page.picture(
            "What each task's loss was multiplied with, after each epoch.",
            figures.together(_titled(progress.weights), "epoch", "weight"),
        )


def _gradients(progress: Progress) -> Iterator[str]:
    if not progress.cosines:
        return
    yield page.heading("Do the tasks pull together?")
    yield page.picture(
        "Mean cosine of the gradients of each two tasks by the shared towers: above 0 they pull"
        " together, below 0 against each other.",
        figures.cosine_map(progress.cosines),
    )
    yield page.picture(
        f"The same over training, for the {figures.MOST_PAIRS} pairs that pull together least.",
        figures.cosine_course(progress.cosines),
    )


def _exposures(model: JointModel, data: Data, metrics: dict[str, float]) -> Iterator[str]:
    """What the heads of exposures predict; their calibration errors go into ``metrics``."""
    told = [head for head in _DID if len(data.validation.get(head, ()))]
    for head in told:
        thing, did, did_not = _DID[head]
        probability, label, weight = _predicted(model, data, head)
        yield page.heading(TITLES[head])
        yield page.picture(
            f"Predicted probability of {thing} after an exposure, for exposures that were"
            " followed by one and for those that were not (validation).",
            figures.distribution(probability, label, did, did_not),
        )
        found = reliability(probability, label, weight)
        metrics[f"calibration_error_{head}"] = found.error
        if len(found.predicted):
            yield page.picture(
                f"Reliability of {thing} after an exposure: in ten bins of equal weight, what was"
                f" predicted and what happened. Expected calibration error {found.error:.2e}.",
                figures.calibration(found),
            )


def _predicted(model: JointModel, data: Data, head: str) -> tuple[Float32, Float32, Float32]:
    """Probabilities, labels and weights (inverse sampling rates) of the validation exposures."""
    rows: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
    for batch, logits in predict(model, data, data.validation[head], head):
        rate = batch.rate[:, None].expand_as(batch.labels)
        weight = torch.where(batch.labels > 0, torch.ones_like(rate), 1 / rate)
        rows.append(
            (torch.sigmoid(logits[batch.mask]), batch.labels[batch.mask], weight[batch.mask])
        )
    columns = [torch.cat(column).numpy() for column in zip(*rows, strict=True)]
    return columns[0], columns[1], columns[2]


def _sliced(model: JointModel, data: Data, shop: Shop) -> Iterator[str]:
    found = slices.all_slices(model, data, shop.table)
    if not found:
        return
    yield page.heading("For whom, and of what")
    yield page.paragraph(
        "A basket counts where at least one of its products was among the candidates. The"
        " intervals are of bootstraps over visitors, and undefined for fewer than two of them."
    )
    for title, (text, rows) in found.items():
        yield page.heading(title, 3)
        if rows:
            yield page.picture(text, figures.intervals(rows))
            yield page.table(slices.HEAD, slices.rows(rows))


def _insides(model: JointModel, data: Data, shop: Shop) -> Iterator[str]:
    reading = read(model, data, shop)
    if reading is None:
        return
    yield page.heading("Inside the model, for one basket")
    yield page.paragraph(
        "A validation basket of a visitor whose history is of middling length. In each layer, the"
        " attention's last token also takes from the start of the sequence: "
        + ", ".join(f"{weight:.3f}" for weight in reading.start)
        + "."
    )
    yield page.picture(
        "What the context tower's last token takes from each history line, the mean over the"
        f" attention's heads; the newest of {len(reading.lines)} lines is at the top.",
        figures.attention(reading),
    )
    yield page.picture(
        "What moves the score of the next basket: gradient times input, added up over the"
        " features of each group, standardised and binned; a mean over the products that were"
        " then bought, and over the other candidates.",
        figures.contributions(reading),
    )


def _titled(values: Mapping[str, Sequence[float]]) -> dict[str, Sequence[float]]:
    return {TITLES.get(name, name): curve for name, curve in values.items()}
