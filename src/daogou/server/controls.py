"""``/v1/controls``: what a merchant decides about searches, and a dry run of it."""

import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Query, Response

from daogou.engine import Engine, SearchRequest
from daogou.errors import FilterError, InvalidInput, NotFound
from daogou.merchandising import (
    MAX_CONTROLS,
    BoostAction,
    Control,
    ControlSet,
    FilterAction,
    PinAction,
    control_from_json,
    control_to_json,
)
from daogou.server.answers import json_response, search_answer
from daogou.server.bodies import json_body
from daogou.server.config import ServerConfig
from daogou.server.control_schemas import (
    CONTROL_EXAMPLE,
    CONTROLS_PAGE,
    ControlAnswer,
    ControlList,
    ControlOut,
    PreviewAnswer,
    PreviewBody,
    control_body,
)
from daogou.server.errors import shown
from daogou.server.metrics import Metrics
from daogou.server.openapi import answers
from daogou.server.schemas import MAX_ID, DeletedAnswer, speak
from daogou.server.shopping import search_request
from daogou.store import Store

ControlId = Annotated[str, Path(min_length=1, max_length=MAX_ID, examples=["summer-sale"])]
_DEPTH: Final = 6
"""A control has no objects deeper within objects than this."""


def control_routes(
    engine: Engine, store: Store, config: ServerConfig, metrics: Metrics
) -> APIRouter:
    """The merchant's side of search. A change shows in the next request."""
    router = APIRouter(prefix="/v1", tags=["controls"])

    @router.get("/controls", summary="List the controls", responses=answers(ControlList))
    def list_controls(
        page_size: Annotated[
            int, Query(alias="pageSize", ge=0, le=MAX_CONTROLS, description="0 means 100.")
        ] = CONTROLS_PAGE,
        page_token: Annotated[
            str,
            Query(alias="pageToken", max_length=MAX_ID, description="`nextPageToken` before."),
        ] = "",
    ) -> Response:
        following = [control for control in store.controls() if control.id > page_token]
        page = following[: page_size or CONTROLS_PAGE]
        answer: dict[str, Any] = {"controls": [control_to_json(control) for control in page]}
        if len(page) < len(following):
            answer["nextPageToken"] = page[-1].id
        return json_response(answer)

    @router.post(
        "/controls",
        summary="Add a control",
        description="Without an `id` it gets one.",
        responses=answers(ControlAnswer),
        openapi_extra=control_body(CONTROL_EXAMPLE),
    )
    def add_control(body: Annotated[Any, Depends(json_body)]) -> Response:
        control = _checked(engine, _named(_object(body)))
        return _told(store, store.put_control(control, new=True))

    @router.get("/controls/{control_id}", summary="Get a control", responses=answers(ControlOut))
    def get_control(control_id: ControlId) -> Response:
        return json_response(control_to_json(_stored(store, control_id)))

    @router.patch(
        "/controls/{control_id}",
        summary="Change a control",
        description="A JSON merge patch (RFC 7396): what is left out stays, null takes away. To"
        " change the kind of action, set the old one to null.",
        responses=answers(ControlAnswer),
        openapi_extra=control_body({"displayName": "Own brand first", "rule": {"condition": None}}),
    )
    def patch_control(control_id: ControlId, body: Annotated[Any, Depends(json_body)]) -> Response:
        patch = _object(body)
        if patch.get("id", control_id) != control_id:
            raise InvalidInput(
                f"id is {shown(patch['id'])} and the address says {control_id!r}; a control keeps"
                " its id: leave it out of the body.",
                field="id",
            )

        def edit(control: Control) -> Control:
            return _checked(engine, merge_patch(control_to_json(control), patch))

        changed = store.change_control(control_id, edit)
        if changed is None:
            raise _missing(control_id)
        return _told(store, changed)

    @router.delete(
        "/controls/{control_id}", summary="Delete a control", responses=answers(DeletedAnswer)
    )
    def delete_control(control_id: ControlId) -> Response:
        if not store.delete_control(control_id):
            raise _missing(control_id)
        return json_response({"deleted": 1})

    @router.post(
        "/controls:preview",
        summary="See a page with and without a control",
        description="Nothing is stored, and no shopper sees anything of it.",
        responses=answers(PreviewAnswer),
    )
    def preview(body: PreviewBody) -> Response:
        control = _asked_about(engine, store, body)
        others = [other for other in store.controls() if other.id != control.id]
        language = speak(body.search.language_code, config.language)
        request = search_request(body.search, language)
        with metrics.stage("preview", "engine"):
            before = engine.search(request, ControlSet(others))
            after = engine.search(request, ControlSet([*others, control]))
        with metrics.stage("preview", "answer"):
            pages = [search_answer(found, store, language) for found in (before, after)]
        return json_response(
            {
                "without": pages[0],
                "with": pages[1],
                "changes": _changes(*pages, first=request.offset + 1),
                "warnings": warnings(store, control),
            }
        )

    return router


def merge_patch(target: Any, patch: Any, depth: int = _DEPTH) -> Any:
    """``target`` with ``patch`` merged into it, as RFC 7396 has it.

    Objects deeper than ``depth`` are replaced as they are: no control has any.
    """
    if not isinstance(patch, Mapping) or not depth:
        return patch
    merged = dict(target) if isinstance(target, Mapping) else {}
    for key, value in patch.items():
        if value is None:
            merged.pop(key, None)
        else:
            merged[key] = merge_patch(merged.get(key), value, depth - 1)
    return merged


def warnings(store: Store, control: Control) -> list[str]:
    """What a control says that is allowed, and hardly meant."""
    told = []
    if isinstance(control.action, PinAction):
        ids = [product for _, product in control.action.pins]
        known = store.products(ids)
        told += [
            f"There is no product {shown(id_)}: nothing is pinned to position {position}"
            " until there is."
            for position, id_ in control.action.pins
            if id_ not in known
        ]
    if isinstance(control.action, BoostAction) and not control.action.boost:
        told.append("A boost of 0 moves nothing; 1 brings up most, -1 buries.")
    periods = control.condition.active_time_range
    now = datetime.now(UTC)
    if periods and all(period.end is not None and period.end < now for period in periods):
        told.append("The control's time is over: it does nothing until it gets a later period.")
    return told


def _object(body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise InvalidInput(f"the body is {shown(body)}; expected one control.")
    return body


def _named(data: Mapping[str, Any]) -> dict[str, Any]:
    """The control with an id, a new one where it has none."""
    named = dict(data)
    if named.get("id") is None:
        named["id"] = f"control-{secrets.token_hex(6)}"
    return named


def _checked(engine: Engine, data: Any, path: str = "") -> Control:
    """Read a control, and try its filter on the shop as it is."""
    control = control_from_json(data, path)
    prefix = f"{path}.rule" if path else "rule"
    match control.action:
        case BoostAction(_, expression):
            _check_filter(engine, expression, f"{prefix}.boostAction.productsFilter")
        case FilterAction(expression):
            _check_filter(engine, expression, f"{prefix}.filterAction.filter")
    return control


def _check_filter(engine: Engine, expression: str, field: str) -> None:
    """Have the engine read a filter, which alone knows the fields that products have."""
    request = SearchRequest("", page_size=1, filter=expression, personalize=False)
    try:
        engine.search(request, ControlSet())
    except FilterError as error:
        error.field = field
        raise


def _asked_about(engine: Engine, store: Store, body: PreviewBody) -> Control:
    if body.control is not None and body.control_id is None:
        return _checked(engine, _named(body.control), "control")
    if body.control_id is not None and body.control is None:
        return _stored(store, body.control_id)
    found = "neither" if body.control is None else "both"
    raise InvalidInput(
        f"{found} of control and controlId were sent; expected one of them: a control to try, or"
        " the id of one that is stored.",
        field="control",
    )


def _changes(
    before: Mapping[str, Any], after: Mapping[str, Any], *, first: int
) -> list[dict[str, Any]]:
    """The products that are at another place of the page, or on one page alone."""
    places = [
        {result["id"]: place for place, result in enumerate(page["results"], first)}
        for page in (before, after)
    ]
    was, now = places
    return [
        {"id": id_, "from": was.get(id_), "to": now.get(id_)}
        for id_ in {**now, **was}
        if was.get(id_) != now.get(id_)
    ]


def _stored(store: Store, control_id: str) -> Control:
    control = store.control(control_id)
    if control is None:
        raise _missing(control_id)
    return control


def _told(store: Store, control: Control) -> Response:
    told = {"control": control_to_json(control), "warnings": warnings(store, control)}
    return json_response(told)


def _missing(control_id: str) -> NotFound:
    return NotFound(f"There is no control {shown(control_id)}; GET /v1/controls lists them.")
