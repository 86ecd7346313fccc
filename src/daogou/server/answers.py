"""Slates to answers."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from fastapi import Response

from daogou.engine import Chip, Explanation, SearchSlate, attribution_token, render_reason
from daogou.feeds.codec import product_to_json
from daogou.retrieval.suggest import Suggestion
from daogou.store import Store
from daogou.types import Facet, FacetValue, Product, Reason, ScoredProduct, Slate
from daogou.understanding import Understanding


def json_response(content: object, status_code: int = 200) -> Response:
    """``content`` as JSON."""
    return Response(orjson.dumps(content), status_code, media_type="application/json")


class Teller:
    """Tells the reasons of a slate in one language.

    The titles of all the products that the reasons name are read at once.
    """

    def __init__(
        self, store: Store, items: Sequence[ScoredProduct | Explanation], language: str
    ) -> None:
        ids = {id_ for item in items for reason in item.reasons for id_ in reason.product_ids}
        self.language = language
        self.titles = {id_: p.title_in(language) for id_, p in store.products(ids).items()}

    def tell(self, reason: Reason) -> dict[str, Any]:
        """A reason with its sentence."""
        return {
            "code": reason.code,
            "text": render_reason(reason, self.language, self.titles),
            "productIds": list(reason.product_ids),
        }


def search_answer(found: SearchSlate, store: Store, language: str) -> dict[str, Any]:
    """A page of matches, as `SearchAnswer` describes it."""
    slate = found.slate
    teller = Teller(store, slate.items, language)
    answer: dict[str, Any] = {
        "results": [
            {
                "id": item.product.id,
                "product": product_to_json(item.product, language),
                "reasons": [teller.tell(reason) for reason in item.reasons],
            }
            for item in slate.items
        ],
        "facets": [_facet(facet) for facet in slate.facets],
        "totalSize": slate.total,
        "attributionToken": slate.recommendation_id,
        "policyId": slate.policy_id,
        "correctionApplied": found.correction_applied,
        "relaxations": [
            {
                "text": relaxation.text,
                "removed": list(relaxation.removed),
                "totalSize": relaxation.total,
                "applied": relaxation.applied,
            }
            for relaxation in found.relaxations
        ],
        "appliedControls": list(found.controls),
    }
    if found.understanding is not None:
        answer["understanding"] = _understanding(found, found.understanding)
    told = {
        "nextPageToken": found.next_page_token,
        "correctedQuery": found.corrected_query,
        "redirectUri": found.redirect_uri,
    }
    return answer | {key: value for key, value in told.items() if value is not None}


def _understanding(found: SearchSlate, understood: Understanding) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "text": understood.text,
        "language": understood.language,
        "residual": understood.residual,
        "constraints": [_constraint(chip, understood.text) for chip in found.chips],
    }
    if sort := understood.sort:
        answer["sort"] = {
            "id": sort.id,
            "orderBy": sort.order_by,
            "start": sort.start,
            "end": sort.end,
            "confidence": sort.confidence,
        }
    return answer


def _constraint(chip: Chip, query: str) -> dict[str, Any]:
    answer: dict[str, Any] = {
        "id": chip.id,
        "field": chip.field,
        "strength": chip.strength,
        "label": chip.label,
        "text": query[chip.start : chip.end],
        "start": chip.start,
        "end": chip.end,
        "confidence": chip.confidence,
        "applied": chip.applied,
        "values": list(chip.values),
        "filter": chip.filter,
    }
    bounds = {"minimum": chip.low, "maximum": chip.high}
    if interval := {key: bound for key, bound in bounds.items() if bound is not None}:
        answer["interval"] = interval
    return answer


def completion_answer(suggestions: Sequence[Suggestion]) -> dict[str, Any]:
    """Suggestions, as `CompletionAnswer` describes them."""
    return {
        "completionResults": [_completion(suggestion) for suggestion in suggestions],
        "attributionToken": attribution_token(),
    }


def recommend_answer(
    slate: Slate, store: Store, language: str, *, with_score: bool
) -> dict[str, Any]:
    """A recommended list, as `RecommendAnswer` describes it."""
    teller = Teller(store, slate.items, language)
    results = []
    for item in slate.items:
        result: dict[str, Any] = {
            "id": item.product.id,
            "product": product_to_json(item.product, language),
        }
        if item.reasons:
            result["reason"] = teller.tell(item.reasons[0])
        if with_score:
            result["score"] = item.score
        if item.propensity < 1:
            result["propensity"] = item.propensity
        results.append(result)
    return {
        "results": results,
        "attributionToken": slate.recommendation_id,
        "policyId": slate.policy_id,
    }


def explain_answer(told: Explanation, store: Store, language: str) -> dict[str, Any]:
    """Why a product stands where it stands, as `ExplainAnswer` describes it."""
    teller = Teller(store, [told], language)
    tested = store.products([effect.product_id for effect in told.evidence])
    titles = {id_: product.title_in(language) for id_, product in tested.items()}
    answer: dict[str, Any] = {
        "productId": told.product_id,
        "policyId": told.policy_id,
        "reasons": [teller.tell(reason) for reason in told.reasons],
        "sources": [
            {"source": name, "rank": source.rank, "score": source.score}
            for name, source in told.sources.items()
        ],
        "scores": told.scores,
        "features": told.features,
        "evidence": [
            {
                "productId": effect.product_id,
                "title": titles.get(effect.product_id, effect.product_id),
                "score": effect.score,
                "without": effect.without,
            }
            for effect in told.evidence
        ],
    }
    if parts := told.contributions:
        answer["contributions"] = {
            "score": parts.score,
            "base": parts.base,
            "groups": parts.groups,
        }
    if what_if := told.counterfactual:
        answer["counterfactual"] = {
            "removed": what_if.removed,
            "scoreBefore": what_if.score_before,
            "scoreAfter": what_if.score_after,
            "rankBefore": what_if.rank_before,
            "rankAfter": what_if.rank_after,
        }
    return answer


def products_by_id(products: Mapping[str, Product], language: str) -> dict[str, dict[str, Any]]:
    """Products as JSON, under their IDs."""
    return {id_: product_to_json(product, language) for id_, product in products.items()}


def _facet(facet: Facet) -> dict[str, Any]:
    return {"key": facet.key, "values": [_facet_value(value) for value in facet.values]}


def _facet_value(value: FacetValue) -> dict[str, Any]:
    answer: dict[str, Any] = {"count": value.count}
    if value.value is not None:
        answer["value"] = value.value
    else:
        bounds = {"minimum": value.low, "exclusiveMaximum": value.high}
        answer["interval"] = {k: bound for k, bound in bounds.items() if bound is not None}
    return answer


def _completion(suggestion: Suggestion) -> dict[str, Any]:
    phrase = suggestion.phrase
    answer: dict[str, Any] = {
        "suggestion": phrase.text,
        "kind": phrase.kind,
        "highlight": [list(span) for span in suggestion.highlight],
    }
    if phrase.kind == "product":
        answer["id"] = phrase.id
    if phrase.filter is not None:
        answer["filter"] = phrase.filter
    return answer
