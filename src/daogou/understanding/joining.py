"""Values of one field that were said together: "white or black", "W32 L34"."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from daogou.text import normalize
from daogou.understanding.model import SURE, TEXT, Constraint
from daogou.understanding.vocabulary import rules

_JOINERS: Final = frozenset(normalize(j) for j in rules()["values"]["joiners"])
_UNSURE: Final = SURE - 0.05


def join_values(text: str, constraints: Sequence[Constraint]) -> tuple[Constraint, ...]:
    """The constraints of a text in its order, those on one field made one where they can be.

    Joined by "or", "and" or a comma, any of the values will do; side by side, those that both
    name ("W32 L34" is one size). Values of one field in different places
    ("black shoes white sole") are no longer sure, since a product with all of them is rare.
    """
    joined: list[Constraint] = []
    for constraint in sorted(constraints, key=lambda c: (c.start, c.end, c.field)):
        before = joined[-1] if joined else None
        if before and _is_positive(before) and _is_positive(constraint):
            gap = normalize(text[before.end : constraint.start])
            if before.field == constraint.field and gap in _JOINERS:
                both = _joined(before, constraint, side_by_side=not gap)
                if both.values:
                    joined[-1] = both
                    continue
        joined.append(constraint)
    fields = [c.field for c in joined if _is_positive(c)]
    return tuple(
        replace(c, confidence=min(c.confidence, _UNSURE))
        if _is_positive(c) and fields.count(c.field) > 1
        else c
        for c in joined
    )


def _is_positive(constraint: Constraint) -> bool:
    return bool(constraint.values) and constraint.strength == "must" and constraint.field != TEXT


def _joined(first: Constraint, second: Constraint, *, side_by_side: bool) -> Constraint:
    both = tuple(value for value in first.values if value in second.values)
    either = tuple(dict.fromkeys((*first.values, *second.values)))
    return replace(
        first,
        values=both if side_by_side else either,
        end=second.end,
        confidence=min(first.confidence, second.confidence),
    )
