"""What the benchmark of the assistant counts is what it says, on tiny data made by hand."""

import csv
import json
import os
from contextlib import ExitStack
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.assistant_evidence import Asked, best_threshold, is_right, judged, read_questions
from benchmarks.assistant_intents import (
    Labelled,
    by_folds,
    by_keywords,
    macro_f1,
    macro_f1_interval,
    nearest_by_folds,
    read_dialogues,
)
from benchmarks.assistant_wishes import (
    bounds,
    catalogue,
    read_turns,
    same,
    shop_reader,
    verbatim,
)
from benchmarks.assistant_wishes import judged as judged_wishes

DATA = Path(os.environ.get("DAOGOU_DATA", "../shared/data"))


# --- intents


def test_macro_f1_by_hand() -> None:
    wanted, told = ["a", "a", "b", "c"], ["a", "b", "b", "b"]
    assert macro_f1(wanted, told) == pytest.approx((2 / 3 + 2 / 4 + 0) / 3)
    interval = macro_f1_interval(wanted, told, [1, 2, 3, 4])
    assert interval.low <= interval.mean <= interval.high


def test_a_dialogue_is_judged_by_the_others() -> None:
    """Two kinds of sentences in two corners: the head and the nearest find them, folds apart."""
    said = [Labelled(str(n), "", ("left" if n % 2 else "right",), n // 2) for n in range(20)]
    seen = np.array([[1.0, 0.0] if n % 2 else [0.0, 1.0] for n in range(20)], np.float32)
    wanted = [s.labels[0] for s in said]
    assert by_folds(said, seen, 5) == wanted
    assert nearest_by_folds(said, seen, 5) == wanted
    alone = [Labelled(str(n), "", (f"only {n}",), n) for n in range(5)]
    told = nearest_by_folds(alone, np.eye(5, dtype=np.float32), 5)
    assert all(t != s.labels[0] for t, s in zip(told, alone, strict=True))


def test_dialogues_are_read_with_their_ties(tmp_path: Path) -> None:
    path = tmp_path / "dialogues.json"
    said: list[dict[str, Any]] = [
        {"participant": "Wizard", "utterance": "Hello", "intents": [["greeting", 4.0]]},
        {"participant": "Client", "utterance": "Hi?", "intents": [["greeting", 2.0], ["pf", 2.0]]},
        {"participant": "Client", "utterance": "...", "intents": []},
    ]
    path.write_text(json.dumps([{"utterances": said}]), encoding="utf-8")
    assert read_dialogues(path) == [Labelled("Hi?", "Hello", ("greeting", "pf"), 0)]


def test_keywords() -> None:
    told = [by_keywords(t) for t in ("Hi there", "how much is it?", "I need a book", "blue")]
    assert told == ["greeting", "o_question", "disclose", "answer"]


# --- wishes


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("5,000 to 10,000", 5000, 10000),
        ("150,000-200,000 yuan", 150000, 200000),
        ("15   ~   20", 150000, 200000),
        ("within 150,000 yuan", None, 150000),
        ("小于 5000", None, 5000),
        (">   30", 300000, None),
        ("over 300,000 yuan", 300000, None),
        ("cheap", None, None),
    ],
)
def test_ranges_of_prices(text: str, low: int | None, high: int | None) -> None:
    told = tuple(None if end is None else Decimal(end) for end in (low, high))
    assert bounds(text) == told


def test_values_are_compared_by_what_they_say() -> None:
    assert same("usage", "lightweight", "lightweight laptop")
    assert same("computer_type", "desktop", "desktops")
    assert same("brand", "上汽大众", "上汽 大众")
    assert same("pricerange", "<150000", "within 150,000 yuan")
    assert not same("pricerange", "<150000", "over 150,000 yuan")
    assert not same("brand", "Dell", "Lenovo")


def _plant(folder: Path) -> None:
    """One dialogue to look at and one to judge, about two laptops."""
    laptops = [
        {"brand": "Dell", "computer_type": "laptop", "memory_capacity": "8GB",
         "price": "4,999 yuan", "product_name": "One", "pricerange": "<5,000"},
        {"brand": "Lenovo", "computer_type": "desktop", "memory_capacity": "16GB",
         "price": "8,999 yuan", "product_name": "Two", "pricerange": "5,000-10,000"},
    ]  # fmt: skip
    (folder / "db_en").mkdir(parents=True)
    (folder / "db_en" / "pc_en.json").write_text(json.dumps(laptops), encoding="utf-8")

    def turn(said: str, new: dict[str, str], state: dict[str, str]) -> dict[str, Any]:
        belief = {"turn_inform": new, "inform slot-values": state}
        return {"user_utterance": [said, {}], "belief_state": belief}

    first = {"PC-brand": "Lenovo", "PC-memory capacity": "16GB"}
    second = first | {"PC-pricerange": "under 10,000 yuan"}
    talked = [
        turn("a Lenovo with 16GB", first, first),
        turn("up to 10,000 yuan", {"PC-pricerange": "under 10,000 yuan"}, second),
    ]
    dialogues = [
        {"domains": ["PC"], "dialogue": []},
        {"domains": ["Hotel"], "dialogue": talked},
        {"domains": ["PC"], "dialogue": talked},
    ]
    (folder / "en_fewshot_100.json").write_text(json.dumps(dialogues), encoding="utf-8")


def test_wishes_of_a_planted_dialogue(tmp_path: Path) -> None:
    _plant(tmp_path)
    turns = read_turns(tmp_path, "en")
    assert [t.text for t in turns] == ["a Lenovo with 16GB", "up to 10,000 yuan"]
    rows = catalogue(tmp_path, "pc", "en")
    with ExitStack() as open_now:
        reads = {"pc": shop_reader(rows, "en", tmp_path, open_now)}
        ours = judged_wishes("ours", turns, reads)
    assert ours["slot_f1"] == 1
    assert ours["joint_goal_accuracy"] == 1
    plain = judged_wishes("plain", turns, {"pc": verbatim(rows)})
    assert plain["recall"] == pytest.approx(2 / 3)
    nothing = judged_wishes("nothing", turns, {})
    assert nothing["slot_f1"] == nothing["joint_goal_accuracy"] == 0


# --- evidence


def test_questions_are_read_in_groups(tmp_path: Path) -> None:
    path = tmp_path / "dev.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ("qid", "question", "candidate", "label"))
        writer.writeheader()
        for qid, candidate, label in (("1", "a\nb", 0), ("1", "c", 2), ("2", "d", 1)):
            writer.writerow({"qid": qid, "question": "?", "candidate": candidate, "label": label})
    questions, texts = read_questions(path)
    assert texts == ["a b", "c", "d"]
    assert [q.places for q in questions] == [(0, 1), (2,)]
    assert [q.can_be_answered for q in questions] == [True, False]


def test_right_is_an_answer_or_silence_where_there_is_none() -> None:
    answerable, helps = Asked("1", "?", (0, 1), (0, 2)), Asked("2", "?", (2,), (1,))
    assert is_right(answerable, np.array([0.1, 0.9]), 0.5)
    assert not is_right(answerable, np.array([0.9, 0.1]), 0.5)
    assert not is_right(answerable, np.array([0.1, 0.4]), 0.5)
    assert is_right(helps, np.array([0.4]), 0.5)
    assert not is_right(helps, np.array([0.6]), 0.5)


def test_the_threshold_is_chosen_on_one_half_and_judged_on_the_other() -> None:
    questions = [Asked(str(n), "?", (0, 1), (2, 0) if n % 2 else (0, 0)) for n in range(60)]
    scores = [np.array([0.9, 0.2]) if n % 2 else np.array([0.3, 0.1]) for n in range(60)]
    assert 0 < sum(q.is_fit for q in questions) < 60
    assert 0.3 < best_threshold(list(zip(questions, scores, strict=True))) <= 0.9
    row = judged("planted", questions, scores)
    assert row["p@1"] == row["mrr"] == row["ndcg@10"] == row["accuracy"] == row["abstained"] == 1
    assert row["questions"] == sum(not q.is_fit for q in questions)


@pytest.mark.skipif(not (DATA / "risawoz-bilingual").exists(), reason=f"no data in {DATA}")
def test_the_shared_dialogues_are_the_same_in_both_languages() -> None:
    english, chinese = (read_turns(DATA / "risawoz-bilingual", la) for la in ("en", "zh"))
    assert len(english) == len(chinese) > 40
    looked_at = read_turns(DATA / "risawoz-bilingual", "en", looked_at=True)
    assert not {t.group for t in english} & {t.group for t in looked_at}
    assert [t.domain for t in english] == [t.domain for t in chinese]


@pytest.mark.skipif(not (DATA / "mg-shopdial").exists(), reason=f"no data in {DATA}")
def test_the_shared_intents_are_those_of_the_set() -> None:
    said = read_dialogues(DATA / "mg-shopdial" / "MGShopDial.json")
    assert len({s.group for s in said}) == 64
    assert len({label for s in said for label in s.labels}) == 12
