"""What is worth asking about a product: every question has an answer; what a page tells a turn."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from daogou.server.conversation_schemas import QuestionsAnswer, ReplyAnswer

KNOWS_NOT = ("don't know", "不知道", "不清楚", "does not say", "没有写")
ARTICLES = [
    {
        "id": "storing-coffee",
        "languageCode": language,
        "title": title,
        "text": text,
        "kind": "storing",
        "categories": ["Drinks > Coffee"],
    }
    for language, title, text in (
        (
            "en",
            "Keeping coffee fresh",
            "## Jars\nKeep it in an airtight jar.\n\n## Not\nIce.",
        ),
        ("zh", "咖啡怎么保鲜", "## 罐子\n放进密封罐。\n\n## 不要\n不要冷冻。"),
    )
]
COFFEE: dict[str, Any] = {
    "id": "coffee",
    "title": "Ground Coffee, 12 oz",
    "brands": ["Alto"],
    "categories": ["Drinks > Coffee"],
    "price": {"amount": 899, "currency": "USD"},
    "attributes": {"roast level": {"text": ["Dark"]}},
    "questionsAndAnswers": [{"question": "Is it ground for a press?", "answer": "Yes, coarsely."}],
}


def questions(client: TestClient, product_id: str, language: str = "en") -> list[dict[str, str]]:
    asked = {"productId": product_id, "languageCode": language}
    told = client.get("/v1/questions", params=asked)
    assert told.status_code == 200, told.text
    QuestionsAnswer.model_validate(told.json())
    found: list[dict[str, str]] = told.json()["questions"]
    return found


def begin(client: TestClient, language: str = "en") -> str:
    body = {"visitorId": "v", "languageCode": language}
    told: str = client.post("/v1/conversations", json=body).json()["conversationId"]
    return told


def say(client: TestClient, conversation: str, **message: Any) -> dict[str, Any]:
    told = client.post(f"/v1/conversations/{conversation}/messages", json=message)
    assert told.status_code == 200, told.text
    ReplyAnswer.model_validate(told.json())
    reply: dict[str, Any] = told.json()
    return reply


@pytest.fixture
def coffee(client: TestClient) -> TestClient:
    assert client.put("/v1/knowledge", json={"articles": ARTICLES}).status_code == 200
    assert client.put("/v1/products/coffee", json=COFFEE).status_code == 200
    return client


def test_questions_come_from_what_is_on_record(coffee: TestClient) -> None:
    found = {q["text"]: q["payload"] for q in questions(coffee, "coffee")}
    assert found == {
        "Is it ground for a press?": "/question coffee 1",
        "Keeping coffee fresh": "/article storing-coffee",
        "How does it compare with Espresso Beans, 16 oz?": "/compare coffee espresso",
    }
    chat = begin(coffee)
    own = say(coffee, chat, payload="/question coffee 1", label="Is it ground for a press?")
    assert own["citations"] == [
        {
            "id": "coffee",
            "title": "Is it ground for a press?",
            "quote": "Yes, coarsely.",
            "source": "question",
        }
    ]
    article = say(coffee, chat, payload="/article storing-coffee")
    assert article["citations"][0]["quote"] == "Keep it in an airtight jar."
    assert article["citations"][0]["source"] == "article"
    table = say(coffee, chat, payload="/compare coffee espresso")["comparison"]
    assert table["productIds"] == ["coffee", "espresso"]


def test_an_attribute_that_tells_the_product_from_others_is_asked(coffee: TestClient) -> None:
    coffee.delete("/v1/knowledge/storing-coffee")
    coffee.put("/v1/products/coffee", json={**COFFEE, "questionsAndAnswers": []})
    found = {q["text"]: q["payload"] for q in questions(coffee, "coffee")}
    # Both words of the name are in the command, and one of two coffees has it.
    assert found["What is its roast level?"] == "/attribute coffee roast_level"
    told = say(coffee, begin(coffee), payload="/attribute coffee roast_level")
    assert told["message"]["text"] == "Ground Coffee, 12 oz: roast level Dark."
    # What all products of the category have, or the title says, is not.
    everywhere = {**COFFEE, "attributes": {"pack": {"text": ["12 oz"]}}, "questionsAndAnswers": []}
    coffee.put("/v1/products/coffee", json=everywhere)
    assert not any("pack" in q["text"] for q in questions(coffee, "coffee"))


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("product_id", ["coffee", "spaghetti", "steak", "apron", "shrimp", "cola"])
def test_every_question_has_an_answer(coffee: TestClient, product_id: str, language: str) -> None:
    found = questions(coffee, product_id, language)
    assert 1 <= len(found) <= 3
    chat = begin(coffee, "en")
    for question in found:
        reply = say(
            coffee,
            chat,
            payload=question["payload"],
            label=question["text"],
            productId=product_id,
            languageCode=language,
        )
        assert reply["message"]["language"] == language
        assert reply["citations"] or reply["comparison"] or reply["products"]
        assert not any(words in reply["message"]["text"] for words in KNOWS_NOT)
    turns = coffee.get(f"/v1/conversations/{chat}").json()["turns"]
    assert [turn["text"] for turn in turns[1:]] == [question["text"] for question in found]


def test_a_product_that_is_not_there(client: TestClient) -> None:
    missing = client.get("/v1/questions", params={"productId": "nothing"})
    assert missing.status_code == 404
    assert "nothing" in missing.json()["error"]["message"]
    assert client.get("/v1/questions").status_code == 400
    chat = begin(client)
    for payload in (
        "/question nothing 1",
        "/question coffee 99999999999999999999",
        "/question coffee x",
        "/attribute nothing size",
        "/attribute coffee nothing",
        "/article nothing",
        "/with nothing",
        "/question",
    ):
        assert say(client, chat, payload=payload)["citations"] == []


def test_it_is_the_product_of_the_page(client: TestClient) -> None:
    chat = begin(client)
    asked = say(client, chat, text="How much is it?", productId="steak")
    assert "$11.99" in asked["message"]["text"]
    gone = say(client, chat, text="How much is it?", productId="nothing")
    assert "$11.99" in gone["message"]["text"]


def test_the_page_and_the_conversation_have_one_cart(client: TestClient) -> None:
    chat = begin(client)
    page = [{"id": "milk", "variantId": None, "quantity": 2}]
    told = say(client, chat, payload="/cart", cart=page)
    assert told["cart"] == page
    assert "$6.98" in told["message"]["text"]
    say(client, chat, payload="/add coffee", cart=page)
    added = say(client, chat, payload="/yes", cart=page)["cart"]
    assert added == [*page, {"id": "coffee", "variantId": None, "quantity": 1}]
    # Taken out on the page meanwhile.
    assert say(client, chat, payload="/cart", cart=[])["cart"] == []
    refused = {"text": "hi", "cart": [{"id": "milk", "quantity": 0}]}
    assert client.post(f"/v1/conversations/{chat}/messages", json=refused).status_code == 400


def test_the_wishes_are_listed_by_a_command(client: TestClient) -> None:
    chat = begin(client)
    say(client, chat, text="coffee under $10")
    listed = say(client, chat, payload="/wishes", languageCode="zh-CN")
    assert listed["intent"] == "show_state"
    assert listed["message"]["language"] == "zh"
    assert [q["payload"] for q in listed["quickReplies"]] == ["/forget 1", "/forget 2"]
