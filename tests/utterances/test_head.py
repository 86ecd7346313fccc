"""The head: planted answers, calibration, and the seeds by cross-validation."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from daogou.bundle import BundleWriter
from daogou.encoders import Centring, EncoderConfig, TextEncoder, open_text_encoder
from daogou.encoders.base import Float32, Kind, Progress
from daogou.text import detect_language
from daogou.utterances import (
    Reader,
    Utterance,
    UtteranceHead,
    fit_head,
    load_head,
    save_head,
    seeds,
)
from daogou.utterances.head import cross_validated, fit_weights, softmax

WORDS: Final = ("buy", "drop", "look", "wool", "silk", "tea")


class Counting:
    """Vectors that say how often each of a few words is there."""

    name, version, dim, blocks = "counting", "1", len(WORDS), (len(WORDS),)

    def encode(
        self, texts: Sequence[str], kind: Kind = "passage", *, progress: Progress | None = None
    ) -> Float32:
        del kind, progress
        counted = np.array([[t.split().count(w) for w in WORDS] for t in texts], np.float32)
        length = np.sqrt((counted**2).sum(1, keepdims=True))
        told: Float32 = (counted / np.maximum(length, 1)).astype(np.float32)
        return told


def planted() -> list[Utterance]:
    meanings = {"buy": "add", "drop": "remove", "look": "find"}
    return [
        Utterance(f"{verb} {noun}" + " please" * n, intent, f"{verb}{noun}")
        for verb, intent in meanings.items()
        for noun in ("wool", "silk", "tea")
        for n in range(2)
    ]


def test_the_planted_verb_is_found() -> None:
    head = fit_head(planted(), Counting())
    texts = ["buy tea", "drop wool", "look silk"]
    told = head.probabilities(texts, Counting().encode(texts))
    assert told.shape == (3, 3)
    assert np.allclose(told.sum(1), 1)
    assert [head.intents[i] for i in told.argmax(1)] == ["add", "remove", "find"]


def test_a_search_is_no_guess_and_the_impossible_is_not_guessed() -> None:
    reader = Reader(Counting, fit_head(planted(), Counting()))
    assert reader.guess("look silk") is None
    guess = reader.guess("buy tea")
    assert guess is not None
    assert guess.intent == "add"
    assert guess.probability > 0.5
    assert reader.guess("buy tea", {"remove"}) is None
    assert reader.guess("buy tea", ()) is None


def test_a_later_meaning_of_a_text_counts() -> None:
    head = fit_head([*planted(), *(Utterance("buy tea", "remove", f"own {n}") for n in range(9))],
                    Counting())  # fmt: skip
    with_old = fit_head(planted(), Counting())
    place = head.intents.index("remove")
    vector = Counting().encode(["buy tea"])
    assert (
        head.probabilities(["buy tea"], vector)[0, place]
        > with_old.probabilities(["buy tea"], vector)[0, place]
    )


def test_searches_are_learned_as_such() -> None:
    head = fit_head(planted(), Counting(), searches=["buy buy", "buy buy wool", "buy buy buy"])
    told = head.probabilities(["buy buy"], Counting().encode(["buy buy"]))[0]
    plain = fit_head(planted(), Counting())
    before = plain.probabilities(["buy buy"], Counting().encode(["buy buy"]))[0]
    place = head.intents.index("find")
    assert told[place] > before[place]


def test_the_steps_reach_the_minimum() -> None:
    """Where the gradient of the weighted loss vanishes, by an independent computation."""
    generator = np.random.default_rng(1)
    seen = generator.normal(size=(60, 4)).astype(np.float32)
    labels = generator.integers(3, size=60)
    weights = fit_weights(seen, labels, 3).astype(np.float64)
    counts = np.bincount(labels)
    each = np.sqrt(counts.mean() / counts[labels])[:, None]
    slope = seen.T @ ((softmax(seen @ weights) - np.eye(3)[labels]) * each) + 0.05 * weights
    at_zero = seen.T @ ((1 / 3 - np.eye(3)[labels]) * each)
    assert np.abs(slope).max() < 0.01 * np.abs(at_zero).max()


def test_a_bundle_keeps_it(tmp_path: Path) -> None:
    head = fit_head(planted(), Counting())
    with BundleWriter(tmp_path) as writer:
        save_head(writer, head)
        bundle = writer.commit({}, {})
    again = load_head(bundle)
    assert isinstance(again, UtteranceHead)
    vector = Counting().encode(["buy tea"])
    assert np.array_equal(
        again.probabilities(["buy tea"], vector), head.probabilities(["buy tea"], vector)
    )
    assert (again.intents, again.threshold) == (head.intents, head.threshold)


def test_a_bundle_of_before_has_none(tmp_path: Path) -> None:
    with BundleWriter(tmp_path) as writer:
        writer.add_json("model", {})
        bundle = writer.commit({}, {})
    assert load_head(bundle) is None


# --- the seeds


@pytest.fixture(scope="module")
def encoder() -> TextEncoder:
    return open_text_encoder(EncoderConfig(cache=False), None)


def test_left_out_sayings_are_understood(encoder: TextEncoder) -> None:
    """Far better than chance among 42 intents, in both languages, on sayings never learned."""
    said = seeds()
    intents = sorted({u.intent for u in said})
    labels = np.array([intents.index(u.intent) for u in said])
    languages = np.array([detect_language(u.text) for u in said])
    vectors = encoder.encode([u.text for u in said], "query")
    centred = Centring.fit(vectors, list(languages)).apply(vectors, list(languages))
    scores = cross_validated(centred, labels, len(intents), [u.family for u in said])
    right = scores.argmax(1) == labels
    assert right[languages == "en"].mean() > 0.45
    assert right[languages == "zh"].mean() > 0.45


def test_few_searches_are_taken_for_something_else(encoder: TextEncoder) -> None:
    reader = Reader(lambda: encoder)
    shelves = [
        "ceiling fan", "white chocolate", "yoga mat", "desk lamp", "sparkling water", "wool scarf",
        "hdmi cable", "电风扇", "白巧克力", "瑜伽垫", "台灯", "气泡水", "羊毛围巾", "充电宝",
    ]  # fmt: skip
    assert [s for s in shelves if reader.guess(s)] == []
