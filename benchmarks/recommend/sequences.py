"""Purchase sequences and attributes, in the layout of amazon14-seq-s3rec.

``NAME.txt`` has a visitor a line, ``visitor item item ...`` from the oldest to the newest, and
``NAME_item2attributes.json`` maps an item to its attribute codes. Leave-one-out: each visitor's
last item is the test, the one before it the validation, the others are what a model is fitted to.
All items are ranked, without those that the visitor has had: S3-Rec (Zhou et al., CIKM 2020), whose
numbers are published, masks them, so that ``explore`` is the view that counts.

The files have no times. Each visitor's last item gets the same moment, each earlier one a day less,
so that a single ``until`` cuts off the last two of everybody.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
import orjson

from benchmarks.recommend.dataset import Dataset, joined, positions, purchase_log
from daogou.errors import FeedError
from daogou.features import Basket, ItemTable
from daogou.features.items import Int32
from daogou.features.stats import DAY
from daogou.types import Product

ATTRIBUTES: Final = "_item2attributes.json"
LAST: Final = 1_406_073_600.0
"""When everybody bought the last item: 23 July 2014, the last day of these reviews."""


def read_sequences(folder: Path) -> list[Dataset]:
    """Every set of a folder, by name.

    Raises
    ------
    FeedError
        A file is missing, or has a line that cannot be read.
    """
    names = sorted(path.name.removesuffix(ATTRIBUTES) for path in folder.glob(f"*{ATTRIBUTES}"))
    return [_read(folder, name) for name in names]


def _read(folder: Path, name: str) -> Dataset:
    bought = _bought(folder / f"{name}.txt")
    codes = _attributes(folder / f"{name}{ATTRIBUTES}")
    ids = sorted(set(joined(bought.values()).tolist()) | set(codes))
    number = {id_: row for row, id_ in enumerate(ids)}
    place = np.zeros(max(ids, default=0) + 1, np.int32)
    place[ids] = np.arange(len(ids))
    products = tuple(
        Product(str(id_), "", attributes={"code": tuple(map(str, codes[id_].tolist()))})
        if id_ in codes
        else Product(str(id_), "")
        for id_ in ids
    )
    nothing = np.zeros(0, np.int32)
    items = [place[sequence] for sequence in bought.values()]
    lengths = [len(sequence) for sequence in items]
    days = np.asarray(np.repeat(lengths, lengths) - 1 - positions(lengths), np.float64)
    return Dataset(
        name=name,
        products=products,
        table=ItemTable.from_products(products),
        attributes=tuple(codes.get(id_, nothing) for id_ in number),
        log=purchase_log(
            tuple(bought), lengths, joined(items), LAST - DAY * days, positions(lengths)
        ),
        until=LAST - 1.5 * DAY,
        final_until=LAST - 1.5 * DAY,
        validation=_withheld(items, 2),
        test=_withheld(items, 1),
        views=("explore",),
    )


def _withheld(sequences: list[Int32], back: int) -> tuple[Basket, ...]:
    """Each visitor's item so far from the end; of fewer than 3 items none can be withheld."""
    return tuple(
        Basket(visitor, len(items) - back, LAST - (back - 1) * DAY, items[[-back]])
        for visitor, items in enumerate(sequences)
        if len(items) >= 3
    )


def _bought(path: Path) -> dict[str, Int32]:
    """Visitor to items, oldest first."""
    if not path.is_file():
        raise FeedError(
            f"{path} is missing, while {path.stem}{ATTRIBUTES} is there; expected both: a visitor"
            " a line, `visitor item item ...`, oldest first."
        )
    bought: dict[str, Int32] = {}
    for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        visitor, *items = text.split() or [""]
        if not items or not all(item.isascii() and item.isdigit() for item in items):
            raise FeedError(
                f"{path}, line {line}: found {text[:60]!r}; expected a visitor and then the"
                " numbers of at least one item, with blanks between."
            )
        if visitor in bought:
            raise FeedError(f"{path}, line {line}: visitor {visitor} has come before.")
        bought[visitor] = np.array(items, np.int32)
    if not bought:
        raise FeedError(f"{path} is empty; expected a visitor a line.")
    return bought


def _attributes(path: Path) -> Mapping[int, Int32]:
    """Item to the codes of its attributes."""
    try:
        told = orjson.loads(path.read_bytes())
        return {int(item): np.array(codes, np.int32) for item, codes in told.items()}
    except (AttributeError, TypeError, ValueError) as error:
        raise FeedError(
            f"{path} cannot be read ({error}); expected one JSON object, item number to a list"
            " of attribute codes."
        ) from error
