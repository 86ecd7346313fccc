"""What shoppers ask of a server, as plans for the client."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import numpy as np

from benchmarks.assistant_latency import KINDS, SENTENCES
from benchmarks.catalogue import Catalogue, shop_queries
from benchmarks.load.client import Call

FACETS: Final = [{"facetKey": {"key": key}} for key in ("categories", "brand", "price")]
PLACEMENTS: Final = ("home", "similar", "goes-with", "buy-again", "cart")
BESIDE: Final = 16
"""So many conversations, or visits, go on at the same time, each waiting for its own turn."""
CONFIRMED: Final = "purchase-complete"

Script = Callable[[], Iterator[Call]]
"""Makes a visit: its calls in order."""


@dataclass(slots=True)
class Asked:
    """Calls in the order in which they are due, and the conversations that they need."""

    calls: list[Call] = field(default_factory=list)
    talks: list[tuple[str, str]] = field(default_factory=list)


class Shoppers:
    """Visitors of a shop. No query is asked twice, so that each is encoded anew.

    Parameters
    ----------
    visitors
        Ids of those whom the shop knows; one in five requests is of a stranger.
    queries
        How many of them to make; where more are asked, they come again with a number.
    """

    def __init__(
        self, catalogue: Catalogue, visitors: Sequence[str], queries: int, seed: int = 0
    ) -> None:
        self._rng = np.random.default_rng(seed)
        self._ids = [product.id for product in catalogue.products[: catalogue.size]]
        self._visitors = visitors
        self._queries = _without_end(shop_queries(catalogue, queries))
        self._events = count()
        self._run = self._rng.bytes(6).hex()

    def searches(self, number: int) -> Asked:
        """Queries with facets, most of known visitors."""
        return Asked([self._search(self._visitor()) for _ in range(number)])

    def recommendations(self, number: int) -> Asked:
        """All placements in turn."""
        placements = (PLACEMENTS[n % len(PLACEMENTS)] for n in range(number))
        return Asked([self._recommend(p, self._visitor(), self._product()) for p in placements])

    def talks(self, number: int) -> Asked:
        """Turns of conversations: find, refine, ask, compare, how-to, cart."""
        asked = Asked()

        def talk() -> Iterator[Call]:
            query, language = next(self._queries)
            asked.talks.append((self._visitor(), language))
            talk, said = len(asked.talks) - 1, SENTENCES["zh" if language == "zh" else "en"]
            for kind in KINDS:
                text = query if kind == "find" else said[kind][talk % len(said[kind])]
                path = "/v1/conversations/{}/messages"
                yield Call("chat", path, {"text": text}, talk)

        asked.calls = side_by_side(talk, number)
        return asked

    def mix(self, number: int) -> Asked:
        """Whole visits: home, searches, product pages, a cart, and in one of three a talk."""
        asked = Asked()

        def visit() -> Iterator[Call]:
            visitor = self._visitor()
            yield self._recommend("home", visitor, None)
            yield self._event("home-page-view", visitor)
            for _ in range(2):
                search = self._search(visitor)
                yield search
                yield self._event("search", visitor, searchQuery=search.body["query"])
                yield from self._page(visitor, self._product())
            if self._rng.random() < 1 / 3:
                query, language = next(self._queries)
                asked.talks.append((visitor, language))
                talk, said = len(asked.talks) - 1, SENTENCES["zh" if language == "zh" else "en"]
                for text in (query, said["refine"][talk % 4], said["question"][talk % 2]):
                    yield Call("chat", "/v1/conversations/{}/messages", {"text": text}, talk)
            bought = self._product()
            yield self._event("add-to-cart", visitor, bought)
            yield self._recommend("cart", visitor, bought)
            yield self._event(CONFIRMED, visitor, bought)

        asked.calls = side_by_side(visit, number)
        return asked

    def _page(self, visitor: str, product: str) -> Iterator[Call]:
        """What the storefront asks for a product's page."""
        yield Call("product", f"/v1/products/{product}")
        yield self._event("detail-page-view", visitor, product)
        yield self._recommend("similar", visitor, product)
        yield Call("product", f"/v1/questions?productId={product}")

    def _search(self, visitor: str) -> Call:
        query, language = next(self._queries)
        told = {"query": query, "languageCode": language, "visitorId": visitor}
        return Call("search", "/v1/search", told | {"facetSpecs": FACETS})

    def _recommend(self, placement: str, visitor: str, product: str | None) -> Call:
        event: dict[str, Any] = {"eventType": "detail-page-view", "visitorId": visitor}
        if product is not None and placement not in ("home", "buy-again"):
            event["productDetails"] = [{"product": {"id": product}}]
        return Call("recommend", "/v1/recommend", {"placement": placement, "userEvent": event})

    def _event(self, kind: str, visitor: str, product: str | None = None, **more: Any) -> Call:
        id_ = f"load-{self._run}-{next(self._events)}"
        event: dict[str, Any] = {"eventType": kind, "visitorId": visitor, "eventId": id_, **more}
        if product is not None:
            event["productDetails"] = [{"product": {"id": product}, "quantity": 1}]
        return Call("event", "/v1/events", event)

    def _product(self) -> str:
        return self._ids[int(self._rng.integers(len(self._ids)))]

    def _visitor(self) -> str:
        if self._rng.random() < 0.2:
            return f"stranger-{self._run}-{int(self._rng.integers(1 << 30))}"
        return self._visitors[int(self._rng.integers(len(self._visitors)))]


def _without_end(queries: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """The queries, then each again with a number that makes it another one."""
    yield from queries
    for again in count(2):
        yield from ((f"{text} {again}", language) for text, language in queries)


def side_by_side(script: Script, number: int) -> list[Call]:
    """``number`` calls of visits that go on at the same time, each visit in its order."""
    calls: list[Call] = []
    going = [script() for _ in range(BESIDE)]
    while len(calls) < number:
        for place, visit in enumerate(going):
            call = next(visit, None)
            if call is None:
                going[place] = script()
                call = next(going[place])
            calls.append(call)
    return calls[:number]
