r"""The filter language of Google Retail: parse and render.

::

    brand: ANY("Acme", "Bolt") AND price: IN(10, 20) AND -availability: ANY("OUT_OF_STOCK")
    (categories: ANY("Grocery > Soft drinks") OR rating >= 4) AND attributes.size: ANY("2 L")

The grammar, where ``NOT`` binds tightest, then ``AND``, then ``OR``::

    filter     = both { "OR" both }
    both       = negation { "AND" negation }
    negation   = { "-" | "NOT" } primary
    primary    = "(" filter ")"
               | text_field ":" "ANY" "(" literal { "," literal } ")"
               | number_field ":" "IN" "(" bound "," bound ")"
               | number_field comparison number
    bound      = number [ "i" | "e" ] | "*"
    comparison = "<=" | "<" | ">=" | ">" | "="

A lower bound is inclusive and an upper one exclusive unless ``i`` or ``e`` says otherwise. A
literal stands in double quotes, with ``\"`` and ``\\`` for a quote and a backslash; letter case
and outer blanks do not count. Prices are in major units, as in Retail: ``price < 20`` is twenty
dollars. A product without a value in a number field passes no test on it.

Reference: https://cloud.google.com/retail/docs/filter-and-order
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, NoReturn

from daogou.config import nearest
from daogou.errors import FilterError

FieldKind = Literal["text", "number", "either"]
"""What can be asked of a field: ``ANY``, or ``IN`` and comparisons, or both (attributes)."""

MAX_LENGTH: Final = 5000
MAX_DEPTH: Final = 40


@dataclass(frozen=True, slots=True)
class AnyOf:
    """``field: ANY("a", "b")``: one of the field's values is one of these."""

    field: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class InRange:
    """``field: IN(low, high)``; None is ``*``, open on that side."""

    field: str
    low: Decimal | None
    high: Decimal | None
    low_inclusive: bool = True
    high_inclusive: bool = False


Comparison = Literal["<=", "<", ">=", ">", "="]


@dataclass(frozen=True, slots=True)
class Compare:
    """``field < number``."""

    field: str
    comparison: Comparison
    number: Decimal


@dataclass(frozen=True, slots=True)
class Not:
    """``NOT inner``, or ``-inner``."""

    inner: "Filter"


@dataclass(frozen=True, slots=True)
class And:
    """All of two or more parts."""

    parts: tuple["Filter", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """One or more of two or more parts."""

    parts: tuple["Filter", ...]


Filter = AnyOf | InRange | Compare | Not | And | Or


def parse_filter(text: str, fields: Mapping[str, FieldKind]) -> Filter | None:
    """Read a filter expression; None for a blank one, which everything passes.

    Parameters
    ----------
    text
        The expression, at most 5,000 characters.
    fields
        The fields that can be asked about, and how.

    Raises
    ------
    FilterError
        With the 1-based column, what was found there and what was expected.
    """
    if not text.strip():
        return None
    if len(text) > MAX_LENGTH:
        raise FilterError(
            f"the filter has {len(text)} characters; expected at most {MAX_LENGTH}."
            " List fewer values.",
            column=MAX_LENGTH + 1,
        )
    return _Parser(text, fields).parse()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    column: int


_TOKEN: Final = re.compile(
    r"""(?P<blank>\s+)
    |(?P<literal>"(?:[^"\\]|\\.)*")
    |(?P<number>-?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[ie](?![\w.]))?(?![\w.]))
    |(?P<comparison><=|>=|<|>|=)
    |(?P<mark>[():,*-])
    |(?P<word>[^\W\d][\w.-]*)""",
    re.VERBOSE | re.DOTALL,
)
_COMPARISONS: Final[dict[str, Comparison]] = {c: c for c in ("<=", "<", ">=", ">", "=")}
_WORDS: Final = frozenset({"AND", "OR", "NOT", "ANY", "IN"})
_MAX_DIGITS: Final = 30


def _tokens(text: str) -> list[_Token]:
    tokens = []
    at = 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            if text[at] == '"':
                raise FilterError(
                    'the text that starts with this " is not closed; end it with another ".',
                    column=at + 1,
                )
            raise FilterError(
                f"found {text[at]!r}; expected a field, a number, a text in double quotes"
                " or one of ( ) : , * - < <= > >= =.",
                column=at + 1,
            )
        if match.lastgroup != "blank":
            tokens.append(_Token(str(match.lastgroup), match.group(), at + 1))
        at = match.end()
    tokens.append(_Token("end", "", len(text) + 1))
    return tokens


class _Parser:
    """Recursive descent over the tokens; ``depth`` bounds the recursion."""

    def __init__(self, text: str, fields: Mapping[str, FieldKind]) -> None:
        self.tokens = _tokens(text)
        self.fields = fields
        self.at = 0
        self.depth = 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def fail(self, expected: str) -> NoReturn:
        found = repr(self.token.text) if self.token.kind != "end" else "the end of the filter"
        upper = self.token.text.upper()
        lower_case = upper in _WORDS and self.token.text != upper
        hint = f" Write {upper} in capitals." if lower_case else ""
        raise FilterError(f"found {found}; expected {expected}.{hint}", column=self.token.column)

    def take(self, text: str, expected: str | None = None) -> None:
        if self.token.text != text:
            self.fail(expected or repr(text))
        self.at += 1

    def parse(self) -> Filter:
        parsed = self.disjunction()
        if self.token.kind != "end":
            self.fail("AND, OR or the end of the filter")
        return parsed

    def disjunction(self) -> Filter:
        parts = self.joined("OR", self.conjunction)
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def conjunction(self) -> Filter:
        parts = self.joined("AND", self.negation)
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def joined(self, word: str, part: Callable[[], Filter]) -> list[Filter]:
        parts = [part()]
        while self.token.kind == "word" and self.token.text == word:
            self.at += 1
            parts.append(part())
        return parts

    def negation(self) -> Filter:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FilterError(
                f"the filter is nested more than {MAX_DEPTH} deep; write it flatter.",
                column=self.token.column,
            )
        if self.token.text in ("-", "NOT"):
            self.at += 1
            parsed: Filter = Not(self.negation())
        else:
            parsed = self.primary()
        self.depth -= 1
        return parsed

    def primary(self) -> Filter:
        if self.token.text == "(":
            self.at += 1
            inner = self.disjunction()
            self.take(")", "AND, OR or ')'")
            return inner
        field_token = self.token
        field = self.field()
        kind = self.fields[field]
        if self.token.kind == "comparison":
            self.refuse_text(field_token, kind)
            comparison = _COMPARISONS[self.token.text]
            self.at += 1
            return Compare(field, comparison, self.number()[0])
        self.take(":", "':', or one of < <= > >= =")
        if self.token.text == "IN":
            self.refuse_text(field_token, kind)
            return self.in_range(field)
        if self.token.text != "ANY":
            self.fail('ANY("...") for a text field or IN(low, high) for a number')
        if kind == "number":
            raise FilterError(
                f"'{field}' is a number; write {field}: IN(10, 20) or {field} < 20.",
                column=field_token.column,
            )
        return self.any_of(field)

    def field(self) -> str:
        name = self.token.text
        if self.token.kind != "word" or name in _WORDS:
            self.fail("a field such as brand, price or attributes.size")
        if name not in self.fields:
            raise FilterError(
                f"there is no field '{name}'.{nearest(name, self.fields)}"
                f" Known fields: {_some(self.fields)}.",
                column=self.token.column,
            )
        self.at += 1
        return name

    def refuse_text(self, token: _Token, kind: FieldKind) -> None:
        if kind == "text":
            raise FilterError(
                f"'{token.text}' is a text; write {token.text}: ANY(\"...\").",
                column=token.column,
            )

    def any_of(self, field: str) -> AnyOf:
        self.at += 1
        self.take("(")
        values = [self.literal()]
        while self.token.text == ",":
            self.at += 1
            values.append(self.literal())
        self.take(")", "',' or ')'")
        return AnyOf(field, tuple(values))

    def literal(self) -> str:
        if self.token.kind != "literal":
            self.fail('a text in double quotes, such as "Acme"')
        value = re.sub(r"\\(.)", r"\1", self.token.text[1:-1], flags=re.DOTALL)
        self.at += 1
        return value

    def in_range(self, field: str) -> InRange:
        self.at += 1
        self.take("(")
        low, low_mark = self.bound()
        self.take(",")
        high, high_mark = self.bound()
        self.take(")")
        return InRange(field, low, high, low_mark != "e", high_mark == "i")

    def bound(self) -> tuple[Decimal | None, str]:
        if self.token.text == "*":
            self.at += 1
            return None, ""
        return self.number(marks="ie", expected="a number (with i or e behind it) or *")

    def number(self, marks: str = "", expected: str = "a number") -> tuple[Decimal, str]:
        text = self.token.text
        if self.token.kind != "number" or (text[-1] in "ie" and text[-1] not in marks):
            self.fail(expected)
        if len(text) > _MAX_DIGITS:
            self.fail(f"a number of at most {_MAX_DIGITS} characters")
        mark = text[-1] if text[-1] in "ie" else ""
        self.at += 1
        return Decimal(text.rstrip("ie")), mark


def _some(names: Iterable[str], limit: int = 20) -> str:
    listed = sorted(names, key=lambda name: (name.startswith("attributes."), name))
    more = f" and {len(listed) - limit} more" if len(listed) > limit else ""
    return ", ".join(listed[:limit]) + more


def quote(value: str) -> str:
    """A literal of the language: ``value`` in double quotes, escaped."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def render_filter(node: Filter) -> str:
    """The expression that parses to ``node``."""
    match node:
        case AnyOf(field, values):
            return f"{field}: ANY({', '.join(quote(v) for v in values)})"
        case InRange(field, low, high, low_inclusive, high_inclusive):
            lower = "*" if low is None else f"{low:f}" + ("" if low_inclusive else "e")
            upper = "*" if high is None else f"{high:f}" + ("i" if high_inclusive else "")
            return f"{field}: IN({lower}, {upper})"
        case Compare(field, comparison, number):
            return f"{field} {comparison} {number:f}"
        case Not(inner):
            return f"NOT {_grouped(inner, And, Or)}"
        case And(parts):
            return " AND ".join(_grouped(part, And, Or) for part in parts)
        case Or(parts):
            return " OR ".join(_grouped(part, Or) for part in parts)


def _grouped(node: Filter, *kinds: type[Filter]) -> str:
    text = render_filter(node)
    return f"({text})" if isinstance(node, kinds) else text
