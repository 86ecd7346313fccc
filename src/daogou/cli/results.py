"""Results of a comparison in the one shape of all benchmarks, as a picture, and as a page."""

import base64
import html
import io
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import orjson

from daogou import __version__

Row = dict[str, float | str]
_UNITS: Final = 1 << 30


def results(name: str, rows: Sequence[Row]) -> dict[str, Any]:
    """``{"name", "command", "commit", "machine", "rows"}``: what was measured, how, and on what."""
    return {
        "name": name,
        "command": shlex.join(["daogou", *sys.argv[1:]]),
        "commit": commit(),
        "machine": machine(),
        "rows": list(rows),
    }


def commit() -> str:
    """The commit of the code, with a ``+`` where it was changed; the version outside of git."""
    folder = Path(__file__).parent
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--abbrev=40", "--dirty=+", "--exclude=*"],  # noqa: S607
            cwd=folder, capture_output=True, text=True, check=True, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return f"daogou {__version__}"
    return described.stdout.strip()


def machine() -> str:
    """Cores, memory, system and Python."""
    parts = [f"{os.cpu_count()} cores"]
    memory = memory_bytes()
    if memory:
        parts.append(f"{memory / _UNITS:.0f} GB")
    parts += [platform.platform(terse=True), f"Python {platform.python_version()}"]
    return ", ".join(parts)


def memory_bytes() -> int | None:
    """The machine's memory; None where the system does not say."""
    if not hasattr(os, "sysconf") or "SC_PHYS_PAGES" not in os.sysconf_names:
        return None
    return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


def write_json(path: Path, found: dict[str, Any]) -> None:
    """Write results; a number that is undefined is null."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def draw(rows: Sequence[Row], metrics: dict[str, str]) -> bytes:
    """A chart for each metric (name to title), a bar a row with its interval, as SVG."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.6 * len(metrics), 0.42 * len(rows) + 1.2), layout="constrained")
    axes = figure.subplots(1, len(metrics), squeeze=False)[0]
    for axis, (metric, title) in zip(axes, metrics.items(), strict=True):
        told = [row for row in rows if _number(row.get(metric)) is not None][::-1]
        names = [str(row["name"]) for row in told]
        means = [_number(row[metric]) or 0.0 for row in told]
        pairs = list(zip(told, means, strict=True))
        whiskers = [
            [abs((_number(row.get(f"{metric}_{end}")) or mean) - mean) for row, mean in pairs]
            for end in ("low", "high")
        ]
        colours = ["#c2410c" if name.startswith("daogou") else "#94a3b8" for name in names]
        axis.barh(names, means, xerr=whiskers, color=colours, ecolor="#334155", capsize=3)
        axis.set_title(title, fontsize=10)
        axis.tick_params(labelsize=8)
    buffer = io.BytesIO()
    with mpl.rc_context({"svg.hashsalt": "daogou", "svg.fonttype": "none"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


_STYLE: Final = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0; display: block; overflow-x: auto }
th, td { border-bottom: 1px solid #8884; padding: .3rem .8rem; text-align: right }
th:first-child, td:first-child { text-align: left }
td small { color: #777 }
img { max-width: 100%; height: auto; background: #fff; border-radius: 8px }
"""


def page(title: str, notes: Sequence[str], found: dict[str, Any], picture: bytes) -> str:
    """One HTML page with the table, the picture and what was run."""
    rows: list[Row] = found["rows"]
    names = [n for row in rows for n in row if n != "name" and not n.endswith(("_low", "_high"))]
    metrics = list(dict.fromkeys(names))
    head = "".join(f"<th>{html.escape(metric)}</th>" for metric in metrics)
    body = "".join(
        f"<tr><td>{html.escape(str(row['name']))}</td>"
        + "".join(f"<td>{_cell(row, metric)}</td>" for metric in metrics)
        + "</tr>"
        for row in rows
    )
    image = base64.b64encode(picture).decode()
    told = "".join(f"<p>{html.escape(note)}</p>" for note in notes)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{html.escape(title)}</title>'
        f"<style>{_STYLE}</style><h1>{html.escape(title)}</h1>{told}"
        f'<img alt="The same figures as bars" src="data:image/svg+xml;base64,{image}">'
        f"<table><tr><th>model</th>{head}</tr>{body}</table>"
        f"<p>{html.escape(found['machine'])}, commit {html.escape(found['commit'])}.</p>"
        f"<pre>{html.escape(found['command'])}</pre></html>"
    )


def interval(row: Row, metric: str, digits: int = 4) -> tuple[str, str]:
    """A mean and its interval as text; empty where they are undefined."""
    mean = _number(row.get(metric))
    low, high = _number(row.get(f"{metric}_low")), _number(row.get(f"{metric}_high"))
    if mean is None:
        return "", ""
    bounds = "" if low is None or high is None else f"[{low:.{digits}f}, {high:.{digits}f}]"
    return f"{mean:.{digits}f}", bounds


def _cell(row: Row, metric: str) -> str:
    mean, bounds = interval(row, metric)
    return f"{mean}<br><small>{bounds}</small>" if bounds else mean


def _number(value: object) -> float | None:
    # NaN is the only number that differs from itself.
    return value if isinstance(value, float) and value == value else None
