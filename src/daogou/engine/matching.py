"""Which products pass a filter, as a mask over the catalogue."""

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from daogou.engine.filters import And, AnyOf, Compare, Filter, InRange, Not, Or

Bools = NDArray[np.bool_]
Floats = NDArray[np.float64]


class Columns(Protocol):
    """What a filter is evaluated on: V products, by column."""

    def __len__(self) -> int:
        """V, the number of rows."""

    def rows_with_any(self, field: str, values: Sequence[str]) -> Bools:
        """Which rows have one of ``values`` in a text field: bool [V]."""

    def rows_where(self, field: str, test: Callable[[Floats], Bools]) -> Bools:
        """Which rows have a number in ``field`` that passes ``test``: bool [V].

        ``test`` gets NaN where there is no number, and has to answer False there.
        """

    def decimal_shift(self, field: str) -> int:
        """By how many digits a number field is scaled up: 2 for a price kept in cents."""


def evaluate_filter(node: Filter | None, columns: Columns) -> Bools:
    """Which rows pass: bool [V]. None passes all."""
    match node:
        case None:
            return np.ones(len(columns), dtype=np.bool_)
        case AnyOf(field, values):
            return columns.rows_with_any(field, values)
        case Not(inner):
            return np.logical_not(evaluate_filter(inner, columns))
        case And(parts):
            rows = evaluate_filter(parts[0], columns)
            for part in parts[1:]:
                rows &= evaluate_filter(part, columns)
            return rows
        case Or(parts):
            rows = evaluate_filter(parts[0], columns)
            for part in parts[1:]:
                rows |= evaluate_filter(part, columns)
            return rows
    asked = node if isinstance(node, InRange) else _as_range(node)
    return columns.rows_where(asked.field, _test(asked, columns.decimal_shift(asked.field)))


def _as_range(node: Compare) -> InRange:
    match node.comparison:
        case "<" | "<=":
            return InRange(node.field, None, node.number, high_inclusive=node.comparison == "<=")
        case ">" | ">=":
            return InRange(node.field, node.number, None, low_inclusive=node.comparison == ">=")
        case "=":
            return InRange(node.field, node.number, node.number, high_inclusive=True)


def _test(asked: InRange, shift: int) -> Callable[[Floats], Bools]:
    # Scaled in decimal: 19.99 dollars are 1999 cents, which 19.99 * 100 in binary is not.
    low = -np.inf if asked.low is None else float(asked.low.scaleb(shift))
    high = np.inf if asked.high is None else float(asked.high.scaleb(shift))

    def test(numbers: Floats) -> Bools:
        above = numbers >= low if asked.low_inclusive else numbers > low
        below = numbers < high
        if asked.high_inclusive or asked.high is None:
            below = numbers <= high
        return np.logical_and(above, below)

    return test
