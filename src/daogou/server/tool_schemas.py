"""What the tools of the MCP server take: UCP's in UCP's words, ours in the words of the API."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from daogou.engine import Placement
from daogou.server.conversation_schemas import MAX_MESSAGE, WishesBody
from daogou.server.schemas import (
    MAX_ID,
    MAX_PAGE,
    MAX_TEXT,
    FilterText,
    Identifier,
    LanguageCode,
    Wire,
)

UCP_PAGE: Final = 10
TOOL_PAGE: Final = 10
MAX_QUERY: Final = 1000
Ids = Annotated[list[Identifier], Field(max_length=MAX_PAGE)]
Size = Annotated[int, Field(ge=1, le=MAX_PAGE)]


class Lenient(BaseModel):
    """UCP grows by fields that whoever does not know them leaves aside."""

    model_config = ConfigDict(extra="ignore")


class PriceFilter(Lenient):
    """Bounds of a price in minor units, both included."""

    min: int | None = Field(default=None, ge=0, le=10**12)
    max: int | None = Field(default=None, ge=0, le=10**12)


Status = Literal["in_stock", "out_of_stock", "preorder", "backorder"]


class UcpFilters(Lenient):
    """What products are to be; all of it together."""

    categories: list[str] = Field(default_factory=list, max_length=MAX_PAGE)
    brand: list[str] = Field(default_factory=list, max_length=MAX_PAGE)
    price: PriceFilter | None = None
    availability: list[Status] = Field(default_factory=list, max_length=4)


class UcpContext(Lenient):
    """What the buyer is like; of it the language is used."""

    language: LanguageCode = None


class UcpPage(Lenient):
    """Which page."""

    limit: Size = UCP_PAGE
    cursor: str = Field(default="", max_length=MAX_TEXT)


class UcpSearch(Lenient):
    """Of `search_catalog`."""

    query: str = Field(default="", max_length=MAX_TEXT)
    filters: UcpFilters = UcpFilters()
    context: UcpContext = UcpContext()
    pagination: UcpPage = UcpPage()


class UcpLookup(Lenient):
    """Of `lookup_catalog`: ids of products or variants, or barcodes."""

    ids: Annotated[Ids, Field(min_length=1)]
    context: UcpContext = UcpContext()


class UcpOption(Lenient):
    """A chosen option."""

    name: str = Field(max_length=MAX_ID)
    label: str = Field(max_length=MAX_ID)


class UcpDetail(Lenient):
    """Of `get_product`."""

    id: Identifier
    selected: list[UcpOption] = Field(default_factory=list, max_length=MAX_PAGE)
    preferences: list[str] = Field(default_factory=list, max_length=MAX_PAGE)
    context: UcpContext = UcpContext()


class SearchCatalog(Lenient):
    """`search_catalog`."""

    catalog: UcpSearch
    meta: dict[str, Any] = Field(default_factory=dict)


class LookupCatalog(Lenient):
    """`lookup_catalog`."""

    catalog: UcpLookup
    meta: dict[str, Any] = Field(default_factory=dict)


class GetProduct(Lenient):
    """`get_product`."""

    catalog: UcpDetail
    meta: dict[str, Any] = Field(default_factory=dict)


class Asking(Wire):
    """What our tools share."""

    language_code: LanguageCode = None


class SearchProducts(Asking):
    """`search_products`."""

    query: str = Field(
        max_length=MAX_TEXT,
        description="As a shopper would type it, wishes included; empty browses.",
        examples=["milk under $3, not chocolate", "200元以下的跑鞋 不要白色"],
    )
    filter: FilterText = ""
    order_by: str = Field(default="", max_length=MAX_ID, examples=["price", "rating desc"])
    page_size: Size = TOOL_PAGE
    page_token: str = Field(default="", max_length=MAX_TEXT)
    visitor_id: Identifier | None = None


class RecommendProducts(Asking):
    """`recommend_products`."""

    placement: Placement = Field(
        default="home",
        description="`home` and `buy-again` are for the visitor, the others need `productIds`.",
    )
    product_ids: Ids = Field(default_factory=list)
    visitor_id: Identifier | None = None
    filter: FilterText = ""
    page_size: Size = TOOL_PAGE


class SimilarProducts(Asking):
    """`similar_products`."""

    product_id: Identifier
    visitor_id: Identifier | None = None
    filter: FilterText = ""
    page_size: Size = TOOL_PAGE


class ProductDetails(Asking):
    """`product_details`."""

    product_id: Identifier


class AskKnowledge(Asking):
    """`ask_knowledge`."""

    query: str = Field(min_length=1, max_length=MAX_QUERY)
    product_id: Identifier | None = None
    category: str | None = Field(default=None, max_length=MAX_QUERY)


class AskAssistant(Asking):
    """`ask_assistant`."""

    text: str = Field(
        max_length=MAX_MESSAGE,
        description="What the shopper says, or the `payload` of a quick reply.",
    )
    conversation_id: str | None = Field(
        default=None,
        max_length=MAX_ID,
        description="Of the answer before, to go on with it; a new conversation without it.",
    )
    visitor_id: Identifier | None = None


class EditWishes(Asking, WishesBody):
    """`edit_wishes`: what is left out stays, null forgets."""

    conversation_id: str = Field(
        min_length=1, max_length=MAX_ID, description="Of an answer of `ask_assistant`."
    )
