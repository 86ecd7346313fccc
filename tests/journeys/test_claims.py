"""The gate for a language model's sentences: what passes, and what is cut for which reason."""

import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import pytest

from daogou.assistant import AssistantConfig, Gate, State
from daogou.assistant.knowledge import NoKnowledge
from daogou.assistant.llm.claims import Claims, sentences_of
from daogou.assistant.llm.material import gather
from daogou.assistant.llm.pieces import Cut
from daogou.assistant.llm.prompt import FREE
from daogou.assistant.llm.scripted import INVENTIONS
from daogou.assistant.turn import Turn
from daogou.assistant.words import SLOT, templates
from daogou.engine import Engine
from daogou.store import Store
from daogou.types import Product

OURS_ALONE: Final = frozenset(("about_sizes", "found_all", "more", "skipped", "unread"))
"""These say "in stock", "more", "all", "not", and what shoppers do: a model's must not."""


def turn_of(engine: Engine, store: Store, ids: tuple[str, ...], language: str = "en") -> Turn:
    turn = Turn(
        engine=engine,
        gate=Gate(store, language, engine.currency),
        config=AssistantConfig(),
        knowledge=NoKnowledge(),
        visitor_id=None,
        seed="c/2",
        language=language,
        state=State(goal="dress", language=language),
    )
    for product in turn.gate.products(ids):
        turn.card(product)
    count = turn.gate.count(len(ids), {})
    turn.say("found", count=count, goal=turn.gate.words("dress"))
    return turn


@pytest.fixture
def claims(engine: Engine, store: Store) -> Callable[..., Claims]:
    """The gate of a turn that shows two dresses, or other products."""

    def of(*ids: str, language: str = "en") -> Claims:
        turn = turn_of(engine, store, ids or ("dress-red", "dress-black"), language)
        return Claims(gather(turn, [c.id for c in turn.cards], turn.lines), language)

    return of


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("Have a look at {p1.title}.", "Have a look at Red Cotton Summer Dress."),
        ("{p1.title} costs {p1.price}.", "Red Cotton Summer Dress costs $49."),
        ("Red Cotton Summer Dress costs $49.", "Red Cotton Summer Dress costs $49."),
        ("At {p2.price}, there is {p2.title}!", None),
        ("I found {f1} for {f2}: {p1.title} and {p2.title}.", None),
        ("{p1.title} is made of cotton.", None),
        ("Which of these two dresses do you like?", None),
        ("What colour are you looking for?", None),
        ("**{p1.title}** may suit you!", "Red Cotton Summer Dress may suit you!"),
        ("{p1.title} is for summer.", None),
    ],
)
def test_what_passes(claims: Callable[..., Claims], sentence: str, told: str | None) -> None:
    said = claims().judge(sentence)
    assert "{" not in said.text
    assert told is None or said.text == told


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("{p1.title} costs $39.", "number"),
        ("{p1.title} costs $4.", "number"),
        ("It costs forty dollars.", "number"),
        ("{p1.title} costs {p2.price}.", "misplaced"),
        ("Red Cotton Summer Dress costs $189.", "misplaced"),
        ("{p1.title} costs {p2.price} and {p2.title} costs {p1.price}.", "misplaced"),
        ("It costs {p1.price}.", "misplaced"),
        ("{p1.title} comes with {f1} of them.", "misplaced"),
        ("{f1} {p1.title} are here.", "misplaced"),
        ("{p2.title} is made of cotton.", "word"),
        ("{p1.title} and {p2.title} are made of cotton.", "word"),
        ("{p1.title} is waterproof.", "word"),
        ("{p1.title} is not cotton.", "word"),
        ("Yes, it is.", "word"),
        ("{p1.title} is from Gucci.", "name"),
        ("Look at the AeroFlex.", "name"),
        ("{p1.title} is the best.", "superlative"),
        ("This is the cheapest dress.", "superlative"),
        ("These are perfect for you.", "superlative"),
        ("You get free shipping.", "promise"),
        ("It is guaranteed.", "promise"),
        ("You can return it.", "promise"),
        ("{p1.title} is in stock.", "promise"),
        ("I have added it to your cart.", "promise"),
        ("Look at {p9.title}.", "slot"),
        ("Look at {password}.", "slot"),
        ("See http://evil.example for it.", "markup"),
        ("<b>{p1.title}</b>", "markup"),
        ("[{p1.title}](x)", "markup"),
        ("I asked search_products for it.", "tool"),
        ("这款很适合您。", "language"),
        ("Это платье.", "language"),
        ("Cette robe.", "word"),
    ],
)
def test_what_is_cut(claims: Callable[..., Claims], sentence: str, kind: str) -> None:
    with pytest.raises(Cut) as cut:
        claims().judge(sentence)
    assert cut.value.kind == kind


@pytest.mark.parametrize(
    "sentence",
    [
        "可以看看{p1.title}，{p1.price}。",
        "{p1.title}是棉质的，价格是{p1.price}。",
        "这两款连衣裙您喜欢哪一款？",
        "您想要什么颜色？",
        "为您找到{f1}和{f2}。",
        "为您找到红色棉质夏季连衣裙，$49。",
    ],
)
def test_what_passes_in_chinese(claims: Callable[..., Claims], sentence: str) -> None:
    assert "{" not in claims(language="zh").judge(sentence).text


@pytest.mark.parametrize(
    ("sentence", "kind"),
    [
        ("{p1.title}只要三十九元。", "number"),
        ("{p1.title}一折。", "promise"),
        ("全网最便宜。", "superlative"),
        ("这是第一的品牌。", "superlative"),
        ("包邮，明天到。", "promise"),
        ("我们保证质量。", "promise"),
        ("{p1.title}有货。", "promise"),
        ("{p2.title}是棉质的。", "word"),
        ("{p1.title}不是棉质的。", "word"),
        ("{p1.title}防水透气。", "word"),
        ("这款是 Nike 的。", "name"),
        ("This one is nice.", "language"),
        ("{p1.title}的价格是{p2.price}。", "misplaced"),
        ("请看 www.evil.cn。", "markup"),
    ],
)
def test_what_is_cut_in_chinese(claims: Callable[..., Claims], sentence: str, kind: str) -> None:
    with pytest.raises(Cut) as cut:
        claims(language="zh").judge(sentence)
    assert cut.value.kind == kind


PLAIN: Final = tomllib.loads((Path(__file__).parent / "claims" / "plain.toml").read_text("utf-8"))


@pytest.mark.parametrize(
    ("language", "sentence"), [(la, text) for la, texts in PLAIN.items() for text in texts]
)
def test_plain_words_claim_nothing_together(
    claims: Callable[..., Claims], language: str, sentence: str
) -> None:
    with pytest.raises(Cut):
        claims(language=language).judge(sentence)


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Great, have a look at {p1.title} - {p1.price}."),
        ("en", "You might like {p1.title} for {p1.price}, or {p2.title} at {p2.price}."),
        ("en", "Is it a gift for someone?"),
        ("en", "I found {f1} that match {f2}: {p1.title}."),
        ("en", "{p1.title} is a summer dress made of cotton, rated {p1.rating} stars."),
        ("zh", "好的，可以看看{p1.title}（{p1.price}）。"),
        ("zh", "您是想送礼吗？"),
        ("zh", "找到{f1}款{f2}，比如{p1.title}。"),
        ("zh", "{p1.title}的价格是{p1.price}，{p2.title}的价格是{p2.price}。"),
    ],
)
def test_what_a_careful_model_says_still_passes(
    claims: Callable[..., Claims], language: str, sentence: str
) -> None:
    claims(language=language).judge(sentence)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_invention_is_cut(claims: Callable[..., Claims], language: str) -> None:
    gate = claims("dress-hack", "dress-black", language=language)
    for invention in INVENTIONS:
        for sentence in sentences_of(invention, ended=True):
            with pytest.raises(Cut):
                gate.judge(sentence)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_model_may_keep_the_draft(claims: Callable[..., Claims], language: str) -> None:
    """Words of the sentences that it may replace pass, so that what it learns from them does."""
    gate = claims(language=language)
    for key in sorted(FREE - OURS_ALONE):
        for template in templates()["say"][key][language]:
            for sentence in sentences_of(SLOT.sub("{p1.title}", template), ended=True):
                if sentence.count("{p1.title}") < 2:
                    gate.judge(sentence.replace("“", "").replace("”", ""))


def test_a_facts_text_is_told_with_its_fact(
    claims: Callable[..., Claims], records: Mapping[str, Product]
) -> None:
    said = claims().judge("Red Cotton Summer Dress costs $49.")
    assert [(f.kind, f.product_ids) for f in said.facts] == [
        ("title", ("dress-red",)),
        ("price", ("dress-red",)),
    ]
    assert records["dress-red"].price is not None


def test_sentences_come_whole_out_of_pieces() -> None:
    text = "{p1.title} costs $4.50. Is it nice?  Yes!\n好的。可以看看"
    for size in (1, 3, 100):
        heard, found = "", []
        for at in range(0, len(text), size):
            heard += text[at : at + size]
            *whole, heard = sentences_of(heard, ended=False)
            found += [s for s in whole if s.strip()]
        found += sentences_of(heard, ended=True)
        assert found == ["{p1.title} costs $4.50.", "Is it nice?", "Yes!", "好的。", "可以看看"]
