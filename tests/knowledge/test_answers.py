"""Answers are pieces of records, or there is none."""

from dataclasses import replace

import pytest

from daogou.encoders import TextEncoder
from daogou.knowledge import Extract, KnowledgeBase
from daogou.store import Store
from daogou.types import Article, Product
from tests.knowledge.conftest import ARTICLES


def text_of(extract: Extract | None) -> str:
    assert extract is not None
    return extract.text


@pytest.mark.parametrize(
    ("question", "language", "article", "said"),
    [
        ("How long does bread stay fresh?", "en", "storing-bread", "two to four days"),
        ("can I freeze a loaf", "en", "storing-bread", "three months"),
        ("thawing a turkey, how many hours?", "en", "thaw-turkey", "24 hours"),
        ("can I get a refund", "en", "returns", "30 days"),
        ("面包能放几天", "zh", "storing-bread", "两到四天"),
        ("怎么去掉红酒渍", "zh", "stains", "白醋"),
    ],
)
def test_the_right_passage_answers_letter_by_letter(
    base: KnowledgeBase, question: str, language: str, article: str, said: str
) -> None:
    extract = base.answer(question, language)
    assert extract is not None
    assert (extract.id, extract.source, extract.field) == (article, "article", "text")
    assert extract.language == language
    assert said in extract.text
    (record,) = [a for a in ARTICLES if (a.id, a.language) == (article, language)]
    assert record.text[extract.start : extract.end] == extract.text
    assert (extract.title, extract.uri) == (record.title, record.uri)
    assert 0.5 <= extract.confidence <= 1


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("how do I fix a flat bicycle tire", "en"),
        ("who won the world cup in 1998", "en"),
        ("自行车怎么补胎", "zh"),
        ("北京明天下雨吗", "zh"),
        ("", "en"),
        ("???", "en"),
        ("🍞" * 3000, "en"),
    ],
)
def test_what_is_not_there_is_not_known(base: KnowledgeBase, question: str, language: str) -> None:
    assert base.answer(question, language) is None


def test_another_language_answers_where_the_askers_own_does_not(base: KnowledgeBase) -> None:
    extract = base.answer("火鸡放冰箱解冻要多少小时", "zh")
    assert extract is not None
    assert (extract.id, extract.language) == ("thaw-turkey", "en")
    extract = base.answer("how do I remove red wine stains from clothes", "en")
    assert extract is not None
    assert (extract.id, extract.language) == ("stains", "zh")


def test_a_question_about_another_product_is_no_answer(base: KnowledgeBase) -> None:
    question = "Is this loaf sliced?"
    assert text_of(base.answer(question, "en", "loaf")) == "Yes, it is cut into 20 slices."
    for about in ("tin", "jacket", None):
        extract = base.answer(question, "en", about)
        assert extract is None or extract.id != "loaf-sliced"


def test_this_is_the_product_that_the_page_is_about(base: KnowledgeBase) -> None:
    extract = base.answer("how do I keep this fresh?", "en", "loaf")
    assert extract is not None
    assert extract.id == "storing-bread"
    assert "三个月" in text_of(base.answer("这个可以冷冻吗", "zh", "loaf"))


@pytest.mark.parametrize(
    ("question", "language", "product", "field", "said"),
    [
        ("is it waterproof?", "en", "jacket", "attributes.waterproof", "Yes, 10,000 mm"),
        ("这个防水吗", "zh", "jacket", "attributes.waterproof", "Yes, 10,000 mm"),
        ("What is the jacket made of?", "en", "jacket", "attributes.material", "nylon, polyester"),
        ("材质是什么", "zh", "jacket", "attributes.material", "nylon, polyester"),
        ("what is the heel height", "en", "jacket", "attributes.heel_height", "2 in"),
        ("is it windproof", "en", "jacket", "attributes.features", "Windproof, Packable"),
        ("what size is it", "en", "loaf", "attributes.size", "20 oz"),
        ("这个多重", "zh", "loaf", "attributes.size", "20 oz"),
        ("这是什么牌子", "zh", "loaf", "brands", "Millstone"),
        ("which brand is this bread", "en", "loaf", "brands", "Millstone"),
    ],
)
def test_attributes_answer_with_their_field(
    base: KnowledgeBase, question: str, language: str, product: str, field: str, said: str
) -> None:
    extract = base.answer(question, language, product)
    assert extract is not None
    assert (extract.source, extract.field, extract.text) == ("attribute", field, said)
    assert extract.id == product


@pytest.mark.parametrize(
    "question", ["is it waterproof?", "how do I freeze this size", "what color is it", "多大的火鸡"]
)
def test_what_the_record_does_not_say_no_attribute_answers(
    base: KnowledgeBase, question: str
) -> None:
    extract = base.answer(question, "en", "loaf")
    assert extract is None or extract.source != "attribute"


def test_a_products_own_questions_answer(base: KnowledgeBase, shelf: Store) -> None:
    extract = base.answer("does the jacket come with a hood", "en", "jacket")
    assert extract is not None
    assert (extract.source, extract.id) == ("question", "jacket")
    assert extract.field == "questionsAndAnswers[0].answer"
    product = shelf.product("jacket")
    assert product is not None
    assert product.questions[0].answer[extract.start : extract.end] == extract.text
    extract = base.answer("可以机洗吗", "zh", "jacket")
    assert extract is not None
    assert (extract.field, extract.language) == ("questionsAndAnswers[1].answer", "en")
    assert base.answer("does it have a hood", "en", "no such product") is None


def test_a_change_is_seen_by_the_next_question(base: KnowledgeBase, shelf: Store) -> None:
    question = "how do I ripen avocados"
    assert base.answer(question, "en") is None
    avocado = Article("avocado", "Ripening avocados", "Put them into a paper bag.", kind="how-to")
    shelf.put_articles([avocado])
    assert text_of(base.answer(question, "en")) == "Put them into a paper bag."
    shelf.put_articles([replace(avocado, text="Wait a few days.")])
    assert text_of(base.answer(question, "en")) == "Wait a few days."
    shelf.delete_articles(["avocado"])
    assert base.answer(question, "en") is None


def test_many_articles_at_once_are_found_by_their_words_first(
    shelf: Store, encoder: TextEncoder
) -> None:
    many = [
        Article(f"a{n}", f"Widget number {n}", f"The gadget {n} is kept in drawer {n}.")
        for n in range(100)
    ]
    base = KnowledgeBase(shelf, encoder)
    base.refresh()
    shelf.put_articles(many)
    assert text_of(base.answer("where is gadget 42 kept", "en")).endswith("drawer 42.")
    base.refresh()
    assert all(index.vectors is not None for index in base.snapshot().indexes.values())


def test_without_an_encoder_words_answer(shelf: Store) -> None:
    base = KnowledgeBase(shelf)
    assert "24 hours" in text_of(base.answer("how to thaw a turkey", "en"))
    assert base.answer("how do I fix a flat bicycle tire", "en") is None
    assert [r.article.id for r in base.related(product_id="loaf")] == [
        "loaf-sliced",
        "storing-bread",
    ]


def test_an_empty_shop(tmp_path_factory: pytest.TempPathFactory, encoder: TextEncoder) -> None:
    with Store.open(f"sqlite:///{tmp_path_factory.mktemp('empty') / 'daogou.db'}") as store:
        store.put_products([Product("p", "Tea", attributes={"size": ("40 ct",)})])
        base = KnowledgeBase(store, encoder)
        assert base.answer("how do I brew it", "en", "p") is None
        assert text_of(base.answer("what size is it", "en", "p")) == "40 ct"
        assert base.related(product_id="p") == []
        assert base.articles("en") == []
