"""What is won and what it costs, a curve a dial."""

import io
from collections.abc import Sequence
from typing import Any, Final

from benchmarks.diversity.measures import MEASURES
from daogou.cli.results import Row

PANELS: Final = (
    ("Variety", "ild", {"mmr": "MMR", "dpp": "DPP"}),
    ("Popularity", "popularity", {"popularity_control": "popularity_control"}),
    ("Exploration", "fresh", {"explore_share": "explore_share"}),
)
"""Title, what is won, and the dials with their names."""
_COLOURS: Final = ("#c2410c", "#1d4ed8")


def draw(rows: Sequence[Row]) -> bytes:
    """NDCG@10 over what each dial is for, every turn of it a point with its 95% interval; SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = Figure(figsize=(4.4 * len(PANELS), 3.8), layout="constrained")
    axes = figure.subplots(1, len(PANELS), sharey=True, squeeze=False)[0]
    for axis, (title, won, dials) in zip(axes, PANELS, strict=True):
        for colour, (dial, name) in zip(_COLOURS, dials.items(), strict=False):
            _curve(axis, [row for row in rows if row["dial"] == dial], won, name, colour)
        axis.set_title(title, fontsize=11)
        axis.set_xlabel(MEASURES[won])
        axis.grid(alpha=0.3)
        axis.legend(fontsize=8)
    axes[0].set_ylabel(MEASURES["ndcg@10"])
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "daogou", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def _curve(axis: Any, rows: Sequence[Row], won: str, name: str, colour: str) -> None:
    x, y = ([float(row[metric]) for row in rows] for metric in (won, "ndcg@10"))
    whiskers = [
        [abs(float(row["ndcg@10"]) - float(row[f"ndcg@10_{end}"])) for row in rows]
        for end in ("low", "high")
    ]
    axis.errorbar(
        x, y, yerr=whiskers, color=colour, marker="o", markersize=4, capsize=2, label=name
    )
    for row, *place in zip(rows, x, y, strict=True):
        axis.annotate(
            f"{row['value']:g}", place, xytext=(4, 4), textcoords="offset points", fontsize=7
        )
