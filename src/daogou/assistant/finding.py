"""Finding products: a new wish, a narrower one, the dearest, the nearest where nothing matches."""

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from daogou.assistant.gate import Fact
from daogou.assistant.looking import Look, diverse, has, left_of_total, lines_of, look
from daogou.assistant.questions import ask, best_question
from daogou.assistant.reading import (
    Wanted,
    amount_in,
    price_wish,
    read,
    whole_number,
)
from daogou.assistant.relaxing import relax
from daogou.assistant.rules import words_of
from daogou.assistant.showing import present
from daogou.assistant.state import OPTION, State, Wish
from daogou.assistant.turn import Turn
from daogou.assistant.understanding import Act
from daogou.assistant.wishes import is_about_text, wish_fact
from daogou.assistant.words import label, listed
from daogou.types import Product

_WITH_A_QUESTION: Final = 3
"""So many products are shown beside a question."""
_AFTER: Final = re.compile(r" (?:for|with|without|to|in|from|of) ")
"""Behind it stands what the thing is for, and not what it is: "shampoo for dry hair"."""
_TOPS: Final = {
    "price": "top_price",
    "price desc": "top_price_desc",
    "rating desc": "top_rating_desc",
}


def find(turn: Turn, act: Act) -> None:
    """Take in what a sentence asks for, and answer it."""
    wanted = read(turn.engine, act.rest, turn.language, turn.gate.currency)
    if turn.state.asked == "price" and not wanted.wishes:
        amount = amount_in(act.rest, turn.gate.currency)
        if amount is not None and not [w for w in words_of(act.rest) if not w[0].isdigit()]:
            wanted = Wanted(wishes=(price_wish(None, amount, turn.gate.currency),))
    number = whole_number(act.rest)
    if number is not None and wanted.goal and not wanted.wishes:
        sized = Wish(f"{OPTION}size", "must", (str(number),))
        if not any(has(p, sized) for p in turn.gate.products(turn.state.shown)):
            turn.intent = "unread"
            turn.say("unread")
            return
        wanted = Wanted(wishes=(sized,))
    if wanted.foreign_money and turn.gate.currency:
        turn.say("other_currency", currency=turn.gate.setting(turn.gate.currency))
    if wanted.says_nothing and wanted.foreign_money:
        return
    if wanted.says_nothing:
        turn.intent = "unread"
        turn.say("unread")
        return
    turn.intent = take_in(turn, wanted)
    if wanted.total is not None and turn.state.total is not None:
        turn.say("total_noted", total=turn.gate.money(turn.state.total))
        if not wanted.goal and not turn.state.goal and not wanted.wishes:
            return
    head = _AFTER.split(act.rest, maxsplit=1)[0]
    search(turn, superlative=wanted.superlative, unknown=wanted.unknown, head=head)


def take_in(turn: Turn, wanted: Wanted) -> str:
    """Put what was read into the state; returns ``"find"`` or ``"refine"``."""
    if wanted.goal:
        _last_wins(turn, wanted)
    state = turn.state
    afresh = _is_new(turn, wanted)
    if afresh:
        kept = tuple(w for w in state.wishes if is_about_text(w))
        state = replace(
            state.with_wishes(kept),
            goal=wanted.goal,
            order_by="",
            skipped=(),
            asked=None,
            quantity=min(wanted.quantity or 1, turn.config.max_quantity),
        )
    elif wanted.goal and not _is_same(wanted.goal, state.goal):
        holds = state.goal in wanted.goal or {*words_of(state.goal)} <= {*words_of(wanted.goal)}
        state = replace(state, goal=wanted.goal if holds else f"{state.goal} {wanted.goal}".strip())
    for wish in wanted.wishes:
        state = state.wishing(wish)
    if wanted.total is not None:
        state = replace(state, total=wanted.total)
    turn.state = replace(state, order_by=wanted.order_by)
    return "find" if afresh else "refine"


def _last_wins(turn: Turn, wanted: Wanted) -> None:
    """Drop refusals of just what is looked for now: "no wine", and later "wine".

    Oat milk is not all that "no milk" refused, and does not take it back.
    """
    refusals = filter(is_about_text, turn.state.wishes)
    dropped = tuple(w for w in refusals if any(_is_same(v, wanted.goal) for v in w.values))
    if dropped:
        turn.say("forgotten", wish=wish_fact(turn, *dropped))
        turn.state = turn.state.with_wishes(tuple(w for w in turn.state.wishes if w not in dropped))


def _is_new(turn: Turn, wanted: Wanted) -> bool:
    goal = turn.state.goal
    if not goal:
        return bool(wanted.goal) or not turn.state.wishes
    if not wanted.goal or _is_same(wanted.goal, goal):
        return False
    if wanted.begins or wanted.names_kind:
        return True
    both = look(turn, f"{goal} {wanted.goal}", turn.state.wishes, page=1)
    return both.total == 0 or both.partial


def _is_same(one: str, other: str) -> bool:
    return set(words_of(one)) == set(words_of(other))


def search(
    turn: Turn,
    *,
    superlative: bool = False,
    unknown: tuple[str, ...] = (),
    more: bool = False,
    again: bool = False,
    head: str = "",
) -> None:
    """Answer the state as it is: products, the first of an order, or the nearest there is.

    Parameters
    ----------
    more
        Only what was not seen.
    again
        What was seen once more, rather than nothing.
    head
        The part of the sentence that says what the thing is.
    """
    state = turn.state
    left = left_of_total(state, turn)
    within = None if left is None else (None, max(left, 0))
    without = state.seen if more else ()
    found = look(
        turn, state.goal, state.wishes, order_by=state.order_by, within=within, without=without
    )
    if found.corrected is not None and found.total:
        turn.say("corrected", words=turn.gate.words(found.corrected))
        unknown = ()
    if found.total and found.partial and not unknown:
        # Whole words are known, and no product has all of them.
        found = _of_the_kind(turn, found, within, head)
    goal = _without_words(state.goal, unknown) if unknown else state.goal
    if unknown and (goal or state.wishes):
        turn.say("unknown_words", words=turn.gate.words(listed(unknown, turn.language)))
        turn.set(goal=goal)
        state = turn.state
        found = look(
            turn, goal, state.wishes, order_by=state.order_by, within=within, without=without
        )
        if found.total and found.partial and goal:
            found = _of_the_kind(turn, found, within, head)
    elif unknown:
        relax(turn, within)
        return
    if not found.total:
        if more and again:
            search(turn)
            return
        if more:
            turn.say("no_more")
            return
        relax(turn, within)
        return
    if within is not None and state.total is not None:
        facts = {"total": turn.gate.money(state.total)}
        if state.cart:
            turn.say(
                "within_left", left=turn.gate.left(state.total, lines_of(turn, state.cart)), **facts
            )
        else:
            turn.say("within_total", **facts)
    if superlative and state.order_by:
        top(turn, found, state.order_by)
        return
    if more:
        turn.say("more")
        show(turn, found)
        return
    answer(turn, found)


def _of_the_kind(
    turn: Turn, found: Look, within: tuple[int | None, int | None] | None, head: str
) -> Look:
    """Of words that no product has together, the kind that they name; else what has a part.

    "Brown rice" is rice where there is no brown one, and no hash browns.
    """
    state = turn.state
    told = turn.gate.words(state.goal)
    reading = turn.engine.understand(state.goal, turn.language)
    text = reading.understanding.text if reading.understanding else ""
    named = sorted((c.start, c.end) for c in reading.chips if c.field == "categories")
    kinds = [text[start:end] for start, end in reversed(named)]
    # What a thing is stands last, in both languages: almond milk is milk.
    kinds += words_of(state.goal)[-1:]
    kinds.sort(key=lambda kind: kind not in head)
    for kind in dict.fromkeys(kinds):
        if _is_same(kind, state.goal):
            continue
        alone = look(turn, kind, state.wishes, order_by=state.order_by, within=within)
        if alone.total and not alone.partial:
            turn.say("partly_kind", goal=told, kind=turn.gate.words(kind))
            turn.set(goal=kind)
            return alone
    turn.say("partly", goal=told)
    return found


def _without_words(goal: str, unknown: Sequence[str]) -> str:
    return (
        " ".join(w for w in goal.split() if w.lower() not in unknown)
        if goal.isascii()
        else (_cut(goal, unknown))
    )


def _cut(goal: str, unknown: Sequence[str]) -> str:
    for word in unknown:
        goal = goal.replace(word, " ")
    return " ".join(goal.split())


def answer(turn: Turn, found: Look) -> None:
    """Say what was found, show it, and ask where that pays."""
    if not found.partial:
        _tell_count(turn, found)
    show(turn, found)


def show(turn: Turn, found: Look) -> None:
    """Show what was found, and ask where that pays."""
    state = turn.state
    question = best_question(turn, found, state.goal, state.wishes)
    room = turn.config.slate if question is None else min(_WITH_A_QUESTION, turn.config.slate)
    chosen = list(found.items[:room]) if state.order_by else diverse(found.items, room)
    present(turn, chosen, found)
    if question is not None:
        ask(turn, question)
    elif found.total > len(chosen):
        turn.button("more", "/more")
    if len(chosen) > 1 and question is None:
        turn.button("compare", "/compare " + " ".join(i.product.id for i in chosen[:2]))
    if len(chosen) == 1:
        turn.button("add", f"/add {chosen[0].product.id}")


def _tell_count(turn: Turn, found: Look) -> None:
    """How many match, and of one what it is."""
    state = turn.state
    count = turn.gate.count(found.total, found.detail)
    wishes = state.wishes
    facts: dict[str, Fact] = {}
    if state.goal:
        facts["goal"] = turn.gate.words(state.goal)
    if wishes:
        facts["wishes"] = wish_fact(turn, *wishes)
    single = found.items[0].product if found.total == 1 and found.items else None
    key = "found_one" if single and (state.goal or wishes) else "found"
    if not state.goal and not wishes:
        key = "found_all"
    elif not state.goal:
        key += "_wishes"
    elif wishes:
        key += "_with"
    if single and key != "found_all":
        facts |= {"title": turn.gate.title(single), "price": turn.gate.price(single)}
        turn.say(key, **facts)
    elif key == "found_all":
        turn.say(key)
    else:
        turn.say(key, count=count, **facts)


def top(turn: Turn, found: Look, order_by: str) -> None:
    """What comes first in an order over all that matches."""
    product = found.items[0].product
    field = order_by.split()[0]
    if _measure(product, field) is None:
        turn.say("top_none")
        present(turn, found.items[: turn.config.slate], found)
        return
    facts = {
        "scope": _scope(turn),
        "title": turn.gate.top(product, found.detail),
        "price": turn.gate.price(product),
        "count": turn.gate.count(found.total, found.detail),
    }
    key = _TOPS.get(order_by, "top_other")
    if key == "top_rating_desc":
        facts["rating"] = turn.gate.rating(product)
    turn.say(key, **facts)
    ties = [i for i in found.items[1:] if _measure(i.product, field) == _measure(product, field)]
    if ties:
        turn.say("top_tie")
    present(turn, found.items[: min(len(ties) + 1, 5)], found)
    turn.state = turn.state.focusing(product.id)
    turn.set(order_by="")
    turn.button("add", f"/add {product.id}")


def _scope(turn: Turn) -> Fact:
    """What the first is the first of."""
    state = turn.state
    key = "scope" + ("_goal" if state.goal else "") + ("_wishes" if state.wishes else "")
    told = wish_fact(turn, *state.wishes)
    words = {"goal": state.goal, "wishes": told.text}
    text = label("scope_all" if key == "scope" else key, turn.language, **words)
    return turn.gate.wish(text, told.product_ids)


def _measure(product: Product, field: str) -> float | None:
    if field == "price":
        return product.price.amount if product.price else None
    if field == "rating":
        return product.rating
    if field == "ratingCount":
        return product.rating_count
    if field == "published":
        return product.published.timestamp() if product.published else None
    return 0.0


def forget_goal(state: State) -> State:
    """The state of a shopper who starts over; the cart and what was turned down stay."""
    return State(
        cart=state.cart,
        rejected=state.rejected,
        liked=state.liked,
        seen=state.seen,
        language=state.language,
    )
