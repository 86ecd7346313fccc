"""Articles in the store, the same on both databases."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest

from daogou.errors import InvalidInput
from daogou.store import PutResult, Store, import_knowledge, import_products
from daogou.store.documents import dump, dump_product
from daogou.types import Article, Product, QuestionAnswer

BREAD = Article(
    "bread",
    "Keeping bread",
    "Keep it dry.",
    "en",
    "storing",
    ("Bakery",),
    ("Alto",),
    ("p1",),
    "https://shop.example/bread",
    datetime(2026, 10, 1, tzinfo=UTC),
)
MIANBAO = replace(BREAD, title="面包怎么保存", text="要干燥。", language="zh")
TEA = Article("a-tea", "Tea", "Brew it.")


def test_what_is_put_is_what_is_read(store: Store) -> None:
    assert store.articles() == []
    assert store.put_articles([BREAD, MIANBAO, TEA]) == PutResult(added=3)
    assert store.articles() == [TEA, BREAD, MIANBAO]
    assert store.article("bread") == [BREAD, MIANBAO]
    assert store.article("nothing") == store.article("nul\x00") == []
    assert store.count_articles() == 3


def test_twice_changes_nothing_and_the_revision_tells(store: Store) -> None:
    assert store.knowledge_revision() == 0
    store.put_articles([BREAD, MIANBAO])
    first = store.knowledge_revision()
    assert store.put_articles([BREAD, MIANBAO]) == PutResult(unchanged=2)
    assert store.knowledge_revision() == first > 0
    changed = replace(BREAD, text="Keep it cool.")
    assert store.put_articles([changed, MIANBAO]) == PutResult(changed=1, unchanged=1)
    assert store.knowledge_revision() > first
    assert store.article("bread")[0] == changed
    assert store.revision() == 0


def test_the_last_of_a_batch_holds(store: Store) -> None:
    again = replace(TEA, text="Steep it.")
    assert store.put_articles([TEA, again]) == PutResult(added=1, changed=1)
    assert store.articles() == [again]


def test_an_article_goes_in_all_its_languages(store: Store) -> None:
    store.put_articles([BREAD, MIANBAO, TEA])
    before = store.knowledge_revision()
    assert store.delete_articles(["bread", "nothing", "nul\x00"]) == 1
    assert store.articles() == [TEA]
    assert store.knowledge_revision() > before
    assert store.delete_articles(["bread"]) == 0
    assert store.knowledge_revision() == before + 1


@pytest.mark.parametrize("article", [replace(TEA, id=""), replace(TEA, text="a\x00b")])
def test_what_no_database_stores(store: Store, article: Article) -> None:
    with pytest.raises(InvalidInput):
        store.put_articles([BREAD, article])
    assert store.articles() == []


def test_import_reports_and_importing_twice_changes_nothing(store: Store, tmp_path: Path) -> None:
    file = tmp_path / "bread.md"
    text = "---\nid: bread\nkind: storing\ntitle: Bread\n---\nDry.\n---\nlang: zh\n---\n没有标题\n"
    file.write_text(text, "utf-8")
    report = import_knowledge(store, file)
    assert (report.read, report.added, report.bad) == (2, 1, 1)
    assert report.errors[0].line == 7
    again = import_knowledge(store, file)
    assert (again.added, again.unchanged, again.bad) == (0, 1, 1)
    assert [a.title for a in store.articles()] == ["Bread"]


def test_questions_come_and_go_with_their_product(store: Store, tmp_path: Path) -> None:
    pair = QuestionAnswer("Is it heavy?", "2 lb.")
    file = tmp_path / "feed.tsv"
    row = 'pot\tPot\t"Is it heavy?":"2 lb."'
    file.write_text(f"id\ttitle\tquestion_and_answer\n{row}\n", "utf-8")
    assert import_products(store, file).added == 1
    assert import_products(store, file).unchanged == 1
    assert store.product("pot") == Product("pot", "Pot", questions=(pair,))
    store.put_products([Product("pot", "Pot")])
    assert store.product("pot") == Product("pot", "Pot")


def test_variants_bring_their_questions_to_the_product_they_stand_in_for(store: Store) -> None:
    pairs = (QuestionAnswer("Is it heavy?", "No."), QuestionAnswer("A lid?", "Yes."))
    rows = [
        Product("s", "Pot", group_id="pot", questions=pairs[:1]),
        Product("l", "Pot", group_id="pot", questions=pairs),
    ]
    store.put_products(rows)
    product = store.product("pot")
    assert product is not None
    assert product.questions == pairs


def test_a_product_without_questions_is_stored_as_it_was_before_there_were_any() -> None:
    tricky = Product("p", "Tea", attributes={"questions": ()}, tags=(',"questions":[]}',))
    for product in (Product("p", "Tea"), tricky):
        document = orjson.loads(dump_product(product, "it"))
        assert "questions" not in document
        assert {**document, "questions": []} == orjson.loads(dump(product, "it"))
    asked = Product("p", "Tea", questions=(QuestionAnswer("Green?", "Yes."),))
    assert dump_product(asked, "it") == dump(asked, "it")
