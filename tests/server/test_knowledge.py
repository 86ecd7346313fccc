"""``/v1/knowledge``: asking, listing beside a product, and the merchant's side."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from daogou.server.knowledge_schemas import ARTICLE_EXAMPLE, ArticleOut, KnowledgeAnswer

BREAD = {
    "id": "storing-bread",
    "languageCode": "en",
    "title": "How to keep bread fresh",
    "text": "Bread stays best for two to four days in a bread box.",
    "kind": "storing",
    "categories": ["Bakery > Bread"],
    "uri": "https://shop.example/bread",
}
MIANBAO = {
    **BREAD,
    "languageCode": "zh",
    "title": "面包怎么保存",
    "text": "放在面包箱里，两到四天。",
}
POLICY = {"id": "returns", "title": "Returns", "text": "Within 30 days.", "kind": "policy"}


@pytest.fixture
def known(client: TestClient) -> TestClient:
    answer = client.put("/v1/knowledge", json={"articles": [BREAD, MIANBAO, POLICY]})
    assert answer.json() == {"added": 3, "changed": 0, "unchanged": 0, "errors": []}
    return client


def ask(client: TestClient, **about: object) -> KnowledgeAnswer:
    answer = client.get("/v1/knowledge", params={k: str(v) for k, v in about.items()})
    assert answer.status_code == 200, answer.text
    return KnowledgeAnswer.model_validate(answer.json())


def test_a_question_is_answered_by_an_extract_with_its_source(known: TestClient) -> None:
    told = ask(known, query="how long does bread stay fresh")
    assert told.extract is not None
    assert told.extract.text == BREAD["text"][told.extract.start : told.extract.end]
    assert (told.extract.id, told.extract.uri) == ("storing-bread", BREAD["uri"])
    assert [a.id for a in told.articles] == ["storing-bread"]
    chinese = ask(known, query="面包怎么保存", languageCode="zh-CN")
    assert chinese.extract is not None
    assert chinese.extract.language_code == chinese.language_code == "zh"


def test_what_is_not_known_is_null(known: TestClient) -> None:
    told = ask(known, query="who won the world cup in 1998")
    assert (told.extract, told.articles, told.total_size) == (None, [], 0)


def test_articles_beside_a_product_and_an_answer_from_its_record(known: TestClient) -> None:
    told = ask(known, productId="bread", languageCode="zh")
    assert [(a.id, a.language_code, a.link) for a in told.articles] == [
        ("storing-bread", "zh", "category")
    ]
    pair = {"question": "Is it sliced?", "answer": "Yes, 20 slices."}
    known.put("/v1/products/loaf", json={"title": "Loaf", "questionsAndAnswers": [pair]})
    told = ask(known, productId="loaf", query="is it already sliced?")
    assert told.extract is not None
    assert (told.extract.source, told.extract.field) == (
        "question",
        "questionsAndAnswers[0].answer",
    )
    assert [p.model_dump() for p in told.questions] == [pair]
    assert "questionsAndAnswers" not in known.get("/v1/products/loaf?languageCode=en").json()
    assert known.get("/v1/products/loaf").json()["questionsAndAnswers"] == [pair]


def test_a_category_and_the_list_of_all(known: TestClient) -> None:
    assert [a.id for a in ask(known, category="Bakery > Bread").articles] == ["storing-bread"]
    everything = ask(known, pageSize=1, offset=1)
    assert [a.id for a in everything.articles] == ["storing-bread"]
    assert everything.total_size == 2


def test_one_article_in_a_language_it_has(known: TestClient) -> None:
    def title(language: str) -> str:
        answer = known.get("/v1/knowledge/storing-bread", params={"languageCode": language})
        return ArticleOut.model_validate(answer.json()).title

    assert (title("zh"), title("en"), title("fr")) == (
        MIANBAO["title"],
        BREAD["title"],
        BREAD["title"],
    )
    assert known.get("/v1/knowledge/returns?languageCode=zh").json()["languageCode"] == "en"


def test_putting_again_changes_nothing_and_deleting_shows_at_once(known: TestClient) -> None:
    again = known.put("/v1/knowledge", json=[BREAD, {**POLICY, "text": "Within 60 days."}])
    assert again.json() == {"added": 0, "changed": 1, "unchanged": 1, "errors": []}
    assert known.delete("/v1/knowledge/storing-bread").json() == {"deleted": 1}
    assert known.get("/v1/knowledge/storing-bread").status_code == 404
    assert known.delete("/v1/knowledge/storing-bread").status_code == 404
    assert ask(known, query="how long does bread stay fresh").extract is None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"id": "a", "title": "A"}, "text"),
        ({**BREAD, "kind": "recipe"}, "kind"),
        ({**BREAD, "uri": "javascript:alert(1)"}, "uri"),
        ({**BREAD, "words": 3}, "words"),
        ({**BREAD, "text": "a\x00b"}, "text"),
    ],
)
def test_a_bad_article_is_refused_with_its_field(
    client: TestClient, body: dict[str, Any], field: str
) -> None:
    answer = client.put("/v1/knowledge", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]["details"][0]["field"] == field


def test_a_product_that_is_not_there(client: TestClient) -> None:
    answer = client.get("/v1/knowledge", params={"productId": "nothing"})
    assert answer.status_code == 404
    assert "There is no product" in answer.json()["error"]["message"]


def test_the_documented_article_is_one(client: TestClient) -> None:
    assert client.put("/v1/knowledge", json=ARTICLE_EXAMPLE).json()["added"] == 1
