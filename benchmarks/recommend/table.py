"""From what was measured to rows, and from rows to a table."""

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.recommend.measuring import Measured
from benchmarks.reporting import shown, spread
from daogou.cli.results import Row
from daogou.evaluation import Interval, Resampling
from daogou.features import Basket
from daogou.features.items import Float64

OURS: Final = "daogou"
SHOWN: Final = ("ndcg@10", "hr@10", "recall@10", "mrr@10", "ndcg@10_repeat", "ndcg@10_explore")
COSTS: Final = {"seeds": "{:.0f}", "fit_s": "{:,.1f}", "query_ms": "{:.2f}", "peak_mb": "{:,.0f}"}
DIGITS: Final = 4


def rows_of(
    dataset: str,
    measured: Mapping[str, Sequence[Measured] | str],
    cases: Sequence[Basket],
) -> list[Row]:
    """A row a model, then each of ours less each other one, case by case.

    Parameters
    ----------
    measured
        Model to what each of its fits reached, one a seed, or to the reason why it has none.
    cases
        Those that were asked: intervals are drawn over their visitors, and over the seeds
        (:class:`daogou.evaluation.Resampling`).
    """
    resampling = Resampling(np.array([case.visitor for case in cases]))
    rows: list[Row] = []
    values: dict[str, dict[str, Float64]] = {}
    for name, fits in measured.items():
        row: Row = {"name": name, "dataset": dataset}
        if isinstance(fits, str):
            rows.append(row | {"failed": fits})
            continue
        values[name] = {
            metric: np.stack([fit.values[metric] for fit in fits]) for metric in fits[0].values
        }
        for metric, by_seed in values[name].items():
            row |= spread(metric, resampling.mean(by_seed))
        rows.append(row | _costs(fits))
    return rows + _differences(dataset, values, resampling)


def _costs(fits: Sequence[Measured]) -> Row:
    """Means over the seeds; of memory the most."""
    return {
        "coverage": float(np.mean([fit.coverage for fit in fits])),
        "seeds": len(fits),
        "fit_s": float(np.mean([fit.fit_s for fit in fits])),
        "query_ms": float(np.mean([fit.query_ms for fit in fits])),
        "peak_mb": float(np.max([fit.peak_mb for fit in fits])),
    }


def _differences(
    dataset: str, values: Mapping[str, Mapping[str, Float64]], resampling: Resampling
) -> list[Row]:
    rows: list[Row] = []
    for ours in (name for name in values if name.startswith(OURS)):
        for theirs in (name for name in values if name != ours):
            row: Row = {"name": f"{ours} - {theirs}", "dataset": dataset}
            for metric, mine in values[ours].items():
                row |= spread(metric, resampling.difference(mine, values[theirs][metric]))
            rows.append(row)
    return rows


def print_table(rows: Sequence[Row], title: str, console: Console | None = None) -> None:
    """The metrics that the rows have, with their intervals, and what each model took."""
    metrics = [metric for metric in SHOWN if any(metric in row for row in rows)]
    if all(row.get("recall@10") in (None, row.get("hr@10")) for row in rows):
        # Of one item a case recall is the hit rate: once is enough.
        metrics = [metric for metric in metrics if metric != "recall@10"]
    table = Table("", *metrics, *COSTS, title=f"{title}; 95% intervals over visitors and seeds")
    for row in rows:
        if "failed" in row:
            table.add_row(str(row["name"]), str(row["failed"]))
            continue
        told = [form.format(row[cost]) if cost in row else "" for cost, form in COSTS.items()]
        table.add_row(str(row["name"]), *(_metric(row, metric) for metric in metrics), *told)
    (console or Console(width=200)).print(table)


def _metric(row: Row, metric: str) -> str:
    if f"{metric}_low" not in row:
        return f"{row[metric]:.{DIGITS}f}" if metric in row else ""
    mean, low, high = (float(row[f"{metric}{end}"]) for end in ("", "_low", "_high"))
    return shown(Interval(mean, low, high), DIGITS)
