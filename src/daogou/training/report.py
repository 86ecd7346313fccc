"""The training report: numbers into the manifest, pictures into one HTML page."""

import base64
import html
import io
from collections.abc import Mapping, Sequence

import matplotlib as mpl
import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from daogou.bundle import BundleWriter
from daogou.evaluation import Reliability, reliability
from daogou.features.items import Float32
from daogou.models import JointModel
from daogou.training.checkpoint import Progress
from daogou.training.data import Data
from daogou.training.validating import intent_metrics, name_metrics, predict

TITLES = {
    "retrieval": "Next item (towers)",
    "next": "Next basket (ranker)",
    "relevance": "Query to product (ranker)",
    "click": "Exposure to view (ranker)",
    "purchase": "Exposure to purchase (ranker)",
    "intent": "Query to category (intent head)",
}
_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { border-bottom: 1px solid #8884; padding: .3rem .8rem; text-align: right }
th:first-child, td:first-child { text-align: left }
img { max-width: 100%; height: auto; background: #fff; border-radius: 8px }
figcaption { color: #777; margin-bottom: 1.5rem }
"""


def write_report(
    writer: BundleWriter,
    model: JointModel,
    data: Data,
    progress: Progress,
    seconds: Mapping[str, float],
    shop: Mapping[str, int],
) -> dict[str, float]:
    """Write ``report.html`` and return the metrics of the best epoch, all on validation data."""
    best = progress.best_epoch - 1
    metrics = {name: values[best] for name, values in progress.validation.items()}
    metrics |= intent_metrics(model, data) | name_metrics(model, data)
    figures = [
        ("Mean loss of each task in each epoch, on the training lists.", _losses(progress)),
        (
            f"Validation after each epoch; the bundle holds epoch {progress.best_epoch}.",
            _validation(progress),
        ),
    ]
    exposures = data.validation.get("purchase")
    if exposures is not None and len(exposures):
        probability, label, weight = _purchases(model, data)
        calibration = reliability(probability, label, weight)
        metrics["calibration_error_purchase"] = calibration.error
        figures.append(
            (
                "Predicted probability of a purchase after an exposure, for exposures that"
                " were followed by one and for those that were not (validation).",
                _distribution(probability, label),
            )
        )
        figures.append(
            (
                "Reliability: in ten bins of equal weight, what was predicted and what"
                f" happened. Expected calibration error {calibration.error:.2e}.",
                _reliability(calibration),
            )
        )
    page = _page(figures, metrics, seconds, shop, data.left_out)
    writer.path("report.html").write_text(page, encoding="utf-8")
    return metrics


def _purchases(model: JointModel, data: Data) -> tuple[Float32, Float32, Float32]:
    """Probabilities, labels and weights (inverse sampling rates) of the validation exposures."""
    rows: list[tuple[torch.Tensor, torch.Tensor, torch.Tensor]] = []
    for batch, logits in predict(model, data, data.validation["purchase"], "purchase"):
        rate = batch.rate[:, None].expand_as(batch.labels)
        weight = torch.where(batch.labels > 0, torch.ones_like(rate), 1 / rate)
        rows.append(
            (torch.sigmoid(logits[batch.mask]), batch.labels[batch.mask], weight[batch.mask])
        )
    columns = [torch.cat(column).numpy() for column in zip(*rows, strict=True)]
    return columns[0], columns[1], columns[2]


def _grid(n: int) -> tuple[Figure, Sequence[Axes]]:
    figure = Figure(figsize=(3.2 * n, 2.8), layout="constrained")
    return figure, np.atleast_1d(figure.subplots(1, n)).tolist()


def _losses(progress: Progress) -> Figure:
    figure, axes = _grid(max(len(progress.losses), 1))
    for axis, (task, values) in zip(axes, progress.losses.items(), strict=False):
        axis.plot(range(1, len(values) + 1), values, marker="o")
        axis.set(title=TITLES.get(task, task), xlabel="epoch", ylabel="loss")
    return figure


def _validation(progress: Progress) -> Figure:
    shown = {name: v for name, v in progress.validation.items() if name != "score"}
    figure, axes = _grid(max(len(shown), 1))
    for axis, (name, values) in zip(axes, shown.items(), strict=False):
        axis.plot(range(1, len(values) + 1), values, marker="o", color="tab:green")
        axis.axvline(progress.best_epoch, color="tab:gray", linestyle=":")
        axis.set(title=name, xlabel="epoch")
    return figure


def _distribution(probability: Float32, label: Float32) -> Figure:
    figure, (axis,) = _grid(1)
    figure.set_figwidth(6)
    edges = np.linspace(-6, 0, 40)
    logs = np.log10(np.maximum(probability, 1e-6))
    for value, name in ((0, "not bought"), (1, "bought")):
        axis.hist(logs[label == value], edges.tolist(), density=True, alpha=0.6, label=name)
    axis.set(xlabel="log10 of the predicted probability", ylabel="density")
    axis.legend()
    return figure


def _reliability(calibration: Reliability) -> Figure:
    figure, (axis,) = _grid(1)
    figure.set_figwidth(4.5)
    top = max(calibration.predicted.max(), calibration.observed.max()) * 1.05
    axis.plot([0, top], [0, top], color="tab:gray", linestyle=":")
    axis.plot(calibration.predicted, calibration.observed, marker="o")
    axis.set(xlabel="predicted", ylabel="observed")
    return figure


def _image(figure: Figure) -> str:
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "daogou"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()


def _table(caption: str, rows: Mapping[str, object]) -> str:
    cells = "".join(
        f"<tr><td>{html.escape(name)}</td><td>{html.escape(_number(value))}</td></tr>"
        for name, value in rows.items()
    )
    return f"<h2>{html.escape(caption)}</h2><table>{cells}</table>"


def _number(value: object) -> str:
    return f"{value:,.4f}" if isinstance(value, float) else f"{value:,}"


def _left_out(reasons: Mapping[str, str]) -> str:
    lines = "".join(
        f"<li>{html.escape(TITLES[head])}: {html.escape(reason)}.</li>"
        for head, reason in reasons.items()
    )
    return f"<h2>Left out</h2><ul>{lines}</ul>" if lines else ""


def _page(
    figures: Sequence[tuple[str, Figure]],
    metrics: Mapping[str, float],
    seconds: Mapping[str, float],
    shop: Mapping[str, int],
    left_out: Mapping[str, str],
) -> str:
    pictures = "".join(
        f'<figure><img alt="{html.escape(text)}" src="{_image(figure)}">'
        f"<figcaption>{html.escape(text)}</figcaption></figure>"
        for text, figure in figures
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Training report</title>'
        f"<style>{_STYLE}</style><h1>Training report</h1>"
        "<p>Queries are derived from product texts: this shop has no query log, or none was"
        " imported. All metrics are on the newest days, which no weight was fitted to.</p>"
        f"{_left_out(left_out)}"
        f"{_table('The shop', shop)}{_table('Validation, best epoch', metrics)}"
        f"<h2>Curves and distributions</h2>{pictures}{_table('Seconds by stage', seconds)}</html>"
    )
