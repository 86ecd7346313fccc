"""A merchant's synonyms at work on a query."""

from collections.abc import Sequence
from dataclasses import dataclass

from daogou.merchandising import Applied, Edit, rewrite
from daogou.retrieval import LexicalRetriever, Synonym


@dataclass(frozen=True, slots=True)
class Wording:
    """A query, and how else it may be said.

    Attributes
    ----------
    text
        The query, in which phrases that no product has are replaced by what they mean: a shop
        without "tp" is searched for "toilet paper" from here on, by words and by meaning.
    synonyms
        What else answers, of the other phrases.
    edits
        How these phrases are replaced by what they mean.
    """

    text: str
    synonyms: tuple[Synonym, ...]
    edits: tuple[Edit, ...]

    def otherwise(self, text: str) -> str | None:
        """A part of the query in other words; None where there are none for it."""
        rewritten = rewrite(text, self.edits) if self.edits else None
        return rewritten.text if rewritten and rewritten.applied else None


def worded(merchant: Applied, lexical: LexicalRetriever) -> Wording:
    """Apply synonyms to a query as the merchant's replacements left it."""
    replaced: list[Edit] = []
    edits: list[Edit] = []
    synonyms: list[Synonym] = []
    for number, expansion in enumerate(merchant.expansions):
        meant, *others = expansion.alternatives
        edit = Edit(expansion.phrase, surface(meant), number)
        if len(lexical.having(expansion.phrase)):
            edits.append(edit)
            synonyms.append(Synonym(expansion.phrase, expansion.alternatives))
        else:
            replaced.append(edit)
            synonyms.append(Synonym(meant, tuple(others)))
    text = rewrite(merchant.text, replaced).text if replaced else merchant.text
    return Wording(text, tuple(s for s in synonyms if s.meant), tuple(edits))


def surface(tokens: Sequence[str]) -> str:
    """A phrase of tokens as one would write it.

    The segmenter gives a long Chinese word and its parts; the parts are left out.
    """
    kept = [t for t in tokens if not any(t != o and t in o and not t.isascii() for o in tokens)]
    glue = " " if any(token.isascii() for token in kept) else ""
    return glue.join(dict.fromkeys(kept))
