"""The demo shop's articles: all parse, in both languages, in categories that there are."""

import csv
import re
from collections.abc import Iterator
from importlib import resources

import pytest

from daogou.demo import demo_articles
from daogou.demo.glossary import bare_name
from daogou.knowledge.passages import passages
from daogou.types import ARTICLE_KINDS, Article

ARTICLES = list(demo_articles())
LEVELS = ("departments.tsv", "categories.tsv", "types.tsv")


def names(table: str, language: str) -> Iterator[str]:
    text = resources.files("daogou.demo").joinpath(f"data/{table}").read_text("utf-8")
    for row in csv.DictReader(text.splitlines(), delimiter="\t"):
        yield bare_name(row[language])


KNOWN = {lang: [set(names(table, lang)) for table in LEVELS] for lang in ("en", "zh")}


def test_there_are_some_forty_each_in_both_languages() -> None:
    ids = {article.id for article in ARTICLES}
    assert len(ids) >= 40
    for article_id in ids:
        pair = [article for article in ARTICLES if article.id == article_id]
        assert sorted(article.language for article in pair) == ["en", "zh"]
        assert len({article.kind for article in pair}) == 1
        assert len({len(article.categories) for article in pair}) == 1
        headings = [re.findall("^## ", article.text, flags=re.M) for article in pair]
        assert len(headings[0]) == len(headings[1]), article_id
    assert {article.kind for article in ARTICLES} == set(ARTICLE_KINDS)


@pytest.mark.parametrize("article", ARTICLES, ids=lambda a: f"{a.id}-{a.language}")
def test_each_is_short_and_about_a_category_that_there_is(article: Article) -> None:
    words = len(re.findall(r"[\w'°]+", article.text))
    han = len(re.findall("[\u4e00-\u9fff]", article.text))
    assert 80 <= words <= 200 if article.language == "en" else 100 <= han <= 320
    assert passages(article.text)
    for path in article.categories:
        for name, known in zip(path.split(" > "), KNOWN[article.language], strict=False):
            assert name in known, path
    about_the_shop = article.kind == "policy" or article.id == "about-the-demo-shop"
    assert bool(article.categories) is not about_the_shop
    if about_the_shop:
        assert re.search("demo|演示", article.title)
