"""What to do about each act: the decisions, one after the other."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from daogou.assistant import (
    about,
    carting,
    comparing,
    finding,
    needs,
    quantities,
    recommending,
    relating,
    replacing,
    suggesting,
    talking,
    wishes,
)
from daogou.assistant.reading import filter_of, price_wish
from daogou.assistant.references import Pointed
from daogou.assistant.rules import fields_named
from daogou.assistant.state import Wish
from daogou.assistant.turn import Turn
from daogou.assistant.understanding import Act

Handler = Callable[[Turn, Act], None]
_SAYINGS: Final = frozenset(
    ("empty", "unread", "identity", "help", "thanks", "bye", "languages", "chat", "complaint")
)
_KEEPING: Final = frozenset(
    ("policy", "howto", "ask_product", "show_state", "identity", "help", "thanks", "chat")
)
"""A question of the turn before is still open after these."""


def decide(turn: Turn, acts: list[Act]) -> None:
    """Answer acts in their order; the first one names the turn."""
    turn.set(listed=False)
    for act in acts:
        before = turn.intent
        turn.intent = act.intent
        _one(turn, act)
        turn.intent = before or turn.intent
        if act.intent not in _KEEPING and not turn.asks:
            turn.set(asked=None)


def _one(turn: Turn, act: Act) -> None:
    if act.intent == "command":
        command(turn, act)
        return
    if act.intent in ("find", "choose", "add", "ask_product") and carting.pick_size(turn, act):
        return
    if act.intent not in ("yes", "no", "quantity", *_KEEPING) and turn.state.pending is not None:
        turn.set(pending=None)
    if act.intent in ("find", "gift", "recommend", "more"):
        need = needs.need_in(act.text)
        if need is not None:
            turn.intent = "need"
            needs.bundle(turn, act, need)
            return
    handler = _HANDLERS.get(act.intent)
    if handler is not None:
        handler(turn, act)
    elif act.intent == "foreign":
        turn.intent = "foreign"
        turn.say("languages")
    elif act.intent in _SAYINGS:
        turn.say(act.intent)
    else:
        turn.say("unread")


def _edit(turn: Turn, act: Act) -> None:
    if wishes.edit_state(turn, act) and (turn.state.goal or turn.state.wishes):
        finding.search(turn)


def _allow(turn: Turn, act: Act) -> None:
    """Silk is fine after all: what was refused is no longer, and nothing more is asked for."""
    if wishes.allow(turn, act):
        finding.search(turn)
    elif any(fields_named(act.rest)):
        turn.intent = "retract"
        _retract(turn, act)
    else:
        turn.intent = "find"
        finding.find(turn, act)


def _retract(turn: Turn, act: Act) -> None:
    if not wishes.retract(turn, act):
        wishes.ask_which(turn)
        return
    if turn.state.goal or turn.state.wishes:
        finding.search(turn)


def _skip(turn: Turn, act: Act) -> None:
    del act
    turn.intent = "skip"
    turn.set(asked=None)
    turn.say("skipped")
    finding.search(turn)


def _yes(turn: Turn, act: Act) -> None:
    del act
    kind = turn.state.pending.kind if turn.state.pending else "remove"
    turn.intent = "quantity" if kind == "change" else kind
    carting.accept(turn)


def _no(turn: Turn, act: Act) -> None:
    del act
    turn.intent = "no"
    carting.decline(turn)


def _hello(turn: Turn, act: Act) -> None:
    del act
    turn.say("hello")


_HANDLERS: Final[Mapping[str, Handler]] = {
    "greet": _hello,
    "hello": _hello,
    "find": finding.find,
    "replace": replacing.replace_by,
    "more": recommending.more,
    "relax": relating.relate,
    "retract": _retract,
    "allow": _allow,
    "choose": about.choose,
    "ask_product": about.ask_product,
    "compare": comparing.compare,
    "like": about.like,
    "reject": about.reject,
    "add": carting.add,
    "remove": carting.remove,
    "quantity": quantities.change_quantity,
    "show_cart": carting.show_cart,
    "show_state": wishes.show_state,
    "edit_state": _edit,
    "reset": talking.reset,
    "policy": talking.policy,
    "howto": talking.howto,
    "recommend": recommending.recommend,
    "gift": recommending.gift,
    "out_of_scope": talking.scope,
    "skip": _skip,
    "yes": _yes,
    "no": _no,
}


# --- quick replies


def command(turn: Turn, act: Act) -> None:
    """What a quick reply sends."""
    words = act.rest.split()
    turn.intent = _INTENTS.get(act.topic, "unread")
    if act.topic == "wish" and len(words) > 1:
        _wish(turn, words[0], " ".join(words[1:]))
    elif act.topic == "price" and len(words) == 2 and all(_is_bound(w) for w in words):
        low, high = (None if w == "*" else int(w) for w in words)
        turn.state = turn.state.wishing(price_wish(low, high, turn.gate.currency))
        finding.search(turn)
    elif act.topic == "forget" and words and words[0].isdigit():
        if wishes.forget(turn, int(words[0])) and (turn.state.goal or turn.state.wishes):
            finding.search(turn)
    elif act.topic == "drop" and words:
        wishes.without_field(turn, words[0])
        finding.search(turn)
    elif act.topic == "add" and words:
        _add(turn, words)
    elif act.topic == "show" and words:
        _show(turn, words[0])
    elif act.topic == "compare":
        comparing.side_by_side(turn, words)
    elif act.topic == "article" and words:
        suggesting.answer_article(turn, act.rest)
    elif act.topic == "with" and words:
        suggesting.show_with(turn, act.rest)
    elif act.topic in _ABOUT and len(words) > 1:
        _ABOUT[act.topic](turn, " ".join(words[:-1]), words[-1])
    elif act.topic == "remove" and words:
        carting.remove(turn, replace(act, rest="", pointed=Pointed((words[0],))))
    elif act.topic in _PLAIN:
        _PLAIN[act.topic](turn, act)
    else:
        turn.intent = "unread"
        turn.say("unread")


def _is_bound(word: str) -> bool:
    return word == "*" or (word.isdigit() and len(word) < 12)


def _wish(turn: Turn, field: str, value: str) -> None:
    known = field in ("brand", "categories") or field.startswith("attributes.")
    offered = any(o.payload == f"/wish {field} {value}" for o in turn.state.offers)
    if not known or not offered:
        turn.intent = "unread"
        turn.say("unread")
        return
    turn.state = turn.state.wishing(
        Wish(field, "must", (value,), filter=filter_of(field, (value,)))
    )
    turn.set(asked=None)
    finding.search(turn)


def _add(turn: Turn, words: list[str]) -> None:
    turn.set(pending=None)
    product = turn.gate.product(words[0])
    if product is None:
        turn.say("gone")
        return
    quantity = int(words[2]) if len(words) > 2 and words[2].isdigit() and len(words[2]) < 3 else 1
    variant = next((v for v in product.variants if len(words) > 1 and v.id == words[1]), None)
    said = tuple(variant.options.values()) if variant else ()
    carting.propose(turn, [product], max(quantity, 1), said)


def _show(turn: Turn, product_id: str) -> None:
    product = turn.gate.product(product_id)
    if product is None:
        turn.say("gone")
    else:
        about.tell(turn, product)


def _sale(turn: Turn, act: Act) -> None:
    del act
    talking.on_sale(turn)


_PLAIN: Final[Mapping[str, Handler]] = {
    "skip": _skip,
    "more": recommending.more,
    "yes": _yes,
    "no": _no,
    "cart": carting.show_cart,
    "wishes": wishes.show_state,
    "sale": _sale,
}
_ABOUT: Final[Mapping[str, Callable[[Turn, str, str], None]]] = {
    "question": suggesting.answer_question,
    "attribute": suggesting.answer_attribute,
}
_INTENTS: Final[Mapping[str, str]] = {
    "article": "howto",
    "with": "recommend",
    "question": "ask_product",
    "attribute": "ask_product",
    "wish": "refine",
    "price": "refine",
    "forget": "edit_state",
    "drop": "retract",
    "add": "add",
    "show": "choose",
    "compare": "compare",
    "remove": "remove",
    "skip": "skip",
    "more": "more",
    "yes": "add",
    "no": "no",
    "cart": "show_cart",
    "wishes": "show_state",
    "sale": "find",
}
