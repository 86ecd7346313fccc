"""The one door: search, understand, complete, recommend, explain."""

import secrets
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from pathlib import Path
from typing import Final, Self

import numpy as np

from daogou.bundle import Bundle
from daogou.encoders import PictureFolders, TextEncoder
from daogou.engine.answering import Stage, unmeasured
from daogou.engine.completing import Completer
from daogou.engine.config import EngineConfig
from daogou.engine.counterfactual import verified
from daogou.engine.explaining import Explanation, measured, proposed
from daogou.engine.filters import FieldKind
from daogou.engine.grounds import Shown
from daogou.engine.paging import PageToken
from daogou.engine.recommending import anchor_rows, candidates, choose
from daogou.engine.requests import Reading, RecommendRequest, SearchRequest, SearchSlate
from daogou.engine.served import Served, Source, first_sound
from daogou.engine.showing import grounds_of, hydrated, with_carried
from daogou.engine.trial import prepared, try_out
from daogou.engine.view import LiveView, View
from daogou.engine.visit import Visit
from daogou.errors import NotFound
from daogou.knowledge import KnowledgeBase
from daogou.merchandising import ControlSet
from daogou.retrieval.base import NO_ITEMS
from daogou.retrieval.suggest import Suggestion
from daogou.store import Store
from daogou.types import Slate
from daogou.utterances import Reader

_HELD: Final["ContextVar[tuple[Engine, Served] | None]"] = ContextVar("held", default=None)
"""What :meth:`Engine.steady` holds on to."""


class Engine:
    """Answers for a shop: from its store and, once there is one, its bundle.

    Open it with :meth:`open`. One engine serves any number of threads; every answer
    is made of the store as it is when the request comes in.

    Another bundle can take over while requests are answered: :meth:`adopt`.
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
        self._config = config
        self._scratch = tempfile.TemporaryDirectory(prefix="daogou-")
        self._completer = Completer(store, clock)
        self._source = Source(
            store, config, Path(self._scratch.name), cache_dir, pictures, encoder, clock
        )
        self._newest = Served(self._source, bundle)

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
        passed_over: Callable[[str], None] | None = None,
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
        passed_over
            Told of each bundle that cannot be served: the shop is then opened with the one that
            was active before it, in the end without any.

        Raises
        ------
        BundleError
            The current bundle fails its checks, and ``passed_over`` is None.
        EncoderError
            The bundle's text encoder does not exist here, and ``passed_over`` is None.
        """
        opened: Callable[[Bundle | None], Self] = lambda bundle: cls(  # noqa: E731
            store,
            bundle,
            config or EngineConfig(),
            encoder=encoder,
            cache_dir=cache_dir,
            pictures=pictures,
            clock=clock,
        )
        if passed_over and bundles_root:
            return first_sound(bundles_root, opened, passed_over)
        return opened(Bundle.current(bundles_root) if bundles_root else None)

    @property
    def bundle_id(self) -> str | None:
        """The bundle at work; None without one."""
        return self._served.bundle_id

    @property
    def knowledge(self) -> KnowledgeBase:
        """What the shop knows beside its products; another object with each bundle."""
        return self._served.knowledge

    @property
    def reader(self) -> Reader:
        """What sentences of a dialogue do, as it was learned."""
        return self._served.reader

    @reader.setter
    def reader(self, reader: Reader) -> None:
        self._served.reader = reader

    @contextmanager
    def steady(self) -> Iterator[None]:
        """Whatever is asked inside is answered with one bundle, also if another takes over."""
        token = _HELD.set((self, self._served))
        try:
            yield
        finally:
            _HELD.reset(token)

    def adopt(self, bundle: Bundle) -> None:
        """Let another bundle take over, once it is loaded, warm and has passed its trial.

        Takes as long as opening the shop; requests are answered meanwhile. Those under way keep
        the bundle that they began with, and its memory is given back after the last of them. One
        call at a time.

        Raises
        ------
        BundleError
            It cannot be served; the one before goes on.
        EncoderError
            The bundle's text encoder does not exist here; the one before goes on.
        """
        before = self._newest
        served = prepared(lambda: Served(self._source, bundle, before.model), bundle)
        token = _HELD.set((self, served))
        try:
            self.prove(bundle)
        finally:
            _HELD.reset(token)
        self._newest = served
        before.live.retire()

    def prove(self, bundle: Bundle) -> None:
        """Ask the bundle at work what it has to be able to answer, and warm it up.

        Raises
        ------
        BundleError
            It cannot be served.
        """

        def work() -> None:
            self._live.settle()
            try_out(self, self._store, bundle)
            self.warm_up()

        prepared(work, bundle)

    @property
    def _served(self) -> Served:
        held = _HELD.get()
        return held[1] if held is not None and held[0] is self else self._newest

    @property
    def _live(self) -> LiveView:
        return self._served.live

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
        served, now = self._served, self._clock()
        view = served.live.newest()
        token = None
        if request.page_token:
            token = PageToken.decode(request.page_token, request, now)
        with stage("visitor"):
            visitor_id = request.visitor_id if request.personalize else None
            visit = self._visit(view, visitor_id, until=token.as_of if token else None)
        answer = served.searcher.answer(view, visit, request, controls, stage)
        found, offset = answer.found, token.offset if token else request.offset
        page = slice(offset, offset + request.page_size)
        rows = found.rows[page]
        scores = np.zeros(len(rows), np.float32)
        ranked = found.scores[page]
        scores[: len(ranked)] = ranked
        query = answer.asked.query
        tokens = query.tokens if query else ()
        with stage("products"):
            grounds = grounds_of(view, visit, request.language, NO_ITEMS, tokens)
            grounds = replace(grounds, photo=answer.asked.photo)
            items = hydrated(self._store, rows, scores, found.fused, grounds, "search")
        following = None
        if page.stop < len(found.rows):
            as_of = token.as_of if token else visit.as_of
            following = PageToken(page.stop, as_of).encode(request)
        policy = served.policy("search")
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
        served = self._served
        return served.searcher.understand(served.live.newest(), request, self._clock())

    def complete(self, text: str, language: str = "en", limit: int = 8) -> list[Suggestion]:
        """What a shopper who has typed ``text`` may be about to search for.

        Queries of other shoppers, categories, brands and products, in both languages, also by
        pinyin and its initials.
        """
        return self._completer.suggest(self._live.newest(), text, language, limit)

    def recommend(self, request: RecommendRequest, stage: Stage = unmeasured) -> Slate:
        """A list of products for a placement.

        Parameters
        ----------
        stage
            Told which part of the work is done inside of its context.

        Raises
        ------
        FilterError
            The filter does not parse.
        """
        served = self._served
        view = served.live.newest()
        with stage("visitor"):
            visit = self._visit(view, request.visitor_id)
        anchors = anchor_rows(view, visit, request)
        chosen = choose(view, visit, request, anchors, self._config, stage)
        with stage("products"):
            grounds = grounds_of(view, visit, request.language, anchors, ())
            if request.placement == "home":
                grounds = with_carried(grounds, view, visit, chosen)
            items = hydrated(
                self._store,
                chosen.rows,
                chosen.scores,
                chosen.fused,
                grounds,
                request.placement,
                chosen.propensities.tolist(),
            )
        policy = served.policy(request.placement)
        return Slate(items, len(chosen.fused), attribution_token(), policy)

    def explain(self, visitor_id: str | None, product_id: str, language: str = "en") -> Explanation:
        """Every number that goes into a product's place on a visitor's home page.

        Raises
        ------
        NotFound
            The shop has no such product.
        """
        served = self._served
        view = served.live.newest()
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
        grounds = grounds_of(view, visit, language, NO_ITEMS, ())
        if said.contributions is not None:
            ties = grounds.untold_ties(np.array([row], np.int32))
            carried = verified(view, visit, ties, {row: said.scores["next"]})
            grounds = replace(grounds, carried=carried)
        return Explanation(
            product_id=product_id,
            policy_id=served.policy("home"),
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


def attribution_token() -> str:
    """An id under which a client reports on a slate; it says nothing by itself."""
    return secrets.token_urlsafe(12)
