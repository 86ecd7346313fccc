"""The head: multinomial logistic regression over the text encoder's vector of a sentence.

One linear layer, in numpy. Beside the vector stands the form of the sentence, which the encoder
does not see: whether it asks, is short, has a figure. Hashed character n-grams beside it made the
head worse on sayings that were left out (macro F1 .47 instead of .48 at half weight, .45 at full).

Dimension letters: N sentences, C intents, D width of a text vector, F = D + 5 features.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from daogou.bundle import Bundle, BundleWriter
from daogou.encoders import Centring, TextEncoder
from daogou.text import detect_language, normalize, tokenize
from daogou.utterances.sentences import FIND, SEARCHES, Utterance

Float32 = npt.NDArray[np.float32]
RIDGE: Final = 0.05
"""What holds the weights down: lambda of lambda/2 |W|^2 beside the sum of the losses."""
CONSTANT: Final = 0.45
"""The value of the constant feature, beside vectors of length 1."""
FORM: Final = 0.6
"""The value of each thing that is told of a sentence's form."""
_SHORT: Final = 3
"""So many words and more are not short."""
_ASKS: Final = re.compile("[?？]|[吗呢么嘛]$")
STEPS: Final = 30
FOLDS: Final = 5
LOST: Final = 0.05
"""The share of searches that may be taken for something else: the threshold is set by it, on
sayings that were left out of the fit."""
_NAME: Final = "utterances"


@dataclass(frozen=True, slots=True)
class Guess:
    """What a sentence does, and how likely that is."""

    intent: str
    probability: float


@dataclass(frozen=True, slots=True)
class UtteranceHead:
    """What was learned; any number of threads may ask it.

    Attributes
    ----------
    intents
        C labels.
    weights
        [F, C].
    centring
        What is taken from text vectors, language by language.
    scale
        Of the scores, so that their softmax is calibrated.
    threshold
        From this probability on a sentence is taken for something else than a search.
    """

    intents: tuple[str, ...]
    weights: Float32
    centring: Centring
    scale: float
    threshold: float

    def probabilities(self, texts: Sequence[str], vectors: Float32) -> Float32:
        """How likely each intent is, [N, C]; ``vectors`` are the encoder's own, [N, D]."""
        seen = features(vectors, texts, self.centring)
        return np.asarray(softmax(self.scale * (seen @ self.weights)), np.float32)

    def guess(
        self, probabilities: Float32, possible: Collection[str] | None = None
    ) -> Guess | None:
        """What a sentence does, where that is no search, and likely enough; else None.

        Parameters
        ----------
        probabilities
            Of the sentence, [C].
        possible
            What it may be taken for as things stand, beside a search; None is anything. What is
            not possible has no share in the probability.
        """
        searching = sum(
            float(p) for i, p in zip(self.intents, probabilities, strict=True) if i in SEARCHES
        )
        told = [
            (float(p), intent)
            for intent, p in zip(self.intents, probabilities, strict=True)
            if intent not in SEARCHES and (possible is None or intent in possible)
        ]
        best, intent = max(told, default=(0.0, ""))
        share = best / max(searching + sum(p for p, _ in told), 1e-9)
        return Guess(intent, share) if share >= self.threshold and best > searching else None


def fit_head(
    utterances: Sequence[Utterance], encoder: TextEncoder, *, searches: Sequence[str] = ()
) -> UtteranceHead:
    """Fit a head, and calibrate it on families that were left out.

    Parameters
    ----------
    utterances
        Of two intents and :data:`FOLDS` families at least. Of one text with two intents the
        last counts.
    searches
        Texts that are known to be searches: what is typed into the search box, what the shop's
        shelves are called.
    """
    known = [*(Utterance(text, FIND, f"search {text}") for text in searches), *utterances]
    said = list({normalize(u.text): u for u in known}.values())
    texts = [u.text for u in said]
    intents = tuple(sorted({u.intent for u in said}))
    labels = np.array([intents.index(u.intent) for u in said])
    languages = [detect_language(text) for text in texts]
    vectors = encoder.encode(texts, "query")
    centring = Centring.fit(vectors, languages, encoder.blocks)
    seen = features(vectors, texts, centring)
    held_out = cross_validated(seen, labels, len(intents), [u.family for u in said])
    scale = _scale(held_out, labels)
    return UtteranceHead(
        intents=intents,
        weights=fit_weights(seen, labels, len(intents)),
        centring=centring,
        scale=scale,
        threshold=_threshold(softmax(scale * held_out), labels, intents),
    )


def features(vectors: Float32, texts: Sequence[str], centring: Centring) -> Float32:
    """What the head sees of sentences, [N, F]: centred vectors [N, D], form, and a constant."""
    centred = centring.apply(vectors, [detect_language(text) for text in texts])
    form = [
        (
            bool(_ASKS.search(text)),
            len(tokenize(text)) < _SHORT,
            any(c.isdigit() for c in text),
            "!" in text or "！" in text,
        )
        for text in texts
    ]
    told = FORM * np.array(form, np.float32).reshape(len(texts), 4)
    constant = np.full((len(centred), 1), CONSTANT)
    return np.hstack([centred, told, constant]).astype(np.float32)


def fit_weights(seen: Float32, labels: npt.NDArray[np.int64], n_intents: int) -> Float32:
    """Weights [F, C] of a multinomial logistic regression on ``seen`` [N, F].

    Rare intents weigh more, by the root of how rare they are. The curvature is bounded by one
    matrix for all steps (D. Böhning, "Multinomial logistic regression algorithm", 1992), and
    the steps have Nesterov's momentum.
    """
    counts = np.bincount(labels, minlength=n_intents)
    weight = np.sqrt(counts[counts > 0].mean() / counts[labels]).astype(np.float32)[:, None]
    wanted = np.eye(n_intents, dtype=np.float32)[labels]
    ridge = RIDGE * np.eye(seen.shape[1], dtype=np.float32)
    step = np.linalg.inv(0.5 * (seen * weight).T @ seen + ridge).astype(np.float32)
    weights = ahead = np.zeros((seen.shape[1], n_intents), np.float32)
    momentum = 1.0
    for _ in range(STEPS):
        off = (softmax(seen @ ahead) - wanted) * weight
        moved = ahead - step @ (seen.T @ off + RIDGE * ahead)
        following = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        ahead = moved + np.float32((momentum - 1) / following) * (moved - weights)
        weights, momentum = moved, following
    return weights


def cross_validated(
    seen: Float32, labels: npt.NDArray[np.int64], n_intents: int, families: Sequence[str]
) -> Float32:
    """The scores of each sentence by a fit that knew nothing of its family, [N, C]."""
    codes = np.unique(families, return_inverse=True)[1]
    folds = (np.random.default_rng(0).permutation(int(codes.max()) + 1) % FOLDS)[codes]
    scores = np.zeros((len(seen), n_intents), np.float32)
    for fold in range(FOLDS):
        rest, here = folds != fold, folds == fold
        scores[here] = seen[here] @ fit_weights(seen[rest], labels[rest], n_intents)
    return scores


def softmax(logits: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Shares that add up to 1, row by row."""
    told = np.exp(logits - logits.max(axis=1, keepdims=True))
    shares: npt.NDArray[Any] = told / told.sum(axis=1, keepdims=True)
    return shares


def _scale(scores: Float32, labels: npt.NDArray[np.int64]) -> float:
    """The scale under which the labels are likeliest, on a grid of 10% steps."""
    grid = np.exp(np.arange(-2.0, 2.0, 0.1))
    rows = np.arange(len(labels))
    losses = [-np.log(softmax(s * scores)[rows, labels] + 1e-12).mean() for s in grid]
    return float(grid[int(np.argmin(losses))])


def _threshold(
    shares: npt.NDArray[Any], labels: npt.NDArray[np.int64], intents: Sequence[str]
) -> float:
    """The probability that the best other intent passes on :data:`LOST` of the searches."""
    searching = np.array([intent in SEARCHES for intent in intents])
    rows = shares[searching[labels]]
    if not len(rows):
        return 0.5
    other = rows[:, ~searching].max(axis=1, initial=0)
    other[other <= rows[:, searching].sum(axis=1)] = 0
    return float(np.quantile(other, 1 - LOST, method="higher")) + 1e-6


def save_head(writer: BundleWriter, head: UtteranceHead) -> None:
    """Put a head into a bundle."""
    writer.add_array(f"{_NAME}_weights", head.weights)
    for name, array in head.centring.to_arrays().items():
        writer.add_array(f"{_NAME}_{name}", array)
    told = {"intents": head.intents, "scale": head.scale, "threshold": head.threshold}
    writer.add_json(_NAME, told)


def load_head(bundle: Bundle) -> UtteranceHead | None:
    """The head of a bundle; None where it was written before there were any.

    Raises
    ------
    BundleError
        A part of it is missing.
    """
    if f"{_NAME}.json" not in bundle.names():
        return None
    told = bundle.json(_NAME)
    parts = ("languages", "means", "blocks")
    return UtteranceHead(
        intents=tuple(told["intents"]),
        weights=bundle.array(f"{_NAME}_weights", mmap=False),
        centring=Centring.from_arrays(
            {name: bundle.array(f"{_NAME}_{name}", mmap=False) for name in parts}
        ),
        scale=float(told["scale"]),
        threshold=float(told["threshold"]),
    )
