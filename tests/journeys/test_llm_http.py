"""A language model behind a real OpenAI-compatible endpoint, well-behaved and faulty."""

import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Final

import pytest

from daogou.assistant import Assistant, LanguageModel, LlmConfig, Reply, open_llm
from daogou.assistant.llm import Failed, probe
from daogou.engine import Engine
from daogou.store import Store
from daogou.types import Product
from tests.journeys.checking import check, without_tokens
from tests.journeys.endpoint import Endpoint, Handler, Request, closed_port, endpoint

WORDS: Final = "I looked for {f1}, {f2}. Do you like {p1.title}, {p1.price}?"
MESSAGE: Final = "red dress under $100"
KEY: Final = "sk-very-secret"


@contextmanager
def opened(url: str, **settings: Any) -> Iterator[LanguageModel]:
    told: dict[str, Any] = {"seconds": 20.0, "key_variable": "LLM_KEY"} | settings
    model = open_llm(LlmConfig(endpoint=url, model="m", **told), {"LLM_KEY": KEY})
    assert model is not None
    try:
        yield model
    finally:
        model.close()


def ask(
    engine: Engine,
    store: Store,
    behave: Callable[[Handler, Request], None],
    *messages: str,
    hear: Callable[[str], None] | None = None,
    **settings: Any,
) -> tuple[Reply, Endpoint]:
    with endpoint(behave) as running, opened(running.url, **settings) as model:
        assistant = Assistant(engine, store, llm=model)
        reply = assistant.begin()
        for message in messages or (MESSAGE,):
            reply = assistant.say(reply.conversation_id, message, hear)
        return reply, running


def test_a_well_behaved_endpoint(
    engine: Engine, store: Store, records: Mapping[str, Product]
) -> None:
    def behave(handler: Handler, _request: Request) -> None:
        handler.say(WORDS, usage=(321, 23))

    heard: list[str] = []
    reply, running = ask(engine, store, behave, hear=heard.append)
    assert reply.text == (
        "I looked for “dress”, Red, up to $100. Do you like Red Cotton Summer Dress, $49?"
    )
    assert heard == [
        "I looked for “dress”, Red, up to $100.",
        " Do you like Red Cotton Summer Dress, $49?",
    ]
    assert reply.consulted is not None
    assert reply.consulted.used
    assert (reply.consulted.prompt_tokens, reply.consulted.completion_tokens) == (321, 23)
    assert not reply.consulted.estimated
    assert not check(reply, records, engine, [MESSAGE])
    request = running.requests[0]
    assert request["path"] == "/v1/chat/completions"
    assert request["stream"] is True
    assert request["authorization"] == f"Bearer {KEY}"
    assert [m["role"] for m in request["messages"]] == ["system", "user"]
    assert KEY not in json.dumps(request["messages"])
    assert "tools" not in request


def test_sentences_are_heard_while_the_model_still_writes(engine: Engine, store: Store) -> None:
    heard = threading.Event()

    def behave(handler: Handler, _request: Request) -> None:
        handler.begin()
        handler.chunk({"role": "assistant", "content": "I looked for {f1}, {f2}. Do"})
        assert heard.wait(20)  # the rest comes only once the first sentence was heard
        handler.chunk({"content": " you like {p1.title}, {p1.price}?"})
        handler.end()

    reply, _ = ask(engine, store, behave, hear=lambda _piece: heard.set())
    assert reply.text.endswith("Do you like Red Cotton Summer Dress, $49?")
    assert reply.consulted is not None
    assert reply.consulted.estimated


def test_tools_over_http(engine: Engine, store: Store, records: Mapping[str, Product]) -> None:
    def behave(handler: Handler, request: Request) -> None:
        if len(request["messages"]) == 2:
            names = {tool["function"]["name"] for tool in request["tools"]}
            assert {"search_products", "propose_cart", "read_details"} <= names
            handler.call("search_products", '{"goal": "jacket", "want": ["blue"]}')
        else:
            assert request["messages"][-1]["role"] == "tool"
            assert "{p1.title} = " in request["messages"][-1]["content"]
            handler.say("Have a look at {p1.title}.")

    reply, running = ask(engine, store, behave, "grmpf")
    assert len(running.requests) == 2
    assert reply.state.goal == "jacket"
    assert "Have a look at" in reply.text
    assert not check(reply, records, engine, ["grmpf"])
    assert reply.consulted is not None
    assert reply.consulted.prompt_tokens < 3000


def html(handler: Handler, _request: Request) -> None:
    handler.begin(200, "text/html")
    handler.wfile.write(b"<!doctype html><h1>Welcome to nginx!</h1>")


def half(handler: Handler, _request: Request) -> None:
    handler.begin()
    handler.wfile.write(b'data: {"id": "c1", "object": "chat.completion.chunk", "choi')


def nothing(handler: Handler, _request: Request) -> None:
    handler.begin()


def hang_up(handler: Handler, _request: Request) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)


def status(code: int) -> Callable[[Handler, Request], None]:
    def behave(handler: Handler, _request: Request) -> None:
        handler.begin(code, "application/json")
        handler.wfile.write(b'{"error": {"message": "no", "type": "no"}}')

    return behave


def silent(handler: Handler, _request: Request) -> None:
    handler.endpoint.released.wait(30)


def stuck(handler: Handler, _request: Request) -> None:
    handler.begin()
    handler.chunk({"role": "assistant", "content": "Do you like {p1"})
    handler.endpoint.released.wait(30)


def endless(handler: Handler, _request: Request) -> None:
    handler.begin()
    while not handler.endpoint.released.is_set():
        handler.chunk({"role": "assistant", "content": "la la la "})


def json_and_no_stream(handler: Handler, _request: Request) -> None:
    handler.begin(200, "application/json")
    handler.wfile.write(b'{"choices": []}')


def half_arguments(handler: Handler, _request: Request) -> None:
    handler.call("search_products", '{"goal": "jack')


def unknown(handler: Handler, _request: Request) -> None:
    handler.call("transfer_money", "{}")


def loops(handler: Handler, _request: Request) -> None:
    handler.call("recommend_products", "{}")


FAULTS: Final = [
    (html, {"garbled", "empty"}, {}),
    (half, {"garbled", "empty", "unreachable"}, {}),
    (nothing, {"garbled", "empty"}, {}),
    (hang_up, {"unreachable", "garbled"}, {}),
    (status(500), {"status"}, {}),
    (status(401), {"status"}, {}),
    (status(429), {"status"}, {}),
    (silent, {"time"}, {"seconds": 1.0}),
    (stuck, {"time"}, {"seconds": 1.0}),
    (endless, {"tokens", "ungrounded"}, {}),
    (json_and_no_stream, {"garbled", "empty"}, {}),
]


@pytest.mark.parametrize(
    ("behave", "reasons", "settings"), FAULTS, ids=lambda v: getattr(v, "__name__", "")
)
def test_a_faulty_endpoint_leaves_the_default_answer(
    engine: Engine,
    store: Store,
    assistant: Assistant,
    behave: Any,
    reasons: set[str],
    settings: Any,
) -> None:
    heard: list[str] = []
    reply, running = ask(engine, store, behave, hear=heard.append, **settings)
    alone = assistant.say(assistant.begin().conversation_id, MESSAGE)
    assert running.requests
    assert reply.consulted is not None
    assert reply.consulted.reason in reasons
    assert {*reply.text.split()} >= {"Red", "Cotton", "Summer", "$49."}
    assert "".join(heard) == reply.text
    assert without_tokens(reply.state) == without_tokens(alone.state)
    assert [card.id for card in reply.products] == [card.id for card in alone.products]
    assert len(store.turns(reply.conversation_id)) == 2


@pytest.mark.parametrize(
    ("behave", "reason"), [(half_arguments, "tools"), (unknown, "unknown tool"), (loops, "tools")]
)
def test_tools_gone_wrong(
    engine: Engine, store: Store, assistant: Assistant, behave: Any, reason: str
) -> None:
    reply, running = ask(engine, store, behave, "grmpf")
    alone = assistant.say(assistant.begin().conversation_id, "grmpf")
    assert reply.consulted is not None
    assert reply.consulted.reason == reason
    assert len(running.requests) <= LlmConfig().tool_calls + 1
    assert without_tokens(reply.state) == without_tokens(alone.state)


def test_a_refused_connection_and_one_that_comes_back(engine: Engine, store: Store) -> None:
    with opened(f"http://127.0.0.1:{closed_port()}/v1") as model:
        assistant = Assistant(engine, store, llm=model)
        reply = assistant.say(assistant.begin().conversation_id, MESSAGE)
        assert reply.consulted is not None
        assert reply.consulted.reason == "unreachable"
        assert "$49" in reply.text
        assert model.counts.turns == {"unreachable": 1}
    answered = iter((status(500), lambda handler, _request: handler.say(WORDS)))

    def behave(handler: Handler, request: Request) -> None:
        next(answered)(handler, request)

    reply, _ = ask(engine, store, behave, "hi", MESSAGE)
    assert reply.consulted is not None
    assert reply.consulted.used


def test_the_key_stands_in_no_log(
    engine: Engine, store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    ask(engine, store, status(401))
    assert "the language model failed (status)" in caplog.text
    assert KEY not in caplog.text


def test_a_probe() -> None:
    with (
        endpoint(lambda handler, _request: handler.say("ready", usage=(20, 1))) as running,
        opened(running.url) as model,
    ):
        assert probe(model).tokens == 21
    with endpoint(html) as running, opened(running.url) as model, pytest.raises(Failed):
        probe(model)
