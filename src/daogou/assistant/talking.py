"""Everything that is not about finding a product: greetings, policies, how-to, gifts, help."""

import re
from typing import Final

from daogou.assistant.finding import find, forget_goal, search
from daogou.assistant.looking import left_of_total
from daogou.assistant.quoting import quote
from daogou.assistant.reading import price_filter, read
from daogou.assistant.reply import Call
from daogou.assistant.showing import present
from daogou.assistant.state import Wish
from daogou.assistant.turn import Turn
from daogou.assistant.understanding import Act
from daogou.engine import RecommendRequest
from daogou.understanding import TEXT

_FOR_WHOM: Final = re.compile(
    r"\bfor (?:my |a |an |the )?(?P<en>(?!under|less|about|around|\d)[a-z' -]{2,30}?)"
    r"(?= (?:under|below|who|that|with|for|in|around|about|max)\b|[,.]|$)"
    r"|(?:送|给)+(?P<zh>[^\d,，。 的一买个]{1,8}?)(?=的|一|，|,|预算|\d|$)"
)


def policy(turn: Turn, act: Act) -> None:
    """What the merchant wrote of it, else what cannot be seen from here and where to ask."""
    if act.topic not in ("order", "human", "discount") and quote(turn, act.text, None):
        return
    turn.say(f"policy_{act.topic}")
    if act.topic == "discount":
        turn.button("on_sale", "/sale")
        return
    contact(turn)


def contact(turn: Turn) -> None:
    """Where the shop can be asked."""
    if turn.config.contact:
        turn.say("contact", contact=turn.gate.setting(turn.config.contact))
    else:
        turn.say("contact_none")


def howto(turn: Turn, act: Act) -> None:
    """An extract, or that it is not known."""
    if quote(turn, act.text, turn.state.focus):
        return
    turn.say("unknown")
    contact(turn)


def recommend(turn: Turn, act: Act) -> None:
    """What suits the visitor, within the wishes that there are."""
    del act
    if turn.state.goal:
        search(turn)
        return
    show_recommended(turn, "recommended")


def show_recommended(turn: Turn, key: str) -> None:
    """Recommended products within wishes and budgets."""
    state = turn.state
    parts = [w.filter for w in state.wishes if w.filter and w.strength != "prefer"]
    left = left_of_total(state, turn)
    if left is not None:
        parts.append(price_filter(None, max(left, 0), turn.gate.currency))
    request = RecommendRequest(
        "home",
        turn.visitor_id,
        page_size=24,
        filter=" AND ".join(f"({part})" for part in parts),
        language=turn.language,
    )
    slate = turn.engine.recommend(request)
    found = {"productIds": [item.product.id for item in slate.items]}
    asked = {"placement": request.placement, "filter": request.filter}
    turn.calls.append(Call("recommend_products", asked, found))
    hidden = {*state.rejected, *(w.values[0] for w in state.wishes if w.field == TEXT)}
    items = [
        item
        for item in slate.items
        if item.product.id not in hidden and item.product.availability != "OUT_OF_STOCK"
    ]
    if not items:
        turn.say("nothing_to_recommend")
        return
    turn.say(key)
    turn.gate.keep(item.product for item in items)
    present(turn, items[: turn.config.slate])
    turn.button("more", "/more")


def gift(turn: Turn, act: Act) -> None:
    """A gift: for whom is noted, what kind is found or asked."""
    match = _FOR_WHOM.search(act.text)
    rest = act.rest
    if match:
        whom = (match["en"] or match["zh"] or "").strip()
        if whom:
            turn.set(occasion=whom)
            rest = rest.replace(match[0], " ").replace(whom, " ")
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
    show_recommended(turn, "gift")


def scope(turn: Turn, act: Act) -> None:
    """What is none of the shop's business."""
    del act
    turn.say("scope")


def reset(turn: Turn, act: Act) -> None:
    """Start over."""
    del act
    turn.state = forget_goal(turn.state)
    turn.say("reset")


def on_sale(turn: Turn) -> None:
    """What is on sale."""
    turn.state = turn.state.wishing(Wish("discount", "must", low=1, filter="discount > 0"))
    search(turn)
