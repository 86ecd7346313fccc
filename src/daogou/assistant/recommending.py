"""What suits a visitor without a goal: recommendations, more of them, ideas for a gift."""

import re
from typing import Final

from daogou.assistant.finding import find, search
from daogou.assistant.looking import left_of_total, look
from daogou.assistant.questions import ask, question_of_kind
from daogou.assistant.reading import price_filter, read
from daogou.assistant.reply import Call
from daogou.assistant.rules import words_of
from daogou.assistant.showing import present
from daogou.assistant.turn import Turn
from daogou.assistant.understanding import Act
from daogou.engine import RecommendRequest
from daogou.types import Product, ScoredProduct

_SPREAD_OVER: Final = 100
"""Of so many recommended products the first of each department is shown."""
_WORTH_GIVING: Final = 1 / 3
"""From this share of a budget on a product is an idea for a gift."""
_FOR_WHOM: Final = re.compile(
    r"\bfor (?:my |a |an |the )?(?P<en>(?!under|less|about|around|\d)[a-z' -]{2,30}?)"
    r"(?= (?:under|below|who|that|with|for|in|around|about|max)\b|[,.]|$)"
    r"|(?:送|给)+(?P<zh>[^\d,，。 的一买个]{1,8}?)(?=的|一|，|,|预算|\d|$)"
)


def show_recommended(
    turn: Turn, key: str, *, spread: bool = False, least: float | None = None
) -> None:
    """Recommended products within wishes and budgets, none that was seen in the conversation.

    Parameters
    ----------
    spread
        Show the first of each department, not what is bought most.
    least
        Prefer what costs no less, in minor units; where there is none such, all counts.
    """
    state = turn.state
    parts = [w.filter for w in state.wishes if w.filter and w.strength != "prefer"]
    left = left_of_total(state, turn)
    if left is not None or least is not None:
        most = None if left is None else max(left, 0)
        parts.append(price_filter(least, most, turn.gate.currency))
    request = RecommendRequest(
        "home",
        turn.visitor_id,
        page_size=_SPREAD_OVER if spread else 24,
        filter=" AND ".join(f"({part})" for part in parts),
        excluded_ids=tuple(dict.fromkeys((*state.rejected, *state.seen))),
        language=turn.language,
    )
    slate = turn.engine.recommend(request)
    found = {"productIds": [item.product.id for item in slate.items]}
    asked = {"placement": request.placement, "filter": request.filter}
    turn.calls.append(Call("recommend_products", asked, found))
    items = [i for i in slate.items if i.product.availability != "OUT_OF_STOCK"]
    if not items and least is not None:
        show_recommended(turn, key, spread=spread)
        return
    if not items:
        turn.say("nothing_to_recommend")
        return
    if spread:
        first: dict[str, ScoredProduct] = {}
        for item in items:
            first.setdefault(_department(item.product), item)
        items = list(first.values())
    turn.say(key)
    turn.gate.keep(item.product for item in items)
    present(turn, items[: turn.config.slate], slate)
    turn.button("more", "/more")


def _department(product: Product) -> str:
    return product.categories[0].split(" > ")[0] if product.categories else ""


def more(turn: Turn, act: Act) -> None:
    """The next products that match, or that are recommended; none that was seen."""
    del act
    state = turn.state
    if state.recommends and not (state.goal or state.wishes):
        show_recommended(turn, "more")
    else:
        search(turn, more=True)


def recommend(turn: Turn, act: Act) -> None:
    """What suits the visitor, within the wishes that there are."""
    del act
    if turn.state.goal:
        search(turn)
        return
    show_recommended(turn, "recommended")


def gift(turn: Turn, act: Act) -> None:
    """A gift: for whom is noted, what kind is found or asked."""
    match = _FOR_WHOM.search(act.text)
    rest = act.rest
    if match:
        whom = (match["en"] or match["zh"] or "").strip()
        if whom:
            turn.set(occasion=whom)
            rest = rest.replace(match[0], " ").replace(whom, " ")
    elif _is_sold(turn, act.text):
        find(turn, Act("find", act.text, act.text))
        return
    wanted = read(turn.engine, rest, turn.language, turn.gate.currency)
    if wanted.goal and not wanted.unknown:
        find(turn, Act("find", rest, rest))
        turn.intent = "gift"
        return
    for wish in wanted.wishes:
        turn.state = turn.state.wishing(wish)
    if wanted.total is not None:
        turn.set(total=wanted.total)
    turn.set(goal="")
    _ideas(turn)


def _ideas(turn: Turn) -> None:
    """One product of each department, and the question which of them it is to be."""
    limits = [w.high for w in turn.state.wishes if w.field == "price" and w.high is not None]
    left = left_of_total(turn.state, turn)
    most = min([*limits, *([] if left is None else [left])], default=None)
    # Who names a budget does not want to give the cheapest there is.
    least = None if most is None else most * _WORTH_GIVING
    show_recommended(turn, "gift", spread=True, least=least)
    question = question_of_kind(turn)
    if question is not None:
        ask(turn, question)


def _is_sold(turn: Turn, text: str) -> bool:
    """Whether products are called so, as gift wrap is: no gift is looked for then."""
    wanted = read(turn.engine, text, turn.language, turn.gate.currency)
    if len(words_of(wanted.goal)) < 2 or wanted.unknown:
        return False
    found = look(turn, wanted.goal, (), page=1)
    return found.total > 0 and not found.partial
