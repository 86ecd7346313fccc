"""Who gains from the others, and whose probabilities can be believed."""

import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

from benchmarks.tasks.answers import METRICS
from benchmarks.tasks.arms import JOINT
from daogou.cli.results import Row
from daogou.evaluation import Reliability

Curves = Mapping[str, Mapping[str, Reliability]]
"""Head to each contender's bins."""
_COLOURS: Final = ("#c2410c", "#f59e0b", "#1d4ed8", "#0f766e", "#7c3aed", "#64748b", "#94a3b8")


def draw(rows: Sequence[Row], curves: Curves) -> bytes:
    """Joint less alone of each metric of rank, and a reliability diagram a head; SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2 * (1 + len(curves)), 4.4), layout="constrained")
    axes = figure.subplots(1, 1 + len(curves), squeeze=False)[0]
    _differences(axes[0], rows)
    for axis, (head, contenders) in zip(axes[1:], curves.items(), strict=True):
        _reliability(axis, head, contenders)
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "daogou", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _differences(axis: Any, rows: Sequence[Row]) -> None:
    """A whisker a metric for which more is better: 95% of the difference."""
    apart = {str(row["name"]): row for row in rows if row["part"] == "difference"}
    told = [
        (metric, apart[name])
        for metric in reversed(METRICS)
        if metric.higher
        and (name := f"{JOINT} less {metric.task} alone") in apart
        and metric.name in apart[name]
    ]
    for place, (metric, row) in enumerate(told):
        mean, low, high = (float(row[metric.name + end]) for end in ("", "_low", "_high"))
        colour = "#b91c1c" if high < 0 else "#15803d" if low > 0 else "#64748b"
        whisker = [[max(mean - low, 0)], [max(high - mean, 0)]]
        axis.errorbar(mean, place, xerr=whisker, color=colour, marker="o", capsize=3)
    axis.set_yticks(range(len(told)), [metric.title for metric, _ in told], fontsize=8)
    axis.axvline(0, color="#334155", linewidth=0.8)
    axis.locator_params(axis="x", nbins=5)
    axis.set_title("Joint less the task alone", fontsize=11)
    axis.grid(alpha=0.3)


def _reliability(axis: Any, head: str, contenders: Mapping[str, Reliability]) -> None:
    colours = [_COLOURS[n % len(_COLOURS)] for n in range(len(contenders))]
    least = 1.0
    for colour, (name, found) in zip(colours, contenders.items(), strict=True):
        # Rates span powers of ten, and a bin without a label has no logarithm.
        there = (found.observed > 0) & (found.predicted > 0)
        predicted, observed = found.predicted[there], found.observed[there]
        if len(predicted):
            least = min(least, float(predicted.min()), float(observed.min()))
        axis.plot(predicted, observed, color=colour, marker="o", markersize=3, label=name)
    axis.plot([least, 1], [least, 1], color="#334155", linewidth=0.8, linestyle="--")
    axis.set_xscale("log")
    axis.set_yscale("log")
    axis.set_title(f"Reliability, {head}", fontsize=11)
    axis.set_xlabel("predicted")
    axis.set_ylabel("happened")
    axis.grid(alpha=0.3)
    axis.legend(fontsize=8)
