"""The one door: search, understand, complete, recommend, explain."""

import secrets
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

import numpy as np

from daogou.bundle import Bundle
from daogou.encoders import EncoderConfig, PictureFolders, TextEncoder, open_text_encoder
from daogou.engine.answering import Searcher, Stage, unmeasured
from daogou.engine.completing import Completer
from daogou.engine.config import EngineConfig
from daogou.engine.counterfactual import verified
from daogou.engine.explaining import Explanation, measured, proposed
from daogou.engine.filters import FieldKind
from daogou.engine.grounds import Grounds, Shown
from daogou.engine.model import load_model
from daogou.engine.paging import PageToken
from daogou.engine.recommending import Chosen, anchor_rows, candidates, choose
from daogou.engine.requests import Reading, RecommendRequest, SearchRequest, SearchSlate
from daogou.engine.view import LiveView, View
from daogou.engine.visit import Visit
from daogou.errors import NotFound
from daogou.features.items import Float32, Int32
from daogou.knowledge import KnowledgeBase
from daogou.merchandising import ControlSet
from daogou.retrieval import Fused
from daogou.retrieval.base import NO_ITEMS
from daogou.retrieval.suggest import Suggestion
from daogou.store import Store
from daogou.types import ScoredProduct, Slate
from daogou.utterances import Reader, load_head

UNTRAINED: Final = "untrained"
"""Stands for the bundle's id in the policy of a shop that has none."""


class Engine:
    """Answers for a shop: from its store and, once there is one, its bundle.

    Open it with :meth:`open`. One engine serves any number of threads; every answer
    is made of the store as it is when the request comes in.

    Attributes
    ----------
    knowledge
        What the shop knows beside its products.
    reader
        What sentences of a dialogue do, as it was learned.
    bundle_id
        The bundle at work; None without one.
    """

    def __init__(
        self,
        store: Store,
        bundle: Bundle | None,
        config: EngineConfig,
        *,
        encoder: TextEncoder | None = None,
        cache_dir: Path | None = None,
        pictures: PictureFolders | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store = store
        self._clock = clock
        self._scratch = tempfile.TemporaryDirectory(prefix="daogou-")
        loaded = load_model(bundle, encoder, cache_dir, pictures) if bundle else None
        self._live = LiveView(store, loaded, Path(self._scratch.name), clock())
        self._config = config
        self._searcher = Searcher(store, config, self._live.newest())
        self._completer = Completer(store, clock)
        model = loaded.model if loaded else None
        known = model.encoder if model else encoder
        self.knowledge = KnowledgeBase(store, known, model.centring if model else None)
        self.reader = Reader(
            lambda: known or open_text_encoder(EncoderConfig(), cache_dir),
            load_head(bundle) if bundle else None,
        )
        self.bundle_id: str | None = bundle.id if bundle else None

    @classmethod
    def open(
        cls,
        store: Store,
        bundles_root: Path | None,
        config: EngineConfig | None = None,
        *,
        encoder: TextEncoder | None = None,
        cache_dir: Path | None = None,
        pictures: PictureFolders | None = None,
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Open the shop with its current bundle, or without one where none was trained yet.

        Parameters
        ----------
        bundles_root
            Where training puts bundles; None serves without one.
        encoder
            The text encoder of the bundle, if it is open already.
        cache_dir
            Where an encoder that is opened here keeps its vectors; None keeps nothing on the
            disk.
        pictures
            Where the pictures of products are that come after the training; None looks at none.
        clock
            Tells the time, in seconds since 1970.

        Raises
        ------
        BundleError
            The current bundle fails its checks.
        EncoderError
            The bundle's text encoder does not exist here.
        """
        bundle = Bundle.current(bundles_root) if bundles_root else None
        return cls(
            store,
            bundle,
            config or EngineConfig(),
            encoder=encoder,
            cache_dir=cache_dir,
            pictures=pictures,
            clock=clock,
        )

    @property
    def currency(self) -> str | None:
        """The shop's currency: that of most products; None where none has a price."""
        return self._live.newest().catalogue.currency

    @property
    def filter_fields(self) -> Mapping[str, FieldKind]:
        """The fields that a filter can name now, and how; :class:`FilterError` is for any other."""
        return self._live.newest().catalogue.fields

    @property
    def sees_photos(self) -> bool:
        """Whether there are pictures of products to compare photos with, and what compares them."""
        model = self._live.newest().model
        return model is not None and model.photos is not None and model.photos.runs

    def warm_up(self) -> None:
        """Build now what the first request would wait for.

        Vectors of many articles are made meanwhile by a thread; words find them until then.
        """
        view = self._live.newest()
        for misspelled in ("spelling", "拼音"):  # each script has tables of its own
            view.lexical.correct(misspelled)
        self._completer.suggest(view, "s", "en", 1)
        self.knowledge.snapshot()
        self.reader.warm_up()

    def close(self) -> None:
        """Remove what was put into temporary files. The store stays open."""
        self._scratch.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def search(
        self,
        request: SearchRequest,
        controls: ControlSet | None = None,
        stage: Stage = unmeasured,
    ) -> SearchSlate:
        """One page of what matches a query.

        Parameters
        ----------
        controls
            Instead of the merchant's own: to see what others would do.
        stage
            Told which part of the work is done inside of its context.

        Raises
        ------
        FilterError
            The filter does not parse.
        InvalidInput
            A facet key or a field to order by is not known, the page token does not fit, or the
            photo cannot be read or compared with anything here.
        """
        view = self._live.newest()
        index, now = self.bundle_id or UNTRAINED, self._clock()
        token = None
        if request.page_token:
            token = PageToken.decode(request.page_token, request, index, now)
        with stage("visitor"):
            visitor_id = request.visitor_id if request.personalize else None
            visit = self._visit(view, visitor_id, until=token.as_of if token else None)
        answer = self._searcher.answer(view, visit, request, controls, stage)
        found, offset = answer.found, token.offset if token else request.offset
        page = slice(offset, offset + request.page_size)
        rows = found.rows[page]
        scores = np.zeros(len(rows), np.float32)
        ranked = found.scores[page]
        scores[: len(ranked)] = ranked
        query = answer.asked.query
        tokens = query.tokens if query else ()
        with stage("products"):
            grounds = self._grounds(view, visit, request.language, NO_ITEMS, tokens)
            grounds = replace(grounds, photo=answer.asked.photo)
            items = self._items(rows, scores, found.fused, grounds, "search")
        following = None
        if page.stop < len(found.rows):
            as_of = token.as_of if token else visit.as_of
            following = PageToken(page.stop, as_of, index).encode(request)
        policy = self._policy("search")
        slate = Slate(items, len(found.rows), attribution_token(), policy, answer.facets)
        return SearchSlate(
            slate,
            corrected_query=answer.correction.text if answer.correction else None,
            correction_applied=answer.corrected,
            understanding=answer.asked.understanding,
            chips=answer.chips,
            order_by=answer.asked.order_by,
            relaxations=answer.relaxations,
            redirect_uri=answer.merchant.redirect_uri,
            controls=answer.merchant.control_ids,
            next_page_token=following,
            partial=answer.partial,
        )

    def understand(self, text: str, language: str = "en") -> Reading:
        """What a text asks for, in the words of the shop, without a search."""
        request = SearchRequest(text, language=language)
        return self._searcher.understand(self._live.newest(), request, self._clock())

    def complete(self, text: str, language: str = "en", limit: int = 8) -> list[Suggestion]:
        """What a shopper who has typed ``text`` may be about to search for.

        Queries of other shoppers, categories, brands and products, in both languages, also by
        pinyin and its initials.
        """
        return self._completer.suggest(self._live.newest(), text, language, limit)

    def recommend(self, request: RecommendRequest) -> Slate:
        """A list of products for a placement.

        Raises
        ------
        FilterError
            The filter does not parse.
        """
        view = self._live.newest()
        visit = self._visit(view, request.visitor_id)
        anchors = anchor_rows(view, visit, request)
        chosen = choose(view, visit, request, anchors, self._config)
        grounds = self._grounds(view, visit, request.language, anchors, ())
        if request.placement == "home":
            grounds = _with_carried(grounds, view, visit, chosen)
        chances = chosen.propensities.tolist()
        items = self._items(
            chosen.rows, chosen.scores, chosen.fused, grounds, request.placement, chances
        )
        total = len(chosen.fused)
        return Slate(items, total, attribution_token(), self._policy(request.placement))

    def explain(self, visitor_id: str | None, product_id: str, language: str = "en") -> Explanation:
        """Every number that goes into a product's place on a visitor's home page.

        Raises
        ------
        NotFound
            The shop has no such product.
        """
        view = self._live.newest()
        row = view.catalogue.table.index.get(product_id)
        product = self._store.product(product_id)
        if row is None or product is None:
            raise NotFound(
                f"There is no product '{product_id}' to explain. `daogou search` finds its id."
            )
        visit = self._visit(view, visitor_id)
        user = None if view.model is None else view.model.context(visit.history, visit.now, None)
        home = RecommendRequest("home", visitor_id, language=language)
        pool = candidates(view, visit, home, NO_ITEMS, user, self._config)
        said = measured(view, visit, row, pool.items)
        grounds = self._grounds(view, visit, language, NO_ITEMS, ())
        if said.contributions is not None:
            ties = grounds.untold_ties(np.array([row], np.int32))
            carried = verified(view, visit, ties, {row: said.scores["next"]})
            grounds = replace(grounds, carried=carried)
        return Explanation(
            product_id=product_id,
            policy_id=self._policy("home"),
            features=said.features,
            scores=said.scores,
            sources=proposed(view, visit, row),
            reasons=grounds.reasons(Shown(row, product), "home"),
            contributions=said.contributions,
            evidence=said.evidence,
            counterfactual=said.counterfactual,
        )

    def _visit(self, view: View, visitor_id: str | None, until: float | None = None) -> Visit:
        now = self._clock()
        return Visit.read(self._store, view.catalogue, visitor_id, now, until=until)

    def _grounds(
        self, view: View, visit: Visit, language: str, anchors: Int32, tokens: Sequence[str]
    ) -> Grounds:
        return Grounds(
            catalogue=view.catalogue,
            history=visit.history,
            now=visit.now,
            language=language,
            anchors=anchors,
            query_tokens=tokens,
            stats=view.stats,
            by_category=view.by_category,
            bestsellers=view.bestsellers,
            vectors=view.model.text if view.model else None,
            photos=view.model.photos if view.model else None,
        )

    def _items(
        self,
        rows: Int32,
        scores: Float32,
        fused: Fused,
        grounds: Grounds,
        placement: str,
        chances: Sequence[float] = (),
    ) -> tuple[ScoredProduct, ...]:
        """Hydrate a page: its products alone are read from the store.

        ``chances`` are the propensities of its places, none where nothing was left to chance.
        """
        ids = [grounds.catalogue.table.ids[row] for row in rows.tolist()]
        products = self._store.products(ids)
        place = {row: n for n, row in enumerate(fused.items.tolist())}
        items = []
        chances = chances or [1.0] * len(ids)
        columns = zip(rows.tolist(), scores.tolist(), chances, ids, strict=True)
        for row, score, chance, product_id in columns:
            product = products.get(product_id)
            if product is None:  # deleted this very moment
                continue
            sources = fused.sources_of(place[row]) if row in place else ()
            reasons = grounds.reasons(Shown(row, product), placement)
            items.append(ScoredProduct(product, score, sources, reasons, chance))
        return tuple(items)

    def _policy(self, placement: str) -> str:
        return f"{self.bundle_id or UNTRAINED}/{placement}"


def _with_carried(grounds: Grounds, view: View, visit: Visit, chosen: Chosen) -> Grounds:
    """The grounds with what the ranker was seen to place the page's products for."""
    if chosen.judged is None:
        return grounds
    ties = grounds.untold_ties(chosen.rows)
    scores = dict(zip(chosen.rows.tolist(), chosen.judged.tolist(), strict=True))
    return replace(grounds, carried=verified(view, visit, ties, scores))


def attribution_token() -> str:
    """An id under which a client reports on a slate; it says nothing by itself."""
    return secrets.token_urlsafe(12)
