"""How good recommendations are, beside what they are compared with.

    python -m benchmarks.recommend --data DIR [--seeds N] [--json FILE]

DIR is any folder in the layout of amazon14-seq-s3rec, amazon18-text-seq or online-retail-ii; what a
split, a case and a hit is in each is told in ``sequences``, ``texts`` and ``invoices`` of this
package. Every model is fitted and asked in a process of its own, once for each seed if it has any.
``--validation`` asks the validation's cases, which models may be developed on.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.recommend.dataset import Dataset
from benchmarks.recommend.datasets import read_datasets
from benchmarks.recommend.measuring import Job, Measured, Model, cases_of, measure_apart
from benchmarks.recommend.models import MODELS
from benchmarks.recommend.published import published
from benchmarks.recommend.table import print_table, rows_of
from benchmarks.reporting import document, save
from daogou.cli.results import Row
from daogou.errors import FeedError
from daogou.features.items import Float64

_TOLD: Final = Console(stderr=True)


@dataclass(frozen=True, slots=True)
class Options:
    """What is compared on what; the fields are those of the command line."""

    data: Path
    seeds: int = 1
    models: Sequence[Model] = MODELS
    sets: Sequence[str] = field(default_factory=tuple)
    cases: int | None = None
    validation: bool = False


def main(arguments: list[str]) -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="benchmarks.recommend", description=__doc__)
    data = Path(os.environ.get("DAOGOU_DATA", "../shared/data"))
    parser.add_argument("--data", type=Path, default=data / "amazon14-seq-s3rec")
    parser.add_argument("--seeds", type=int, default=1, help="fits of a model that draws lots")
    parser.add_argument("--sets", nargs="+", default=(), help="of the folder, these alone")
    names = [model.name for model in MODELS]
    parser.add_argument("--models", nargs="+", choices=names, default=names)
    parser.add_argument("--cases", type=int, help="so many of the cases, drawn at random")
    parser.add_argument("--validation", action="store_true", help="ask the validation's cases")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args(arguments)
    models = [model for model in MODELS if model.name in given.models]
    options = Options(
        given.data, max(given.seeds, 1), models, given.sets, given.cases, given.validation
    )
    try:
        rows = compare(options)
    except FeedError as error:
        raise SystemExit(str(error)) from error
    save(given.json, document("recommend", arguments, rows))


def compare(options: Options) -> list[Row]:
    """Rows of all models on all sets of the folder, printed set by set.

    Raises
    ------
    FeedError
        The folder cannot be read, or has no set of a name that was asked for.
    """
    datasets = {dataset.name: dataset for dataset in read_datasets(options.data)}
    unknown = [name for name in options.sets if name not in datasets]
    if unknown:
        raise FeedError(
            f"{options.data} has no set named {', '.join(unknown)}; it has {', '.join(datasets)}."
        )
    rows: list[Row] = []
    for name in options.sets or datasets:
        rows += _compare_on(datasets[name], options)
    return rows


def _compare_on(dataset: Dataset, options: Options) -> list[Row]:
    measured: dict[str, Sequence[Measured] | str] = {}
    for model in options.models:
        if model.suits(dataset):
            measured[model.name] = _fits(dataset.name, model, options)
    cases = cases_of(dataset, _job(dataset.name, options.models[0], options))
    rows = [*published(dataset.name), *rows_of(dataset.name, measured, cases)]
    print_table(rows, f"{dataset.summary()}, {len(cases):,} asked")
    return rows


def _fits(dataset: str, model: Model, options: Options) -> Sequence[Measured] | str:
    """What every seed reached; the first reason if one of them failed."""
    fits: list[Measured] = []
    for seed in range(options.seeds if model.seeded else 1):
        found = measure_apart(_job(dataset, model, options, seed))
        if isinstance(found, str):
            _TOLD.print(f"{dataset}, {model.name}, seed {seed}: {found}", soft_wrap=True)
            return found
        _TOLD.print(f"{dataset}, {model.name}, seed {seed}: {_brief(found.values)}", soft_wrap=True)
        fits.append(found)
    return fits


def _job(dataset: str, model: Model, options: Options, seed: int = 0) -> Job:
    return Job(
        options.data,
        dataset,
        model.fit,
        seed,
        validation=options.validation,
        cases=options.cases,
    )


def _brief(values: Mapping[str, Float64]) -> str:
    """The means of the metrics that count, in a line."""
    counts = (name for name in values if "_" not in name)
    return ", ".join(f"{name} {values[name].mean():.4f}" for name in counts)


if __name__ == "__main__":
    main(sys.argv[1:])
