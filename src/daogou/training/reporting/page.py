"""The report's page: one HTML file with its pictures inside, for light and dark screens."""

import base64
import html
import io
import warnings
from collections.abc import Iterable, Mapping, Sequence

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure

_STYLE = """
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem }
table { border-collapse: collapse; margin: 1rem 0 }
th, td { border-bottom: 1px solid #8884; padding: .3rem .8rem; text-align: right }
th:first-child, td:first-child { text-align: left }
figure { margin: 1rem 0; overflow-x: auto }
img { max-width: 100%; height: auto; background: #fff; border-radius: 8px }
figcaption { color: #777; margin-bottom: 1.5rem }
"""


def document(title: str, parts: Iterable[str]) -> str:
    """The whole page; ``parts`` are HTML."""
    told = html.escape(title)
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{told}</title>'
        f"<style>{_STYLE}</style><h1>{told}</h1>{''.join(parts)}</html>"
    )


def heading(text: str, level: int = 2) -> str:
    """The title of a section."""
    return f"<h{level}>{html.escape(text)}</h{level}>"


def paragraph(text: str) -> str:
    """Some sentences."""
    return f"<p>{html.escape(text)}</p>"


def bullets(lines: Sequence[str]) -> str:
    """A list of sentences."""
    return f"<ul>{''.join(f'<li>{html.escape(line)}</li>' for line in lines)}</ul>"


def picture(text: str, figure: Figure) -> str:
    """A picture that says what it shows, to those who do not see it too."""
    told = html.escape(text)
    return (
        f'<figure><img alt="{told}" src="{_image(figure)}"><figcaption>{told}</figcaption></figure>'
    )


def pairs(rows: Mapping[str, object]) -> str:
    """A table of names and values."""
    return table((), [(name, value) for name, value in rows.items()])


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table; ``head`` may be empty."""
    told = "".join(f'<th scope="col">{html.escape(name)}</th>' for name in head)
    body = "".join(
        f"<tr>{''.join(f'<td>{html.escape(written(cell))}</td>' for cell in row)}</tr>"
        for row in rows
    )
    return f"<table>{f'<tr>{told}</tr>' if told else ''}{body}</table>"


def written(value: object) -> str:
    """A cell: numbers readable, and what is undefined said to be so."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.4f}" if np.isfinite(value) else "undefined"
    return f"{value:,}" if isinstance(value, int) else str(value)


def _image(figure: Figure) -> str:
    buffer = io.BytesIO()
    # Text stays text: the reader's own fonts write the names of products in any language, of
    # which the font that measures them here may lack the letters.
    settings = mpl.rc_context({"svg.hashsalt": "daogou", "svg.fonttype": "none"})
    with settings, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font")
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return "data:image/svg+xml;base64," + base64.b64encode(buffer.getvalue()).decode()
