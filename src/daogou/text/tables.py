"""The small tables of the package: TSV files in ``data/``, each with a line of headings."""

import csv
import functools
from importlib.resources import files

Rows = tuple[dict[str, str], ...]


@functools.cache
def rows(name: str) -> Rows:
    """The rows of ``data/{name}.tsv``, by heading."""
    text = files("daogou.text").joinpath("data", f"{name}.tsv").read_text(encoding="utf-8")
    reader = csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE)
    return tuple(reader)
