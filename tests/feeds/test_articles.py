"""Articles from Markdown and JSONL, and questions that come with products."""

import contextlib
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daogou.errors import BadValue, FeedError
from daogou.feeds import RowError, read_articles, read_products, write_articles_jsonl
from daogou.feeds.codec import article_from_json, article_to_json, product_from_json
from daogou.feeds.codec.questions import questions_from_text
from daogou.types import ARTICLE_KINDS, Article, Product, QuestionAnswer

MARKDOWN = """---
# a comment
id: storing-bread
kind: storing
categories: Grocery > Bread, buns | Bakery
brands: Alto
products: p1 | p2
source: https://shop.example/bread
updated: 2026-10-01
lang: en
title: "How to keep bread: fresh"
---
Keep it dry.

---

A ruled line is text.

```
---
lang: code is no section
```
---
lang: zh-CN
title: 面包怎么保存
---
放在干燥的地方。
"""


def write(tmp_path: Path, text: str, name: str = "articles.md") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def articles(path: Path) -> list[Article]:
    found = list(read_articles(path))
    assert not [row for row in found if isinstance(row, RowError)]
    return [row for row in found if isinstance(row, Article)]


def errors(path: Path) -> list[RowError]:
    return [row for row in read_articles(path) if isinstance(row, RowError)]


def test_one_file_in_two_languages(tmp_path: Path) -> None:
    english, chinese = articles(write(tmp_path, MARKDOWN))
    assert english == Article(
        "storing-bread",
        "How to keep bread: fresh",
        english.text,
        "en",
        "storing",
        ("Grocery > Bread, buns", "Bakery"),
        ("Alto",),
        ("p1", "p2"),
        "https://shop.example/bread",
        datetime(2026, 10, 1, tzinfo=UTC),
    )
    assert english.text.startswith("Keep it dry.\n\n---\n\nA ruled line")
    assert english.text.endswith("lang: code is no section\n```")
    assert (chinese.id, chinese.language, chinese.text) == (
        "storing-bread",
        "zh",
        "放在干燥的地方。",
    )
    assert chinese.categories == english.categories
    assert chinese.updated == english.updated


def test_two_files_are_one_article_and_headings_are_titles(tmp_path: Path) -> None:
    (english,) = articles(write(tmp_path, "# Bread\n\nKeep it dry.", "bread.md"))
    (chinese,) = articles(write(tmp_path, "# 面包\n\n要干燥。", "bread.zh.md"))
    assert (english.id, english.language, english.title) == ("bread", "en", "Bread")
    assert (chinese.id, chinese.language, chinese.title) == ("bread", "zh", "面包")
    assert chinese.text == "要干燥。"
    assert english.kind == "introduction"


def test_a_byte_order_mark_and_windows_lines_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_bytes(b"\xef\xbb\xbf---\r\nid: a\r\ntitle: A\r\n---\r\nText.\r\nMore.\r\n")
    assert [(a.id, a.text) for a in articles(path)] == [("a", "Text.\nMore.")]


@pytest.mark.parametrize(
    ("old", "new", "line", "field", "told"),
    [
        ("kind: storing", "kind: stroing", 4, "kind", "Did you mean 'storing'?"),
        ("brands: Alto", "brnads: Alto", 6, "brnads", "Did you mean 'brands'?"),
        ("brands: Alto", "just words", 6, None, "not 'key: value'"),
        ("https://shop", "javascript:alert(1)//", 8, "source", "a web address"),
        ("updated: 2026-10-01", "updated: yesterday", 9, "updated", "RFC 3339"),
        ("updated: 2026-10-01", "updated: 2026-13-01", 9, "updated", "a day"),
        ("lang: en", "lang: english!", 10, "lang", "a language code"),
        ('title: "How to keep bread: fresh"', "title:", 11, "title", "is missing"),
        ("id: storing-bread", "ids: storing-bread", 3, "ids", "Did you mean 'id'?"),
    ],
)
def test_a_bad_block_is_told_with_its_line_and_costs_only_itself(
    tmp_path: Path, old: str, new: str, line: int, field: str | None, told: str
) -> None:
    path = write(tmp_path, MARKDOWN.replace(old, new))
    first = errors(path)[0]
    assert (first.file, first.line, first.field) == ("articles.md", line, field)
    assert told in f"{first.message} {first.remedy}"
    # A bad value that the other language takes over is bad there too; a bad line is not.
    inherited = field in ("kind", "source", "updated", "ids")
    rest = [a for a in read_articles(path) if isinstance(a, Article)]
    assert [(a.id, a.language) for a in rest] == ([] if inherited else [("storing-bread", "zh")])
    assert len(errors(path)) == (2 if inherited else 1)


def test_a_section_twice_or_without_a_text_or_an_end(tmp_path: Path) -> None:
    twice = MARKDOWN.replace("lang: zh-CN", "lang: en")
    assert "was in line 1 already" in errors(write(tmp_path, twice))[0].message
    empty = MARKDOWN.replace("放在干燥的地方。", "")
    assert errors(write(tmp_path, empty))[0].field == "text"
    assert "does not end" in errors(write(tmp_path, "---\nid: a\n"))[0].message
    assert list(read_articles(write(tmp_path, "\n\n"))) == []
    (tmp_path / "b.md").write_bytes(b"---\nid: a\n\xff\n")
    assert "UTF-8" in errors(tmp_path / "b.md")[0].message


def test_jsonl_comes_back_as_it_was(tmp_path: Path) -> None:
    found = articles(write(tmp_path, MARKDOWN))
    path = tmp_path / "articles.jsonl"
    assert write_articles_jsonl(path, found) == 2
    assert articles(path) == found
    path.write_text('{"id": "a", "title": "茶", "text": "绿茶"}\n{"id": "b"}\nnonsense\n', "utf-8")
    assert [row.line for row in errors(path)] == [2, 3]
    assert [a.id for a in read_articles(path) if isinstance(a, Article)] == ["a"]


@pytest.mark.parametrize("name", ["articles.tsv", "articles.docx"])
def test_another_kind_of_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(FeedError, match=r"expected one of \.md"):
        list(read_articles(write(tmp_path, "x", name)))
    with pytest.raises(FeedError, match="Did you mean 'markdown'"):
        list(read_articles(write(tmp_path, "x"), "markdwon"))


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20).filter(
    lambda text: bool(text.strip()) and text == text.strip()
)
NAMES = st.lists(TEXT, max_size=2).map(tuple)


@given(
    st.builds(
        Article,
        id=st.text("abc-1", min_size=1, max_size=9),
        title=TEXT,
        text=TEXT,
        language=st.sampled_from(["en", "zh"]),
        kind=st.sampled_from(ARTICLE_KINDS),
        categories=NAMES,
        brands=NAMES,
        product_ids=NAMES,
        uri=st.none() | st.just("/help"),
        updated=st.none() | st.just(datetime(2026, 1, 1, tzinfo=UTC)),
    )
)
def test_every_article_comes_back_from_json(article: Article) -> None:
    assert article_from_json(article_to_json(article)) == article


PAIRS = (QuestionAnswer("Is it heavy?", "2 lb."), QuestionAnswer("A lid: which?", "Glass, clear."))


@pytest.mark.parametrize(
    "text",
    [
        '"Is it heavy?":"2 lb.", "A lid: which?":"Glass, clear."',
        '"Is it heavy?" : "2 lb." ,"A lid: which?":"Glass, clear."',
        # As a reader of tab-separated values leaves it.
        'Is it heavy?:"2 lb.", "A lid: which?":"Glass, clear."',
        "“Is it heavy?”：“2 lb.”，“A lid: which?”：“Glass, clear.”",
    ],
)
def test_googles_questions(text: str) -> None:
    assert questions_from_text(text) == PAIRS


def test_questions_without_quotes_and_the_other_way_round() -> None:
    plain = (QuestionAnswer("heavy?", "no"), QuestionAnswer("lid?", "yes"))
    assert questions_from_text("heavy?:no, lid?:yes") == plain
    assert questions_from_text('"no":"heavy?"', "question_and_answer(answer:question)") == plain[:1]
    doubled = questions_from_text('"Is it ""new""?":"Yes"')
    assert doubled == (QuestionAnswer('Is it "new"?', "Yes"),)


@pytest.mark.parametrize("text", ["no colon", '"only"', ":", '"q":"a" "q2":"a2"', '"q":', "a:b,,"])
def test_broken_questions_say_how_to_write_them(text: str) -> None:
    with pytest.raises(BadValue, match="Write it as in"):
        questions_from_text(text)


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader_of_questions(text: str) -> None:
    with contextlib.suppress(BadValue):
        assert all(pair.question and pair.answer for pair in questions_from_text(text))


def test_questions_arrive_with_a_merchant_feed(tmp_path: Path) -> None:
    quoted = '"""Is it heavy?"":""2 lb."", ""A lid: which?"":""Glass, clear."""'
    rows = (
        "id\ttitle\tquestion_and_answer(question:answer)",
        'pot\tPot\t"Is it heavy?":"2 lb.", "A lid: which?":"Glass, clear."',
        f"pan\tPan\t{quoted}",
        "lid\tLid\t",
        "bad\tBad\tno colon",
    )
    found = list(read_products(write(tmp_path, "\n".join(rows), "feed.tsv")))
    pot, pan, lid = (row for row in found if isinstance(row, Product))
    assert pot.questions == pan.questions == PAIRS
    assert lid.questions == ()
    assert pot.attributes == {}
    (error,) = (row for row in found if isinstance(row, RowError))
    assert (error.line, error.field) == (5, "question_and_answer(question:answer)")


def test_questions_in_json() -> None:
    told = [{"question": "Is it heavy?", "answer": "2 lb."}]
    product = product_from_json({"id": "p", "title": "Pot", "questionsAndAnswers": told})
    assert product.questions == PAIRS[:1]
    with pytest.raises(BadValue, match=r"questionsAndAnswers\[0\]\.answer is missing"):
        product_from_json(
            {"id": "p", "title": "Pot", "questionsAndAnswers": [{"question": "Is it heavy?"}]}
        )
    many = told * 101
    with pytest.raises(BadValue, match="at most 100"):
        product_from_json({"id": "p", "title": "Pot", "questionsAndAnswers": many})
