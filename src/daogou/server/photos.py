"""Photos in a request: base64, as JSON carries bytes."""

import base64
import binascii
import re
from typing import Final

from daogou.errors import InvalidInput
from daogou.retrieval.photos import MAX_PHOTO

MAX_TEXT: Final = MAX_PHOTO * 4 // 3 + 1024
"""Characters of a photo in base64, line ends and the head of a ``data:`` address included."""
_HEAD: Final = re.compile(r"data:[\w/+.-]*;base64,", re.IGNORECASE)
_URL_SAFE: Final = str.maketrans("-_", "+/", "\r\n")


def photo_bytes(text: str, field: str) -> bytes:
    """The photo that a field carries, in either alphabet of base64, or as a ``data:`` address.

    Raises
    ------
    InvalidInput
        It is empty or not base64.
    """
    head = _HEAD.match(text)
    told = (text[head.end() :] if head else text).translate(_URL_SAFE).strip()
    try:
        photo = base64.b64decode(told + "=" * (-len(told) % 4), validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput(
            f"{field} is not base64 ({error}); expected the bytes of a JPEG, PNG or WebP file.",
            field=field,
        ) from error
    if not photo:
        raise InvalidInput(f"{field} is empty; leave it out, or send a photo.", field=field)
    return photo
