"""English plurals to singulars, and nothing more.

A fuller stemmer would join words that a shopper keeps apart ("universal" and
"universe"). Results are words again, so that they can be shown. The rules are
those of the S-stemmer (D. Harman, "How effective is suffixing?", JASIS 1991),
with the endings of shop words added and the exceptions listed.
"""

import functools
from typing import Final

_IRREGULAR: Final = {
    "men": "man",
    "women": "woman",
    "children": "child",
    "feet": "foot",
    "teeth": "tooth",
    "geese": "goose",
    "mice": "mouse",
    "knives": "knife",
    "wives": "wife",
    "shelves": "shelf",
    "scarves": "scarf",
    "loaves": "loaf",
    "leaves": "leaf",
    "halves": "half",
    "wolves": "wolf",
    "calves": "calf",
    "buses": "bus",
    "gases": "gas",
    "lenses": "lens",
    "canvases": "canvas",
    "tomatoes": "tomato",
    "potatoes": "potato",
    "mangoes": "mango",
    "heroes": "hero",
    "echoes": "echo",
    "avocadoes": "avocado",
    "mosquitoes": "mosquito",
    "headaches": "headache",
    "quiches": "quiche",
    "brioches": "brioche",
    "axes": "axe",
}
_UNCHANGED: Final = frozenset(
    str.split(
        "lens canvas atlas adidas christmas texas vegas series species always perhaps gps news "
        "asos cosmos macos chaos diabetes mathematics mercedes hermes hercules"
    )
)
_IE: Final = frozenset(
    str.split(
        "cookie brownie movie smoothie hoodie selfie calorie veggie zombie beanie onesie "
        "bootie cutie genie rookie birdie doggie foodie goalie junkie magpie potpie newbie "
        "pixie prairie walkie talkie sweetie collie barbie lingerie kiddie undie hippie "
        "groupie boogie budgie pinkie eerie camaraderie patisserie cottie"
    )
)
_SIBILANT: Final = ("xes", "ches", "shes", "sses", "zzes")


@functools.lru_cache(maxsize=65_536)
def singular(word: str) -> str:
    """The singular of a lower-case English word; what does not look like a plural comes back."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) <= 3 or not word.endswith("s") or word in _UNCHANGED:
        return word
    if word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4 and word[:-1] not in _IE:
        return word[:-3] + "y"
    if word.endswith(_SIBILANT) and len(word) > 4:
        return word[:-2]
    return word[:-1]
