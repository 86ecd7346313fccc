"""The query set of the demo shop: needs, their queries, and grades by rule.

``README.md`` beside this file says how the set was written. A rule looks at the fields of a
product record (category path, size, price, brand type), never at a search engine, so that no
contender is favoured by how the relevant products were found.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal, Self

from daogou.types import Product

DEMO: Final = Path(__file__).with_name("demo.jsonl")
LANGUAGES: Final = ("en", "zh")
Split = Literal["tune", "test"]

_LEVEL: Final = " > "
_AMOUNT: Final = re.compile(r"([\d.]+) ([a-z]+)")


@dataclass(frozen=True, slots=True)
class Amount:
    """A measure in the size of a product ("17.6 lb"): its unit, and the least it may be."""

    unit: str
    min: float

    def holds(self, size: str) -> bool:
        """Whether a part of ``size`` is at least this much."""
        return any(
            unit == self.unit and float(number) >= self.min
            for number, unit in _AMOUNT.findall(size)
        )


@dataclass(frozen=True, slots=True)
class Where:
    """What a product has to be: every field that is set must hold; of a list, one is enough.

    ``under`` are beginnings of English category paths, by whole levels. ``type`` is the last
    level of the path, word for word; ``words`` and ``without`` are words or phrases that it has
    or lacks, in any case. ``size`` is the size attribute as it is written, prices are in cents,
    inclusive; ``reduced`` asks for a price below the original one.
    """

    under: tuple[str, ...] = ()
    type: tuple[str, ...] = ()
    words: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    size: tuple[str, ...] = ()
    amount: Amount | None = None
    price_min: int | None = None
    price_max: int | None = None
    brand_type: str | None = None
    reduced: bool = False

    @classmethod
    def read(cls, raw: Mapping[str, Any]) -> Self:
        """Make a rule of its JSON object; ValueError for a field that there is not."""
        known = {field.name for field in fields(cls)}
        if not raw or set(raw) - known:
            raise ValueError(f"a rule has some of the fields {sorted(known)}, got {dict(raw)!r}")
        values: dict[str, Any] = {
            key: tuple(value) if isinstance(value, list) else value for key, value in raw.items()
        }
        if "amount" in raw:
            values["amount"] = Amount(**raw["amount"])
        return cls(**values)

    def holds_for_path(self, path: str) -> bool:
        """Whether the rule's conditions on the category path hold."""
        leaf = path.rpartition(_LEVEL)[2]
        return (
            (not self.under or any((path + _LEVEL).startswith(top + _LEVEL) for top in self.under))
            and (not self.type or leaf in self.type)
            and (not self.words or any(_has(leaf, phrase) for phrase in self.words))
            and not any(_has(leaf, phrase) for phrase in self.without)
        )

    def holds_for_record(self, product: Product) -> bool:
        """Whether the rule's conditions on size, price and brand hold."""
        size = " ".join(product.attributes.get("size", ()))
        price = product.price.amount if product.price else None
        return (
            (not self.size or size in self.size)
            and (self.amount is None or self.amount.holds(size))
            and (self.price_min is None or (price is not None and price >= self.price_min))
            and (self.price_max is None or (price is not None and price <= self.price_max))
            and (
                self.brand_type is None
                or self.brand_type in product.attributes.get("brand_type", ())
            )
            and (not self.reduced or product.original_price is not None)
        )


@cache
def _has(text: str, phrase: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(phrase)}(?!\w)", text, re.IGNORECASE) is not None


@dataclass(frozen=True, slots=True)
class Rule:
    """The grade (3 exactly that, 2 close to it, 1 related) of the products that ``where`` names."""

    grade: int
    where: Where


@dataclass(frozen=True, slots=True)
class Need:
    """Something a shopper wants, and how one asks for it in each language.

    A product's grade is that of the first rule that holds for it, and 0 where none does.
    """

    number: int
    kind: str
    about: str
    texts: Mapping[str, str]
    rules: tuple[Rule, ...]

    @property
    def split(self) -> Split:
        """Odd needs may be looked at while tuning; even ones are for testing alone."""
        return "tune" if self.number % 2 else "test"


@dataclass(frozen=True, slots=True)
class Query:
    """One text that a shopper types."""

    id: str
    language: str
    text: str
    need: Need


def load_needs(path: Path = DEMO) -> tuple[Need, ...]:
    """Read a query set; ValueError names the line that cannot be read."""
    needs = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            needs.append(_need(json.loads(line)))
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path.name}, line {number}: {error}") from error
    return tuple(needs)


def _need(raw: Mapping[str, Any]) -> Need:
    rules = tuple(Rule(rule["grade"], Where.read(rule["where"])) for rule in raw["grades"])
    if any(rule.grade not in (1, 2, 3) for rule in rules):
        raise ValueError("a grade is 1, 2 or 3")
    texts = {language: raw[language] for language in LANGUAGES}
    return Need(raw["need"], raw["kind"], raw["about"], texts, rules)


def queries_of(needs: Sequence[Need]) -> tuple[Query, ...]:
    """Every need in every language, as ``en-01``, ``en-02``, ..., ``zh-01``, ..."""
    return tuple(
        Query(f"{language}-{need.number:02}", language, need.texts[language], need)
        for language in LANGUAGES
        for need in needs
    )


def judge(needs: Sequence[Need], products: Iterable[Product]) -> dict[int, dict[str, int]]:
    """Grade a catalogue: for each need's number, the products with a grade above 0.

    A product counts under its first category path. The conditions on the path are tried once a
    path, not once a product: 71,027 products under 4,000 paths take seconds.
    """
    by_path: defaultdict[str, list[Product]] = defaultdict(list)
    for product in products:
        by_path["".join(product.categories[:1])].append(product)
    return {need.number: _grades(need, by_path) for need in needs}


def _grades(need: Need, by_path: Mapping[str, Sequence[Product]]) -> dict[str, int]:
    found: dict[str, int] = {}
    for path, products in by_path.items():
        rules = [rule for rule in need.rules if rule.where.holds_for_path(path)]
        for product in products if rules else ():
            for rule in rules:
                if rule.where.holds_for_record(product):
                    found[product.id] = rule.grade
                    break
    return found
