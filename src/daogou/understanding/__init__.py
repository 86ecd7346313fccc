"""Understanding: from a shopper's words to constraints with spans and confidences.

The parser knows the words of one catalogue (:class:`Gazetteer`), a small lexicon of
shop vocabulary in both languages (``data/lexicon.tsv``) and how budgets, orders, negations
and the like are said (``data/rules.toml``). It knows no store and no engine.
"""

from daogou.understanding.atoms import split_words
from daogou.understanding.gazetteer import Gazetteer
from daogou.understanding.model import (
    SURE,
    TEXT,
    Constraint,
    Entry,
    Sort,
    Strength,
    Understanding,
    left_over,
)
from daogou.understanding.parser import Parser

__all__ = [
    "SURE",
    "TEXT",
    "Constraint",
    "Entry",
    "Gazetteer",
    "Parser",
    "Sort",
    "Strength",
    "Understanding",
    "left_over",
    "split_words",
]
