"""The one JSON shape of errors, Google's: code, status, message, and what was wrong where."""

import logging
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from daogou.config import nearest
from daogou.errors import (
    BundleError,
    Conflict,
    DaogouError,
    EncoderError,
    FilterError,
    InvalidInput,
    NotFound,
    Overloaded,
    StoreError,
    safe_repr,
)

log = logging.getLogger("daogou.server")

STATUSES: Final[Mapping[int, str]] = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "METHOD_NOT_ALLOWED",
    409: "ABORTED",
    413: "PAYLOAD_TOO_LARGE",
    415: "UNSUPPORTED_MEDIA_TYPE",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
_UNAVAILABLE: Final = (StoreError, BundleError, EncoderError)
_MAX_SHOWN: Final = 80
UNEXPECTED: Final = "The server failed; the operator finds the reason in its log. Try again later."
"""All that a caller learns of a fault of ours."""
AWAY: Final = (
    "What the server answers from is away, or takes nothing now; the operator finds the reason in"
    " the log. Try again in a moment: what carries the same ids counts once."
)
"""All that a caller learns of a database or a bundle that cannot be used."""


def error_body(
    code: int,
    message: str,
    *,
    field: str | None = None,
    details: Sequence[Mapping[str, Any]] = (),
) -> dict[str, Any]:
    """``{"error": {...}}`` for an HTTP status.

    ``field`` and ``details`` are left out where there is nothing to say.
    """
    error: dict[str, Any] = {
        "code": code,
        "status": STATUSES.get(code, "UNKNOWN"),
        "message": message,
    }
    if field:
        error["field"] = field
    if details:
        error["details"] = list(details)
    return {"error": error}


def error_response(code: int, message: str, **rest: Any) -> Response:
    """The same, as a response."""
    headers = {"Retry-After": "1"} if code in (429, 503) else {}
    return Response(
        orjson.dumps(error_body(code, message, **rest)),
        status_code=code,
        headers=headers,
        media_type="application/json",
    )


def shown(value: object) -> str:
    """A caller's value, short enough for a message."""
    text = safe_repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}… ({len(text)} characters)"


def missing_product(product_id: str) -> NotFound:
    """What is raised where there is no product with an id."""
    return NotFound(f"There is no product {shown(product_id)}; put it, or search for it.")


class NoneUsable(InvalidInput):
    """Every item of a body was refused; ``details`` says why, one by one."""

    def __init__(self, message: str, details: Sequence[Mapping[str, Any]]) -> None:
        super().__init__(message, field=details[0].get("field"))
        self.details = details


class Unauthorized(DaogouError):
    """A request needs a key and has none, or one that is not in force.

    ``invalid`` tells the two apart.
    """

    def __init__(self, message: str, *, invalid: bool = False) -> None:
        self.invalid = invalid
        super().__init__(message)


class Forbidden(DaogouError):
    """Who sent a request is known, and may not do this."""


class TooMany(DaogouError):
    """A client has sent more than it may; ``retry_after`` seconds later it may again."""

    def __init__(self, per_minute: int, retry_after: float, what: str = "messages") -> None:
        self.retry_after = max(1, math.ceil(retry_after))
        super().__init__(
            f"there were more than {per_minute:,} {what} in a minute;"
            f" send the next one in {self.retry_after} s."
        )


class _Seldom:
    """Logs a trouble that fails every request once in a while, and not once a request."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._last = ("", -math.inf)

    def tell(self, text: str) -> None:
        """Log it, unless it was logged just now."""
        now = time.monotonic()
        if self._last[0] != text or now - self._last[1] > self._seconds:
            self._last = (text, now)
            log.error("%s", text)


_away: Final = _Seldom(seconds=10)


def answer_for(error: DaogouError) -> Response:
    """The response that an exception of ours becomes."""
    match error:
        case FilterError():
            details = [{"field": error.field, "column": error.column, "message": str(error)}]
            return error_response(400, str(error), field=error.field, details=details)
        case NoneUsable():
            return error_response(400, str(error), field=error.field, details=error.details)
        case InvalidInput():
            return error_response(400, str(error), field=error.field)
        case NotFound():
            return error_response(404, str(error))
        case Conflict():
            return error_response(409, str(error))
        case Unauthorized():
            response = error_response(401, str(error))
            # RFC 6750: who sent no key is not told of an error.
            told = ', error="invalid_token"' if error.invalid else ""
            response.headers["WWW-Authenticate"] = f'Bearer realm="daogou"{told}'
            return response
        case Forbidden():
            return error_response(403, str(error))
        case TooMany():
            response = error_response(429, str(error))
            response.headers["Retry-After"] = str(error.retry_after)
            return response
        case Overloaded():
            return error_response(429, str(error))
        case _ if isinstance(error, _UNAVAILABLE):
            # Names of hosts, databases and folders are the operator's business.
            _away.tell(str(error))
            return error_response(503, AWAY)
        case _:
            log.error("%s", error, exc_info=error)
            return error_response(500, UNEXPECTED)


def _dotted(location: Iterable[str | int]) -> str:
    """``("body", "facetSpecs", 0, "facetKey")`` as ``facetSpecs[0].facetKey``."""
    path = ""
    for part in list(location)[1:]:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def complaint(error: Mapping[str, Any], known: Sequence[str]) -> dict[str, str]:
    """What pydantic found wrong, as field and sentence."""
    if error["type"] == "json_invalid":
        position = error["loc"][-1]
        reason = error.get("ctx", {}).get("error", "")
        return {"field": "", "message": f"the body is not JSON: {reason} at character {position}."}
    field = _dotted(error["loc"])
    if error["type"] == "extra_forbidden":
        name = field.rpartition(".")[2]
        if name in known:
            message = f"there is no field '{name}' in this place; /openapi.json says where it is."
        else:
            message = f"there is no field '{name}'.{nearest(name, known)}"
        return {"field": field, "message": message}
    if error["type"] == "missing":
        return {"field": field, "message": f"{field or 'the body'} is missing."}
    found = f"{field or 'the body'} is {shown(error.get('input'))}; "
    return {"field": field, "message": f"{found}{error['msg'][0].lower()}{error['msg'][1:]}."}


def install(app: FastAPI, known_fields: Iterable[str]) -> None:
    """Have every expected error of ``app`` answered in the one shape; the gate sees to the others.

    ``known_fields`` are the names from which the nearest to an unknown one is chosen.
    """
    known = sorted(known_fields)

    async def on_daogou(_: Request, error: Exception) -> Response:
        assert isinstance(error, DaogouError)  # noqa: S101  # as registered below
        return answer_for(error)

    async def on_validation(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        details = [complaint(e, known) for e in error.errors()]
        return error_response(
            400, details[0]["message"], field=details[0]["field"] or None, details=details
        )

    async def on_http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        message = str(error.detail)
        if error.status_code == 404:
            message = f"There is nothing at {shown(request.url.path)}; see /openapi.json."
        elif error.status_code == 405:
            allowed = (error.headers or {}).get("Allow", "")
            message = f"{request.method} is not possible here; expected {allowed or 'another'}."
        response = error_response(error.status_code, message)
        response.headers.update(error.headers or {})
        return response

    app.add_exception_handler(DaogouError, on_daogou)
    app.add_exception_handler(RequestValidationError, on_validation)
    app.add_exception_handler(HTTPException, on_http)
