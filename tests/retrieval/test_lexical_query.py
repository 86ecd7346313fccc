"""Concepts and synonyms; what changed since the build has to answer alike."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daogou.retrieval import (
    Alternative,
    Concept,
    LexicalDocument,
    LexicalQuery,
    LexicalRetriever,
    Synonym,
    build_lexical,
)

TITLES = [
    ("orange", "soda"),
    ("soft", "drink", "orange"),
    ("soft", "towel"),
    ("energy", "drink"),
    ("cola", "soda", "silk"),
    ("连衣裙", "silk"),
    ("裙子",),
]
SODA, SOFT_DRINK, TOWEL, ENERGY, SILK_SODA, SILK_DRESS, SKIRT = range(len(TITLES))
FILLING = 60
"""So many documents of other words make the words above rare ones."""


@pytest.fixture(scope="module", params=["index", "overlay", "half"])
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> object:
    """The same products: in the index, changed since it was built, and half of them changed."""
    path = tmp_path_factory.mktemp(request.param) / "lexical"
    documents = [LexicalDocument(n, title=title) for n, title in enumerate(TITLES)]
    filling = [LexicalDocument(len(TITLES) + n, title=(f"w{n}",)) for n in range(FILLING)]
    build_lexical(path, [*documents, *filling])
    retriever = LexicalRetriever.open(path)
    if request.param == "index":
        return retriever
    return retriever.changed(documents[:: 1 if request.param == "overlay" else 2])


def found(retriever: LexicalRetriever, query: LexicalQuery) -> set[int]:
    return set(retriever.match(query).items.tolist())


TWO_WAY = (
    Synonym(("soda",), (("soft", "drink"),)),
    Synonym(("soft", "drink"), (("soda",),)),
)


@pytest.mark.parametrize("said", [("soda",), ("soft", "drink")])
def test_a_synonym_of_several_words_works_both_ways(
    shop: LexicalRetriever, said: tuple[str, ...]
) -> None:
    assert found(shop, LexicalQuery.of(said, TWO_WAY)) == {SODA, SOFT_DRINK, SILK_SODA}


def test_one_way_is_one_way(shop: LexicalRetriever) -> None:
    one = (Synonym(("裙子",), (("连衣裙",),)),)
    assert found(shop, LexicalQuery.of(("裙子",), one)) == {SKIRT, SILK_DRESS}
    assert found(shop, LexicalQuery.of(("连衣裙",), one)) == {SILK_DRESS}


def test_what_was_typed_comes_before_a_lighter_synonym(shop: LexicalRetriever) -> None:
    synonym = Synonym(("裙子",), (("连衣裙",),), weight=0.5)
    query = LexicalQuery.of(("裙子",), [synonym])
    assert shop.match(query).items.tolist() == [SKIRT, SILK_DRESS]


def test_having(shop: LexicalRetriever) -> None:
    assert shop.having(("silk",)).tolist() == [SILK_SODA, SILK_DRESS]
    assert shop.having(("soft", "drink")).tolist() == [SOFT_DRINK]
    assert shop.having(("unheard",)).tolist() == shop.having(()).tolist() == []


def test_what_is_possible_is_above_every_score(shop: LexicalRetriever) -> None:
    for tokens in (("soda",), ("orange", "soda"), ("soft", "drink", "silk"), ("towle",)):
        query = LexicalQuery.of(tokens, TWO_WAY)
        best = float(shop.match(query).scores.max())
        assert best < shop.possible(query) < 6 * best
    assert shop.possible(()) == 0
    # What nobody has was asked for all the same, as something rare.
    rest = shop.possible(("soda", "unheard")) - shop.possible(("soda",))
    assert rest == pytest.approx(shop.possible(("unheard",)))
    assert rest > shop.possible(("soda",))


def test_an_unknown_word_finds_its_neighbours_everywhere(shop: LexicalRetriever) -> None:
    assert found(shop, LexicalQuery.of(("towle",))) == {TOWEL}
    assert found(shop, LexicalQuery.of(("裙",))) == {SKIRT, SILK_DRESS}


def test_a_concept_counts_once(shop: LexicalRetriever) -> None:
    soda = Alternative(("soda",))
    once = shop.match(LexicalQuery((Concept((soda,)),)))
    twice = shop.match(LexicalQuery((Concept((soda, Alternative(("cola",), 0.5))),)))
    assert once.scores[once.items == SODA] == twice.scores[twice.items == SODA]


def test_the_longest_synonym_applies_and_takes_its_tokens() -> None:
    synonyms = (
        Synonym(("soft",), (("gentle",),)),
        Synonym(("soft", "drink"), (("soda",), ("pop",)), weight=0.8),
        Synonym(("soft", "drink"), (("soda",),)),
    )
    query = LexicalQuery.of(("cold", "soft", "drink"), synonyms)
    assert query.concepts == (
        Concept((Alternative(("cold",)),)),
        Concept(
            (
                Alternative(("soft", "drink")),
                Alternative(("soda",)),
                Alternative(("pop",), 0.8),
            )
        ),
    )


WORDS = st.sampled_from(["a1", "b2", "c3", "d4", "e5", "f6"])
PHRASES = st.lists(WORDS, min_size=1, max_size=2, unique=True).map(tuple)
CONCEPTS = st.lists(
    st.builds(Alternative, PHRASES, st.sampled_from([0.5, 1.0])), min_size=1, max_size=3
).map(lambda ways: Concept(tuple(ways)))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> tuple[LexicalRetriever, LexicalRetriever]:
    rng = np.random.default_rng(5)
    words = ["a1", "b2", "c3", "d4", "e5", "f6", *(f"w{n}" for n in range(60))]
    odds = np.array([30, 20, 3, 3, 2, 1, *([2] * 60)], float)
    titles = [tuple(rng.choice(words, 3, p=odds / odds.sum()).tolist()) for _ in range(300)]
    documents = [LexicalDocument(n, title=title) for n, title in enumerate(titles)]
    path = tmp_path_factory.mktemp("pair") / "lexical"
    build_lexical(path, documents)
    retriever = LexicalRetriever.open(path)
    return retriever, retriever.changed(documents[::3])


@settings(max_examples=150, deadline=None)
@given(concepts=st.lists(CONCEPTS, max_size=3))
def test_the_overlay_answers_as_the_index_does(
    pair: tuple[LexicalRetriever, LexicalRetriever],
    concepts: list[Concept],
) -> None:
    query = LexicalQuery(tuple(concepts))
    of_index, of_both = (one.match(query) for one in pair)
    expected = dict(zip(of_index.items.tolist(), of_index.scores.tolist(), strict=True))
    actual = dict(zip(of_both.items.tolist(), of_both.scores.tolist(), strict=True))
    assert actual == pytest.approx(expected, rel=1e-4)
    assert (np.diff(of_both.scores) <= 0).all()
