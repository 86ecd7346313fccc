"""A search request, read: what is looked for, what may be shown, and what moves up or down."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np

from daogou.engine.catalogue import ATTRIBUTE, MONEY_FIELDS, Catalogue
from daogou.engine.columns import PATH_SEPARATOR
from daogou.engine.constraints import Wish, cheaper_than, is_hard, resolve
from daogou.engine.filters import Filter, parse_filter
from daogou.engine.json_filter import filter_from_json
from daogou.engine.matching import Bools, evaluate_filter
from daogou.engine.requests import SearchRequest
from daogou.engine.scoring import Query
from daogou.engine.synonyms import Wording, worded
from daogou.engine.view import View
from daogou.errors import InvalidInput
from daogou.features.items import UNKNOWN, Float32
from daogou.merchandising import Applied
from daogou.retrieval import LexicalQuery
from daogou.text import clean, tokenize
from daogou.understanding import Constraint, Parser, Understanding, left_over

log = logging.getLogger(__name__)

TOLD: Final = 0.5
"""From this share of the products on, an attribute is told often enough to leave out the rest."""
LIKELY: Final = 0.5
"""From this probability on, the intent head says which category is meant."""
_REFERRED: Final = 5
"""Among so many of the best matches, the first one with a price is what "cheaper than" names."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the search runs it.

    Attributes
    ----------
    text
        The query, after the merchant's replacements and a correction of its spelling.
    understanding
        What was read out of it; None for an empty query.
    query
        Its words and its vector, but for those of hard wishes; None without a word.
    otherwise
        The same in the merchant's other words; None where there are none.
    core
        The words that a good match has all of.
    lexical
        Its words with their synonyms; None without a word.
    allowed
        What passes the filter of the request and those of the merchant, bool [V].
    sellable
        What passes those of the merchant alone, bool [V].
    node
        The filter of the request, which facets may leave aside in part.
    wishes
        The constraints that were understood.
    boosts
        Products, bool [V], and by how much they move, -1 to 1.
    apart
        Phrases that the query must not be widened to by its meaning.
    order_by
        Empty for relevance.
    photo
        What the request's photo looks like, [D]; None without one.
    """

    text: str
    understanding: Understanding | None
    query: Query | None
    otherwise: Query | None
    core: tuple[str, ...]
    lexical: LexicalQuery | None
    allowed: Bools
    sellable: Bools
    node: Filter | None
    wishes: tuple[Wish, ...]
    boosts: tuple[tuple[Bools, float], ...]
    apart: tuple[tuple[str, ...], ...]
    order_by: str
    photo: Float32 | None = None

    @property
    def typed(self) -> str:
        """What the wishes were read out of."""
        return self.understanding.text if self.understanding else ""

    @property
    def says_nothing(self) -> bool:
        """Whether something was typed, and no word and no wish is in it: signs alone."""
        told = self.query is not None or self.wishes or self.order_by or self.photo is not None
        return bool(self.text.strip()) and not told

    @property
    def hard(self) -> tuple[Wish, ...]:
        """Wishes that leave products out."""
        return tuple(wish for wish in self.wishes if wish.hard)

    @property
    def soft(self) -> tuple[Wish, ...]:
        """Wishes that move products up."""
        return tuple(wish for wish in self.wishes if not wish.hard)

    @property
    def mask(self) -> Bools:
        """What passes every filter and every hard wish, bool [V]."""
        mask = self.allowed
        for wish in self.hard:
            mask = mask & wish.mask
        return mask


def filter_of(catalogue: Catalogue, asked: str | Mapping[str, Any]) -> Filter | None:
    """The filter of a request, as an expression or as JSON.

    Raises
    ------
    FilterError, InvalidInput
        It does not parse, or names a field that there is not.
    """
    if isinstance(asked, str):
        return parse_filter(asked, catalogue.fields)
    return filter_from_json(asked, catalogue.fields)


def allowed_rows(view: View, asked: str | Mapping[str, Any]) -> Bools:
    """The shop's products that pass a filter, bool [V]."""
    node = filter_of(view.catalogue, asked)
    return _passing(view.catalogue, node, view.catalogue.live)


def ask(
    view: View,
    request: SearchRequest,
    merchant: Applied,
    parser: Parser,
    *,
    sure: float,
    photo: Float32 | None = None,
) -> Asked:
    """Read a request.

    Parameters
    ----------
    merchant
        What the merchant's controls make of the query.
    sure
        From this confidence on a constraint leaves products out.
    photo
        What the photo beside the query looks like, [D].

    Raises
    ------
    FilterError, InvalidInput
        The filter or the condition of a boost does not parse.
    """
    catalogue = view.catalogue
    node = filter_of(catalogue, request.filter)
    sellable = catalogue.live_without(request.excluded_ids)
    for expression in merchant.filters:
        sellable = _passing(catalogue, _merchants(catalogue, expression), sellable)
    wording = worded(merchant, view.lexical)
    understood, wanted = None, clean(wording.text)
    core = wanted
    if request.understand and wanted:
        whole = parser.parse(wanted)
        understood = whole.without(request.removed)
        wanted = understood.wanted
        # The words of a wish that was taken back are looked for, and not insisted on.
        spans = [(c.start, c.end) for c in whole.constraints if is_hard(c, sure)]
        core = left_over(whole.text, (*whole.set_aside, *spans))
    wishes = [
        resolve(constraint, catalogue, view.lexical, sure)
        for constraint in _referring(view, understood, sure)
        if understood and not _is_said_otherwise(constraint, understood, wording, sure)
    ]
    wishes = _eased(view, wishes, tokenize(core))
    spans = [(w.constraint.start, w.constraint.end) for w in wishes if w.hard]
    if understood and spans:
        # What a filter holds already need not be looked for: "2 l soda" among what has 2 l.
        wanted = left_over(understood.text, (*understood.set_aside, *spans)) or wanted
    if not wanted:
        # "Cheaper than the Acme X2" alone looks for something of its kind.
        named = (w.constraint.relative for w in wishes if w.constraint.relative)
        wanted = next((_kind(view, words) for words in named), "")
    query, other = read(view, wanted), wording.otherwise(wanted)
    if query and request.understand and photo is None:  # which says what kind of thing is meant
        wishes += _intended(view, query, wishes, request.removed, sure)
    sort = understood.sort if understood else None
    return Asked(
        text=wording.text,
        understanding=understood,
        query=query,
        otherwise=read(view, other) if other else None,
        core=tuple(tokenize(core)),
        lexical=LexicalQuery.of(query.tokens, wording.synonyms) if query else None,
        allowed=_passing(catalogue, node, sellable),
        sellable=sellable,
        node=node,
        wishes=tuple(wishes),
        boosts=_boosts(catalogue, request, merchant),
        apart=merchant.apart,
        order_by=request.order_by or (sort.order_by if sort else ""),
        photo=photo,
    )


def read(view: View, text: str) -> Query | None:
    """A query as the retrievers read it; None where there is no word in it."""
    tokens = tuple(tokenize(text))
    if not tokens:
        return None
    return Query(tokens, view.model.query_vector(text) if view.model else None)


def _passing(catalogue: Catalogue, node: Filter | None, among: Bools) -> Bools:
    return among & evaluate_filter(node, catalogue) if node is not None else among.copy()


def _boosts(
    catalogue: Catalogue, request: SearchRequest, merchant: Applied
) -> tuple[tuple[Bools, float], ...]:
    """What moves up or down, by the request and by the merchant."""
    asked = (
        (_condition(catalogue, boost.condition, number), boost.boost)
        for number, boost in enumerate(request.boosts)
    )
    put = (
        (evaluate_filter(node, catalogue), boost)
        for expression, boost in merchant.boosts
        if (node := _merchants(catalogue, expression)) is not None
    )
    return (*asked, *put)


def _condition(catalogue: Catalogue, expression: str, number: int) -> Bools:
    try:
        node = parse_filter(expression, catalogue.fields)
    except InvalidInput as error:
        field = f"boostSpec.conditionBoostSpecs.{number}.condition"
        raise InvalidInput(str(error), field=field) from error
    return evaluate_filter(node, catalogue)


def _merchants(catalogue: Catalogue, expression: str) -> Filter | None:
    """A merchant's filter; None for one on a field that the shop has no more.

    It parsed when it was put; a shopper must not suffer because the catalogue changed.
    """
    try:
        return parse_filter(expression, catalogue.fields)
    except InvalidInput as error:
        log.warning("The filter %r of a control is left out: %s", expression, error)
        return None


def _eased(view: View, wishes: Sequence[Wish], core: Sequence[str]) -> list[Wish]:
    """The wishes, those on an attribute no longer hard where few products tell it.

    That a product does not tell its colour does not mean that it is not red: where fewer than
    :data:`TOLD` of what has the other words tell it, the ones that do come first.
    """
    if not any(wish.hard and _asks_attribute(wish) for wish in wishes):
        return list(wishes)
    rows = view.lexical.having(core)
    rows = rows[view.catalogue.live[rows]]
    eased = []
    for wish in wishes:
        if len(rows) and wish.hard and _asks_attribute(wish):
            told = view.catalogue.told(wish.constraint.field, rows).mean()
            wish = replace(wish, hard=bool(told >= TOLD))
        eased.append(wish)
    return eased


def _asks_attribute(wish: Wish) -> bool:
    constraint = wish.constraint
    return constraint.strength == "must" and constraint.field.startswith(ATTRIBUTE)


def _referring(view: View, understood: Understanding | None, sure: float) -> list[Constraint]:
    """The constraints, with the prices of the products that they name.

    One that names a product which is not found says nothing, and is left out. So is an amount
    that is not sure: of a currency that is not the shop's.
    """
    constraints = []
    for constraint in understood.constraints if understood else ():
        if constraint.field in MONEY_FIELDS and constraint.confidence < sure:
            continue
        if constraint.relative is None:
            constraints.append(constraint)
            continue
        row = _named(view, constraint.relative)
        if row is not None:
            price = float(view.catalogue.numbers["price"][row])
            constraints.append(cheaper_than(constraint, price))
    return constraints


def _is_said_otherwise(
    constraint: Constraint, understood: Understanding, wording: Wording, sure: float
) -> bool:
    """Whether a guess is about words for which the merchant has others.

    Who sells "soft drinks" as "soda" does not mean the baking soda by it.
    """
    if constraint.confidence >= sure:
        return False
    return wording.otherwise(understood.text[constraint.start : constraint.end]) is not None


def _named(view: View, words: str) -> int | None:
    """The row of the product that is called so and has a price; None where there is none."""
    rows = view.lexical.match(tokenize(words)).items
    rows = rows[view.catalogue.live[rows]][:_REFERRED]
    priced = rows[~np.isnan(view.catalogue.numbers["price"][rows])]
    return int(priced[0]) if len(priced) else None


def _kind(view: View, words: str) -> str:
    """What the product that is called so is: the name of its innermost category."""
    row = _named(view, words)
    if row is None:
        return ""
    table = view.catalogue.table
    path: str = table.categories.words[int(table.category[row])]
    return path.rsplit(PATH_SEPARATOR, 1)[-1]


def _intended(
    view: View, query: Query, wishes: Sequence[Wish], removed: Sequence[str], sure: float
) -> list[Wish]:
    """The category that the trained intent head reads out of the words, where none is named."""
    if view.model is None or query.vector is None:
        return []
    if any(wish.constraint.field == "categories" for wish in wishes):
        return []
    likely = view.model.intent(query.vector)
    if not len(likely):
        return []
    code = int(np.argmax(likely))
    if code == UNKNOWN or likely[code] < LIKELY:
        return []
    path = view.catalogue.table.categories.words[code]
    constraint = Constraint("categories", "prefer", values=(path,), confidence=float(likely[code]))
    if constraint.id in removed:
        return []
    return [resolve(constraint, view.catalogue, view.lexical, sure)]
