"""The question set is sound, and what the benchmark counts is what it says."""

from benchmarks.knowledge import Asked, Given, best_threshold, read_questions, scores
from daogou.demo import demo_articles

RIGHT = Asked("right", "en", "test", "a", "word")
UNSURE = Asked("unsure", "en", "test", "a", "word")
WRONG = Asked("wrong", "zh", "test", "a", "word")
NONE = Asked("none", "zh", "test", None)
TEACHES = [Asked("high", "en", "fit", "a"), Asked("low", "en", "fit", None)]
SAID = {
    "right": Given("a", 0.9, "the word"),
    "unsure": Given("a", 0.3, "the word"),
    "wrong": Given("b", 0.8, "the word"),
    "none": Given("b", 0.1),
    "high": Given("a", 0.7),
    "low": Given("b", 0.6),
}


def test_the_questions_are_about_articles_that_there_are() -> None:
    questions = read_questions()
    articles = {(a.id, a.language): a for a in demo_articles()}
    assert len(questions) == len({(q.question, q.language) for q in questions}) >= 40
    for half in ("fit", "test"):
        for language in ("en", "zh"):
            some = [q for q in questions if (q.half, q.language) == (half, language)]
            assert sum(q.article is None for q in some) >= 6
    for asked in questions:
        if asked.article is not None:
            assert asked.has
            assert asked.has in articles[asked.article, asked.language].text


def test_the_figures_are_what_they_say() -> None:
    questions = [RIGHT, UNSURE, WRONG, NONE, *TEACHES]
    told = scores(questions, lambda asked: SAID[asked.question], 0.5)
    assert told["questions"] == 4
    assert told["p@1"] == 2 / 3
    assert told["accuracy"] == 2 / 4
    assert told["wrong"] == 1 / 4
    assert told["extract"] == 1 / 3
    assert told["abstained"] == 1
    assert (told["accuracy_en"], told["accuracy_zh"]) == (1 / 2, 1 / 2)
    chosen = scores(questions, lambda asked: SAID[asked.question], None)
    assert chosen["threshold"] == 0.7
    assert best_threshold([(asked, SAID[asked.question]) for asked in TEACHES]) == 0.7
