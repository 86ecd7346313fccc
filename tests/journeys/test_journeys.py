"""Every journey of ``*.toml``, as it is written and in its paraphrases; no fact is invented.

A turn says what must hold after it:

``intent``      what the message was taken for, or one of several
``shows``       ids that are shown; ``first`` the first; ``never`` ids that are not; ``one_of`` ids
                that all shown ones are among; ``shown`` whether anything is
``color`` ...   every shown product has this value of the attribute (``not_color``: none has)
``low, high``   bounds of the shown prices, in minor units
``has``         what the text contains, ``hasnt`` what it does not, in any case
``goal``, ``wishes``   of the state: the goal, and the fields of the wishes
``total``       the budget for everything; ``cart`` its lines as "id variant quantity"
``asks``        the field that is asked about, "" for none; ``offers`` payloads of quick replies
``compares``    the ids of the comparison
``language``    of the answer
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from daogou.assistant import Assistant, Reply, State
from daogou.engine import Engine
from daogou.types import Product
from tests.journeys.checking import check

HERE: Final = Path(__file__).parent
JOURNEYS: Final[list[dict[str, Any]]] = [
    journey
    for path in sorted(HERE.glob("*.toml"))
    for journey in tomllib.loads(path.read_text(encoding="utf-8"))["journey"]
]
WORDINGS: Final = 3
CASES: Final = [(journey, n) for journey in JOURNEYS for n in range(WORDINGS)]
FIELDS: Final = ("color", "material", "sleeve", "storage", "memory", "connection")


def test_there_are_enough_and_half_are_chinese() -> None:
    names = [journey["name"] for journey in JOURNEYS]
    assert len(set(names)) == len(names)
    assert len(names) >= 40
    chinese = [j for j in JOURNEYS if j["language"] == "zh"]
    assert 2 * len(chinese) >= len(names)


def test_every_journey_has_two_paraphrases() -> None:
    for journey in JOURNEYS:
        says = [turn["say"] for turn in journey["turn"]]
        assert any(isinstance(s, list) and len(set(s)) == WORDINGS for s in says), journey["name"]


@pytest.mark.parametrize(
    ("journey", "wording"), CASES, ids=lambda v: v["name"] if isinstance(v, dict) else str(v)
)
def test_journey(
    shared: tuple[Assistant, Engine],
    records: Mapping[str, Product],
    journey: dict[str, Any],
    wording: int,
) -> None:
    travel(*shared, records, journey, wording)


def travel(
    assistant: Assistant,
    engine: Engine,
    records: Mapping[str, Product],
    journey: dict[str, Any],
    wording: int,
    without: frozenset[str] = frozenset(),
) -> list[Reply]:
    """Go a journey; ``without`` names what need not hold. Returns the answers."""
    replies = []
    reply = assistant.begin(journey.get("visitor"), journey["language"])
    said: list[str] = []
    told = [f"   {reply.text}"]
    rejected: set[str] = set()
    for turn in journey["turn"]:
        say = turn["say"]
        text = say if isinstance(say, str) else say[min(wording, len(say) - 1)]
        said.append(text)
        before = reply.state
        heard: list[str] = []
        reply = assistant.say(reply.conversation_id, text, heard.append)
        replies.append(reply)
        assert "".join(heard) == reply.text
        told += [f"> {text[:200]}", f"   [{reply.intent}] {reply.text}", f"   {_ids(reply)}"]
        talk = "\n".join(told)
        faults = check(reply, records, engine, said + _pressed(before, text))
        assert not faults, f"{faults}\n{talk}"
        assert not rejected & set(_ids(reply)), f"a rejected product came back\n{talk}"
        rejected |= set(reply.state.rejected)
        for key, wanted in turn.items():
            if key != "say" and key not in without:
                assert _holds(key, wanted, reply, records), f"{key} = {wanted!r}\n{talk}\n{reply}"
    return replies


def _pressed(state: State, text: str) -> list[str]:
    """What a quick reply sends that is typed as it reads."""
    return [offer.payload for offer in state.offers if offer.text.lower() == text.lower()]


def _ids(reply: Reply) -> list[str]:
    return [card.id for card in reply.products]


def _holds(key: str, wanted: Any, reply: Reply, records: Mapping[str, Product]) -> bool:
    ids, state = _ids(reply), reply.state
    products = [records[i] for i in ids]
    prices = [p.price.amount for p in products if p.price]
    plain = key.removeprefix("not_")
    if plain in FIELDS:
        has = [wanted in p.attributes.get(plain, ()) for p in products]
        return bool(has) and (not any(has) if key != plain else all(has))
    checks: dict[str, Any] = {
        "intent": lambda: reply.intent in ([wanted] if isinstance(wanted, str) else wanted),
        "shows": lambda: set(wanted) <= set(ids),
        "first": lambda: ids[:1] == [wanted],
        "never": lambda: not set(wanted) & set(ids),
        "one_of": lambda: bool(ids) and set(ids) <= set(wanted),
        "shown": lambda: bool(ids) == wanted,
        "low": lambda: bool(ids) and min(prices) >= wanted,
        "high": lambda: bool(ids) and max(prices) <= wanted,
        "has": lambda: all(w.lower() in reply.text.lower() for w in _list(wanted)),
        "hasnt": lambda: not any(w.lower() in reply.text.lower() for w in _list(wanted)),
        "goal": lambda: state.goal == wanted,
        "wishes": lambda: sorted(w.field for w in state.wishes) == sorted(wanted),
        "total": lambda: state.total == wanted,
        "cart": lambda: (
            [f"{c.product_id} {c.variant_id or '-'} {c.quantity}" for c in reply.cart] == wanted
        ),
        "asks": lambda: (state.asked or "") == wanted,
        "offers": lambda: set(wanted) <= {q.payload for q in reply.quick_replies},
        "compares": lambda: (
            reply.comparison is not None and set(reply.comparison.product_ids) == set(wanted)
        ),
        "language": lambda: reply.language == wanted,
        "rejected": lambda: set(wanted) == set(state.rejected),
        "cited": lambda: bool(reply.citations) == wanted,
    }
    return bool(checks[key]())


def _list(wanted: str | list[str]) -> list[str]:
    return [wanted] if isinstance(wanted, str) else wanted
