"""The seeds, and files of a shop's own sentences."""

from collections import Counter
from pathlib import Path

import pytest

from daogou.assistant.rules import rules
from daogou.errors import FeedError
from daogou.text import detect_language, normalize
from daogou.utterances import INTENTS, read_utterances, seeds
from daogou.utterances.sentences import parse_utterances


def test_the_seeds_have_every_intent_in_both_languages() -> None:
    for language in ("en", "zh"):
        count = Counter(u.intent for u in seeds() if detect_language(u.text) == language)
        assert set(count) == set(INTENTS)
        assert min(count.values()) >= 7, count.most_common()[-1]


def test_no_seed_is_there_twice() -> None:
    texts = [normalize(u.text) for u in seeds()]
    assert len(texts) == len(set(texts)) > 1000


def test_the_intents_are_those_of_the_rules() -> None:
    """But for what needs the sentence's own form, and what no rule knows."""
    ruled = {f"{rule.intent}/{rule.topic}".strip("/") for rule in rules()}
    assert set(INTENTS) - ruled == {"find", "refine", "chat", "complaint"}
    sized = {"ask_product/size", "quantity/less", "quantity/more", "quantity/to"}
    assert ruled - set(INTENTS) == {"edit_state", "allow", "replace"} | sized


def test_a_file_of_a_shops_own(tmp_path: Path) -> None:
    file = tmp_path / "utterances.tsv"
    file.write_text("# ours\n\nadd\tmine! | 拿下\nhowto\twhat is gore-tex\n", encoding="utf-8")
    told = read_utterances(file)
    assert [(u.text, u.intent) for u in told] == [
        ("mine!", "add"), ("拿下", "add"), ("what is gore-tex", "howto"),
    ]  # fmt: skip
    assert told[0].family == told[1].family != told[2].family


def test_no_file_has_no_sentences(tmp_path: Path) -> None:
    assert read_utterances(tmp_path / "utterances.tsv") == ()


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("add mine", "expected an intent, a tab"),
        ("add\t | ", "expected an intent, a tab"),
        ("policy/return\tsend it back", "Did you mean 'policy/returns'?"),
        ("buy\tmine", "Known are: find, refine"),
    ],
)
def test_a_line_that_is_none_is_named(line: str, told: str) -> None:
    with pytest.raises(FeedError) as caught:
        parse_utterances(["# first", line], "own.tsv")
    assert str(caught.value).startswith("own.tsv, line 2: ")
    assert told in str(caught.value)


def test_one_sentence_has_one_intent() -> None:
    with pytest.raises(FeedError, match=r"own.tsv, line 2: 'Mine!' is 'like' here and 'add' in"):
        parse_utterances(["add\tmine!", "like\tMine!"], "own.tsv")


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "utterances.tsv"
    file.write_bytes(b"add\t\xff\xfe")
    with pytest.raises(FeedError, match="UTF-8"):
        read_utterances(file)
