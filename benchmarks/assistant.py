"""How well the assistant understands, beside plain baselines in the same run.

    python -m benchmarks.assistant [--data DIR] [--encoder fast|joined] [--quick] [--json FILE]

- own sentences (:mod:`benchmarks.assistant_intents`): macro F1 over the intents of the seeds, by
  sayings that were left out, by rules alone and with the trained head, in both languages.
- ``mg-shopdial``: intents of the shoppers' utterances, by five folds of whole dialogues.
- ``chinese-ecom-qa``: what a question is after, one of five, by ten folds.
- ``risawoz-bilingual`` (:mod:`benchmarks.assistant_wishes`): wishes for laptops and cars in
  Chinese and in English, over a shop made of its database.
- ``amazon-pqa`` (:mod:`benchmarks.assistant_evidence`): which of ten texts answers a question,
  and whether one does.

Nothing is tuned on what is judged: where a figure needs labels of a set, a fold or a half that is
not judged gives them, to the baselines and to ours alike. Intervals are 95%, over dialogues or
questions. ``--quick`` judges a part of the sentences and questions; its figures are for the eye.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from benchmarks.assistant_evidence import evidence
from benchmarks.assistant_intents import ecom_questions, own_sentences, shop_dialogues
from benchmarks.assistant_wishes import wishes
from benchmarks.reporting import document, save
from daogou.cli.results import Row
from daogou.encoders import EncoderConfig, open_text_encoder

QUICK: Final = 200
"""So many questions of amazon-pqa."""
_CELLS: Final = 6


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.assistant", description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data"))
    parser.add_argument("--encoder", choices=("fast", "joined"), default="fast")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args(arguments)
    encoder = open_text_encoder(EncoderConfig(model=options.encoder, cache=False), None)
    data: Path = options.data
    rows: list[Row] = []
    parts: tuple[Callable[[], list[Row]], ...] = (
        lambda: own_sentences(encoder),
        lambda: shop_dialogues(data / "mg-shopdial" / "MGShopDial.json", encoder),
        lambda: ecom_questions(data / "chinese-ecom-qa" / "ChineseEcomQA.jsonl", encoder),
        lambda: wishes(data / "risawoz-bilingual"),
        lambda: evidence(
            data / "amazon-pqa" / "ePQA" / "dev.csv", encoder, QUICK if options.quick else None
        ),
    )
    for part in parts:
        found = part()
        _print(found)
        rows += found
    save(options.json, document("assistant", _shown(arguments), rows))


def _shown(arguments: Sequence[str]) -> list[str]:
    """The arguments without paths of this machine."""
    told = list(arguments)
    for place, argument in enumerate(told[:-1]):
        if argument == "--data":
            told[place + 1] = "../shared/data"
        if argument == "--json":
            told[place + 1] = f"benchmarks/results/{Path(told[place + 1]).name}"
    return told


def _print(rows: Sequence[Row]) -> None:
    names = [n for n in rows[0] if n != "name" and not n.endswith(("_low", "_high"))][:_CELLS]
    table = Table("", *names)
    for row in rows:
        table.add_row(str(row["name"]), *(_cell(row, name) for name in names))
    Console(width=170).print(table)


def _cell(row: Row, name: str) -> str:
    value = row.get(name)
    if not isinstance(value, float):
        return "" if value is None else str(value)
    if f"{name}_low" not in row:
        return f"{value:.3f}"
    return f"{value:.3f} [{row[f'{name}_low']:.3f}, {row[f'{name}_high']:.3f}]"


if __name__ == "__main__":
    import sys

    main(sys.argv[1:])
