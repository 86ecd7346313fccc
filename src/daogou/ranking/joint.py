"""The trained model at work: ONNX graphs over the bundle's vectors, no torch.

Dimension letters: V items, N new items, K candidates, L history length, D width,
T size of a text vector, F features, H heads, B histories.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import onnxruntime

from daogou.bundle import Bundle
from daogou.errors import BundleError
from daogou.features import FEATURES, GROUPS, History
from daogou.features.items import Float32, Int32

HEADS: Final = ("next", "relevance", "click", "purchase")
"""The ranker's logits: in the next basket; answers the query; viewed, and bought, once shown."""
PROBABILITIES: Final = ("click", "purchase")
"""The heads whose logits are turned into probabilities."""
QUERY_PRESENT: Final = FEATURES.index("query_present")
QUERY_COLUMNS: Final = [FEATURES.index(name) for name in GROUPS["query"]]


@dataclass(frozen=True, slots=True)
class Scores:
    """What the heads say of each candidate, float32 [K] each; zeros of a head that was not taught.

    ``next`` and ``relevance`` are logits that order a list; ``click`` is the probability that
    the visitor looks at a product within half an hour of being shown it, ``purchase`` that
    of buying it within a week.
    """

    next: Float32
    relevance: Float32
    click: Float32
    purchase: Float32

    def blend(self, weights: Mapping[str, float]) -> Float32:
        """One score of all heads, float32 [K]: their logits, each times its weight, added up.

        ``weights`` are by head; one that is not named counts nothing. A head that was not
        taught adds the same to all candidates. Probabilities enter as log odds.
        """
        total = np.zeros(len(self.next), np.float32)
        for head, weight in weights.items():
            if weight:
                values: Float32 = getattr(self, head)
                if head in PROBABILITIES:
                    sure = np.clip(values.astype(np.float64), 1e-9, 1 - 1e-9)
                    values = np.log(sure / (1 - sure)).astype(np.float32)
                total += np.float32(weight) * values
        return total

    @classmethod
    def nothing(cls, size: int) -> "Scores":
        """Of ``size`` candidates in a shop where no head was taught: an order of none."""
        return cls(*(np.zeros(size, np.float32) for _ in HEADS))


class JointRanker:
    """Context, item and ranker graphs of one bundle. Safe to share among threads.

    Parameters
    ----------
    bundle
        Has ``item_tower.onnx``, ``context_tower.onnx``, ``ranker.onnx`` and ``model.json``.
    threads
        Threads of one call. Requests run side by side, so that 1 serves most in a second.

    Raises
    ------
    BundleError
        The bundle was trained with other features than this version computes.

    Attributes
    ----------
    columns
        Names of the wide features: :data:`daogou.features.FEATURES`, then those of the sources.
    heads
        Those that were taught, in the order of the graph's columns.
    asked
        Those of them that were taught on answers to queries.
    """

    def __init__(self, bundle: Bundle, *, threads: int = 1) -> None:
        model = bundle.json("model")
        self.heads: tuple[str, ...] = tuple(model["heads"])
        self.columns: tuple[str, ...] = tuple(model["features"])
        own = self.columns[: len(FEATURES)]
        if own != FEATURES or not set(self.heads) <= set(HEADS) or "image_width" not in model:
            raise BundleError(
                f"Bundle {bundle.id} was trained with features or towers of another version of"
                " Daogou. Train again with `daogou train`."
            )
        self.asked = frozenset(model.get("asked", ["relevance"])) & frozenset(self.heads)
        self.width: int = model["width"]
        self.length: int = model["length"]
        self.text_width: int = model["text_width"]
        self.image_width: int = model["image_width"]
        self._item = _session(bundle, "item_tower.onnx", threads)
        self._context = _session(bundle, "context_tower.onnx", threads)
        self._ranker = _session(bundle, "ranker.onnx", threads)

    def place(
        self,
        text: Float32,
        category: Int32,
        department: Int32,
        brand: Int32,
        attributes: Int32,
        price: Float32,
        image: Float32 | None = None,
    ) -> Float32:
        """Vectors of items that came after the training, by content alone: -> [N, D].

        Parameters
        ----------
        text
            Centred text vectors, [N, T].
        category, department, brand
            Codes of the bundle's vocabularies, 0 for a word that it does not know, [N].
        attributes
            Codes of attribute values, 0 pads, [N, A].
        price
            Minor units, NaN where unknown, [N].
        image
            Image vectors, [N, I]; None where there are none.
        """
        if len(text) == 0:
            return np.zeros((0, self.width), np.float32)
        if image is None:
            image = np.zeros((len(text), self.image_width), np.float32)
        return _run(
            self._item,
            {
                "text": text.astype(np.float32),
                "image": image.astype(np.float32),
                "category": category.astype(np.int64),
                "department": department.astype(np.int64),
                "brand": brand.astype(np.int64),
                "attributes": attributes.astype(np.int64),
                "price": price.astype(np.float32),
            },
        )

    def context(
        self, history: History, now: float, vectors: Float32, query: Float32 | None = None
    ) -> Float32:
        """``u`` of one visitor at one moment, [D].

        Parameters
        ----------
        now
            Seconds since 1970.
        vectors
            Item vectors, at least one row for each item of the history, [V, D].
        query
            Centred text vector of a query, [T].
        """
        u: Float32 = self.contexts([history], now, vectors, query)[0]
        return u

    def contexts(
        self,
        histories: Sequence[History],
        now: float,
        vectors: Float32,
        query: Float32 | None = None,
    ) -> Float32:
        """:meth:`context` of several histories in one call, [B, D]."""
        b = len(histories)
        lines = np.zeros((b, self.length, self.width), np.float32)
        kinds = np.zeros((b, self.length), np.int64)
        ages = np.zeros((b, self.length), np.float32)
        for row, history in enumerate(histories):
            n = min(len(history), self.length)
            if n:
                lines[row, -n:] = vectors[history.items[-n:]]
                kinds[row, -n:] = history.kinds[-n:]
                ages[row, -n:] = np.maximum(now - history.times[-n:], 0)
        asked = np.zeros((b, self.text_width), np.float32)
        if query is not None:
            asked[:] = query
        return _run(
            self._context,
            {
                "lines": lines,
                "kinds": kinds,
                "ages": ages,
                "query": asked,
                "has_query": np.full(b, float(query is not None), np.float32),
            },
        )

    def score(
        self, u: Float32, v: Float32, wide: Float32, unasked: Float32 | None = None
    ) -> Scores:
        """All heads for candidates: u [D], v [K, D], wide [K, F].

        Where each candidate is judged in a context of its own, u is [K, D].

        A head that never saw a query in training has learned nothing about the features
        of one, and would be led by noise there. Where candidates answer a query, such a
        head is shown them as if nothing had been asked.

        Parameters
        ----------
        unasked
            ``u`` without the query, [D]; where there was a query and this is None, ``u``.
        """
        if len(v) == 0:
            return Scores.nothing(0)
        told = self._logits(u, v, wide)
        if bool(wide[0, QUERY_PRESENT]) and self.asked < set(self.heads):
            silent = wide.copy()
            silent[:, QUERY_COLUMNS] = 0
            plain = self._logits(u if unasked is None else unasked, v, silent)
            told |= {head: z for head, z in plain.items() if head not in self.asked}
        for head in PROBABILITIES:
            if head in told:
                told[head] = np.asarray(1 / (1 + np.exp(-told[head])), np.float32)
        return replace(Scores.nothing(len(v)), **told)

    def _logits(self, u: Float32, v: Float32, wide: Float32) -> dict[str, Float32]:
        each = np.ascontiguousarray(np.broadcast_to(u, (len(v), u.shape[-1])))
        logits = _run(self._ranker, {"u": each, "v": v, "wide": wide})
        return dict(zip(self.heads, logits.T, strict=True))


class IntentHead:
    """Which categories a text is about: the ``intent.onnx`` of one bundle."""

    def __init__(self, bundle: Bundle) -> None:
        self._graph = _session(bundle, "intent.onnx", 1)

    def __call__(self, query: Float32) -> Float32:
        """Probabilities of the bundle's C categories, float32 [C]; that of code 0 is 0.

        ``query`` is a centred text vector, [T].
        """
        asked = np.asarray(query, np.float32)[None]
        return np.asarray(_run(self._graph, {"query": asked})[0], np.float32)


def _session(bundle: Bundle, name: str, threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # A spinning thread burns the core that the next request waits for.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(
        str(bundle.path(name)), options, providers=["CPUExecutionProvider"]
    )


def _run(session: onnxruntime.InferenceSession, inputs: Mapping[str, object]) -> Float32:
    return np.asarray(session.run(None, inputs)[0], np.float32)
