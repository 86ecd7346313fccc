"""The demo merchant's controls: the shoppers' words for what the shop calls otherwise."""

from collections.abc import Iterator
from importlib import resources

from daogou.merchandising import Control, OnewaySynonymsAction, TwowaySynonymsAction


def demo_controls() -> Iterator[Control]:
    """A control for each line of ``data/synonyms.tsv``."""
    text = resources.files("daogou.demo").joinpath("data/synonyms.tsv").read_text("utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    for number, line in enumerate(lines[1:], 1):  # after the names of the columns
        said, shop, direction = (part.split("|") for part in line.split("\t"))
        action = (
            TwowaySynonymsAction((*said, *shop))
            if direction == ["two"]
            else OnewaySynonymsAction(tuple(said), tuple(shop))
        )
        name = f"{', '.join(said)} → {', '.join(shop)}"
        yield Control(f"demo-words-{number:03}", name, action)
