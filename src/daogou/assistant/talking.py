"""Everything that is not about finding a product: greetings, policies, how-to, gifts, help."""

from daogou.assistant.finding import forget_goal, search
from daogou.assistant.quoting import quote
from daogou.assistant.state import Wish
from daogou.assistant.turn import Turn
from daogou.assistant.understanding import Act


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
