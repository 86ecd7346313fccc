"""Every journey again with a language model: one that invents all it can, and a careful one."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from daogou.assistant import Assistant, AssistantConfig, LlmConfig
from daogou.assistant.llm.scripted import Script, misbehaving, plain, scripted
from daogou.encoders import TextEncoder
from daogou.engine import Engine
from daogou.store import Store
from daogou.types import Product
from tests.journeys.test_journeys import CASES, JOURNEYS, travel

WORDED: Final = frozenset(("has", "hasnt", "intent"))
"""What need not hold of a careful model: its words are its own, and it may read more."""


def assistants(planted: Path, encoder: TextEncoder, script: Script) -> Iterator[tuple[Any, ...]]:
    llm = scripted(LlmConfig(endpoint="scripted:plain", seconds=60.0, turns=500), script)
    with (
        Store.open(f"sqlite:///{planted / 'daogou.db'}", create=False) as store,
        Engine.open(store, planted / "bundles", encoder=encoder) as engine,
    ):
        config = AssistantConfig(contact="help@shop.example")
        yield Assistant(engine, store, config, llm=llm), engine, llm
    llm.close()


@pytest.fixture(scope="session")
def worst(planted: Path, encoder: TextEncoder) -> Iterator[tuple[Any, ...]]:
    yield from assistants(planted, encoder, misbehaving)


@pytest.fixture(scope="session")
def careful(planted: Path, encoder: TextEncoder) -> Iterator[tuple[Any, ...]]:
    yield from assistants(planted, encoder, plain)


@pytest.mark.parametrize(
    ("journey", "wording"), CASES, ids=lambda v: v["name"] if isinstance(v, dict) else str(v)
)
def test_with_the_worst_of_models(
    worst: tuple[Assistant, Engine, Any],
    records: Mapping[str, Product],
    journey: dict[str, Any],
    wording: int,
) -> None:
    assistant, engine, _ = worst
    for reply in travel(assistant, engine, records, journey, wording):
        if reply.consulted is not None:
            assert not reply.consulted.used
            assert reply.consulted.reason


@pytest.mark.parametrize("journey", JOURNEYS, ids=lambda j: j["name"])
def test_with_a_careful_model(
    careful: tuple[Assistant, Engine, Any], records: Mapping[str, Product], journey: dict[str, Any]
) -> None:
    assistant, engine, _ = careful
    travel(assistant, engine, records, journey, 0, WORDED)


def test_both_were_heard(
    worst: tuple[Assistant, Engine, Any], careful: tuple[Assistant, Engine, Any]
) -> None:
    """That nothing is invented is not because nothing was asked."""
    for journey in (j for j in JOURNEYS[:3]):
        for assistant, _, _ in (worst, careful):
            reply = assistant.begin(None, journey["language"])
            for turn in journey["turn"]:
                text = turn["say"] if isinstance(turn["say"], str) else turn["say"][0]
                assistant.say(reply.conversation_id, text)
    assert "used" not in worst[2].counts.turns
    assert {"ungrounded"} <= set(worst[2].counts.turns)
    assert {"promise", "word", "markup", "superlative", "tool", "slot", "language"} <= set(
        worst[2].counts.cut
    )
    assert careful[2].counts.turns["used"] >= 5
