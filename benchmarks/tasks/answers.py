"""What a model says of the test lists, and what each metric makes of it.

Dimension letters: N lists, M rows of all lists, Q queries, R rounds, S seeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import torch

from benchmarks.tasks.shop import Tested
from daogou.evaluation.rounds import Float64, Rounds
from daogou.models import JointModel
from daogou.training.data import Data
from daogou.training.examples import Lists
from daogou.training.objective import INTENT
from daogou.training.validating import predict

Array = npt.NDArray[Any]
SHOWN: Final = ("click", "purchase")
"""The heads that learn from exposures."""
K: Final = 10


@dataclass(frozen=True, slots=True)
class Metric:
    """A column: its name in rows, whose it is, what it is called, and which way is better."""

    name: str
    task: str
    title: str
    higher: bool = True
    digits: int = 4


METRICS: Final = (
    Metric("ndcg_next", "next", "next basket, NDCG@10"),
    Metric("ndcg_explore", "next", "new to the visitor, NDCG@10"),
    Metric("ndcg_relevance", "relevance", "query to product, NDCG@10"),
    *(
        metric
        for head in SHOWN
        for metric in (
            Metric(f"auc_{head}", head, f"{head}, AUC"),
            Metric(f"auc_weighted_{head}", head, f"{head}, AUC of the whole log"),
            Metric(f"log_loss_{head}", head, f"{head}, log loss", higher=False, digits=6),
            Metric(f"calibration_error_{head}", head, f"{head}, ECE", higher=False, digits=6),
        )
    ),
    Metric("accuracy_intent", INTENT, "intent, accuracy"),
    Metric("macro_f1_intent", INTENT, "intent, macro F1"),
)


def ndcg(scores: Array, gains: Array, ideal: Array, k: int = K) -> float:
    """NDCG@k of a list by its scores, against the ``ideal`` gains; NaN where these are 0.

    Parameters
    ----------
    scores, gains
        Of the candidates, in their order.
    ideal
        The gains of all that there was to be found, proposed or not.
    """
    best = np.sort(ideal)[::-1][:k]
    discount = 1 / np.log2(np.arange(2, k + 2))
    possible = float(best @ discount[: len(best)])
    if possible <= 0:
        return float("nan")
    found = gains[np.argsort(-scores, kind="stable")[:k]]
    return float(found @ discount[: len(found)]) / possible


@dataclass(frozen=True)
class Answers:
    """What one model says: logits of the rows by head, [M], and the category of each query, [Q].

    What it has no head for is not there.
    """

    logits: Mapping[str, Array]
    intents: Array | None = None


@torch.no_grad()
def answer(model: JointModel, asked: Data, tasks: Sequence[str]) -> Answers:
    """Ask a model for ``tasks``."""
    logits = {
        head: np.concatenate([z[b.mask].numpy() for b, z in predict(model, asked, lists, head)])
        for head, lists in asked.validation.items()
        if head in tasks and len(lists)
    }
    if INTENT not in tasks or not asked.intents:
        return Answers(logits)
    rows = torch.from_numpy(asked.intents["validation"].query.astype(np.int64))
    model.eval()
    return Answers(logits, model.category_logits(asked.query_vectors[rows]).argmax(1).numpy())


@dataclass(frozen=True)
class Shown:
    """Exposures as their rows: labels, what a row stands for, and whose it is, [M] each.

    Attributes
    ----------
    rate
        Share of the unlabelled rows that the log kept.
    weight
        How many exposures a row stands for: the labelled ones were all kept.
    """

    labels: Array
    rate: Array
    weight: Array
    rounds: Rounds

    @classmethod
    def of(cls, lists: Lists) -> "Shown":
        """The rows of ``lists``, drawn by visitor."""
        sizes = np.diff(lists.offsets)
        rate = np.repeat(lists.rate, sizes)
        weight = np.where(lists.labels > 0, 1.0, 1 / rate)
        return cls(lists.labels, rate, weight, Rounds(np.repeat(lists.visitor, sizes)))

    def judged(self, logits: Array, head: str) -> dict[str, Float64]:
        """Metric to its value in each round, [1 + R], of logits [M]."""
        p = 1 / (1 + np.exp(-logits.astype(np.float64)))
        rounds, labels, weight = self.rounds, self.labels, self.weight
        return {
            f"auc_{head}": rounds.auc(logits, labels),
            f"auc_weighted_{head}": rounds.auc(logits, labels, weight),
            f"log_loss_{head}": rounds.log_loss(p, labels, weight),
            f"calibration_error_{head}": rounds.calibration_error(p, labels, weight),
        }


class Judge:
    """Makes metrics of answers, by the same draws of visitors for every model."""

    def __init__(self, tested: Tested) -> None:
        self.asked, self.sizes = tested.asked, tested.sizes

    def judged(self, answers: Answers) -> dict[str, Float64]:
        """Metric to its value in each round, [1 + R], the cases as they are first."""
        found: dict[str, Float64] = {}
        for head, logits in answers.logits.items():
            if head == "next":
                ours = self.baskets(logits)
                found["ndcg_next"] = self._baskets.mean(ours[:, 0])
                found["ndcg_explore"] = self._baskets.mean(ours[:, 1])
            elif head == "relevance":
                found["ndcg_relevance"] = self._queries.mean(self.queries(logits))
            else:
                found |= self.shown[head].judged(logits, head)
        if answers.intents is not None:
            about = self.asked.intents["validation"].category
            found["accuracy_intent"] = self._intents.mean(
                (answers.intents == about).astype(np.float64)
            )
            found["macro_f1_intent"] = self._intents.macro_f1(answers.intents, about)
        return found

    def baskets(self, logits: Array) -> Float64:
        """NDCG@10 of each test basket, and of what is new in it, [N, 2].

        A product that no source proposed is a miss.
        """
        lists, found = self.asked.validation["next"], np.full((len(self.sizes), 2), np.nan)
        for n, (all_, new) in enumerate(self.sizes.tolist()):
            cut = lists.rows(n)
            scores, gains, fresh = logits[cut], lists.labels[cut], lists.new[cut]
            found[n, 0] = ndcg(scores, gains, np.ones(all_))
            found[n, 1] = ndcg(scores[fresh], gains[fresh], np.ones(new))
        return found

    def queries(self, logits: Array) -> Float64:
        """NDCG@10 of each test query by the gains that the head is taught, [N]."""
        lists = self.asked.validation["relevance"]
        cuts = (lists.rows(n) for n in range(len(lists)))
        return np.array([ndcg(logits[c], lists.labels[c], lists.labels[c]) for c in cuts])

    def ceiling(self) -> dict[str, float]:
        """What the candidates allow: the share of the products found, and the best NDCG@10."""
        lists = self.asked.validation["next"]
        owner = np.repeat(np.arange(len(lists)), np.diff(lists.offsets))
        found = np.bincount(owner, weights=lists.labels, minlength=len(lists)) / self.sizes[:, 0]
        best = self.baskets(lists.labels)
        return {
            "found": float(found.mean()),
            "ndcg_next": float(self._baskets.mean(best[:, 0])[0]),
            "ndcg_explore": float(self._baskets.mean(best[:, 1])[0]),
        }

    @cached_property
    def shown(self) -> dict[str, Shown]:
        """The test exposures of each head that learns from them."""
        lists = self.asked.validation
        return {head: Shown.of(lists[head]) for head in SHOWN if len(lists.get(head, ()))}

    @cached_property
    def _baskets(self) -> Rounds:
        return Rounds(self.asked.validation["next"].visitor)

    @cached_property
    def _queries(self) -> Rounds:
        return Rounds(self.asked.validation["relevance"].visitor)

    @cached_property
    def _intents(self) -> Rounds:
        return Rounds(np.arange(len(self.asked.intents["validation"])))
