"""Questions worth asking about a product: those that its record and the shop's articles answer.

Each carries a command that names what answers it, so that pressing it never ends in "I don't
know": a pair of the merchant's questions and answers, an article, an attribute, or the product
that is most like this one.
"""

import math
from collections import deque
from collections.abc import Iterator
from typing import Final, Literal

from daogou.assistant.about import tell_attribute
from daogou.assistant.knowledge import Passage
from daogou.assistant.quoting import cite
from daogou.assistant.reading import filter_of
from daogou.assistant.reply import QuickReply
from daogou.assistant.showing import present
from daogou.assistant.turn import Turn
from daogou.assistant.words import ATTRIBUTE, field_name, label, telling
from daogou.engine import FacetSpec, RecommendRequest, SearchRequest
from daogou.knowledge.passages import passages
from daogou.text import detect_language, normalize
from daogou.types import Article, Product, ScoredProduct, Slate

QUESTIONS: Final = 3
LEAST_TELLING: Final = 0.15
"""In bits: what nearly all products of a category have says nothing about one of them."""
_ARTICLES: Final = 2
_LIKE: Final = 8


def questions_about(turn: Turn, product: Product, count: int = QUESTIONS) -> list[QuickReply]:
    """What is worth asking about a product, ``count`` questions at most.

    One of each source in turn: what shoppers asked the merchant, articles that go with it (the
    closest first), the products next to it, attributes by how rare their value is in the category.
    """
    sources = deque(
        (
            _asked_before(turn, product),
            _articles(turn, product),
            _next_to(turn, product),
            _attributes(turn, product),
        )
    )
    found: dict[str, QuickReply] = {}
    while sources and len(found) < count:
        source = sources.popleft()
        if (question := next(source, None)) is not None:
            found.setdefault(question.text, question)
            sources.append(source)
    return list(found.values())


def _asked_before(turn: Turn, product: Product) -> Iterator[QuickReply]:
    for number, pair in enumerate(product.questions, 1):
        if detect_language(pair.question) == turn.language:
            yield QuickReply(pair.question, f"/question {product.id} {number}")


def _articles(turn: Turn, product: Product) -> Iterator[QuickReply]:
    related = turn.engine.knowledge.related(
        product_id=product.id, language=turn.language, k=_ARTICLES
    )
    for found in related:
        article = found.article
        if article.language == turn.language and passages(article.text):
            yield QuickReply(article.title, f"/article {article.id}")


def _attributes(turn: Turn, product: Product) -> Iterator[QuickReply]:
    """Attributes whose value tells most, by its surprise in the category: -log2 of its share.

    What the title or the brand says already is not asked.

    Shannon, "A mathematical theory of communication", Bell System Technical Journal 27, 1948.
    """
    named = normalize(f"{product.title} {product.title_in(turn.language)} {product.brand or ''}")
    told = {
        key: values
        for key, values in telling(product)
        if not all(normalize(value) in named for value in values)
    }
    if not told or not product.categories:
        return
    category = filter_of("categories", product.categories_in(turn.language)[:1])
    request = SearchRequest(
        "",
        page_size=1,
        filter=category,
        facets=tuple(FacetSpec(f"{ATTRIBUTE}{key}", limit=100) for key in told),
        language=turn.language,
        personalize=False,
    )
    slate = turn.engine.search(request).slate
    bits: dict[str, float] = {}
    for facet in slate.facets:
        key = facet.key.removeprefix(ATTRIBUTE)
        counts = [value.count for value in facet.values if value.value in told[key]]
        if counts and slate.total:
            bits[key] = -math.log2(min(min(counts) / slate.total, 1.0))
    for key in sorted(bits, key=lambda k: (-bits[k], k)):
        if bits[key] >= LEAST_TELLING:
            name = field_name(key, turn.language)
            yield QuickReply(
                label("what_is_its", turn.language, name=name),
                f"/attribute {product.id} {_one_word(key)}",
            )


def _next_to(turn: Turn, product: Product) -> Iterator[QuickReply]:
    """The product that is most like it, and what goes with it."""
    own = product.title_in(turn.language)
    for item in _in_stock(_recommended(turn, product, "similar")):
        title = item.product.title_in(turn.language)
        if title != own:
            yield QuickReply(
                label("how_does_it_compare", turn.language, title=title),
                f"/compare {product.id} {item.product.id}",
            )
            break
    if _in_stock(_recommended(turn, product, "goes-with")):
        yield QuickReply(label("what_goes_with_it", turn.language), f"/with {product.id}")


def _recommended(turn: Turn, product: Product, placement: Literal["similar", "goes-with"]) -> Slate:
    request = RecommendRequest(
        placement, product_ids=(product.id,), page_size=_LIKE, language=turn.language
    )
    return turn.engine.recommend(request)


def _in_stock(slate: Slate) -> list[ScoredProduct]:
    return [item for item in slate.items if item.product.availability != "OUT_OF_STOCK"]


def _one_word(key: str) -> str:
    return "_".join(key.split())


# --- their answers


def answer_question(turn: Turn, product_id: str, number: str) -> None:
    """What the merchant answered to the question with a number."""
    product = turn.gate.product(product_id)
    place = int(number) if number.isdecimal() and len(number) < 4 else 0
    if product is None or not 1 <= place <= len(product.questions):
        turn.say("gone" if product is None else "unknown")
        return
    turn.state = turn.state.focusing(product.id)
    pair = product.questions[place - 1]
    cite(turn, Passage(product.id, pair.question, pair.answer, "question"))
    turn.card(product)


def answer_article(turn: Turn, article_id: str) -> None:
    """How an article begins, word for word; the citation leads to the rest."""
    article = _article(turn, article_id)
    found = passages(article.text) if article else []
    if article is None or not found:
        turn.say("unknown")
        return
    start, end = found[0].span
    cite(turn, Passage(article.id, article.title, article.text[start:end]))


def _article(turn: Turn, article_id: str) -> Article | None:
    editions = turn.engine.knowledge.snapshot().editions.get(article_id, {})
    return editions.get(turn.language) or next(iter(editions.values()), None)


def answer_attribute(turn: Turn, product_id: str, word: str) -> None:
    """What the record says of an attribute."""
    product = turn.gate.product(product_id)
    if product is None:
        turn.say("gone")
        return
    turn.state = turn.state.focusing(product.id)
    key = next((k for k in product.attributes if _one_word(k) == word), word)
    tell_attribute(turn, product, key)
    turn.card(product)


def show_with(turn: Turn, product_id: str) -> None:
    """What goes with a product, each with the reason why."""
    product = turn.gate.product(product_id)
    if product is None:
        turn.say("gone")
        return
    slate = _recommended(turn, product, "goes-with")
    items = _in_stock(slate)
    if not items:
        turn.say("nothing_to_recommend")
        return
    turn.say("goes_with", title=turn.gate.title(product))
    turn.gate.keep(item.product for item in items)
    present(turn, items[: turn.config.slate], slate)
