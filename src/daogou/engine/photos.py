"""Search by a photo: what looks like it, what is said beside it, and what to do where none can."""

import re
from dataclasses import replace
from typing import Final

import numpy as np

from daogou.engine.asking import Asked
from daogou.engine.config import EngineConfig
from daogou.engine.scoring import Query, query_scores
from daogou.engine.searching import Found, Matched, in_order, moved, on_content
from daogou.engine.view import View
from daogou.errors import EncoderError, InvalidInput
from daogou.features.items import Float32, Int32
from daogou.retrieval import Candidates, fuse

FIELD: Final = "imageQuery.imageBytes"
_POINTING: Final = re.compile(
    r"\b(?:(?:something|anything|items?|products?|ones?|stuff) )?"
    r"(?:that (?:looks?|is|are) )?(?:exactly |just |much )?(?:the same as|same as|similar to|like)"
    r" (?:this|that|these|those|it)\b(?: (?:one|photo|picture|image|pic))?"
    r"|\b(?:in|on|from) (?:this|the|my) (?:photo|picture|image|pic)\b"
    r"|(?:(?:和|跟|与|像)?(?:这个|这款|这张|这种|图中的?|图片(?:里|上|中)?的?|照片(?:里|上|中)?的?|它)"
    r"(?:图|图片|照片)?(?:差不多|类似|相似|一样|相同)?的?(?:款|款式)?)"
    r"|(?:同款|类似的?|相似的?)",
    re.IGNORECASE,
)
"""Words that point at the photo, and say nothing of what is wanted: "like this", 这个."""
_JOINT: Final = re.compile(
    r"^[\s,，]*(?:but|only|just|但是|但|不过|只是|要)[\s,，]*", re.IGNORECASE
)


def beside_photo(text: str) -> str:
    """What a text says besides pointing at the photo: "like this but in blue" is "in blue"."""
    return _JOINT.sub("", _POINTING.sub(" ", text)).strip(" ,，?？!！。.")


def photo_vector(view: View, photo: bytes) -> Float32:
    """What a photo looks like, [D].

    Raises
    ------
    InvalidInput
        It cannot be read, or this shop cannot be searched by photo.
    """
    if view.model is None or view.model.photos is None:
        raise InvalidInput(
            "this shop cannot be searched by photo: its active bundle has no pictures of products."
            " Set [encoder] image_folder, or fetch them with `daogou import images`, then run"
            " `daogou train` with the extra: pip install 'daogou[images]'.",
            field="imageQuery",
        )
    try:
        return view.model.photos.vector(photo)
    except EncoderError as error:
        raise InvalidInput(str(error), field=FIELD) from error


def match_photo(view: View, asked: Asked, config: EngineConfig) -> Matched:
    """What looks like the photo, before any filter."""
    found = _alike(view, asked, asked.sellable, config)
    return Matched(found.items, found.scores)


def find_photo(view: View, asked: Asked, config: EngineConfig) -> Found:
    """What looks like the photo and passes the filters and the hard wishes.

    Words that are no wish move products among these: they leave nothing out, for a photo is
    seldom of what its words are found in.
    """
    alike = _alike(view, asked, asked.mask, config)
    rows, scores = alike.items, alike.scores
    if asked.order_by:
        rows = view.catalogue.ordered(rows, asked.order_by)
        return Found(rows, np.zeros(0, np.float32), fuse([alike], len(rows)))
    if asked.query is not None and len(rows):
        scores = scores + np.float32(config.weight_words) * _said(view, asked, asked.query, rows)
    scores = moved(scores, rows, asked)
    return in_order(rows, scores, rows, fuse([alike], len(rows)))


def _alike(
    view: View, asked: Asked, mask: "np.ndarray[tuple[int], np.dtype[np.bool_]]",
    config: EngineConfig,
) -> Candidates:  # fmt: skip
    if asked.photo is None or view.model is None or view.model.photos is None:
        raise ValueError("there is no photo")
    return view.model.photos.near(asked.photo, mask, config.candidates, config.look)


def _said(view: View, asked: Asked, query: Query, rows: Int32) -> Float32:
    """How well each of ``rows`` [K] answers the words, 0 to 1."""
    matched = view.lexical.match(asked.lexical) if asked.lexical else None
    lexical = Candidates(matched.items, matched.scores, "lexical") if matched else None
    if lexical is None:
        return np.zeros(len(rows), np.float32)
    told = query_scores(view, query, rows, lexical)
    said = on_content(view, replace(asked, query=query), query, told, rows)
    reach = float(np.ptp(said))
    return np.asarray((said - said.min()) / max(reach, 1e-6), np.float32)
