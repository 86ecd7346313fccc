"""``daogou import``: feeds into the store, and what became of each row."""

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from rich.markup import escape
from rich.table import Table

from daogou.cli.settings import Settings
from daogou.cli.terminal import Stages, complain, out, say, warn, what_next
from daogou.errors import FeedError
from daogou.store import ImportReport, Store, import_events, import_knowledge, import_products

if TYPE_CHECKING:
    from daogou.store.importing import Progress

What = Literal["products", "events", "knowledge"]
Importer = Callable[[Store, Path, str | None, "Progress | None"], ImportReport]
_IMPORTERS: Final[dict[str, Importer]] = {
    "products": import_products,
    "events": import_events,
    "knowledge": import_knowledge,
}
_SHOWN: Final = 10


def import_command(
    settings: Settings, what: What, files: Sequence[Path], kind: str | None, errors: Path | None
) -> bool:
    """Import files, report on each, and say whether something could be read from every one."""
    with settings.open_store(create=True) as store:
        reports = import_files(store, what, files, kind)
        counted = store.count_events() if what == "products" else {}
    for report in reports:
        tell(report, what)
    if errors:
        _write_errors(errors, reports)
    if not any(report.read - report.bad for report in reports):
        return False
    _what_next(settings, what, bool(counted))
    return len(reports) == len(files) and all(r.read > r.bad for r in reports)


def import_files(
    store: Store, what: What, files: Sequence[Path], kind: str | None = None
) -> list[ImportReport]:
    """Import files one after the other; one that cannot be read is complained of and passed over.

    Returns
    -------
    list
        The reports of the files that could be read.
    """
    reports = []
    for file in files:
        try:
            with Stages() as stages:
                progress = stages.within(f"importing {file.name}")
                reports.append(_IMPORTERS[what](store, file, kind, progress))
        except FeedError as error:
            complain(str(error))
    return reports


def tell(report: ImportReport, what: What) -> None:
    """Print what became of a file's rows."""
    counts = {"read": report.read, "added": report.added}
    if what != "events":
        counts |= {"changed": report.changed, "unchanged": report.unchanged}
    else:
        counts |= {"there already": report.duplicates}
    told = ", ".join(f"{number:,} {name}" for name, number in counts.items())
    bad = f", [bold red]{report.bad:,} bad[/]" if report.bad else ", 0 bad"
    out.print(f"[bold]{escape(report.file)}[/]: {told}{bad}", soft_wrap=True)
    if report.left_out:
        fields = ", ".join(f"{name} ({count:,})" for name, count in report.left_out.items())
        warn(f"left out, since it has no place here: {fields}.")
    if not report.read:
        complain(f"{report.file} has no rows. Check that it is the file that you meant.")
    if report.errors:
        out.print(_bad_rows(report))


def _bad_rows(report: ImportReport) -> Table:
    shown = report.errors[:_SHOWN]
    title = f"The first {len(shown)} of {report.bad:,} bad rows" if report.bad > 1 else "A bad row"
    table = Table("Line", "Field", "Value", "What is wrong, and what mends it", title=title)
    table.columns[0].justify = "right"
    table.columns[2].max_width = 30
    for row in shown:
        place = f"{row.file}:{row.line}"
        table.add_row(
            place, escape(row.field or ""), escape(row.value), escape(f"{row.message} {row.remedy}")
        )
    return table


def _write_errors(path: Path, reports: Sequence[ImportReport]) -> None:
    """Write the kept errors, one JSON object a line."""
    kept = [error for report in reports for error in report.errors]
    try:
        with path.open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(asdict(e), ensure_ascii=False) + "\n" for e in kept)
    except OSError as error:
        raise FeedError(
            f"The errors cannot be written to {path}: {error.strerror}. What was good is imported;"
            " choose another path for --errors and import again, which changes nothing else."
        ) from error
    bad = sum(report.bad for report in reports)
    say(f"{len(kept):,} of {bad:,} bad rows are in {path}.")


def _what_next(settings: Settings, what: What, has_events: bool) -> None:
    serve = (settings.command("serve"), "open the shop: what was imported shows at once")
    if what == "knowledge":
        what_next(serve)
    elif what == "products" and not has_events:
        what_next(
            (settings.command("import events FILE"), "add purchases and views to learn from"), serve
        )
    else:
        what_next((settings.command("train"), "learn from all that was imported"), serve)
