"""How likely one word was typed for another."""

from typing import Final

_ROWS: Final = (("qwertyuiop", 0.0), ("asdfghjkl", 0.25), ("zxcvbnm", 0.75))
_KEYS: Final = {
    letter: (column + shift, row)
    for row, (letters, shift) in enumerate(_ROWS)
    for column, letter in enumerate(letters)
}
_VOWELS: Final = frozenset("aeiouy")

PLAIN: Final = 5.0
"""Cost of a letter that has nothing to do with the right one, in nats."""
NEIGHBOUR: Final = 4.0
"""Cost of the key beside, and of one vowel for another."""
TRANSPOSED: Final = 3.5
"""Cost of two letters in each other's place."""
DOUBLED: Final = 3.0
"""Cost of a letter typed twice, or once instead of twice."""
FIRST: Final = 1.5
"""What it costs more in a word's first letter, which is seldom wrong."""


def edit_cost(typed: str, meant: str) -> float:
    """The cheapest way from ``meant`` to ``typed`` in nats, 0 for equal words.

    An edit distance with transpositions (F. Damerau, "A technique for computer
    detection and correction of spelling errors", CACM 1964), whose edits are as
    dear as they are rare (M. Kernighan, K. Church and W. Gale, "A spelling
    correction program based on a noisy channel model", COLING 1990). The costs
    are set by hand: a shop has no corpus of its shoppers' typing errors.
    """
    before: list[float] = []
    row = [0.0]
    for j in range(len(typed)):
        row.append(row[-1] + _extra(typed, j))
    for i in range(len(meant)):
        above, row = row, [row[0] + _extra(meant, i)]
        for j in range(len(typed)):
            best = min(
                above[j] + _swap(meant[i], typed[j], first=i == 0 and j == 0),
                above[j + 1] + _extra(meant, i),
                row[j] + _extra(typed, j),
            )
            crossed = i and j and meant[i] == typed[j - 1] and meant[i - 1] == typed[j]
            if crossed and meant[i] != meant[i - 1]:
                best = min(best, before[j - 1] + TRANSPOSED + (FIRST if i == 1 else 0))
            row.append(best)
        before = above
    return row[-1]


def _swap(meant: str, typed: str, *, first: bool) -> float:
    if meant == typed:
        return 0.0
    extra = FIRST if first else 0.0
    if meant in _VOWELS and typed in _VOWELS:
        return NEIGHBOUR + extra
    if meant in _KEYS and typed in _KEYS:
        (x, y), (other_x, other_y) = _KEYS[meant], _KEYS[typed]
        if abs(x - other_x) <= 1 and abs(y - other_y) <= 1:
            return NEIGHBOUR + extra
    return PLAIN + extra


def _extra(word: str, n: int) -> float:
    """What it costs that letter ``n`` stands in one of the words only."""
    beside = word[max(n - 1, 0) : n] + word[n + 1 : n + 2]
    if word[n] in beside:
        return DOUBLED
    return PLAIN + (FIRST if n == 0 else 0.0)
