"""Page tokens: where a list goes on, and as of when.

A token says as of which moment the list was made. The next page is made of the visitor's
events up to that moment, and so of the same order, whatever happened since; only a new bundle
brings a new order, in which a list goes on at the same place. It is opaque, not secret:
everything in it is checked when it comes back.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Final

import orjson

from daogou.engine.requests import SearchRequest
from daogou.errors import InvalidInput

_VERSION: Final = 2
_MAX_AGE: Final = 24 * 3600.0
_CLOCKS_APART: Final = 60.0
"""Seconds by which another worker's clock may be ahead."""


@dataclass(frozen=True, slots=True)
class PageToken:
    """Where a list goes on.

    Attributes
    ----------
    offset
        The first place of the next page.
    as_of
        Seconds since 1970: the events up to here made the order.
    """

    offset: int
    as_of: float

    def encode(self, request: SearchRequest) -> str:
        """The token to give out; it fits ``request`` alone."""
        content = [_VERSION, self.offset, self.as_of, fingerprint(request)]
        return base64.urlsafe_b64encode(orjson.dumps(content)).decode().rstrip("=")

    @classmethod
    def decode(cls, text: str, request: SearchRequest, now: float) -> "PageToken":
        """Read a token that came back.

        Raises
        ------
        InvalidInput
            It is damaged or forged, belongs to another request, or is older than a day.
        """
        try:
            padded = text.encode("ascii") + b"=" * (-len(text) % 4)
            content = orjson.loads(base64.b64decode(padded, altchars=b"-_", validate=True))
            version, offset, as_of, fitting = content
            sound = version == _VERSION and type(offset) is int and 0 <= offset < 2**31
            sound = sound and isinstance(as_of, float) and as_of <= now + _CLOCKS_APART
        except (ValueError, TypeError, binascii.Error):
            sound = False
        if not sound:
            raise _refused("is not one that this server gave out")
        if fitting != fingerprint(request):
            raise _refused("belongs to another query, filter, order or visitor")
        if as_of < now - _MAX_AGE:
            raise _refused("is more than a day old")
        return cls(offset, as_of)


def fingerprint(request: SearchRequest) -> str:
    """What has to be equal on all pages of a list, as a short hash."""
    parts = (
        request.query,
        request.visitor_id if request.personalize else None,
        request.filter,
        sorted(request.excluded_ids),
        request.order_by,
        request.boosts,
        request.spelling,
        request.understand,
        sorted(request.removed),
        request.page_categories,
        request.language,
        hashlib.sha256(request.image).hexdigest() if request.image is not None else None,
    )
    # A half of a surrogate pair cannot be encoded as it is.
    told = repr(parts).encode("utf-8", "backslashreplace")
    return hashlib.sha256(told).hexdigest()[:16]


def _refused(why: str) -> InvalidInput:
    return InvalidInput(
        f"the page token {why}; expected nextPageToken of the page before, with the same request"
        " otherwise. Ask for the first page again, without a token.",
        field="pageToken",
    )
