"""The shop before the split, and pages of it for baskets after the split."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from benchmarks.diversity.measures import Shelf
from daogou.bundle import Bundle
from daogou.engine.exploring import FRESH, FRESH_K, fresh_rows
from daogou.features import Basket, ShopLog, load_items
from daogou.features.items import Float32, Int32
from daogou.features.stats import DAY
from daogou.ranking.exploration import chance
from daogou.ranking.pages import PageRules, Pool, lay_out
from daogou.retrieval.base import Candidates, Request, Retriever, allowed
from daogou.store import Store
from daogou.training.evaluating import Joint

MIN_BASKET: Final = 3
FRESH_DAYS: Final = 30
"""The default of ``[engine] fresh_days``."""


class _Fresh:
    """The fresh products nearest to the visitor, as a home page that explores asks for them."""

    name: Final = FRESH

    def __init__(self, taste: Retriever, fresh: npt.NDArray[np.bool_]) -> None:
        self._taste, self._fresh = taste, fresh
        self._all = np.arange(len(fresh), dtype=np.int32)

    def retrieve(self, request: Request, k: int) -> Candidates:
        """See :class:`~daogou.retrieval.base.Retriever`."""
        mask = self._fresh & allowed(self._all, request.mask)
        near = Request(request.now, request.history, user_vector=request.user_vector, mask=mask)
        found = self._taste.retrieve(near, k)
        return Candidates(found.items, found.scores, FRESH)


class _Exploring(Joint):
    """The joint model with the source that a shop has which explores."""

    def __init__(self, bundle: Bundle, log: ShopLog, fresh: npt.NDArray[np.bool_]) -> None:
        super().__init__(bundle, log)
        self._fresh = _Fresh(self.taste, fresh)

    def sources(self, now: float) -> Sequence[tuple[Retriever, int]]:
        """See :meth:`Joint.sources`."""
        return (*super().sources(now), (self._fresh, FRESH_K))


class HeldOut:
    """Baskets after the split, and pages for them by the model from before it.

    Parameters
    ----------
    home
        Where ``daogou evaluate`` has kept its bundle.
    n_baskets
        So many are drawn, with a fixed seed; 0 takes all.
    """

    def __init__(self, home: Path, store: Store, n_baskets: int) -> None:
        bundle = Bundle.current(home / "evaluation" / "bundles")
        if bundle is None:
            raise SystemExit(
                f"{home} has no bundle that was trained before a split. Run"
                f" `daogou evaluate --home {home}` first."
            )
        table, stats = load_items(bundle)
        self.bundle_id, self.split, self.n_items = bundle.id, stats.as_of, len(table)
        self.log = ShopLog.from_frame(store.event_lines(), table.index)
        published = _published(store, table.ids)
        self.shelf = Shelf(
            texts=_unit(bundle.array("text_vectors").astype(np.float32)),
            categories=table.category,
            sold=stats.popularity_slow,
            fresh=fresh_rows(published, stats.popularity_slow, stats.as_of, FRESH_DAYS),
        )
        self._plain = Joint(bundle, self.log)
        self._exploring = _Exploring(bundle, self.log, self.shelf.fresh)
        self.baskets = _drawn(list(self.log.baskets(self.split, np.inf, MIN_BASKET)), n_baskets)
        if not self.baskets:
            raise SystemExit("There is no basket after the split; nothing can be measured.")

    def pages(self, basket: Basket, rules: Sequence[PageRules]) -> list[Int32]:
        """A page of products by each of the rules for the visitor of a basket, before it."""
        pools = {exploring: self._pool(basket, exploring=exploring) for exploring in (False, True)}
        u = chance(self.log.visitors[basket.visitor], "home", int(basket.time // DAY))
        found: list[Int32] = []
        for each in rules:
            items, pool = pools[each.explore_share > 0]
            found.append(items[lay_out(pool, each, u).places])
        return found

    def _pool(self, basket: Basket, *, exploring: bool) -> tuple[Int32, Pool]:
        joint = self._exploring if exploring else self._plain
        history = self.log.history(basket.visitor, basket.end)
        ((items, scores),) = joint.scored(history, basket.time, [None])
        pool = Pool(
            scores=scores,
            popularity=joint.clock.stats(basket.time).popularity_slow[items],
            categories=self.shelf.categories[items],
            fresh=self.shelf.fresh[items],
            vectors=lambda places: joint.vectors[items[places]],
        )
        return items, pool


def _published(store: Store, ids: Sequence[str]) -> npt.NDArray[np.float64]:
    """Seconds since 1970, float64 [V]; NaN where it is not told."""
    told: dict[str, datetime | None] = {p.id: p.published for p in store.iter_products()}
    moments = (told.get(product_id) for product_id in ids)
    return np.array([moment.timestamp() if moment else np.nan for moment in moments])


def _drawn(baskets: list[Basket], n: int) -> list[Basket]:
    if not 0 < n < len(baskets):
        return baskets
    chosen = np.random.default_rng(0).choice(len(baskets), n, replace=False)
    return [baskets[i] for i in np.sort(chosen)]


def _unit(vectors: Float32) -> Float32:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(norms, 1e-9), np.float32)
