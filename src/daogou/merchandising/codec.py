"""Controls to JSON and back, in Google Retail's field names."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit

from daogou.errors import BadValue
from daogou.feeds.codec.fields import Fields, check_identifier
from daogou.feeds.codec.times import format_time, parse_time
from daogou.merchandising.control import (
    MAX_CONDITIONS,
    MAX_FILTER,
    MAX_POSITION,
    MAX_TERM,
    MAX_TERMS,
    MAX_URI,
    MAX_WORDS,
    Action,
    BoostAction,
    Condition,
    Control,
    DoNotAssociateAction,
    FilterAction,
    IgnoreAction,
    OnewaySynonymsAction,
    PinAction,
    QueryTerm,
    RedirectAction,
    ReplacementAction,
    TimeRange,
    TwowaySynonymsAction,
)
from daogou.text import tokenize

SOLUTION: Final = "SOLUTION_TYPE_SEARCH"
_ID: Final = re.compile("[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_TOP: Final = frozenset(("id", "displayName", "solutionTypes", "rule", "createTime", "updateTime"))
_CONDITION: Final = frozenset(("queryTerms", "activeTimeRange", "pageCategories"))
_POSITION: Final = re.compile("[1-9][0-9]{0,2}")


def control_from_json(data: Any, path: str = "") -> Control:
    """Read a control; ``createTime`` and ``updateTime`` are the store's to tell, and not read.

    Filter expressions are only measured here: what fields there are, the catalogue knows.

    Parameters
    ----------
    path
        Where the control stands in a larger document, for messages.

    Raises
    ------
    BadValue
        Names the field, what is there, what was expected and what to do.
    """
    fields = Fields(data, path)
    fields.only(_TOP)
    rule = fields.inner("rule")
    if rule is None:
        raise BadValue(
            fields.at("rule"), None, "a rule", f"Give it one action: {', '.join(_READERS)}."
        )
    rule.only(frozenset(("condition", *_READERS)))
    _check_solutions(fields)
    condition = _read_condition(rule.inner("condition"))
    action = _read_action(rule)
    if isinstance(action, RedirectAction) and not condition.query_terms:
        remedy = "Say which queries are sent there; otherwise every search would be."
        raise BadValue(rule.at("condition.queryTerms"), None, "terms for a redirect", remedy)
    return Control(_read_id(fields), _read_name(fields), action, condition)


def control_to_json(control: Control) -> dict[str, Any]:
    """The control as :func:`control_from_json` reads it."""
    rule: dict[str, Any] = {}
    if control.condition != Condition():
        rule["condition"] = _write_condition(control.condition)
    rule.update(_write_action(control.action))
    told: dict[str, Any] = {
        "id": control.id,
        "displayName": control.display_name,
        "solutionTypes": [SOLUTION],
        "rule": rule,
    }
    for name, time in (("createTime", control.created), ("updateTime", control.updated)):
        if time is not None:
            told[name] = format_time(time)
    return told


def _read_id(fields: Fields) -> str:
    remedy = 'Name it in letters, digits, "-", "_" and ".", as in "summer-sale".'
    name = fields.identifier("id", remedy)
    if not _ID.fullmatch(name):
        raise BadValue(fields.at("id"), name, "1 to 63 letters, digits, '-', '_' or '.'", remedy)
    return name


def _read_name(fields: Fields) -> str:
    name = fields.required("displayName", "Say in a few words what the control is for.")
    if len(name) > MAX_TERM:
        expected = f"at most {MAX_TERM} characters"
        raise BadValue(fields.at("displayName"), name, expected, "Shorten it.")
    return name


def _check_solutions(fields: Fields) -> None:
    for solution in fields.texts("solutionTypes"):
        if solution != SOLUTION:
            remedy = "Leave it out: controls are for searching."
            raise BadValue(fields.at("solutionTypes"), solution, SOLUTION, remedy)


# --- conditions


def _read_condition(fields: Fields | None) -> Condition:
    if fields is None:
        return Condition()
    fields.only(_CONDITION)
    terms = tuple(_read_query_term(inner) for inner in fields.inners("queryTerms"))
    ranges = tuple(_read_range(inner) for inner in fields.inners("activeTimeRange"))
    categories = fields.texts("pageCategories")
    for name, listed in (
        ("queryTerms", terms),
        ("activeTimeRange", ranges),
        ("pageCategories", categories),
    ):
        _check_count(fields.at(name), len(listed), MAX_CONDITIONS, "Make a second control.")
    for n, category in enumerate(categories):
        _check_length(f"{fields.at('pageCategories')}[{n}]", category)
    return Condition(terms, ranges, categories)


def _read_query_term(fields: Fields) -> QueryTerm:
    fields.only(frozenset(("value", "fullMatch")))
    value = fields.required("value", "Write the words that a shopper types.").strip()
    full = fields.raw("fullMatch")
    if full is not None and not isinstance(full, bool):
        raise BadValue(fields.at("fullMatch"), full, "true or false", "Write it without quotes.")
    return QueryTerm(_checked_term(fields.at("value"), value), bool(full))


def _read_range(fields: Fields) -> TimeRange:
    fields.only(frozenset(("startTime", "endTime")))
    times: list[datetime | None] = []
    for name in ("startTime", "endTime"):
        value = fields.raw(name)
        times.append(None if value is None else parse_time(value, fields.at(name)))
    start, end = times
    if start is None and end is None:
        remedy = "Give it a startTime, an endTime or both; without any, leave the range out."
        raise BadValue(fields.path, None, "a time", remedy)
    if start is not None and end is not None and end < start:
        found = format_time(end)
        raise BadValue(fields.at("endTime"), found, "a time after startTime", "Swap the two.")
    return TimeRange(start, end)


def _write_condition(condition: Condition) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if condition.query_terms:
        told["queryTerms"] = [
            {"value": term.value, "fullMatch": term.full_match} for term in condition.query_terms
        ]
    if condition.active_time_range:
        told["activeTimeRange"] = [
            {
                name: format_time(time)
                for name, time in (("startTime", period.start), ("endTime", period.end))
                if time is not None
            }
            for period in condition.active_time_range
        ]
    if condition.page_categories:
        told["pageCategories"] = list(condition.page_categories)
    return told


# --- actions


def _read_action(rule: Fields) -> Action:
    present = [name for name in _READERS if rule.raw(name) is not None]
    if len(present) != 1:
        found = ", ".join(present) or None
        remedy = f"Choose one of {', '.join(_READERS)}, and make a control for each other one."
        raise BadValue(rule.path, found, "exactly one action", remedy)
    inner = rule.inner(present[0])
    if inner is None:  # only for the type checker: it is present
        raise BadValue(rule.at(present[0]), None, "an action", "Write it as an object.")
    return _READERS[present[0]](inner)


def _read_boost(fields: Fields) -> BoostAction:
    fields.only(frozenset(("boost", "productsFilter")))
    boost = fields.number("boost", -1, 1)
    if boost is None:
        remedy = "1 brings the products up, -1 buries them."
        raise BadValue(fields.at("boost"), None, "a number from -1 to 1", remedy)
    return BoostAction(boost, _filter(fields, "productsFilter"))


def _read_filter(fields: Fields) -> FilterAction:
    fields.only(frozenset(("filter",)))
    return FilterAction(_filter(fields, "filter"))


def _read_redirect(fields: Fields) -> RedirectAction:
    fields.only(frozenset(("redirectUri",)))
    remedy = 'Write it as in "https://shop.example/sale" or "/sale".'
    uri = fields.required("redirectUri", remedy).strip()
    if len(uri) > MAX_URI or not _is_page(uri):
        expected = f"the address of a page, at most {MAX_URI} characters"
        raise BadValue(fields.at("redirectUri"), uri, expected, remedy)
    return RedirectAction(uri)


def _is_page(uri: str) -> bool:
    """Whether a browser may be sent there: no ``javascript:``, nothing that splits a header."""
    if not uri.isprintable() or any(c in uri for c in ' \\"<>'):
        return False
    if uri.startswith("/"):
        return not uri.startswith("//")
    try:
        parts = urlsplit(uri)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def _read_oneway(fields: Fields) -> OnewaySynonymsAction:
    fields.only(frozenset(("queryTerms", "synonyms", "onewayTerms")))
    terms = _terms(fields, "queryTerms", older="onewayTerms")
    return OnewaySynonymsAction(terms, _terms(fields, "synonyms"))


def _read_twoway(fields: Fields) -> TwowaySynonymsAction:
    fields.only(frozenset(("synonyms",)))
    return TwowaySynonymsAction(_terms(fields, "synonyms", at_least=2))


def _read_replacement(fields: Fields) -> ReplacementAction:
    fields.only(frozenset(("queryTerms", "replacementTerm")))
    terms = _terms(fields, "queryTerms")
    remedy = "Write what is searched instead; to search for nothing instead, use ignoreAction."
    instead = fields.required("replacementTerm", remedy).strip()
    return ReplacementAction(terms, _checked_term(fields.at("replacementTerm"), instead))


def _read_ignore(fields: Fields) -> IgnoreAction:
    fields.only(frozenset(("ignoreTerms",)))
    return IgnoreAction(_terms(fields, "ignoreTerms"))


def _read_apart(fields: Fields) -> DoNotAssociateAction:
    fields.only(frozenset(("queryTerms", "doNotAssociateTerms", "terms")))
    terms = _terms(fields, "queryTerms", older="terms")
    return DoNotAssociateAction(terms, _terms(fields, "doNotAssociateTerms"))


def _read_pins(fields: Fields) -> PinAction:
    fields.only(frozenset(("pinMap",)))
    where = fields.at("pinMap")
    remedy = 'Write it as in {"1": "product-7", "3": "product-9"}.'
    pins: dict[int, str] = {}
    for key, value in fields.named("pinMap").items():
        position = int(key) if _POSITION.fullmatch(key) else 0
        if not 1 <= position <= MAX_POSITION:
            raise BadValue(where, key, f"positions from 1 to {MAX_POSITION}", remedy)
        product = check_identifier(value, f"{where}.{key}", remedy)
        if product in pins.values():
            raise BadValue(f"{where}.{key}", product, "a product once", "Take one pin out.")
        pins[position] = product
    if not pins:
        raise BadValue(where, None, "at least one pin", remedy)
    return PinAction(tuple(sorted(pins.items())))


_READERS: Final[Mapping[str, Callable[[Fields], Action]]] = {
    "boostAction": _read_boost,
    "filterAction": _read_filter,
    "redirectAction": _read_redirect,
    "onewaySynonymsAction": _read_oneway,
    "twowaySynonymsAction": _read_twoway,
    "replacementAction": _read_replacement,
    "ignoreAction": _read_ignore,
    "doNotAssociateAction": _read_apart,
    "pinAction": _read_pins,
}


def _write_action(action: Action) -> dict[str, Any]:
    match action:
        case BoostAction(boost, products_filter):
            return {"boostAction": {"boost": boost, "productsFilter": products_filter}}
        case FilterAction(expression):
            return {"filterAction": {"filter": expression}}
        case RedirectAction(uri):
            return {"redirectAction": {"redirectUri": uri}}
        case OnewaySynonymsAction(terms, synonyms):
            told = {"queryTerms": list(terms), "synonyms": list(synonyms)}
            return {"onewaySynonymsAction": told}
        case TwowaySynonymsAction(synonyms):
            return {"twowaySynonymsAction": {"synonyms": list(synonyms)}}
        case ReplacementAction(terms, instead):
            told_instead = {"queryTerms": list(terms), "replacementTerm": instead}
            return {"replacementAction": told_instead}
        case IgnoreAction(terms):
            return {"ignoreAction": {"ignoreTerms": list(terms)}}
        case DoNotAssociateAction(terms, others):
            apart = {"queryTerms": list(terms), "doNotAssociateTerms": list(others)}
            return {"doNotAssociateAction": apart}
        case PinAction(pins):
            return {"pinAction": {"pinMap": {str(place): product for place, product in pins}}}


# --- parts of actions


def _filter(fields: Fields, name: str) -> str:
    remedy = 'Write it as in brand: ANY("Acme") AND price < 20.'
    expression = fields.required(name, remedy)
    if len(expression) > MAX_FILTER:
        expected = f"at most {MAX_FILTER} characters"
        raise BadValue(fields.at(name), expression, expected, "List fewer values.")
    return expression


def _terms(
    fields: Fields, name: str, *, at_least: int = 1, older: str | None = None
) -> tuple[str, ...]:
    """A list of terms, each once; ``older`` is the field's name in older controls of Retail."""
    if older is not None and fields.raw(name) is None and fields.raw(older) is not None:
        name = older
    where = fields.at(name)
    terms = tuple(dict.fromkeys(term.strip() for term in fields.texts(name)))
    if len(terms) < at_least:
        expected = f"{at_least} or more different terms"
        remedy = 'Write them as in ["soda", "soft drink"].'
        raise BadValue(where, list(terms) or None, expected, remedy)
    _check_count(where, len(terms), MAX_TERMS, "Make a second control.")
    return tuple(_checked_term(f"{where}[{n}]", term) for n, term in enumerate(terms))


def _checked_term(where: str, term: str) -> str:
    _check_length(where, term)
    count = len(tokenize(term))
    if not count:
        raise BadValue(where, term, "a term with a letter or a digit", "Write a word.")
    if count > MAX_WORDS:
        raise BadValue(where, term, f"at most {MAX_WORDS} words", "Shorten it.")
    return term


def _check_length(where: str, text: str) -> None:
    if not text.strip() or len(text) > MAX_TERM:
        raise BadValue(where, text, f"1 to {MAX_TERM} characters", "Shorten it, or take it out.")


def _check_count(where: str, count: int, limit: int, remedy: str) -> None:
    if count > limit:
        raise BadValue(where, f"{count} entries", f"at most {limit}", remedy)
