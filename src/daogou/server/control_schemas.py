"""A merchant's controls as they go over the wire.

Controls are read by :mod:`daogou.merchandising`, which knows their limits; these
models describe them to callers, and the tests hold the two against each other.
"""

from typing import Annotated, Any, Final

from pydantic import Field

from daogou.server.schemas import MAX_ID, Wire
from daogou.server.search_schemas import SearchAnswer, SearchBody

CONTROLS_PAGE: Final = 100
CONTROL_EXAMPLE: Final[dict[str, Any]] = {
    "id": "summer-sale",
    "displayName": "Own brand first in summer",
    "rule": {
        "condition": {
            "queryTerms": [{"value": "milk"}, {"value": "牛奶"}],
            "activeTimeRange": [
                {"startTime": "2026-06-01T00:00:00Z", "endTime": "2026-08-31T23:59:59Z"}
            ],
        },
        "boostAction": {"boost": 0.5, "productsFilter": 'brand: ANY("Green Farm")'},
    },
}

Terms = Annotated[list[str], Field(description="Words or phrases, in any language.")]


class QueryTermOut(Wire):
    """What a query is, or has in it."""

    value: str
    full_match: bool = Field(default=False, description="The query is this and nothing else.")


class TimeRangeOut(Wire):
    """A period; an open side is left out."""

    start_time: str | None = None
    end_time: str | None = Field(default=None, description="Included.")


class ConditionOut(Wire):
    """When a control applies: of each list that is given, one member has to fit."""

    query_terms: list[QueryTermOut] | None = None
    active_time_range: list[TimeRangeOut] | None = None
    page_categories: list[str] | None = Field(
        default=None, description="Compared with `pageCategories` of the search."
    )


class BoostActionOut(Wire):
    """Bring products up, or bury them."""

    boost: float = Field(ge=-1, le=1, description="1 brings up most, -1 buries.")
    products_filter: str


class FilterActionOut(Wire):
    """Find only some products."""

    filter: str


class RedirectActionOut(Wire):
    """Send the shopper to a page."""

    redirect_uri: str


class OnewaySynonymsActionOut(Wire):
    """A query with one of the terms also finds the synonyms."""

    query_terms: Terms
    synonyms: Terms


class TwowaySynonymsActionOut(Wire):
    """A query with one of these also finds the others."""

    synonyms: Terms


class ReplacementActionOut(Wire):
    """Search for another word."""

    query_terms: Terms
    replacement_term: str


class IgnoreActionOut(Wire):
    """Leave words out of the query."""

    ignore_terms: Terms


class DoNotAssociateActionOut(Wire):
    """Do not widen a query with one of the terms to some others."""

    query_terms: Terms
    do_not_associate_terms: Terms


class PinActionOut(Wire):
    """Put products in fixed places."""

    pin_map: dict[str, str] = Field(description="From the position, 1 first, to the product's ID.")


class RuleOut(Wire):
    """A condition, and exactly one action."""

    condition: ConditionOut | None = None
    boost_action: BoostActionOut | None = None
    filter_action: FilterActionOut | None = None
    redirect_action: RedirectActionOut | None = None
    oneway_synonyms_action: OnewaySynonymsActionOut | None = None
    twoway_synonyms_action: TwowaySynonymsActionOut | None = None
    replacement_action: ReplacementActionOut | None = None
    ignore_action: IgnoreActionOut | None = None
    do_not_associate_action: DoNotAssociateActionOut | None = None
    pin_action: PinActionOut | None = None


class ControlOut(Wire):
    """A merchant's decision about searches."""

    id: str = Field(examples=["summer-sale"])
    display_name: str
    solution_types: list[str]
    rule: RuleOut
    create_time: str | None = None
    update_time: str | None = None


class ControlAnswer(Wire):
    """A control as it is stored now."""

    control: ControlOut
    warnings: list[str] = Field(description="What is allowed, and hardly meant.")


class ControlList(Wire):
    """Controls by ID, the order in which they act."""

    controls: list[ControlOut]
    next_page_token: str | None = None


class PreviewBody(Wire):
    """`POST /v1/controls:preview`."""

    control: dict[str, Any] | None = Field(
        default=None,
        description="One that need not be stored; it stands in for a stored one of the same ID.",
        examples=[CONTROL_EXAMPLE],
    )
    control_id: str | None = Field(
        default=None, max_length=MAX_ID, description="Or one that is stored."
    )
    search: SearchBody


class ChangeOut(Wire):
    """A product that the control moves; positions count from 1 on, null is not on the page."""

    id: str
    from_: int | None = Field(alias="from")
    to: int | None


class PreviewAnswer(Wire):
    """A page without a control and with it, all other controls at work in both."""

    without: SearchAnswer
    with_: SearchAnswer = Field(alias="with")
    changes: list[ChangeOut]
    warnings: list[str]


def control_body(example: dict[str, Any]) -> dict[str, Any]:
    """What OpenAPI says of a body that is a control, or a part of one."""
    media = {"schema": {"type": "object"}, "example": example}
    return {"requestBody": {"required": True, "content": {"application/json": media}}}


REQUESTS: Final = (PreviewBody,)
"""What a caller writes; the nearest name to an unknown field is looked for here."""
