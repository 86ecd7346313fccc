"""Wishes set over HTTP: what counts from then on, what is kept of it, and what is refused."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from daogou.server.conversation_schemas import ConversationAnswer, ReplyAnswer
from daogou.server.schemas import ErrorAnswer
from daogou.store import Store


def begin(client: TestClient, text: str = "", **body: object) -> str:
    talk: str = client.post("/v1/conversations", json=body).json()["conversationId"]
    if text:
        say(client, talk, text)
    return talk


def say(client: TestClient, talk: str, text: str) -> ReplyAnswer:
    answer = client.post(f"/v1/conversations/{talk}/messages", json={"text": text})
    assert answer.status_code == 200, answer.text
    return ReplyAnswer.model_validate(answer.json())


def edit(client: TestClient, talk: str, **body: Any) -> ReplyAnswer:
    answer = client.patch(f"/v1/conversations/{talk}", json=body)
    assert answer.status_code == 200, answer.text
    return ReplyAnswer.model_validate(answer.json())


def get(client: TestClient, talk: str, **query: str) -> ConversationAnswer:
    answer = client.get(f"/v1/conversations/{talk}", params=query)
    return ConversationAnswer.model_validate(answer.json())


def test_what_is_set_counts_at_once_and_in_the_next_message(client: TestClient) -> None:
    talk = begin(client, "cheese under $4")
    wider = edit(client, talk, budget={"max": 500})
    assert wider.intent == "edit_state"
    assert sorted(card.id for card in wider.products) == ["cheddar", "parmesan"]
    assert "up to $5" in wider.message.text
    bella = edit(client, talk, must=[{"field": "brand", "values": ["Bella"]}])
    assert bella.state["budget"]["max"] is None  # the list takes the place of the list
    assert [card.id for card in bella.products] == ["parmesan"]
    more = say(client, talk, "under $6")
    assert [card.id for card in more.products] == ["parmesan"]
    assert more.state["must"][0] == bella.state["must"][0]
    not_green = edit(
        client, talk, goal="milk", must=None, mustNot=[{"field": "brand", "values": ["Green Farm"]}]
    )
    assert "milk" not in [card.id for card in not_green.products]


def test_every_field_is_set_read_and_cleared(client: TestClient) -> None:
    talk = begin(client)
    fields = {
        "goal": "pasta",
        "must": [{"field": "attributes.department", "values": ["Pantry"]}],
        "mustNot": [{"field": "text", "values": ["wheat"]}],
        "prefer": [{"field": "brand", "values": ["Bella"]}],
        "budget": {"min": 100, "max": 200, "total": 1000},
        "quantity": 2,
        "occasion": "dinner",
    }
    told = edit(client, talk, **fields)
    state = told.state
    assert (state["goal"], state["quantity"], state["occasion"]) == ("pasta", 2, "dinner")
    assert state["budget"] == {"min": 100, "max": 200, "total": 1000}
    assert [w["field"] for w in state["must"]] == ["attributes.department", "price"]
    assert [w["strength"] for w in (*state["mustNot"], *state["prefer"])] == ["must-not", "prefer"]
    assert state["must"][1]["filter"].startswith("price: IN(1")
    found = get(client, talk, languageCode="zh")
    assert [w.text for w in found.wishes][:1] == ["想找“pasta”"]
    assert len(found.wishes) == 8
    # Each says by which edit it is taken back; none of the others goes with it.
    for count in range(7, -1, -1):
        first = get(client, talk).wishes[0]
        edit(client, talk, **first.change)
        assert len(get(client, talk).wishes) == count
    state = get(client, talk).state
    assert state["must"] == state["mustNot"] == state["prefer"] == []
    assert (state["goal"], state["quantity"], state["budget"]["total"]) == ("", 1, None)


def test_the_list_in_a_conversation_has_the_edits_too(client: TestClient) -> None:
    talk = begin(client, "cheese under $4, not blue")
    listed = say(client, talk, "what do you know about my wishes?")
    assert [w.text for w in listed.wishes] == ["looking for “cheese”", "up to $4", "not blue"]
    left = edit(client, talk, **listed.wishes[1].change, label="Drop “up to $4”")
    assert [w.text for w in left.wishes] == ["looking for “cheese”", "not blue"]
    # It is a turn of the record like any other.
    kept = get(client, talk)
    assert kept.turn_count == 4
    assert kept.turns[-1].text == "Drop “up to $4”"
    assert kept.turns[-1].reply["intent"] == "edit_state"
    assert kept.state == left.state


def test_a_state_can_be_sent_back_as_it_was_read(client: TestClient) -> None:
    talk = begin(client, "cheese under $4, not blue")
    before = get(client, talk).state
    same = {key: before[key] for key in ("goal", "must", "mustNot", "prefer", "quantity")}
    budget = {key: value and int(value) for key, value in before["budget"].items()}
    after = edit(client, talk, **same, budget=budget).state
    assert {key: after[key] for key in same} == same
    # A filter of the caller's own is not believed.
    hostile = [{**before["must"][0], "high": 300, "filter": "price: IN(*, 9999)"}]
    assert edit(client, talk, must=hostile).state["must"][0]["filter"] == "price: IN(*, 3.000i)"


def test_made_from_an_older_turn(client: TestClient) -> None:
    talk = begin(client, "cheese")
    late = client.patch(f"/v1/conversations/{talk}", json={"goal": "milk", "lastTurnId": 1})
    assert late.status_code == 409
    assert ErrorAnswer.model_validate(late.json()).error.status == "ABORTED"
    assert get(client, talk).turn_count == 2
    assert edit(client, talk, goal="milk", lastTurnId=2).turn_id == 3


@pytest.mark.parametrize(
    ("body", "field", "told"),
    [
        ({}, None, "changes nothing"),
        ({"label": "x"}, None, "changes nothing"),
        ({"goal": 3}, "goal", "goal is 3"),
        ({"gaol": "milk"}, "gaol", "Did you mean 'goal'?"),
        ({"must": [{"field": "brnd", "values": ["x"]}]}, "must[0].field", "mean 'brand'"),
        ({"must": [{"field": "id", "values": ["x"]}]}, "must[0].field", "expected a field"),
        ({"must": [{"field": "brand"}]}, "must[0]", "neither values nor low"),
        ({"must": [{"field": "brand", "low": 3}]}, "must[0].field", "takes values"),
        ({"must": [{"field": "price", "values": ["3"]}]}, "must[0].field", "low or high"),
        ({"must": [{"field": "price", "low": 3, "high": 2}]}, "must[0]", "low above high"),
        ({"must": [{"field": "text", "values": ["x"]}]}, "must[0].field", "in the goal"),
        (
            {"must": [{"field": "price", "low": 3}, {"field": "price", "high": 9}]},
            "must",
            "two wishes about the price",
        ),
        ({"prefer": [{"field": "option.size", "values": ["M"]}]}, "prefer[0].values", "must or"),
        ({"must": [{"field": "availability", "values": ["X"]}]}, "must[0].values", "IN_STOCK"),
        ({"budget": {"min": 9, "max": 3}}, "budget", "min 9 above max 3"),
        ({"budget": {"max": -1}}, "budget.max", "budget.max is -1"),
        ({"budget": {"max": 1.5}}, "budget.max", "budget.max is 1.5"),
        ({"quantity": 0}, "quantity", "quantity is 0"),
        ({"quantity": 5000}, "quantity", "99 of a product"),
        ({"must": [{"field": "brand", "values": []}]}, "must[0]", "neither values"),
        ({"must": [{"field": "brand", "values": ["\x00"]}]}, "must[0]", "neither values"),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    client: TestClient, body: dict[str, Any], field: str | None, told: str
) -> None:
    talk = begin(client)
    answer = client.patch(f"/v1/conversations/{talk}", json=body)
    assert answer.status_code == 400, answer.text
    error = ErrorAnswer.model_validate(answer.json()).error
    assert error.field == field
    assert told in error.message
    assert get(client, talk).turn_count == 1
    assert client.patch("/v1/conversations/none", json={"goal": "milk"}).status_code == 404


# --- what was on the screen


def seen(client: TestClient, talk: str, turn: int, *ids: str) -> Any:
    path = f"/v1/conversations/{talk}/turns/{turn}/impressions"
    return client.post(path, json={"productIds": list(ids)})


def test_what_was_on_the_screen_is_logged_once(client: TestClient, store: Store) -> None:
    talk = begin(client, "cheese", visitorId="looker")
    ids = [card["id"] for card in get(client, talk).turns[-1].reply["products"]]
    assert seen(client, talk, 2, *ids).json() == {"accepted": len(ids)}
    assert seen(client, talk, 2, *ids).json() == {"accepted": 0}
    say(client, talk, "tell me more about the first one")
    again = [card["id"] for card in get(client, talk).turns[-1].reply["products"]]
    assert seen(client, talk, 3, *again).json() == {"accepted": 0}  # of the same list
    found = [e for e in store.visitor_events("looker", limit=50) if e.type == "impression"]
    lists = get(client, talk).state["lists"]
    assert {e.recommendation_id for e in found} == {lists[0]["recommendation_id"]}
    assert {e.policy_id for e in found} == {lists[0]["policy_id"]}
    told = {line.product_id: (line.position, line.placement) for e in found for line in e.lines}
    assert told == {id_: (ids.index(id_), "assistant") for id_ in ids}


def test_what_was_not_shown_was_not_seen(client: TestClient) -> None:
    talk = begin(client, "cheese")
    assert seen(client, talk, 2, "cheddar").json() == {"accepted": 0}  # nobody's conversation
    answer = seen(client, talk, 2, "cheddar", "cola")
    assert answer.status_code == 400
    assert ErrorAnswer.model_validate(answer.json()).error.field == "productIds[1]"
    assert seen(client, talk, 9, "cheddar").status_code == 404
    assert seen(client, "none", 1, "cheddar").status_code == 404
    assert seen(client, talk, 2).status_code == 400
