"""The report's pictures: curves of training, distributions, and the model's insides.

The colours are those of Okabe and Ito ("Color universal design", 2008), and where several
lines share a picture, they differ in their dashes too.
"""

import itertools
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from daogou.evaluation import Reliability
from daogou.features.items import Float32
from daogou.training.reporting.insight import Reading
from daogou.training.reporting.slices import Slice

BLUE, ORANGE, GREEN, PINK, SKY, RED = (
    "#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00",
)  # fmt: skip
_COLOURS: Final = (BLUE, ORANGE, GREEN, PINK, SKY, RED)
_DASHES: Final = ("-", "--", "-.", ":")
MOST_PAIRS: Final = 6
"""Pairs of tasks whose course is drawn: the ones that pull most against each other."""
MOST_LINES: Final = 24
IN_A_ROW: Final = 3


def curves(
    values: Mapping[str, Sequence[float]],
    colour: str,
    *,
    best: int = 0,
    label: str = "",
) -> Figure:
    """One small picture a curve, over epochs; ``best`` marks one of them (from 1)."""
    figure, axes = _grid(len(values))
    for axis, (name, curve) in zip(axes, values.items(), strict=False):
        epochs = range(1, len(curve) + 1)
        axis.plot(epochs, curve, marker="o", color=colour)
        if best:
            axis.axvline(best, color="#777777", linestyle=":")
        axis.set(title=name, xlabel="epoch", ylabel=label)
        axis.set_xticks(epochs[:: max(1, len(epochs) // 6)])
        axis.ticklabel_format(axis="y", useOffset=False)
        if not np.isfinite(curve).any():
            _undefined(axis)
    return figure


def together(
    values: Mapping[str, Sequence[float]], xlabel: str, ylabel: str, *, level: float | None = None
) -> Figure:
    """Several curves in one picture, from 1 on; ``level`` draws a line across."""
    figure, (axis,) = _grid(1, width=8, height=3.6)
    styles = zip(itertools.cycle(_DASHES), itertools.cycle(_COLOURS), strict=False)
    for (name, curve), (dashes, colour) in zip(values.items(), styles, strict=False):
        axis.plot(
            range(1, len(curve) + 1), curve, label=name, color=colour, linestyle=dashes,
            marker="o" if len(curve) < 3 else None,
        )  # fmt: skip
    if level is not None:
        axis.axhline(level, color="#777777", linewidth=0.8)
    axis.set(xlabel=xlabel, ylabel=ylabel)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True))
    axis.legend(loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    return figure


def cosine_map(cosines: Mapping[str, Sequence[float]]) -> Figure:
    """Mean cosine of each two tasks' gradients, written and in colour."""
    tasks = sorted({task for pair in cosines for task in pair.split(", ")})
    grid = np.full((len(tasks), len(tasks)), np.nan)
    for pair, values in cosines.items():
        a, b = (tasks.index(task) for task in pair.split(", "))
        grid[a, b] = grid[b, a] = _mean(values)
    figure, (axis,) = _grid(1, width=2.4 + 0.7 * len(tasks), height=1.4 + 0.6 * len(tasks))
    shown = axis.imshow(grid, cmap="PuOr", vmin=-1, vmax=1)
    for (row, column), value in np.ndenumerate(grid):
        if np.isfinite(value):
            ink = "white" if abs(value) > 0.6 else "black"
            axis.text(column, row, f"{value:.2f}", ha="center", va="center", color=ink)
    axis.set_xticks(range(len(tasks)), tasks, rotation=30, ha="right")
    axis.set_yticks(range(len(tasks)), tasks)
    figure.colorbar(shown, ax=axis, shrink=0.8)
    return figure


def cosine_course(cosines: Mapping[str, Sequence[float]]) -> Figure:
    """The course of the pairs with the lowest cosines, each value the mean of those about it."""
    lowest = sorted(cosines, key=lambda pair: _mean(cosines[pair]))[:MOST_PAIRS]
    smooth = {pair: _smoothed(cosines[pair]) for pair in lowest}
    return together(smooth, "look at the gradients", "cosine", level=0.0)


def distribution(probability: Float32, label: Float32, did: str, did_not: str) -> Figure:
    """Predicted probabilities of what happened and of what did not, on a log scale."""
    figure, (axis,) = _grid(1, width=6)
    edges = np.linspace(-6, 0, 40)
    logs = np.log10(np.maximum(probability, 1e-6))
    for value, name, colour, hatch in ((0, did_not, SKY, ""), (1, did, RED, "//")):
        own = logs[label == value]
        if len(own):
            axis.hist(
                own, edges.tolist(), density=True, alpha=0.6, label=name, color=colour,
                hatch=hatch, edgecolor=colour,
            )  # fmt: skip
    axis.set(xlabel="log10 of the predicted probability", ylabel="density")
    axis.legend(frameon=False)
    return figure


def calibration(found: Reliability) -> Figure:
    """What was predicted and what happened, in bins."""
    figure, (axis,) = _grid(1, width=4.5, height=3.6)
    top = max(found.predicted.max(), found.observed.max()) * 1.05
    axis.plot([0, top], [0, top], color="#777777", linestyle=":", label="as it should be")
    axis.plot(found.predicted, found.observed, marker="o", color=BLUE, label="bins")
    axis.set(xlabel="predicted", ylabel="observed")
    axis.legend(frameon=False)
    return figure


def intervals(slices: Sequence[Slice]) -> Figure:
    """A mean and its interval for each slice, with the number of baskets."""
    figure, (axis,) = _grid(1, width=8, height=1.2 + 0.36 * len(slices))
    for place, one in enumerate(slices):
        axis.plot([one.ndcg.low, one.ndcg.high], [place, place], color=BLUE, linewidth=2)
        axis.plot([one.ndcg.mean], [place], marker="o", color=BLUE)
        if not np.isfinite(one.ndcg.mean):
            axis.text(0.02, place, "undefined", va="center", color="#555555")
    labels = [_label(f"{one.name} ({one.baskets:,})") for one in slices]
    axis.set_yticks(range(len(slices)), labels)
    axis.set(xlim=(0, 1), ylim=(len(slices) - 0.5, -0.5), xlabel="NDCG@10 (baskets in brackets)")
    axis.grid(axis="x", color="#dddddd")
    return figure


def attention(reading: Reading) -> Figure:
    """What the last token takes from the newest history lines, layer by layer."""
    layers = len(reading.attention)
    lines = reading.lines[-MOST_LINES:]
    figure = Figure(figsize=(5 + 2.2 * layers, 1.4 + 0.26 * len(lines)), layout="constrained")
    axes = np.atleast_1d(figure.subplots(1, layers, sharey=True)).tolist()
    for layer, axis in enumerate(axes):
        axis.barh(range(len(lines)), reading.attention[layer, -len(lines) :], color=BLUE)
        axis.set(title=f"layer {layer + 1}", xlabel="weight")
        axis.xaxis.set_major_locator(MaxNLocator(3))
        axis.axvline(0, color="#777777", linewidth=0.8)
    axes[0].set_yticks(range(len(lines)), [_label(line) for line in lines])
    return figure


def contributions(reading: Reading) -> Figure:
    """Gradient times input by group: what was bought beside the other candidates."""
    names = list(reading.bought)
    figure, (axis,) = _grid(1, width=8, height=1.2 + 0.42 * len(names))
    places = np.arange(len(names))
    for shift, values, name, colour, hatch in (
        (-0.2, reading.bought, "bought next", RED, "//"),
        (0.2, reading.others, "other candidates", SKY, ""),
    ):
        axis.barh(
            places + shift, [values[n] for n in names], 0.4, label=name, color=colour,
            hatch=hatch, edgecolor="white",
        )  # fmt: skip
    axis.axvline(0, color="#777777", linewidth=0.8)
    axis.set_yticks(places, names)
    axis.invert_yaxis()
    axis.set(xlabel='gradient times input of the score "next", mean over the candidates')
    axis.legend(frameon=False)
    return figure


def _grid(n: int, *, width: float | None = None, height: float = 2.8) -> tuple[Figure, list[Axes]]:
    """A figure of ``n`` pictures, a few in a row; of one, of the given size in inches."""
    n = max(n, 1)
    across = min(n, IN_A_ROW)
    down = -(-n // across)
    size = (width or 3.4 * across, height * down)
    figure = Figure(figsize=size, layout="constrained")
    axes: list[Axes] = np.atleast_1d(figure.subplots(down, across)).ravel().tolist()
    for unused in axes[n:]:
        unused.set_axis_off()
    return figure, axes


def _label(text: str) -> str:
    """Room for the letters that are twice as wide as the ones that measure them.

    Blanks at the beginning are measured here, and not shown by the reader's browser.
    """
    wide = sum(unicodedata.east_asian_width(letter) in "WF" for letter in text)
    return " " * wide + text.replace("$", r"\$")  # two of them would be read as a formula


def _undefined(axis: Axes) -> None:
    axis.text(0.5, 0.5, "undefined", transform=axis.transAxes, ha="center", color="#555555")


def _mean(values: Sequence[float]) -> float:
    told = np.asarray(values, np.float64)
    told = told[np.isfinite(told)]
    return float(told.mean()) if len(told) else float("nan")


def _smoothed(values: Sequence[float]) -> list[float]:
    """The mean of each value and of some before and after it."""
    told: npt.NDArray[np.float64] = np.asarray(values, np.float64)
    reach = len(told) // 20
    return [_mean(told[max(0, n - reach) : n + reach + 1].tolist()) for n in range(len(told))]
