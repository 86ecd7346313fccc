"""Search by a photo: what looks like it, what is said beside it, and what to do where none can."""

import re
from typing import Final

import numpy as np

from daogou.engine.asking import Asked
from daogou.engine.config import EngineConfig
from daogou.engine.matching import Bools
from daogou.engine.scoring import Query, query_scores
from daogou.engine.searching import Found, Matched, in_order, moved, on_content
from daogou.engine.view import View
from daogou.errors import EncoderError, InvalidInput
from daogou.features.items import Float32, Int32
from daogou.retrieval import Candidates, LexicalQuery, fuse
from daogou.retrieval.photos import PhotoIndex

FIELD: Final = "imageQuery.imageBytes"
_PHOTO: Final = r"(?:photo|picture|image|pic)s?"
_THIS: Final = (
    r"(?:this|that|these|those|it|the)(?: (?:ones?|things?|items?|products?))?"
    rf"(?: {_PHOTO})?(?: (?:in|on|from) (?:this|the|my) {_PHOTO})?"
)
_POINTING: Final = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"^(?:please )?(?:(?:can|could) you )?(?:do you (?:have|sell|carry)|have you got|show me"
        r"|find(?: me)?|is there|are there|i (?:want|need)|i am looking for|i'm looking for"
        r"|search for)\b",
        r"(?:\b(?:something|anything|items?|products?|ones?) )?(?:\b(?:that|which) )?"
        r"(?:\b(?:looks?|is|are) )?(?:\b(?:exactly|just|much) )?"
        rf"\b(?:the same as|same as|similar to|close to|like) {_THIS}\b",
        rf"\b(?:in|on|from) (?:this|the|my) {_PHOTO}\b",
        r"^ *(?:the same|similar|this|that|these)\b(?: (?:ones?|products?|items?|things?))?",
        "^(?:请问)?(?:你们)?(?:帮我)?(?:我)?(?:想)?(?:找|要|买|看看|搜)?(?:一下|一个|一件|一款)?",
        "(?:和|跟|与)?(?:这个|这款|这张|这种|这件|这双|图中的?|(?:图片|照片)(?:里|上|中)?的?)"
        "(?:图|图片|照片)?(?:差不多|类似|相似|一样|相同)?的?",
        "像(?:这样|这个|这款|这种|图中|图片|照片)的?|同款的?|(?:差不多|类似|相似)的?(?:款式?)?",
        "有没有|^ *有(?!效|机)|有?[吗呢]|有么",
        "^ *(?:but|only|just|但是|但|不过|只是)(?= |[^a-z])",
    )
)
"""Words that point at the photo or ask for it, and say nothing of what is wanted."""
_NO_PICTURES: Final = (
    "this shop cannot be searched by photo: its active bundle has no pictures of products. Set"
    " [encoder] image_folder, or fetch them with `daogou import images`, then run `daogou train`"
    " with the extra: pip install 'daogou[images]'."
)
_EDGES: Final = " ,，、?？!！。."


def beside_photo(text: str) -> str:
    """What a text says besides pointing at the photo: "like this but in blue" is "in blue"."""
    for pattern in _POINTING:
        text = pattern.sub(" ", text).strip(_EDGES)
    return " ".join(text.split())


def photo_vector(view: View, photo: bytes) -> Float32:
    """What a photo looks like, [D].

    Raises
    ------
    InvalidInput
        It cannot be read, or this shop cannot be searched by photo.
    """
    try:
        return _index(view).vector(photo)
    except EncoderError as error:
        raise InvalidInput(str(error), field=FIELD) from error


def match_photo(view: View, asked: Asked, config: EngineConfig) -> Matched:
    """What looks like the photo, before any filter."""
    found = _alike(view, asked, asked.sellable, config)
    return Matched(found.items, found.scores)


def find_photo(view: View, asked: Asked, config: EngineConfig) -> Found:
    """What looks like the photo and passes the filters and the hard wishes.

    What meets the other wishes gains as much of a cosine as these are sure: who says "in blue"
    beside a photo of something red means it. Words that are no wish move products among these
    and leave nothing out, for a photo is seldom of what its words are found in.
    """
    alike = [_alike(view, asked, asked.mask, config)]
    alike += [_alike(view, asked, asked.mask & wish.mask, config) for wish in asked.soft]
    rows = np.unique(np.concatenate([found.items for found in alike]))
    fused = fuse(alike, len(rows))
    if asked.order_by:
        rows = view.catalogue.ordered(rows, asked.order_by)
        return Found(rows, np.zeros(0, np.float32), fused)
    scores = _index(view).cosines(_photo(asked), rows)
    for wish in asked.soft:
        scores = scores + np.float32(wish.constraint.confidence) * wish.mask[rows]
    if asked.query is not None and len(rows):
        scores = scores + np.float32(config.weight_words) * _said(view, asked, asked.query, rows)
    scores = moved(np.asarray(scores, np.float32), rows, asked)
    return in_order(rows, scores, rows, fused)


def _alike(view: View, asked: Asked, mask: Bools, config: EngineConfig) -> Candidates:
    """What looks like the photo, among ``mask``, bool [V].

    What words change makes a product look less like it: beside a wish half as much is enough.
    """
    least = config.look / 2 if asked.wishes else config.look
    return _index(view).near(_photo(asked), mask, config.candidates, least)


def _index(view: View) -> PhotoIndex:
    if view.model is None or view.model.photos is None:
        raise InvalidInput(_NO_PICTURES, field="imageQuery")
    return view.model.photos


def _photo(asked: Asked) -> Float32:
    if asked.photo is None:
        raise ValueError("there is no photo in this request")
    return asked.photo


def _said(view: View, asked: Asked, query: Query, rows: Int32) -> Float32:
    """How well each of ``rows`` [K] answers the words, 0 to 1."""
    found = view.lexical.match(asked.lexical or LexicalQuery.of(query.tokens))
    lexical = Candidates(found.items, found.scores, "lexical")
    said = on_content(view, asked, query, query_scores(view, query, rows, lexical), rows)
    return np.asarray((said - said.min()) / max(float(np.ptp(said)), 1e-6), np.float32)
