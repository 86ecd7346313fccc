"""Articles beside a product: by what they name, then by meaning."""

from daogou.knowledge import KnowledgeBase
from daogou.store import Store
from daogou.types import Article, Product


def links(base: KnowledgeBase, **about: str) -> list[tuple[str, str]]:
    found = base.related(k=9, **about)
    return [(related.article.id, related.link) for related in found]


def test_a_products_own_come_before_its_categorys(base: KnowledgeBase) -> None:
    assert links(base, product_id="loaf")[:2] == [
        ("loaf-sliced", "product"),
        ("storing-bread", "category"),
    ]


def test_questions_about_other_products_and_policies_stay_away(base: KnowledgeBase) -> None:
    ids = [name for name, _ in links(base, product_id="tin")]
    assert ids[0] == "storing-bread"
    assert "loaf-sliced" not in ids
    assert "returns" not in ids


def test_the_language_is_the_askers_where_there_is_one(base: KnowledgeBase) -> None:
    def language(asked: str) -> str:
        return base.related(product_id="tin", language=asked)[0].article.language

    assert (language("en"), language("zh"), language("fr")) == ("en", "zh", "en")


def test_a_category_in_either_language_and_below(base: KnowledgeBase) -> None:
    for path in ("Bakery > Bread", "烘焙坊 > 面包", "Bakery > Bread > Rye"):
        assert links(base, category=path)[0] == ("storing-bread", "category")
    assert ("storing-bread", "category") not in links(base, category="Bakery")
    assert base.related() == []
    assert base.related(product_id="nothing") == []


def test_the_deeper_category_is_the_closer(base: KnowledgeBase, shelf: Store) -> None:
    shelf.put_articles(
        [
            Article("bakery", "Our bakery", "We bake at night.", categories=("Bakery",)),
            Article("rye", "Rye", "Rye is dark.", categories=("Bakery > Bread > Rye",)),
        ]
    )
    told = links(base, category="Bakery > Bread > Rye")
    assert [name for name, link in told if link == "category"] == ["rye", "storing-bread", "bakery"]


def test_brands_and_meaning(base: KnowledgeBase, shelf: Store) -> None:
    assert ("alto", "brand") in links(base, product_id="jacket")
    shelf.put_products([Product("bird", "Frozen turkey, whole", categories=("Other",))])
    assert links(base, product_id="bird")[0] == ("thaw-turkey", "meaning")
    assert all(r.score >= 0.4 for r in base.related(product_id="bird") if r.link == "meaning")


def test_no_more_than_asked_for(base: KnowledgeBase) -> None:
    assert len(base.related(product_id="loaf", k=1)) == 1
