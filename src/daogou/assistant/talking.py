"""Everything that is not about finding a product: greetings, policies, how-to, gifts, help."""

import re
from typing import Final

from daogou.assistant.finding import find, forget_goal, search, show_recommended
from daogou.assistant.looking import look
from daogou.assistant.quoting import quote
from daogou.assistant.reading import read
from daogou.assistant.rules import words_of
from daogou.assistant.state import Wish
from daogou.assistant.turn import Turn
from daogou.assistant.understanding import Act

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
    show_recommended(turn, "gift")


def _is_sold(turn: Turn, text: str) -> bool:
    """Whether products are called so, as gift wrap is: no gift is looked for then."""
    wanted = read(turn.engine, text, turn.language, turn.gate.currency)
    if len(words_of(wanted.goal)) < 2 or wanted.unknown:
        return False
    found = look(turn, wanted.goal, (), page=1)
    return found.total > 0 and not found.partial


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
