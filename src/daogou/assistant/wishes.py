"""The shopper's wishes: in words, listed by number, taken back."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from daogou.assistant.gate import Fact
from daogou.assistant.references import ORDINALS
from daogou.assistant.reply import KnownWish
from daogou.assistant.rules import fields_named, words_of
from daogou.assistant.state import OPTION, State, Wish, state_to_json
from daogou.assistant.turn import Turn
from daogou.assistant.understanding import Act
from daogou.assistant.words import ATTRIBUTE, kind_of, label, listed, value_text
from daogou.engine.saying import money_text, number_text
from daogou.text import read_numeral, tokenize
from daogou.understanding import TEXT

EDITABLE: Final = ("goal", "must", "mustNot", "prefer", "budget", "quantity", "occasion")
"""What can be set of a state from outside, by its names in JSON."""
LISTS: Final = ("must", "mustNot", "prefer")
"""Those of them that are lists of wishes."""


def wish_text(turn: Turn, wish: Wish) -> str:
    """A wish in a few words of the shopper's language."""
    language = turn.language
    if wish.values:
        words = listed([value_text(v, language) for v in wish.values[:3]], language)
        words += "…" if len(wish.values) > 3 else ""
        if wish.field == "availability":
            words = label("in_stock", language)
        elif wish.field.startswith(OPTION) and kind_of(wish.field.removeprefix(OPTION)) == "size":
            words = label("size", language, value=words)
        elif wish.field == "categories":
            words = wish.values[0].rsplit(" > ", 1)[-1]
    elif wish.field == "discount":
        words = label("discount", language)
    else:
        words = _bounds(turn, wish)
    if wish.strength == "must-not":
        return label("not", language, value=words)
    return label("prefer", language, value=words) if wish.strength == "prefer" else words


def _bounds(turn: Turn, wish: Wish) -> str:
    def told(value: float) -> str:
        if wish.field == "price":
            return money_text(value, turn.gate.currency)
        return number_text(value)

    if wish.than is not None:
        product = turn.gate.product(wish.than)
        if product is not None and product.price is not None:
            key = "under" if wish.high is not None else "over"
            return label(key, turn.language, price=turn.gate.price(product).text)
    if wish.field == "rating" and wish.low is not None:
        return label("rating", turn.language, low=number_text(wish.low))
    if wish.low is not None and wish.high is not None:
        return label("range", turn.language, low=told(wish.low), high=told(wish.high))
    if wish.high is not None:
        return label("up_to", turn.language, high=told(wish.high))
    return label("from", turn.language, low=told(wish.low or 0))


def wish_fact(turn: Turn, *wishes: Wish) -> Fact:
    """Wishes as one fact."""
    words = listed([wish_text(turn, w) for w in wishes], turn.language)
    return turn.gate.wish(words, tuple(w.than for w in wishes if w.than))


@dataclass(frozen=True, slots=True)
class Noted:
    """A line of the list of wishes: what it says, and the state without it."""

    text: str
    product_ids: tuple[str, ...]
    dropped: State


def noted(turn: Turn) -> Iterator[Noted]:
    """Everything that is known of the wishes, in the order in which it is numbered."""
    state, language = turn.state, turn.language
    if state.goal:
        yield Noted(label("goal", language, goal=state.goal), (), replace(state, goal=""))
    for wish in state.wishes:
        rest = tuple(w for w in state.wishes if w is not wish)
        than = (wish.than,) if wish.than else ()
        yield Noted(wish_text(turn, wish), than, state.with_wishes(rest))
    if state.total is not None:
        total = turn.gate.money(state.total).text
        yield Noted(label("total", language, total=total), (), replace(state, total=None))
    if state.occasion:
        told = label("occasion", language, words=state.occasion)
        yield Noted(told, (), replace(state, occasion=""))
    if state.quantity > 1:
        told = label("quantity", language, n=str(state.quantity))
        yield Noted(told, (), replace(state, quantity=1))


def known_wishes(turn: Turn) -> tuple[KnownWish, ...]:
    """What is known of the wishes, each with the edit that takes it back."""
    whole = state_to_json(turn.state)
    return tuple(
        KnownWish(line.text, _difference(whole, state_to_json(line.dropped)))
        for line in noted(turn)
    )


def _difference(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, Any]:
    """The smallest edit that leads from one state to another."""
    changed: dict[str, Any] = {}
    for name in EDITABLE:
        if name == "budget":
            # The bounds of one item go with the wish that has them.
            if old[name]["total"] != new[name]["total"]:
                changed[name] = {"total": new[name]["total"]}
        elif old[name] != new[name]:
            changed[name] = _told(name, new[name])
    return changed


def _told(name: str, value: Any) -> Any:
    """A value as an edit has it: null forgets, and a wish goes without what is made of it here."""
    if name in LISTS:
        return [bare(wish) for wish in value]
    return None if name == "quantity" else value or None


def bare(wish: Mapping[str, Any]) -> dict[str, Any]:
    """A wish in JSON without what is made of it here: its filter, how strong it is."""
    keys = ("field", "values", "low", "high")
    return {key: wish[key] for key in keys if wish.get(key) not in (None, [])}


def show_state(turn: Turn, act: Act) -> None:
    """List the wishes by number."""
    del act
    lines = list(noted(turn))
    if not lines:
        turn.say("state_empty")
        return
    numbered = [
        label("numbered", turn.language, n=str(n), wish=line.text)
        for n, line in enumerate(lines, 1)
    ]
    ids = tuple(i for line in lines for i in line.product_ids)
    turn.say(
        "state",
        wishes=turn.gate.wish(("；" if turn.language == "zh" else "; ").join(numbered), ids),
    )
    turn.set(listed=True)
    turn.known = known_wishes(turn)
    for n, line in enumerate(lines, 1):
        turn.button("without", f"/forget {n}", wish=line.text)


def edit_state(turn: Turn, act: Act) -> bool:
    """Drop one wish by its number; whether there is one with it."""
    return forget(turn, _nth(act))


def _nth(act: Act) -> int | None:
    told = (act.match and (act.match["nth"] or act.match["nth_zh"])) if act.match else None
    if act.match and told is None:
        groups = act.match.groupdict()
        told = next((v for v in groups.values() if v), None)
    if told is None:
        return None
    if told in ("last", "最后"):
        return -1
    if told in ORDINALS:
        return ORDINALS.index(told) + 1
    number = read_numeral(told)
    return None if number is None else int(number)


def forget(turn: Turn, place: int | None) -> bool:
    """Drop the wish with a number, -1 for the last."""
    lines = list(noted(turn))
    if place == -1:
        place = len(lines)
    if place is None or not 1 <= place <= len(lines):
        ask_which(turn)
        return False
    line = lines[place - 1]
    turn.say("forgotten", wish=turn.gate.wish(line.text, line.product_ids))
    turn.state = line.dropped
    return True


def ask_which(turn: Turn) -> None:
    """Ask which wish is to be dropped."""
    lines = list(noted(turn))
    if not lines:
        turn.say("state_empty")
        return
    turn.say("forget_which")
    turn.set(listed=True)
    for n, line in enumerate(lines, 1):
        turn.button("without", f"/forget {n}", wish=line.text)


def retract(turn: Turn, act: Act) -> bool:
    """Take back exactly what is named; whether something was."""
    state = turn.state
    named = set(fields_named(act.rest)) or set(fields_named(act.text))
    dropped = [w for w in state.wishes if _is_named(w, named)]
    if not dropped:
        dropped = [w for w in state.wishes if _is_valued(w, act.rest)]
    total = state.total is not None and (
        "total" in named or ("price" in named and not any(w.field == "price" for w in dropped))
    )
    ordered = "order" in named and bool(state.order_by)
    if not dropped and not total and not ordered:
        if state.asked is not None and not words_of(act.rest):
            turn.set(skipped=(*state.skipped, state.asked))
            return True
        if named:  # of what was never asked for there is nothing to take back
            turn.say("skipped")
        return bool(named)
    texts = [wish_text(turn, w) for w in dropped]
    than = tuple(w.than for w in dropped if w.than)
    if total and state.total is not None:
        texts.append(label("total", turn.language, total=turn.gate.money(state.total).text))
        turn.set(total=None)
    if ordered:
        turn.set(order_by="")
    if texts:
        turn.say("forgotten", wish=turn.gate.wish(listed(texts, turn.language), than))
    turn.state = turn.state.with_wishes(tuple(w for w in state.wishes if w not in dropped))
    fields = tuple(w.field for w in dropped)
    turn.set(skipped=tuple(dict.fromkeys((*turn.state.skipped, *fields))))
    return True


def allow(turn: Turn, act: Act) -> bool:
    """Drop refusals that name a value of the sentence; whether there was one."""
    refused = [w for w in turn.state.must_not if _is_valued(w, act.rest)]
    if not refused:
        return False
    turn.say("forgotten", wish=wish_fact(turn, *refused))
    kept = tuple(w for w in turn.state.wishes if w not in refused)
    turn.state = turn.state.with_wishes(kept)
    return True


def _is_named(wish: Wish, named: set[str]) -> bool:
    key = wish.field.removeprefix(ATTRIBUTE).removeprefix(OPTION)
    return kind_of(key) in named or key in named


def _is_valued(wish: Wish, text: str) -> bool:
    """Whether the sentence names a value of the wish: "not red after all"."""
    said = set(tokenize(" ".join(words_of(text))))
    if not said:
        return False
    values = [*wish.values, *(value_text(v, la) for v in wish.values for la in ("en", "zh"))]
    if any(set(tokenize(v)) & said for v in values):
        return True
    return any(re.search(re.escape(v), text) for v in values if not v.isascii())


def without_field(turn: Turn, field: str) -> None:
    """Take back all wishes on a field: what a quick reply asks for."""
    state = turn.state
    dropped = [w for w in state.wishes if w.field == field]
    if not dropped:
        return
    turn.say("forgotten", wish=wish_fact(turn, *dropped))
    turn.state = state.with_wishes(tuple(w for w in state.wishes if w.field != field))


def is_about_text(wish: Wish) -> bool:
    """Whether it is a refusal of words, which outlives the goal: "no nuts"."""
    return wish.field == TEXT and wish.strength == "must-not"
