"""The acts that a language model may ask for: the engine's own, on a turn that may be dropped.

The model chooses, our code acts and writes the state. What the shopper has not said it cannot
change: budgets are never loosened, refusals and rejections stand, the cart is only asked about,
in numbers and sizes that the message names. Once it has read prose that others wrote (a product's
description, an article), acts are closed for the turn: what it read cannot make it act.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from daogou.assistant.about import tell
from daogou.assistant.carting import propose
from daogou.assistant.comparing import side_by_side
from daogou.assistant.finding import search, take_in
from daogou.assistant.llm.asking import Tool
from daogou.assistant.llm.claims import is_claim
from daogou.assistant.llm.material import MOST_PRODUCTS, Material, gather
from daogou.assistant.llm.prompt import MOST_PROSE, MOST_VALUE, account, marked
from daogou.assistant.looking import left_of_total, look
from daogou.assistant.questions import ask, best_question
from daogou.assistant.quoting import quote
from daogou.assistant.reading import Wanted, price_wish, read
from daogou.assistant.recommending import show_recommended
from daogou.assistant.state import State, Wish
from daogou.assistant.turn import Turn
from daogou.assistant.wishes import ask_which
from daogou.feeds.codec.money import minor_digits
from daogou.text import normalize, read_numeral
from daogou.text.numerals import NUMERAL
from daogou.types import Product

_SHORT: Final = 40
Word = Annotated[str, Field(max_length=_SHORT)]
_NUMERAL: Final = re.compile(NUMERAL)
CLOSED: Final = "Not done: after reading prose nothing can be done in this turn. Word the draft."


class _Arguments(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Search(_Arguments):
    goal: Word = Field(description="What kind of product, in two or three words")
    want: list[Word] = Field(
        default=[], max_length=6, description="What it must be: colour, material, size, brand"
    )
    refuse: list[Word] = Field(default=[], max_length=6, description="What it must not be")
    low: float | None = Field(default=None, description="Least price that the message names")
    high: float | None = Field(default=None, description="Highest price that the message names")


class _Nothing(_Arguments):
    pass


class _One(_Arguments):
    product: Word = Field(description="Such as p1")


class _Several(_Arguments):
    products: list[Word] = Field(min_length=2, max_length=4, description="Such as p1, p2")


class _Add(_Arguments):
    product: Word = Field(description="Such as p1")
    quantity: int = Field(default=1, description="As the message says")
    option: Word = Field(default="", description="Size or colour that the message names")


class Desk:
    """Does what the model asks for, one act at a time; the last one counts.

    Parameters
    ----------
    fresh
        Makes the turn anew, as it was before the message.
    known
        Ids of the products that may be spoken of.
    message
        What the shopper wrote.
    """

    def __init__(self, fresh: Callable[[], Turn], known: Sequence[str], message: str) -> None:
        self._fresh = fresh
        self._message = normalize(message)
        self._numbers = {read_numeral(m[0]) for m in _NUMERAL.finditer(self._message)}
        self._before = known
        self._known = list(known)
        self._closed = False
        self.turn: Turn | None = None

    @property
    def known(self) -> tuple[str, ...]:
        """Ids of the products by their numbers: the first is ``p1``."""
        return tuple(self._known[:MOST_PRODUCTS])

    def tools(self) -> tuple[Tool, ...]:
        """What is offered."""
        return (
            _tool("search_products", "Search for products.", _Search, self._search),
            _tool(
                "recommend_products",
                "Products that may suit the shopper.",
                _Nothing,
                self._recommend,
            ),
            _tool("compare_products", "Products side by side.", _Several, self._compare),
            _tool("show_product", "Show one of the products.", _One, self._show),
            _tool(
                "read_details", "Read a product's description. Ends acting.", _One, self._details
            ),
            _tool(
                "quote_article",
                "Answer from the shop's articles. Ends acting.",
                _Nothing,
                self._answer,
            ),
            _tool("propose_cart", "Ask whether to put it into the cart.", _Add, self._propose),
            _tool(
                "ask_shopper",
                "Ask what parts the products best; after a search.",
                _Nothing,
                self._ask,
            ),
            _tool("offer_relaxing", "Ask which wish may be dropped.", _Nothing, self._relax),
        )

    def material(self, turn: Turn) -> Material:
        """What may be spoken of after an act."""
        self._known += [card.id for card in turn.cards if card.id not in self._known]
        return gather(turn, self.known, turn.lines)

    def _begin(self, intent: str) -> Turn:
        turn = self._fresh()
        turn.intent = intent
        turn.set(listed=False, pending=None, asked=None)
        return turn

    def _done(self, turn: Turn) -> str:
        self.turn = turn
        return account(self.material(turn), turn.lines)

    def _product(self, turn: Turn, name: str) -> Product | None:
        match = re.fullmatch(r"p(\d)", name.strip())
        place = int(match[1]) if match else 0
        known = self.known
        product_id = known[place - 1] if 1 <= place <= len(known) else None
        if product_id is None or product_id in turn.state.rejected:
            return None
        return turn.gate.product(product_id)

    def _search(self, told: _Search) -> str:
        if self._closed:
            return CLOSED
        turn = self._begin("find")
        before = turn.state
        wanted = self._wanted(turn, told)
        if is_claim(" ".join([told.goal, *told.want, *told.refuse])):
            return "Not done: name the product alone, without praise and promises."
        if wanted.says_nothing:
            return "Not done: nothing in it that the shop could look for."
        turn.intent = take_in(turn, wanted)
        turn.state = _guarded(turn.state, before)
        turn.say("corrected", words=turn.gate.words(" ".join(_said(told, wanted))))
        search(turn, unknown=wanted.unknown)
        return self._done(turn)

    def _wanted(self, turn: Turn, told: _Search) -> Wanted:
        """The arguments, read as a shopper's words are read: same parser, same structure."""
        currency, language = turn.gate.currency, turn.language
        wanted = read(turn.engine, self._sayable(told.goal), language, currency)
        wishes: list[Wish] = [*wanted.wishes]
        for text in told.want:
            wishes += read(turn.engine, self._sayable(text), language, currency).wishes
        for text in told.refuse:
            refusal = f"不要{text}" if language == "zh" else f"not {text}"
            wishes += [
                wish
                for wish in read(turn.engine, self._sayable(refusal), language, currency).wishes
                if wish.strength == "must-not"
            ]
        wishes = [wish for wish in wishes if wish.field not in ("price", "discount")]
        low, high = (self._amount(bound, currency) for bound in (told.low, told.high))
        if low is not None or high is not None:
            wishes.append(price_wish(low, high, currency))
        return replace(
            wanted, wishes=tuple(wishes), total=None, order_by="", superlative=False, quantity=None
        )

    def _sayable(self, text: str) -> str:
        """A text of the model without numbers that the shopper did not write."""
        plain = normalize(text)
        said = [w for w in plain.split() if not any(c.isdigit() for c in w) or w in self._message]
        return " ".join(said)

    def _amount(self, bound: float | None, currency: str | None) -> int | None:
        """A bound in minor units, where the message names it."""
        if bound is None or not any(n is not None and float(n) == bound for n in self._numbers):
            return None
        return int(Decimal(str(bound)).scaleb(minor_digits(currency or "USD")))

    def _recommend(self, told: _Nothing) -> str:
        del told
        if self._closed:
            return CLOSED
        turn = self._begin("recommend")
        show_recommended(turn, "recommended")
        return self._done(turn)

    def _compare(self, told: _Several) -> str:
        if self._closed:
            return CLOSED
        turn = self._begin("compare")
        products = [self._product(turn, name) for name in told.products]
        ids = list(dict.fromkeys(product.id for product in products if product))
        if len(ids) < 2:
            return "Not done: name two of the products above."
        side_by_side(turn, ids)
        return self._done(turn)

    def _show(self, told: _One) -> str:
        if self._closed:
            return CLOSED
        turn = self._begin("choose")
        product = self._product(turn, told.product)
        if product is None:
            return "There is no such product above."
        tell(turn, product)
        return self._done(turn)

    def _details(self, told: _One) -> str:
        product = self._product(self._fresh(), told.product)
        if product is None:
            return "There is no such product above."
        self._closed = True
        prose = marked(product.description, MOST_PROSE)
        return f"<data>\n{told.product.strip()}: {prose or '(no description)'}\n</data>"

    def _answer(self, told: _Nothing) -> str:
        del told
        turn = self._begin("howto")
        if not quote(turn, self._message, turn.state.focus):
            return "The shop has no article on that."
        self._closed = True
        return self._done(turn)

    def _propose(self, told: _Add) -> str:
        if self._closed:
            return CLOSED
        turn = self._begin("add")
        product = self._product(turn, told.product)
        if product is None or product.id not in self._before:
            return "Not done: only what the shopper has seen before can be proposed."
        quantity = told.quantity if told.quantity in self._numbers else 1
        quantity = min(max(quantity, 1), turn.config.max_quantity)
        option = normalize(told.option)
        said = re.findall(r"[a-z0-9.]+|[一-鿿]+", self._message)
        known = {o for v in product.variants for o in v.options.values()}
        chosen = tuple(o for o in known if option and normalize(o) == option and option in said)
        propose(turn, [product], quantity, chosen)
        return self._done(turn)

    def _ask(self, told: _Nothing) -> str:
        del told
        turn = self.turn
        if self._closed or turn is None or turn.state.pending is not None:
            return CLOSED if self._closed else "Not done: search first."
        left = left_of_total(turn.state, turn)
        within = None if left is None else (None, max(left, 0))
        found = look(turn, turn.state.goal, turn.state.wishes, within=within)
        question = best_question(turn, found, turn.state.goal, turn.state.wishes)
        if question is None or turn.state.asked is not None:
            return "No question pays. Word the draft."
        ask(turn, question)
        return self._done(turn)

    def _relax(self, told: _Nothing) -> str:
        del told
        if self._closed:
            return CLOSED
        turn = self._begin("relax")
        ask_which(turn)
        return self._done(turn)


def _said(told: _Search, wanted: Wanted) -> list[str]:
    words = [told.goal, *told.want]
    return [w for w in words if not any(c.isdigit() for c in w)] or [wanted.goal]


def _guarded(state: State, before: State) -> State:
    """The state with every refusal, and every bound of a price, at least as tight as before."""
    for wish in before.must_not:
        state = state.wishing(wish)
    old = next((w for w in before.must if w.field == "price"), None)
    if old is None:
        return replace(state, total=before.total)
    new = next((w for w in state.must if w.field == "price"), None)
    if new is None or not _within(new, old):
        state = state.wishing(old)
    return replace(state, total=before.total)


def _within(new: Wish, old: Wish) -> bool:
    low, high = new.low or 0.0, new.high if new.high is not None else float("inf")
    most = old.high if old.high is not None else float("inf")
    return low >= (old.low or 0.0) and high <= most and low <= high


def _tool(
    name: str, description: str, arguments: type[_Arguments], run: Callable[[Any], str]
) -> Tool:
    def called(told: Mapping[str, Any]) -> str:
        try:
            return run(arguments.model_validate(told))
        except ValidationError as error:
            fields = ", ".join(str(e["loc"][0]) if e["loc"] else "all" for e in error.errors())
            return f"Not done: the arguments cannot be read ({marked(fields, MOST_VALUE)})."

    schema = arguments.model_json_schema()
    return Tool(name, description, _plain(schema), called)


def _plain(schema: Any) -> Any:
    """A schema without its titles, which cost tokens and say nothing."""
    if isinstance(schema, dict):
        return {
            k: _plain(v) for k, v in schema.items() if not (k == "title" and isinstance(v, str))
        }
    return [_plain(v) for v in schema] if isinstance(schema, list) else schema
