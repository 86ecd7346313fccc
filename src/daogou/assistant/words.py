"""What the assistant says: templates of both languages, filled through the gate alone."""

import functools
import re
import tomllib
import zlib
from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Any, Final

from daogou.assistant.gate import Fact, Said
from daogou.knowledge.attributes import SHOWN_OTHERWISE
from daogou.text import garment_size, normalize
from daogou.text.normal import HAN
from daogou.types import Product
from daogou.understanding.lexicon import lexicon
from daogou.understanding.vocabulary import kinds, rules

ATTRIBUTE: Final = "attributes."
SLOT: Final = re.compile(r"\{(\w+)\}")
_NUMBERED: Final = re.compile(r"[^\W\d]+[ #._-]*\d+")
_NAMES: Final = frozenset(rules()["fields"]["like_brand"])
_MEETING: Final = re.compile(f"[{HAN}][A-Za-z0-9$]|[A-Za-z0-9][{HAN}]")


@functools.cache
def templates() -> Mapping[str, Any]:
    """The tables of ``data/words.toml``."""
    path = files("daogou.assistant").joinpath("data", "words.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def speech(language: str) -> str:
    """The language that is spoken to a shopper of this one."""
    return "zh" if language == "zh" else "en"


def say(key: str, language: str, seed: str, **facts: Fact) -> Said:
    """A sentence.

    Parameters
    ----------
    key
        Of the template.
    seed
        Of the conversation and its turn: the same gives the same of several wordings.
    facts
        What its slots are filled with.
    """
    several: Sequence[str] = templates()["say"][key][speech(language)]
    template = several[zlib.crc32(f"{seed}/{key}".encode()) % len(several)]
    used = [facts[name] for name in SLOT.findall(template)]
    return Said(_filled(template, {n: f.text for n, f in facts.items()}), tuple(used), key)


def label(key: str, language: str, **words: str) -> str:
    """A few words of a button, a row or a wish."""
    told: str = templates()["label"][key][speech(language)]
    return _filled(told, words)


def _filled(template: str, words: Mapping[str, str]) -> str:
    """The template with its slots filled: Chinese and Latin stand apart, and no word changes."""
    text = ""
    for place, piece in enumerate(SLOT.split(template)):
        piece = words[piece] if place % 2 else piece
        text += " " + piece if text and piece and _MEETING.search(text[-1] + piece[0]) else piece
    return text


def field_name(field: str, language: str, values: Sequence[str] = ()) -> str:
    """What an attribute or another field is called: "colour", 颜色, or the merchant's own key.

    A size of these ``values`` may be one of clothes, 尺码, or of a pack, 规格.
    """
    key = field.removeprefix(ATTRIBUTE).removeprefix("option.")
    names = templates()["field"]
    kind = kind_of(key)
    if kind == "size" and values and not any(garment_size(v) for v in values):
        kind = "pack"
    told = names.get(kind) or names.get(key)
    return str(told[speech(language)]) if told else key.replace("_", " ")


def kind_of(key: str) -> str:
    """``"color"`` for any of the keys that merchants give a colour; else the key itself."""
    plain = key.lower().replace(" ", "_")
    return next((name for name, kind in kinds().items() if plain in kind.keys), key)


def is_numbered(field: str, value: str) -> bool:
    """Whether a maker or brand is a word and a number, "Maker 69": nobody knows it by that.

    ``field`` may be that of a filter, ``attributes.maker``.
    """
    key = field.removeprefix(ATTRIBUTE).lower()
    named = kind_of(key) in _NAMES or key in _NAMES
    return named and _NUMBERED.fullmatch(value) is not None


def telling(product: Product) -> list[tuple[str, tuple[str, ...]]]:
    """The attributes that tell a shopper something, those that shoppers ask about first.

    Not what brand, categories or title say already, nor a mark, nor a number of the merchant's
    own under a name that no shopper knows.
    """
    levels = {level for path in product.categories for level in path.split(" > ")}
    said = {product.brand, product.title, *levels}
    told = []
    for key, values in product.attributes.items():
        if key in SHOWN_OTHERWISE or any(is_numbered(key, value) for value in values):
            continue
        known = kind_of(key) in templates()["field"] or kind_of(key) in kinds()
        words = [v for v in values if v not in said and _says(v, number=known)]
        if len(words) == len(values) and values:
            told.append((not known, key, values))
    told.sort(key=lambda row: row[0])
    return [(key, values) for _, key, values in told]


def _says(value: str, *, number: bool) -> bool:
    return any(c.isalpha() or (number and c.isdigit()) for c in value)


def value_text(value: str, language: str) -> str:
    """A value in the shopper's language, where the shop vocabulary knows it: Red is 红色."""
    wanted = speech(language)
    plain = normalize(value)
    if plain.isascii() == (wanted == "en"):
        return value
    for concept in lexicon().find(plain):
        if concept.kind == "brand":
            continue
        for name in concept.names:
            if name.isascii() == (wanted == "en"):
                return name
    return value


def listed(words: Sequence[str], language: str) -> str:
    """Words in a row."""
    return ("、" if speech(language) == "zh" else ", ").join(words)
