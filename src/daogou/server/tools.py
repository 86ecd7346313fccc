"""The tools that other assistants shop with; they answer with what the HTTP API answers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from daogou.assistant import Assistant, Page, reply_to_json
from daogou.assistant.reading import filter_of, price_filter
from daogou.engine import Engine, RecommendRequest, SearchRequest
from daogou.feeds.codec import product_to_json
from daogou.feeds.codec.questions import questions_to_json
from daogou.server import tool_schemas as t
from daogou.server import ucp
from daogou.server.answers import recommend_answer, search_answer
from daogou.server.config import ServerConfig
from daogou.server.conversation_schemas import ReplyAnswer
from daogou.server.editing import edit_of
from daogou.server.errors import missing_product
from daogou.server.knowledge import RELATED, knowledge_answer
from daogou.server.knowledge_schemas import KnowledgeAnswer
from daogou.server.schemas import RecommendAnswer, speak
from daogou.server.search_schemas import SearchAnswer
from daogou.store import Store
from daogou.types import Product

Json = dict[str, Any]
_LIST: Final = RecommendAnswer


@dataclass(frozen=True, slots=True)
class Tool:
    """Something that an assistant elsewhere can call.

    Attributes
    ----------
    arguments
        The shape of its arguments.
    run
        Takes them, returns what is answered; raises as the engine and the store do.
    answer
        The shape of the answer, None where it is a protocol's or a record's.
    ucp
        Whether it is one of UCP's, whose errors are JSON-RPC's.
    reads
        Whether it changes nothing.
    """

    name: str
    description: str
    arguments: type[BaseModel]
    run: Callable[[Any], Json]
    answer: type[BaseModel] | None = None
    ucp: bool = False
    reads: bool = True


class Tools:
    """All of them, over one shop; safe to share between threads."""

    def __init__(
        self, engine: Engine, store: Store, config: ServerConfig, assistant: Assistant
    ) -> None:
        self._engine = engine
        self._store = store
        self._assistant = assistant
        self._default = config.language
        self._currency = config.currency

    def listed(self) -> tuple[Tool, ...]:
        """UCP's three, then ours."""
        return (
            Tool("search_catalog", _SEARCH_UCP, t.SearchCatalog, self._search_catalog, ucp=True),
            Tool("lookup_catalog", _LOOKUP_UCP, t.LookupCatalog, self._lookup_catalog, ucp=True),
            Tool("get_product", _GET_UCP, t.GetProduct, self._get_product, ucp=True),
            Tool("search_products", _SEARCH, t.SearchProducts, self._search, SearchAnswer),
            Tool("recommend_products", _FOR_ME, t.RecommendProducts, self._recommend, _LIST),
            Tool("similar_products", _SIMILAR, t.SimilarProducts, self._similar, _LIST),
            Tool("product_details", _DETAILS, t.ProductDetails, self._details),
            Tool("ask_knowledge", _KNOWLEDGE, t.AskKnowledge, self._knowledge, KnowledgeAnswer),
            Tool("ask_assistant", _TALK, t.AskAssistant, self._ask, ReplyAnswer, reads=False),
            Tool("edit_wishes", _WISHES, t.EditWishes, self._edit, ReplyAnswer, reads=False),
        )

    # --- UCP's

    def _search_catalog(self, asked: t.SearchCatalog) -> Json:
        catalog = asked.catalog
        language = speak(catalog.context.language, self._default)
        request = SearchRequest(
            catalog.query,
            page_size=catalog.pagination.limit,
            page_token=catalog.pagination.cursor,
            filter=self._filter(catalog.filters),
            language=language,
            personalize=False,
        )
        return ucp.search_answer(self._engine.search(request), language)

    def _filter(self, filters: t.UcpFilters) -> str:
        bounds = filters.price or t.PriceFilter()
        # Also without bounds: of what has no price UCP has nothing to say.
        currency = self._engine.currency or self._currency
        parts = [price_filter(bounds.min or 0, bounds.max, currency)]
        for field, values in (
            ("categories", filters.categories),
            ("brand", filters.brand),
            ("availability", [status.upper() for status in filters.availability]),
        ):
            if values:
                parts.append(filter_of(field, tuple(values)))
        return " AND ".join(f"({part})" for part in parts)

    def _lookup_catalog(self, asked: t.LookupCatalog) -> Json:
        ids = list(dict.fromkeys(asked.catalog.ids))
        language = speak(asked.catalog.context.language, self._default)
        return ucp.lookup_answer(ids, self._known(ids), language)

    def _get_product(self, asked: t.GetProduct) -> Json:
        catalog = asked.catalog
        found = next(iter(self._known([catalog.id])), None)
        if found is None or not ucp.sellable(found):
            return ucp.not_found_answer(catalog.id)
        wanted = {option.name: option.label for option in catalog.selected}
        named = next((v for v in found.variants if v.id == catalog.id), None)
        if named is not None:
            wanted = {**named.options, **wanted}
        language = speak(catalog.context.language, self._default)
        return ucp.detail_answer(found, language, wanted, catalog.preferences)

    def _known(self, ids: list[str]) -> list[Product]:
        """The products that ids of products, of variants or barcodes name, each once."""
        direct = self._store.products(ids)
        named = [i for asked in ids for i in self._named(asked, direct)]
        return list(self._store.products(dict.fromkeys(named)).values())

    def _named(self, asked: str, direct: dict[str, Product]) -> list[str]:
        return [asked] if asked in direct else self._store.products_with_code(asked)

    # --- ours

    def _search(self, asked: t.SearchProducts) -> Json:
        language = speak(asked.language_code, self._default)
        request = SearchRequest(
            asked.query,
            asked.visitor_id,
            page_size=asked.page_size,
            page_token=asked.page_token,
            filter=asked.filter,
            order_by=asked.order_by,
            language=language,
        )
        return search_answer(self._engine.search(request), self._store, language)

    def _recommend(self, asked: t.RecommendProducts) -> Json:
        language = speak(asked.language_code, self._default)
        request = RecommendRequest(
            asked.placement,
            asked.visitor_id,
            tuple(asked.product_ids),
            page_size=asked.page_size,
            filter=asked.filter,
            language=language,
        )
        slate = self._engine.recommend(request)
        return recommend_answer(slate, self._store, language, with_score=False)

    def _similar(self, asked: t.SimilarProducts) -> Json:
        if self._store.product(asked.product_id) is None:
            raise missing_product(asked.product_id)
        return self._recommend(
            t.RecommendProducts(
                placement="similar",
                product_ids=[asked.product_id],
                visitor_id=asked.visitor_id,
                filter=asked.filter,
                page_size=asked.page_size,
                language_code=asked.language_code,
            )
        )

    def _details(self, asked: t.ProductDetails) -> Json:
        product = self._store.product(asked.product_id)
        if product is None:
            raise missing_product(asked.product_id)
        language = speak(asked.language_code, self._default)
        return {
            "product": product_to_json(product, language),
            "questions": questions_to_json(product.questions),
        }

    def _knowledge(self, asked: t.AskKnowledge) -> Json:
        return knowledge_answer(
            self._engine,
            self._store,
            speak(asked.language_code, self._default),
            query=asked.query,
            product_id=asked.product_id,
            category=asked.category,
            size=RELATED,
        )

    def _ask(self, asked: t.AskAssistant) -> Json:
        talk = asked.conversation_id
        if talk is None:
            language = speak(asked.language_code, self._default)
            talk = self._assistant.begin(asked.visitor_id, language).conversation_id
        return reply_to_json(self._assistant.say(talk, asked.text))

    def _edit(self, asked: t.EditWishes) -> Json:
        language = speak(asked.language_code, "") if asked.language_code else ""
        reply = self._assistant.edit(
            asked.conversation_id, edit_of(asked), page=Page(language=language or None)
        )
        return reply_to_json(reply)


_SEARCH_UCP: Final = "UCP: search the shop's products by words and filters, page by page."
_LOOKUP_UCP: Final = "UCP: look up products or variants by id or barcode, up to 100 at once."
_GET_UCP: Final = "UCP: one product in full, with its variants for the options selected."
_SEARCH: Final = (
    "Search the shop, in English or Chinese. Budgets, negations, brands, sizes and orders are read"
    " out of the query; the answer says what was understood, and gives a reason with every product."
)
_FOR_ME: Final = "Recommend products for a visitor, or to go with products or a cart."
_SIMILAR: Final = "Products that could be bought instead of this one."
_DETAILS: Final = "A product's whole record, and its questions and answers."
_KNOWLEDGE: Final = (
    "Ask the shop's articles and records: how to choose, use and store, or the shop's policies."
    " Answered word for word with the source, or with null."
)
_TALK: Final = (
    "Talk with the shop's own assistant, in English or Chinese: it remembers wishes and budgets,"
    " compares, and fills a cart after a yes. Go on with the conversationId of its answer."
)
_WISHES: Final = (
    "Set what the shop's assistant knows of the shopper's wishes: what is looked for, what must and"
    " must not be, budgets, how many, for whom. Answered with what fits them now; ask_assistant"
    " obeys them from then on."
)
