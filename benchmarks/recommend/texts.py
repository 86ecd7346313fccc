"""Titles and histories, in the layout of amazon18-text-seq.

``NAME.items.jsonl`` has items with texts, ``NAME.sequences_reconstructed.txt`` what each visitor
bought, ``NAME.valid.jsonl`` and ``NAME.test.jsonl`` the cases: visitor, history of at most ten
items, target. The cases are cut by time, so that a visitor may have several, and the sequences hold
their targets too: what is fitted to is what stands before a visitor's first case. All items are
ranked, also those that the visitor has had, as in the published table.

Every set is read twice, the second time for a cold start without any leak: what occurs as a test
target is taken out of all histories, of training as of the cases, so that nothing but its text can
find it. Cases that have no history left are taken out.
"""

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import orjson

from benchmarks.recommend.dataset import Dataset, Int64, joined, positions, purchase_log
from daogou.errors import FeedError
from daogou.features import Basket, ItemTable
from daogou.features.items import Float64, Int32
from daogou.features.stats import DAY
from daogou.types import Product

ITEMS: Final = ".items.jsonl"
SEQUENCES: Final = ".sequences_reconstructed.txt"
LONGEST: Final = 10
"""A case's history has its ten newest items."""
FITTED, VALIDATION, TEST = range(3)
START: Final = 1_530_403_200.0
"""When the validation begins (1 July 2018, say: the files have an order and no times)."""
MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True)
class Bought:
    """What a visitor bought, oldest first, [n] each; ``part`` is FITTED, VALIDATION or TEST."""

    visitor: str
    items: Int32
    part: npt.NDArray[np.int8]

    def times(self) -> Float64:
        """A day from one to the next up to the validation, then minutes within each part."""
        start = int((self.part == FITTED).sum())
        steps = np.arange(len(self.items)) - start
        later = START + DAY * (self.part - VALIDATION) + MINUTE * (steps + 1)
        return np.where(self.part == FITTED, START + DAY * steps, later)


def read_texts(folder: Path) -> list[Dataset]:
    """Every set of a folder, each as it is and then for a cold start.

    Raises
    ------
    FeedError
        A file is missing, a line cannot be read, or a case is not part of its visitor's sequence.
    """
    datasets = []
    for path in sorted(folder.glob(f"*{ITEMS}")):
        name = path.name.removesuffix(ITEMS)
        products = _products(path)
        bought = _bought(folder, name, len(products))
        targets = joined(b.items[b.part == TEST] for b in bought)
        datasets.append(_dataset(name, products, bought, np.zeros(0, np.int32)))
        datasets.append(_dataset(f"{name}, cold start", products, bought, np.unique(targets)))
    return datasets


def _dataset(
    name: str, products: tuple[Product, ...], bought: Sequence[Bought], cold: Int32
) -> Dataset:
    """The set without any history of the ``cold`` items."""
    times = [b.times() for b in bought]
    warm = [~np.isin(b.items, cold) for b in bought]
    kept = [b.items[w] for b, w in zip(bought, warm, strict=True)]
    lengths = [len(items) for items in kept]
    moments = np.concatenate([np.zeros(0), *(t[w] for t, w in zip(times, warm, strict=True))])
    cases: dict[int, list[Basket]] = {VALIDATION: [], TEST: []}
    for visitor, (b, w, t) in enumerate(zip(bought, warm, times, strict=True)):
        known: Int64 = np.cumsum(w) - w  # how many warm items came before each
        for place in np.flatnonzero((b.part != FITTED) & (known > 0)).tolist():
            # A cold target in the validation would be one of the test's.
            if b.part[place] == TEST or w[place]:
                basket = Basket(visitor, int(known[place]), float(t[place]), b.items[[place]])
                cases[int(b.part[place])].append(basket)
    return Dataset(
        name=name,
        products=products,
        table=ItemTable.from_products(products),
        attributes=(np.zeros(0, np.int32),) * len(products),
        log=purchase_log(
            [b.visitor for b in bought], lengths, joined(kept), moments, positions(lengths)
        ),
        until=START,
        final_until=START,
        validation=tuple(cases[VALIDATION]),
        test=tuple(cases[TEST]),
        views=("all",),
        longest=LONGEST,
    )


def _products(path: Path) -> tuple[Product, ...]:
    products: list[Product] = []
    for line, item in _records(path, ("item_id", "title")):
        if item["item_id"] != len(products):
            raise FeedError(
                f"{path}, line {line}: item_id is {item['item_id']!r}; expected {len(products)}:"
                " items are numbered from 0, in order."
            )
        products.append(
            Product(
                str(item["item_id"]),
                item["title"] or "",
                description=_plain(item.get("description") or ""),
                brand=item.get("brand") or None,
            )
        )
    return tuple(products)


def _plain(text: str) -> str:
    """The text of a description, which is a list of paragraphs as Python would print it."""
    try:
        parts = ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return text
    return " ".join(map(str, parts)) if isinstance(parts, list) else text


def _bought(folder: Path, name: str, n_items: int) -> list[Bought]:
    """Everybody's sequence, in which each case has been found."""
    path = folder / f"{name}{SEQUENCES}"
    _there(path)
    found: dict[str, Bought] = {}
    for line, text in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        visitor, *items = text.split() or [""]
        numbers = [int(item) for item in items if item.isascii() and item.isdigit()]
        if not items or len(numbers) < len(items) or max(numbers) >= n_items:
            raise FeedError(
                f"{path}, line {line}: found {text[:60]!r}; expected a visitor and then numbers of"
                f" items below {n_items}, with blanks between."
            )
        part_of = np.full(len(items), FITTED, np.int8)
        found[visitor] = Bought(visitor, np.array(numbers, np.int32), part_of)
    for part, kind in ((VALIDATION, "valid"), (TEST, "test")):
        source = folder / f"{name}.{kind}.jsonl"
        for line, case in _records(source, ("user", "history", "target")):
            place = _place(case, found.get(case["user"]))
            if place is None:
                raise FeedError(
                    f"{source}, line {line}: history {case['history']} and then {case['target']}"
                    f" is not in the sequence of visitor {case['user']} in {path.name}; expected"
                    " every case to be a part of one, and the parts to follow in time."
                )
            found[case["user"]].part[place] = part
    return list(found.values())


def _place(case: Mapping[str, Any], bought: Bought | None) -> int | None:
    """Where a case's target stands: the first place with that history that no case has yet."""
    if bought is None:
        return None
    history, n = case["history"], len(case["history"])
    items = bought.items.tolist()
    # A history that is not cut begins where the sequence begins.
    places = range(n, len(items)) if n >= LONGEST else range(n, min(n + 1, len(items)))
    for place in places:
        free = not bought.part[place:].any()
        if free and items[place] == case["target"] and items[place - n : place] == history:
            return place
    return None


def _records(path: Path, fields: Sequence[str]) -> list[tuple[int, dict[str, Any]]]:
    """Number and object of every line of a JSONL file."""
    _there(path)
    records = []
    for line, text in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            record = orjson.loads(text)
        except orjson.JSONDecodeError as error:
            raise FeedError(f"{path}, line {line} is not JSON: {error}.") from error
        if not isinstance(record, dict) or not all(field in record for field in fields):
            raise FeedError(
                f"{path}, line {line}: found {text[:60].decode(errors='replace')!r}; expected an"
                f" object with {', '.join(fields)}."
            )
        records.append((line, record))
    return records


def _there(path: Path) -> None:
    if not path.is_file():
        name = path.name.partition(".")[0]
        raise FeedError(
            f"{path} is missing; expected {name}{ITEMS}, {name}{SEQUENCES}, {name}.valid.jsonl and"
            f" {name}.test.jsonl beside each other."
        )
