"""A simulated shopper: wants one product, says so as people do, and answers truthfully.

What it says is made of the product's record and of sentences of its own. It knows nothing of
what the assistant understands, and some of its sentences are not understood.
"""

import re
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from daogou.assistant import Reply
from daogou.types import Product

MOST_TURNS: Final = 8
REJECTS: Final = 0.3
"""So often a list without the product is answered by turning one of it down, not by going on."""
_SPLIT: Final = {"en": re.compile(r", | or | and "), "zh": re.compile("[与或、和]")}
_OPENINGS: Final = {
    "en": (
        "I need {kind}{more}",
        "do you have {kind}{more}?",
        "looking for {kind}{more}",
        "{kind}{more}",
        "can I get some {kind}{more} please",
        "we're out of {kind}{more}",
        "where do I find {kind}{more}",
    ),
    "zh": (
        "想买{kind}{more}",
        "有{kind}吗{more}",
        "家里{kind}用完了{more}",
        "来点{kind}{more}",
        "{kind}{more}",
        "帮我找一下{kind}{more}",
        "{kind}在哪里{more}",
    ),
}
_MORE: Final = {
    "en": {
        "size": (", {}", " in {}", ", the {} one"),
        "brand": (", store brand", ", your own brand"),
        "price": (" under ${}", ", not more than {} dollars", ", about ${around}"),
    },
    "zh": {
        "size": ("，{}的", "，要{}", "，{}"),
        "brand": ("，自有品牌的", "，超市自己的牌子"),
        "price": ("，{}美元以内", "，不超过{}块", "，{around}元左右"),
    },
}
_SAYS: Final = {
    "en": {
        "any": ("I don't mind", "doesn't matter", "no preference"),
        "price": ("up to ${}", "under {} dollars", "around ${around}"),
        "more": ("show me more", "anything else?", "none of these, what else is there?"),
        "reject": ("I don't like the {} one", "not the {} one"),
        "again": ("just {kind}", "{kind}"),
    },
    "zh": {
        "any": ("无所谓", "都可以", "没要求"),
        "price": ("{}美元以内", "不超过{}块", "{around}元左右"),
        "more": ("还有别的吗", "换一批", "都不是，还有什么"),
        "reject": ("不喜欢第{}个", "第{}个不要"),
        "again": ("就要{kind}", "{kind}"),
    },
}
_PLACES: Final = {
    "en": ("first", "second", "third", "fourth", "fifth"),
    "zh": ("一", "二", "三", "四", "五"),
}
_BUDGETS: Final = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 20, 25, 30, 40, 50, 75, 100, 150, 200)
STORE_BRAND: Final = "Store brand"


def same(one: Product, other: Product, *, brand: bool = True) -> bool:
    """Whether two products are the same to a shopper: title, size, and brand if that matters."""
    if brand and one.brand != other.brand:
        return False
    return one.title == other.title and one.attributes.get("size") == other.attributes.get("size")


@dataclass
class Shopper:
    """Somebody who wants ``target``.

    Attributes
    ----------
    brand_matters
        Whether it knows the brand that it wants; else any will do.
    kind
        What the shopper calls it: a part of the name of its category, or of the one around it.
    """

    target: Product
    language: str
    rng: np.random.Generator
    brand_matters: bool = True
    kind: str = field(init=False)
    _tried: bool = False

    def __post_init__(self) -> None:
        levels = self.target.categories_in(self.language)[0].split(" > ")
        level = levels[-2] if len(levels) > 1 and self.rng.random() < 0.3 else levels[-1]
        parts = [p for p in _SPLIT[self.language].split(level) if len(p) > 1] or [level]
        self.kind = self._one(parts).lower()

    def _one(self, words: tuple[str, ...] | list[str]) -> str:
        return words[int(self.rng.integers(len(words)))]

    def opening(self) -> str:
        """The first sentence: the kind, and one or two of the product's attributes."""
        told = {"size": self._size(), "price": str(self._budget())}
        if self.target.brand == STORE_BRAND and self.brand_matters:
            told["brand"] = ""
        keys = [key for key, value in told.items() if value is not None]
        count = 1 + int(len(keys) > 1 and self.rng.random() < 0.4)
        chosen = self.rng.permutation(len(keys))[:count]
        more = ""
        for key in (keys[n] for n in chosen.tolist()):
            more += self._one(_MORE[self.language][key]).format(told[key], around=self._around())
        return self._one(_OPENINGS[self.language]).format(kind=self.kind, more=more)

    def _size(self) -> str | None:
        """The size as the title has it, or as it is written by hand."""
        sizes = self.target.attributes.get("size")
        if not sizes:
            return None
        if self.language == "zh":
            _, _, rest = self.target.title_in("zh").partition(" ")
            return rest.split("（")[0] or None
        by_hand = re.sub(r" oz$", " ounce", sizes[0])
        return self._one([sizes[0], sizes[0].replace(" ", ""), by_hand])

    def _budget(self) -> int:
        """The next round amount above the price, or the one above that."""
        price = self.target.price
        amount = price.amount / 100 if price else 0.0
        above = [b for b in _BUDGETS if b >= amount] or [int(amount) + 1]
        return above[min(int(self.rng.random() < 0.3), len(above) - 1)]

    def _around(self) -> str:
        """About what it costs."""
        return f"{self.target.price.amount / 100:.1f}" if self.target.price else "1"

    def answer(self, reply: Reply) -> str:
        """What the shopper says to an answer that does not show the product."""
        said = _SAYS[self.language]
        asked = reply.state.asked
        if asked is not None:
            return self._told(asked, reply)
        if not reply.products:
            if self._tried:
                return self._one(said["more"])
            self._tried = True
            return self._one(said["again"]).format(kind=self.kind)
        if self.rng.random() < REJECTS:
            place = int(self.rng.integers(min(len(reply.products), 5)))
            return self._one(said["reject"]).format(_PLACES[self.language][place])
        return self._one(said["more"])

    def _told(self, asked: str, reply: Reply) -> str:
        """The truth about what was asked: by pressing it where it is offered, else in words."""
        said = _SAYS[self.language]
        pressed = self.rng.random() < 0.5
        if asked == "price":
            offered = [q.payload for q in reply.quick_replies if self._fits_price(q.payload)]
            if pressed and offered:
                return offered[0]
            return self._one(said["price"]).format(self._budget(), around=self._around())
        values = self._values(asked)
        for quick in reply.quick_replies:
            if pressed and any(quick.payload == f"/wish {asked} {value}" for value in values):
                return quick.payload
        if not values:
            return self._one(said["any"])
        return values[-1].rsplit(" > ", 1)[-1]

    def _fits_price(self, payload: str) -> bool:
        bounds = payload.split()[1:] if payload.startswith("/price ") else []
        if len(bounds) != 2 or self.target.price is None:
            return False
        low, high = bounds
        amount = self.target.price.amount
        return (low == "*" or int(low) <= amount) and (high == "*" or amount <= int(high))

    def _values(self, asked: str) -> list[str]:
        if asked == "brand":
            return [self.target.brand] if self.target.brand and self.brand_matters else []
        if asked == "categories":
            levels = self.target.categories_in(self.language)[0].split(" > ")
            return [" > ".join(levels[: n + 1]) for n in range(len(levels))]
        if asked == "attributes.brand_type" and not self.brand_matters:
            return []
        return list(self.target.attributes.get(asked.removeprefix("attributes."), ()))
