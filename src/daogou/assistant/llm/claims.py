"""The gate for a language model's sentences: a sentence passes whole, or is cut and counted.

The gate does not ask what is wrong with a sentence but what backs it. Slots (``{p1.price}``) and
texts of facts are backed by the record; every other word has to be of ``data/plain.toml``, which
claims nothing, or of the record of the very product that the sentence speaks of. Numbers stand
in facts alone. What a language model is told, or tells itself, makes no difference.
"""

import functools
import re
from collections.abc import Sequence
from typing import Final, Literal

from daogou.assistant.gate import Said, ungrounded
from daogou.assistant.llm.material import HAN_RUN, WORD, Material, Slot, words_of_list
from daogou.assistant.llm.pieces import Cut, Piece, beside, plain_text, printable, together
from daogou.assistant.rules import load
from daogou.text import normalize, singular
from daogou.text.numerals import NUMERAL, read_numeral

KEY: Final = "llm"
"""The key of a sentence that a language model wrote."""
_SLOT: Final = re.compile(r"\{([^{}]*)\}")
_QUOTED: Final = re.compile('[“"]({[^{}]*})[”"]')
_MARKUP: Final = re.compile(r"[<>`\\|_#*=\[\]{}~^@]|://|\bwww\.|&[a-z]+;|[^\W\d_]\.[^\W\d_]")
_TOOL: Final = re.compile(r"[a-z]+_[a-z]+|function_call|tool_call")
_NUMERAL: Final = re.compile(NUMERAL)
_ONE: Final = frozenset(("one", "一", "a one"))
_NAMED: Final = frozenset(("title", "price"))
_ELSEWHERE: Final = re.compile(
    r"\b(?:others?|another|too|also|both|either|alike)\b|也|还是|另外|其他|其它|别的|同样"
)
"""Words that carry what is told of one product on to another."""
_BUNDLED: Final = re.compile(
    r"\b(?:with|like|get|give|gave|as|plus|from|in it|of it)\b|送|给|配|像|一起|带|包括|用|属于"
)
"""Words that make one offer of two products, or one of the other."""


class Claims:
    """Judges sentences of one turn.

    Parameters
    ----------
    language
        The shopper's.
    """

    def __init__(self, material: Material, language: str) -> None:
        self._material = material
        self._chinese = language == "zh"
        self._literals = self._known()

    def judge(self, sentence: str) -> Said:
        """The sentence as it may be told, with the facts in it.

        Raises
        ------
        Cut
            It may not.
        """
        sentence = " ".join(sentence.replace("**", "").split()).removeprefix("- ")
        sentence = _QUOTED.sub(r"\1", sentence)
        printable(sentence)
        pieces = self._pieces(sentence)
        rest = " ¦ ".join(piece.text for piece in pieces if not piece.slots)
        if _TOOL.search(rest):
            raise Cut("tool")
        if _MARKUP.search(rest):
            raise Cut("markup")
        plain = normalize(rest)
        claim = _claim(plain)
        if claim is not None:
            raise Cut(claim)
        self._numbers(plain)
        self._languages(plain)
        together(pieces)
        used = self._placed(pieces)
        beside(pieces)
        self._words(pieces)
        self._told_of_one(pieces, plain)
        facts = tuple(slot.fact for slot in used)
        text = "".join(piece.text for piece in pieces)
        if ungrounded(text, facts):
            raise Cut("number")
        return Said(text, facts, KEY)

    def _told_of_one(self, pieces: Sequence[Piece], plain: str) -> None:
        """What is told of one product must not be told of the next in the same breath."""
        titles = [n for n, piece in enumerate(pieces) if piece.is_title]
        told = any(piece.owners for piece in pieces if piece.slots and not piece.is_title)
        if (told or not self._is_plain(pieces)) and _ELSEWHERE.search(plain):
            raise Cut("misplaced")
        if len(titles) > 1:
            after = " ".join(p.text for p in pieces[titles[0] + 1 :] if not p.slots)
            if _BUNDLED.search(plain_text(after)):
                raise Cut("misplaced")

    def _is_plain(self, pieces: Sequence[Piece]) -> bool:
        """Whether a sentence needs no record for its words."""
        try:
            for piece in pieces:
                if not piece.slots:
                    self._latin(piece.text, frozenset(), begun=True)
                    self._han(piece.text, frozenset())
        except Cut:
            return False
        return True

    def _known(self) -> dict[str, tuple[Slot, ...]]:
        """Texts of facts that the model may write out instead of their slots."""
        found: dict[str, list[Slot]] = {}
        for slot in self._material.slots.values():
            fact = slot.fact
            literal = (
                fact.kind in _NAMED or fact.name in ("brand", "rating") or fact.kind == "count"
            )
            if literal and fact.text:
                found.setdefault(fact.text, []).append(slot)
        return {text: tuple(slots) for text, slots in found.items()}

    def _pieces(self, sentence: str) -> list[Piece]:
        pieces: list[Piece] = []
        for place, text in enumerate(_SLOT.split(sentence)):
            if place % 2:
                slot = self._material.slots.get(text.strip())
                if slot is None:
                    raise Cut("slot")
                pieces.append(Piece(self._quoted(slot), (slot,)))
            else:
                pieces += self._written_out(text)
        return [piece for piece in pieces if piece.text]

    def _quoted(self, slot: Slot) -> str:
        """The text of a slot; the shopper's words in quotation marks, for they claim nothing."""
        text = slot.fact.text
        plain = normalize(text)
        known = WORD.fullmatch(plain) and plain in words_of_list("plain", "en")
        known = known or _made_of(plain, words_of_list("plain", "zh"))
        return f"“{text}”" if slot.fact.kind == "words" and not known else text

    def _written_out(self, text: str) -> list[Piece]:
        if not self._literals:
            return [Piece(text)]
        longest = sorted(self._literals, key=lambda t: (-len(t), t))
        pattern = re.compile("|".join(_whole(t) for t in longest))
        pieces, at = [], 0
        for match in pattern.finditer(text):
            pieces += [Piece(text[at : match.start()]), Piece(match[0], self._literals[match[0]])]
            at = match.end()
        return [*pieces, Piece(text[at:])]

    def _numbers(self, plain: str) -> None:
        """Numbers in words may be of the products that are shown, digits of facts alone."""
        shown = len(self._material.shown)
        for match in _NUMERAL.finditer(plain):
            if match[0] in _ONE:
                continue
            digits = any(c.isdigit() for c in match[0])
            if digits or read_numeral(match[0]) != shown:
                raise Cut("number")
        if any(c.isdigit() for c in plain):
            raise Cut("number")

    def _languages(self, plain: str) -> None:
        han = bool(HAN_RUN.search(plain))
        latin = bool(WORD.search(plain))
        foreign = re.search(r"[^\W\d_a-z]", HAN_RUN.sub("", plain))
        if foreign or (han and not self._chinese) or (latin and self._chinese and not han):
            raise Cut("language")

    def _placed(self, pieces: Sequence[Piece]) -> list[Slot]:
        """One fact for each text of facts: that of the product which the sentence speaks of."""
        used = []
        titles = [n for n, piece in enumerate(pieces) if piece.is_title]
        for n, piece in enumerate(pieces):
            if not piece.slots:
                continue
            if piece.is_title:
                used.append(piece.slots[0])
                continue
            if not piece.owners:
                self._may_stand(pieces, titles, n)
                used.append(piece.slots[0])
                continue
            near = self._spoken_of(pieces, titles, n)
            mine = [slot for slot in piece.slots if slot.product_id in near]
            if not mine:
                raise Cut("misplaced")
            used.append(mine[0])
        return used

    @staticmethod
    def _may_stand(pieces: Sequence[Piece], titles: Sequence[int], place: int) -> None:
        """A fact of no product must not read as one of a product: it comes before any title."""
        fact = pieces[place].slots[0].fact
        after = [n for n in titles if n > place]
        counted = (
            fact.kind == "count" and after and not _words_between(pieces[place + 1 : after[0]])
        )
        if len(after) < len(titles) or counted or (after and fact.name == "budget"):
            raise Cut("misplaced")

    def _spoken_of(
        self, pieces: Sequence[Piece], titles: Sequence[int], place: int
    ) -> frozenset[str]:
        """The product named last before a place, else first after it, else the only one."""
        before = [n for n in titles if n < place]
        if titles:
            return pieces[before[-1] if before else titles[0]].owners
        shown = self._material.shown
        return frozenset(shown) if len(shown) == 1 else frozenset()

    def _words(self, pieces: Sequence[Piece]) -> None:
        titles = [n for n, piece in enumerate(pieces) if piece.is_title]
        begun = False
        for n, piece in enumerate(pieces):
            if not piece.slots:
                words = self._common(self._all_spoken_of(pieces, titles, n))
                self._latin(piece.text, words, begun)
                self._han(piece.text, words)
            begun = begun or bool(piece.text.strip())

    def _all_spoken_of(
        self, pieces: Sequence[Piece], titles: Sequence[int], place: int
    ) -> list[str]:
        """Whom words are about: of "A and B are cotton" both A and B."""
        before = [n for n in titles if n < place]
        if not titles:
            return [*self._material.shown]
        if not before:
            return sorted(pieces[titles[0]].owners)[:1]
        found = [*pieces[before[-1]].owners]
        for later, earlier in zip(before[::-1], before[-2::-1], strict=False):
            between = [p for p in pieces[earlier + 1 : later] if p.slots or not _joins(p.text)]
            if between:
                break
            found += pieces[earlier].owners
        return found

    def _common(self, product_ids: Sequence[str]) -> frozenset[str]:
        """The words that the records of all of these have."""
        several = [self._material.words[i] for i in product_ids if i in self._material.words]
        return frozenset.intersection(*several) if several else frozenset()

    def _latin(self, text: str, words: frozenset[str], begun: bool) -> None:
        plain = words_of_list("plain", "en")
        for match in re.finditer(r"[^\W\d_]+(?:['’][^\W\d_]+)?", HAN_RUN.sub(" ", text)):
            word = normalize(match[0]).replace("’", "'")
            if word in plain and not self._chinese:
                begun = True
                continue
            if singular(word) in words or word in words or read_numeral(word) is not None:
                begun = True
                continue
            begun = begun or self._chinese
            named = match[0][0].isupper() and (begun or not match[0][1:].islower())
            raise Cut("name" if named else "language" if self._chinese else "word")

    def _han(self, text: str, words: frozenset[str]) -> None:
        if not self._chinese:
            return
        known = words_of_list("plain", "zh")
        for run in HAN_RUN.findall(normalize(text)):
            counted = _NUMERAL.sub(lambda m: "" if m[0] not in known else m[0], run)
            if not (_made_of(run, known | words) or _made_of(counted, known | words)):
                raise Cut("word")


def _whole(text: str) -> str:
    """A pattern for a text that is not a part of a longer word or number."""
    head = r"(?<![A-Za-z0-9])(?<!\d[.,])" if text[0].isascii() else ""
    tail = r"(?![A-Za-z0-9])(?![.,]\d)(?!%)" if text[-1].isascii() else ""
    return head + re.escape(text) + tail


def _words_between(pieces: Sequence[Piece]) -> bool:
    return any(c.isalnum() or c in ":：" for piece in pieces for c in piece.text)


def _joins(text: str) -> bool:
    return text.strip(" ,，、") in ("", "and", "or", "和", "与", "跟", "还有", "或", "以及")


def _made_of(run: str, words: frozenset[str]) -> bool:
    """Whether a run of Chinese can be parted into words of a set."""
    reached = {0}
    longest = max((len(w) for w in words), default=0)
    for end in range(1, len(run) + 1):
        if any(
            start in reached and run[start:end] in words
            for start in range(max(end - longest, 0), end)
        ):
            reached.add(end)
    return len(run) in reached


@functools.cache
def _pattern(kind: str, language: str) -> re.Pattern[str]:
    told = load("plain.toml")[kind][language]
    return re.compile(rf"\b(?:{told})\b" if language == "en" else told)


def _claim(plain: str) -> Literal["promise", "superlative"] | None:
    for language in ("en", "zh"):
        if _pattern("promise", language).search(plain):
            return "promise"
        if _pattern("superlative", language).search(plain):
            return "superlative"
    return None


def is_claim(text: str) -> bool:
    """Whether a text promises, praises above all others, or has markup in it."""
    return _claim(normalize(text)) is not None or _MARKUP.search(text) is not None


def sentences_of(text: str, *, ended: bool) -> list[str]:
    """A text sentence by sentence; the last is only begun, unless the text has ended."""
    parts = [part.lstrip() for part in _END.split(text)]
    return [part for part in parts if part.strip()] if ended else parts


_END: Final = re.compile(r"(?<=[。！？；])|(?<=[.!?…])\s+|(?<=[.!?…][\"'”’)])\s+|\n+")
