"""What a text does not want: not silk, without nuts, -nike, 不要白色, 除了苹果以外."""

from dataclasses import dataclass
from typing import Final

from daogou.text import singular
from daogou.understanding.draft import Draft
from daogou.understanding.gazetteer import Match, Sense
from daogou.understanding.lexicon import lexicon
from daogou.understanding.model import TEXT, Constraint
from daogou.understanding.phrases import plain_phrases
from daogou.understanding.vocabulary import confidences, rules

_R: Final = rules()["negation"]
_BETWEEN: Final = plain_phrases(_R["between"])
_JOINERS: Final = plain_phrases(_R["joiners"])
_STOPS: Final = plain_phrases(_R["stops"])
_AFTER: Final = plain_phrases(_R["after"])
_LEAST: Final = confidences()["least"]
_PAUSES: Final = frozenset(",，、.。;；:：!！?？|()（）/&")


@dataclass(frozen=True, slots=True, order=True)
class _Negator:
    """A cue of negation: ``atoms[first:last]``, none for a minus sign; ``begin`` is its place."""

    first: int
    last: int
    phrase: str
    begin: int

    @property
    def is_minus(self) -> bool:
        return self.first == self.last

    @property
    def value_only(self) -> bool:
        """Whether it negates values of the catalogue alone: 非 is part of many words."""
        return self.phrase in _R["value_only"]

    @property
    def confidence(self) -> float:
        """How sure it is before words that are no value."""
        weak: float = _R["weak_confidence"]
        sure: float = rules()["confidence"]["text"]
        return weak if self.phrase in _R["weak"] else sure


def find_negations(draft: Draft) -> None:
    """Add the draft's must-nots, and put aside the words that say them."""
    cues = _negators(draft)
    if not cues and "除" not in draft.aligned.text:
        return
    starts = {match.first: match for match in draft.matches}
    for cue in cues:
        told = draft.atoms[cue.last - 1].end if cue.first < cue.last else cue.begin + 1
        if not draft.is_free(cue.begin, told):
            continue
        end = _read(draft, starts, cue)
        if end is None and cue.phrase in _R["after"]:
            end = _read_before(draft, cue.first)
        if end is not None:
            draft.take(cue.begin, end)
            draft.put_aside(cue.begin, end)
    _read_exceptions(draft)


def _negators(draft: Draft) -> list[_Negator]:
    found = [
        _Negator(s.first, s.last, s.cue.value, draft.atoms[s.first].start)
        for s in draft.said
        if s.cue.role == "not"
    ]
    text = draft.aligned.text
    for i, atom in enumerate(draft.atoms):
        at = atom.start - 1
        if i and text[at - 1 : at + 1] == " -" and not atom.key[0].isdigit():
            start, _ = draft.aligned.span(at, at + 1)
            if draft.aligned.original[start] == "-":  # － is typed for 一
                found.append(_Negator(i, i, "-", at))
    return sorted(found)


def _read(draft: Draft, starts: dict[int, Match], cue: _Negator) -> int | None:
    """Read what the cue negates; the end of it in the text, None if nothing is."""
    if cue.phrase in _R["closed_only"] and not _is_closed(draft, cue.last):
        return None
    end: int | None = None
    at = cue.last
    while True:
        at = _skip(draft, at)
        if at >= len(draft.atoms) or (end is not None and not _goes_on(draft, starts, at)):
            break
        match = starts.get(at)
        if match and draft.is_open(draft.atoms[at].start, draft.atoms[match.last - 1].end):
            last = match.last
            _exclude(draft, at, last, match.sense, cue.confidence)
        else:
            last = at if cue.value_only else _words(draft, starts, at, cue)
            if last == at:
                break
            _exclude(draft, at, last, None, cue.confidence)
        end = draft.atoms[last - 1].end
        closed = _AFTER.at(draft.atoms, last)
        # 不要红色 不要真丝: the second 不要 begins another refusal and closes none.
        if closed and closed.cue.value not in _R["before"] and not _pause(draft, last):
            end = draft.atoms[closed.last - 1].end
        joined = _joined(draft, last)
        if joined is None or cue.is_minus or joined not in starts:
            break  # after "and" only another value is sure to be meant too
        at = joined
    return end


def _is_closed(draft: Draft, at: int) -> bool:
    """Whether 以外 or its like follows within a few characters."""
    return any(_AFTER.at(draft.atoms, i) for i in range(at, min(at + 8, len(draft.atoms))))


def _goes_on(draft: Draft, starts: dict[int, Match], at: int) -> bool:
    return at in starts and draft.is_open(draft.atoms[at].start, draft.atoms[at].end)


def _skip(draft: Draft, at: int) -> int:
    """Past "made of", "the", 带, unless nothing follows them."""
    between = _BETWEEN.at(draft.atoms, at)
    while between and between.last < len(draft.atoms) and not _pause(draft, between.last):
        at = between.last
        between = _BETWEEN.at(draft.atoms, at)
    return at


def _joined(draft: Draft, at: int) -> int | None:
    """The atom after an "or", a comma or 和; None where what follows is not joined."""
    if at >= len(draft.atoms):
        return None
    joiner = _JOINERS.at(draft.atoms, at)
    if joiner:
        return joiner.last
    gap = draft.aligned.text[draft.atoms[at - 1].end : draft.atoms[at].start].strip()
    return at if gap in ("、", "/", "&", ",") else None


def _pause(draft: Draft, at: int) -> bool:
    """Whether a comma or its like stands before the atom."""
    if at == 0 or at >= len(draft.atoms):
        return at != 0
    gap = draft.aligned.text[draft.atoms[at - 1].end : draft.atoms[at].start]
    return any(c in _PAUSES for c in gap)


def _words(draft: Draft, starts: dict[int, Match], at: int, cue: _Negator) -> int:
    """The end of the words from ``at`` on that are negated though no gazetteer knows them."""
    atoms = draft.atoms
    if cue.is_minus:
        last = at + 1
        while last < len(atoms) and (not atoms[last - 1].closes or _touches(draft, last)):
            last += 1
        return last
    last, words = at, 0
    while last < len(atoms) and words < _R["longest"] and not _ends(draft, starts, last, at):
        words += atoms[last].closes
        last += 1
    while last > at and last < len(atoms) and not atoms[last - 1].closes:
        last -= 1
    latin = last > at and atoms[at].kind != "han"
    to_the_end = (
        last == len(atoms)
        or _pause(draft, last)
        or not draft.is_free(atoms[last].start, atoms[last].end)
    )
    if latin and (cue.first == 0 or not to_the_end or last - at > 2):
        return at + 1
    return last


def _ends(draft: Draft, starts: dict[int, Match], i: int, at: int) -> bool:
    atom = draft.atoms[i]
    if not draft.is_free(atom.start, atom.end) or atom.kind in ("quantity", "number"):
        return True
    if _STOPS.at(draft.atoms, i) or i in draft.cue_starts:
        return True
    return i > at and (_pause(draft, i) or i in starts or _gap(draft, i))


def _gap(draft: Draft, i: int) -> bool:
    """Whether a blank parts Chinese words: 不要白色 跑鞋 wants the shoes."""
    before, atom = draft.atoms[i - 1], draft.atoms[i]
    return before.kind == "han" and before.end < atom.start


def _touches(draft: Draft, i: int) -> bool:
    return draft.aligned.text[draft.atoms[i - 1].end : draft.atoms[i].start] in ("-", "'", "_")


def _exclude(draft: Draft, first: int, last: int, sense: Sense | None, confidence: float) -> None:
    """Add a must-not: of a field where the name stands for one thing, else of the words."""
    start, end = draft.atoms[first].start, draft.atoms[last - 1].end
    span = draft.aligned.span(start, end)
    if sense and sense.alone and sense.field != "categories" and sense.confidence >= _LEAST:
        draft.constraints.append(
            Constraint(
                sense.field,
                "must-not",
                sense.values,
                start=span[0],
                end=span[1],
                confidence=max(sense.confidence, _R["confidence"]),
            )
        )
        return
    typed = draft.aligned.text[start:end]
    key = " ".join(atom.key for atom in draft.atoms[first:last])
    names = [name for concept in lexicon().find(key) for name in concept.names]
    words = dict.fromkeys(
        (typed, *(n for n in names if len(n) > 1 and singular(n) != singular(typed)))
    )
    draft.constraints.append(
        Constraint(
            TEXT, "must-not", tuple(words), start=span[0], end=span[1], confidence=confidence
        )
    )


def _read_before(draft: Draft, at: int) -> int | None:
    """苹果不要: the value stands before its cue, and nothing behind it."""
    cue_end = draft.cue_starts.get(at, at)
    if cue_end < len(draft.atoms) and not _pause(draft, cue_end):
        return None
    return _exclude_before(draft, at, draft.atoms[cue_end - 1].end)


def _exclude_before(draft: Draft, at: int, end: int) -> int | None:
    match = draft.match_ends.get(at)
    if match is None or not draft.is_open(draft.atoms[match.first].start, draft.atoms[at - 1].end):
        return None
    _exclude(draft, match.first, match.last, match.sense, rules()["confidence"]["text"])
    start = draft.atoms[match.first].start
    draft.take(start, draft.atoms[at - 1].end)
    draft.put_aside(start, end)
    return end


def _read_exceptions(draft: Draft) -> None:
    """白色除外: a cue that stands behind its value alone."""
    for i, atom in enumerate(draft.atoms):
        said = _AFTER.at(draft.atoms, i) if atom.key == "除" else None
        if said and draft.is_free(atom.start, draft.atoms[said.last - 1].end):
            end = draft.atoms[said.last - 1].end
            if _exclude_before(draft, i, end) is not None:
                draft.take(atom.start, end)
