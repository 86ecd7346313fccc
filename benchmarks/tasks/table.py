"""What was found, for reading."""

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from benchmarks.reporting import shown
from benchmarks.tasks.answers import METRICS, Metric
from benchmarks.tasks.arms import JOINT
from benchmarks.tasks.comparing import NEGATIVE
from benchmarks.tasks.funnel import CALIBRATED
from daogou.cli.results import Row
from daogou.evaluation import Interval


def print_rows(rows: Sequence[Row], notes: Sequence[str]) -> None:
    """All tables, one below the other."""
    console = Console(width=160)
    console.print(_transfer(rows))
    variants = _variants(rows)
    if variants is not None:
        console.print(variants)
    if any(row["part"] == "gradients" for row in rows):
        console.print(_gradients(rows))
    for part in dict.fromkeys(str(row["part"]) for row in rows):
        if part.startswith("funnel, "):
            console.print(_funnel([row for row in rows if row["part"] == part], part))
    for note in notes:
        console.print(note)


def _transfer(rows: Sequence[Row]) -> Table:
    table = _table("Joint against each task alone", "joint", "alone", "joint less alone")
    table.add_column("")
    arms = {str(row["name"]): row for row in rows if row["part"] == "arm"}
    apart = {str(row["name"]): row for row in rows if row["part"] == "difference"}
    for metric in METRICS:
        alone = f"{metric.task} alone"
        if alone not in arms or metric.name not in arms[alone]:
            continue
        less = apart[f"{JOINT} less {alone}"]
        said = str(less[f"verdict_{metric.name}"])
        table.add_row(
            _titled(metric),
            *(_cell(row, metric) for row in (arms[JOINT], arms[alone], less)),
            f"[bold red]{said}[/]" if said == NEGATIVE else said,
        )
    return table


def _variants(rows: Sequence[Row]) -> Table | None:
    names = [str(r["name"]) for r in rows if r["part"] == "arm" and f"{JOINT}, " in str(r["name"])]
    if not names:
        return None
    table = _table("Joint as it is less joint with one setting changed", *names)
    apart = {str(row["name"]): row for row in rows if row["part"] == "difference"}
    for metric in METRICS:
        less = [apart[f"{JOINT} less {name}"] for name in names]
        if metric.name in less[0]:
            table.add_row(_titled(metric), *(_cell(row, metric) for row in less))
    return table


def _gradients(rows: Sequence[Row]) -> Table:
    table = _table("Gradients by the shared towers, joint", "mean cosine", "below 0")
    for row in rows:
        if row["part"] == "gradients":
            table.add_row(str(row["name"]), f"{row['cosine']:+.3f}", f"{row['conflicts']:.0%}")
    return table


def _funnel(rows: Sequence[Row], part: str) -> Table:
    metrics = [metric for metric in METRICS if metric.name in rows[0]]
    titles = [metric.title.split(", ", 1)[1] for metric in metrics]
    table = _table(part.capitalize(), *titles, "AUC of joint less this")
    for row in rows:
        name = str(row["name"])
        told = [_cell(row, metric) for metric in metrics]
        less = shown(_interval(row, "joint_less"), 4) if "joint_less" in row else ""
        table.add_row(f"{name} *" if name in CALIBRATED else name, *told, less)
    table.caption = (
        "* calibrated after training, on validation; the others are as training left them"
    )
    return table


def _table(title: str, *columns: str) -> Table:
    table = Table("", title=title)
    for column in columns:
        table.add_column(column, justify="right")
    return table


def _titled(metric: Metric) -> str:
    return metric.title if metric.higher else f"{metric.title} (less is better)"


def _cell(row: Row, metric: Metric) -> str:
    return shown(_interval(row, metric.name), metric.digits) if metric.name in row else ""


def _interval(row: Row, name: str) -> Interval:
    mean, low, high = (float(row[cell]) for cell in _cells(name))
    return Interval(mean, low, high)


def _cells(name: str) -> Iterable[str]:
    return name, f"{name}_low", f"{name}_high"
