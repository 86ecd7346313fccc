import string

import pytest

from daogou.engine.reasons import SENTENCES, render_reason
from daogou.types import Reason


def names(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


@pytest.mark.parametrize("code", SENTENCES)
def test_every_code_has_both_languages_that_say_the_same(code: str) -> None:
    assert set(SENTENCES[code]) == {"en", "zh"}
    assert names(SENTENCES[code]["en"]) == names(SENTENCES[code]["zh"])


@pytest.mark.parametrize(
    ("days", "english", "chinese"),
    [
        (0, "today", "您买过 3 次，上次是今天"),
        (1, "yesterday", "您买过 3 次，上次是昨天"),
        (12, "12 days ago", "您买过 3 次，上次是 12 天前"),
        (75, "2 months ago", "您买过 3 次，上次是 2 个月前"),
        (800, "2 years ago", "您买过 3 次，上次是 2 年前"),
    ],
)
def test_how_long_ago(days: int, english: str, chinese: str) -> None:
    reason = Reason("bought_before", {"times": 3, "days_ago": days}, ("p",))
    assert render_reason(reason, "en", {}) == f"You bought this 3 times, last {english}"
    assert render_reason(reason, "zh", {}) == chinese


@pytest.mark.parametrize(("times", "words"), [(1, "once"), (2, "twice"), (7, "7 times")])
def test_how_often(times: int, words: str) -> None:
    reason = Reason("your_category", {"times": times, "category": "Tea"})
    assert render_reason(reason, "en", {}) == f"You bought from Tea {words}"


def test_the_title_of_another_product_is_named_and_never_a_placeholder() -> None:
    reason = Reason("goes_with", {}, ("p",))
    assert render_reason(reason, "fr", {"p": "{rank} {0}"}) == "Often bought with {rank} {0}"
    assert render_reason(reason, "zh", {"p": "可乐"}) == "常与「可乐」一起购买"
    assert render_reason(reason, "en", {}) == "Often bought with p"
