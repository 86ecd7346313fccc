"""Which question pays: the attribute whose answer is expected to tell most of the candidates.

The gain of a question is the entropy of its answers over the candidates, in bits, weighed by
the share that tell the attribute at all; its cost grows with every question asked before.
Quinlan, "Induction of decision trees", Machine Learning 1, 1986, for the gain.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from daogou.assistant.looking import Look, left_of_total, look
from daogou.assistant.state import Wish
from daogou.assistant.turn import Turn
from daogou.assistant.words import (
    ATTRIBUTE,
    field_name,
    is_numbered,
    kind_of,
    label,
    telling,
    value_text,
)
from daogou.engine import FacetSpec
from daogou.engine.saying import money_text
from daogou.types import Facet, FacetValue

MOST_VALUES: Final = 12
"""So many answers are told apart when a question is weighed."""
MOST_OFFERS: Final = 4
LONGEST: Final = 24
LEAST_SHARE: Final = 0.5
"""An attribute that fewer candidates tell is not asked about."""
DEARER_EACH: Final = 0.35
"""By so many bits each question asked before makes the next one dearer."""
_KEYS: Final = 12


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answers and what they are expected to tell, in bits."""

    field: str
    values: tuple[FacetValue, ...]
    gain: float


def best_question(turn: Turn, found: Look, goal: str, wishes: Sequence[Wish]) -> Question | None:
    """The question to ask about what was found, None where none pays."""
    if found.total <= turn.config.few or turn.state.order_by:
        return None
    keys = [key for key in _keys(found) if not _is_settled(turn, key, wishes)]
    if not keys:
        return None
    facets = tuple(FacetSpec(key, limit=50) for key in keys)
    counted = look(turn, goal, wishes, facets=facets, page=1)
    cost = turn.config.question_cost + DEARER_EACH * len(turn.state.skipped)
    questions = (_question(facet, counted.total) for facet in counted.facets)
    paying = [q for q in questions if q is not None and q.gain > cost]
    return max(paying, key=lambda q: (round(q.gain, 6), q.field), default=None)


def question_of_kind(turn: Turn) -> Question | None:
    """Which kind of thing it is to be, of all that the wishes and the budget allow."""
    if "categories" in turn.state.skipped:
        return None
    left = left_of_total(turn.state, turn)
    counted = look(
        turn,
        "",
        turn.state.wishes,
        facets=(FacetSpec("categories", limit=50),),
        within=None if left is None else (None, max(left, 0)),
        page=1,
    )
    return next((q for q in (_question(f, counted.total) for f in counted.facets) if q), None)


def _keys(found: Look) -> list[str]:
    """The fields that the first page tells, those of most products first."""
    counts: dict[str, int] = {}
    for item in found.items:
        for key, _ in telling(item.product):
            counts[f"{ATTRIBUTE}{key}"] = counts.get(f"{ATTRIBUTE}{key}", 0) + 1
    told = [k for k, n in counts.items() if n >= LEAST_SHARE * len(found.items)]
    told.sort(key=lambda key: (-counts[key], key))
    fields = ["categories", "brand", "price", *told[:_KEYS]]
    present = {
        "brand": any(i.product.brand for i in found.items),
        "price": any(i.product.price for i in found.items),
        "categories": any(i.product.categories for i in found.items),
    }
    return [field for field in fields if present.get(field, True)]


def _is_settled(turn: Turn, field: str, wishes: Sequence[Wish]) -> bool:
    if field in turn.state.skipped:
        return True
    kind = kind_of(field.removeprefix(ATTRIBUTE))
    return any(
        kind_of(w.field.removeprefix(ATTRIBUTE)) == kind and w.strength != "must-not"
        for w in wishes
    )


def _question(facet: Facet, total: int) -> Question | None:
    values = facet.values
    if facet.key == "categories":
        values = _level(values, total)
    elif facet.key != "price":
        values = tuple(v for v in values if v.value and v.count < total)
        if any(len(v.value or "") > LONGEST or not _is_word(v.value or "") for v in values):
            return None
        # Without the numbered makers what is left has to tell enough of the candidates.
        values = tuple(v for v in values if not is_numbered(facet.key, v.value or ""))
    if len(values) < 2 or not total:
        return None
    told = sum(v.count for v in values)
    if told < LEAST_SHARE * total:
        return None
    everything = max(told, total)
    counts = sorted((v.count for v in values), reverse=True)
    # Of many values the rare ones are one answer here: what they would tell is left out.
    counts = [*counts[:MOST_VALUES], sum(counts[MOST_VALUES:])]
    shares = [count / everything for count in counts]
    bits = -sum(p * math.log2(p) for p in shares if p)
    return Question(facet.key, values, bits * min(told / total, 1.0))


def _level(values: Sequence[FacetValue], total: int) -> tuple[FacetValue, ...]:
    """The outermost level of the categories that parts the candidates."""
    for depth in range(4):
        level = [v for v in values if (v.value or "").count(" > ") == depth]
        if len(level) > 1 and max(v.count for v in level) < total:
            return tuple(level)
    return ()


def _is_word(value: str) -> bool:
    return any(c.isalpha() for c in value)


def ask(turn: Turn, question: Question) -> None:
    """Put the question, its likeliest answers as quick replies, and a way past it."""
    kind = kind_of(question.field.removeprefix(ATTRIBUTE))
    if kind in ("color", "material", "brand", "price", "categories"):
        turn.say(f"ask_{kind}")
    else:
        values = [v.value or "" for v in question.values]
        name = field_name(question.field, turn.language, values)
        turn.say("ask_other", name=turn.gate.words(name))
    turn.asks = True
    turn.set(asked=question.field, skipped=(*turn.state.skipped, question.field))
    if question.field == "price":
        for value in question.values[:MOST_OFFERS]:
            low, high = value.low, None if value.high is None else value.high - 1
            bounds = ["*" if b is None else str(int(b)) for b in (low, high)]
            turn.offer(_price_text(turn, value), f"/price {bounds[0]} {bounds[1]}")
    else:
        counted = sorted(question.values, key=lambda v: (-v.count, v.value or ""))
        for value in counted[:MOST_OFFERS]:
            told = value.value or ""
            leaf = told.rsplit(" > ", 1)[-1]
            turn.offer(value_text(leaf, turn.language), f"/wish {question.field} {told}")
    turn.button("skip", "/skip")


def _price_text(turn: Turn, value: FacetValue) -> str:
    """An interval of prices in words."""
    currency = turn.gate.currency
    low = money_text(value.low, currency) if value.low is not None else ""
    high = money_text(value.high, currency) if value.high is not None else ""
    if low and high:
        return label("range", turn.language, low=low, high=high)
    if high:
        return label("under", turn.language, price=high)
    return label("from", turn.language, low=low)
