"""The query parser of the house: what a shopper's words ask for, and how sure that is."""

import re
from collections.abc import Collection, Iterable
from typing import Final

from daogou.text import Aligned, clean, detect_language
from daogou.text.garments import garments_in
from daogou.understanding.atoms import atoms_of
from daogou.understanding.budgets import NumberFound, find_budgets, find_ratings, find_relative
from daogou.understanding.draft import Draft
from daogou.understanding.gazetteer import Gazetteer
from daogou.understanding.joining import join_values
from daogou.understanding.measures import find_measures
from daogou.understanding.model import SURE, Constraint, Sort, Strength, Understanding, left_over
from daogou.understanding.negation import find_negations
from daogou.understanding.phrases import CUES, Cue, Said, plain_phrases
from daogou.understanding.vocabulary import confidences, rules

MAX_CHARACTERS: Final = 10_000
"""What follows is left unread, as words."""
LEAST: Final = confidences()["least"]
"""A reading less sure than this is none: the words stay words."""
_OFF: Final = rules()["discount"][0]
_SUFFIXES: Final = plain_phrases(rules()["words"]["suffixes"])
_PERCENT_OFF: Final = re.compile("|".join(_OFF["patterns"]))


class Parser:
    """Reads texts against the words of one catalogue.

    Parameters
    ----------
    gazetteer
        The words of the catalogue.
    currency
        The shop's currency. A budget that names another one is kept with little confidence,
        since nothing here converts; None takes every currency for the shop's.
    """

    def __init__(self, gazetteer: Gazetteer, currency: str | None = None) -> None:
        self.gazetteer = gazetteer
        self.currency = currency

    def parse(self, text: str, removed: Collection[str] = ()) -> Understanding:
        """Read a text; ``removed`` are ids of constraints and orders that the shopper took away.

        Any text can be read: what no rule knows are words to look for.
        """
        aligned = Aligned(text[:MAX_CHARACTERS])
        atoms = atoms_of(aligned.text)
        draft = Draft(
            aligned, atoms, taken=bytearray(len(aligned.text)), kept=bytearray(len(aligned.text))
        )
        draft.matches = self.gazetteer.matches(atoms)
        draft.said = self._cues(draft)
        self._read_measures(draft)
        self._read_numbers(draft)
        self._read_sizes(draft)
        self._read_cues(draft)
        find_negations(draft)
        self._read_suffixes(draft)
        self._read_values(draft)
        read = self._finished(text, draft)
        return read.without(removed) if removed else read

    def _cues(self, draft: Draft) -> list[Said]:
        """The phrases, but for those within a longer name, and the names within a kept phrase."""
        said = CUES.all(draft.atoms)
        if not said:
            return said
        names = _Spans((m.first, m.last) for m in draft.matches)
        said = [s for s in said if not names.have_inside(s.first, s.last)]
        kept = _Spans((s.first, s.last) for s in said if s.cue.role == "kept")
        draft.matches = [m for m in draft.matches if not kept.have_inside(m.first, m.last)]
        for first, last in kept.spans:
            start, end = draft.atoms[first].start, draft.atoms[last - 1].end
            draft.kept[start:end] = b"\1" * (end - start)
        return [s for s in said if s.cue.role != "kept"]

    def _read_measures(self, draft: Draft) -> None:
        for found in find_measures(draft.aligned.text):
            sense = self.gazetteer.measured(found.low, found.high)
            if sense and draft.is_free(found.start, found.end):
                self._add_value(
                    draft, found.start, found.end, sense.field, sense.values, sense.confidence
                )
                if sense.confidence >= SURE:
                    draft.put_aside(found.start, found.end)

    def _read_numbers(self, draft: Draft) -> None:
        text = draft.aligned.text
        relative = find_relative(text)
        for found in (relative, *find_ratings(text)):
            if found and draft.is_free(found.start, found.end):
                self._add_number(draft, found)
        masked = bytearray(a | b for a, b in zip(draft.taken, draft.kept, strict=True))
        for size in garments_in(text):
            masked[size.start : size.end] = b"\1" * (size.end - size.start)
        for found in find_budgets(text, self.currency, masked):
            self._add_number(draft, found)

    @staticmethod
    def _add_number(draft: Draft, found: NumberFound) -> None:
        start, end = draft.aligned.span(found.start, found.end)
        relative = None
        if found.relative:
            low, high = draft.aligned.span(*found.relative)
            relative = clean(draft.aligned.original[low:high])
        draft.constraints.append(
            Constraint(
                field=found.field,
                strength="must",
                low=found.low,
                high=found.high,
                start=start,
                end=end,
                confidence=found.confidence,
                around=found.around,
                relative=relative,
            )
        )
        draft.take(found.start, found.end)
        if not found.keep:
            draft.put_aside(found.start, found.end)

    def _read_sizes(self, draft: Draft) -> None:
        for size in garments_in(draft.aligned.text):
            sense = self.gazetteer.size(size.system, size.value)
            if sense and draft.is_free(size.start, size.end):
                self._add_value(
                    draft, size.start, size.end, sense.field, sense.values, sense.confidence
                )

    def _read_cues(self, draft: Draft) -> None:
        for match in _PERCENT_OFF.finditer(draft.aligned.text):
            if draft.is_free(*match.span()):
                cue = Cue("discount", match[0], _OFF["confidence"])
                self._add_cue(draft, *match.span(), cue)
        for said in draft.said:
            start, end = draft.atoms[said.first].start, draft.atoms[said.last - 1].end
            if said.cue.role in ("sort", "discount", "availability", "filler") and draft.is_free(
                start, end
            ):
                self._add_cue(draft, start, end, said.cue)

    @staticmethod
    def _add_cue(draft: Draft, start: int, end: int, cue: Cue) -> None:
        first, last = draft.aligned.span(start, end)
        if cue.role == "sort":
            draft.sorts.append(Sort(cue.value, first, last, cue.confidence))
        elif cue.role == "discount":
            draft.constraints.append(
                Constraint(
                    "discount", "must", low=1, start=first, end=last, confidence=cue.confidence
                )
            )
        elif cue.role == "availability":
            draft.constraints.append(
                Constraint(
                    "availability",
                    "must",
                    (cue.value,),
                    start=first,
                    end=last,
                    confidence=cue.confidence,
                )
            )
        if not cue.keep:
            draft.take(start, end)
            draft.put_aside(start, end)

    @staticmethod
    def _read_suffixes(draft: Draft) -> None:
        """Put aside 味, 款, "flavour" behind a word, unless a name of the catalogue has them."""
        named = {i for match in draft.matches for i in range(match.first, match.last)}
        for i in range(1, len(draft.atoms)):
            said = _SUFFIXES.at(draft.atoms, i)
            if said is None or named.intersection(range(said.first, said.last)):
                continue
            before, end = draft.atoms[i - 1], draft.atoms[said.last - 1].end
            start = draft.atoms[i].start
            gap = draft.aligned.text[before.end : start]
            touches = not gap if draft.atoms[i].kind == "han" else gap in (" ", "-")
            if touches and before.kind in ("han", "word") and draft.is_free(start, end):
                draft.put_aside(start, end)

    def _read_values(self, draft: Draft) -> None:
        strengths = {said.last: said for said in draft.said if said.cue.role in ("prefer", "must")}
        for match in draft.matches:
            start, end = draft.atoms[match.first].start, draft.atoms[match.last - 1].end
            if not draft.is_open(start, end) or match.sense.confidence < LEAST:
                continue
            sense = match.sense
            strength: Strength = "must"
            confidence = sense.confidence
            said = strengths.get(match.first)
            if said:
                strength = "prefer" if said.cue.role == "prefer" else "must"
                confidence = (
                    max(confidence, 0.9) if strength == "must" and sense.alone else confidence
                )
                draft.put_aside(draft.atoms[said.first].start, draft.atoms[said.last - 1].end)
            self._add_value(draft, start, end, sense.field, sense.values, confidence, strength)

    @staticmethod
    def _add_value(
        draft: Draft,
        start: int,
        end: int,
        name: str,
        values: tuple[str, ...],
        confidence: float,
        strength: Strength = "must",
    ) -> None:
        first, last = draft.aligned.span(start, end)
        draft.constraints.append(
            Constraint(name, strength, values, start=first, end=last, confidence=confidence)
        )
        draft.take(start, end)

    @staticmethod
    def _finished(text: str, draft: Draft) -> Understanding:
        constraints = join_values(text, draft.constraints)
        sort = max(draft.sorts, key=lambda s: s.confidence, default=None)
        aside = tuple(sorted(draft.aside))
        wanted = left_over(text, aside)
        explained = (*aside, *((c.start, c.end) for c in constraints))
        return Understanding(
            text=text,
            language=detect_language(text),
            constraints=constraints,
            sort=sort,
            wanted=wanted,
            residual=left_over(text, explained),
            set_aside=aside,
        )


class _Spans:
    """Spans of atoms that do not overlap."""

    def __init__(self, spans: Iterable[tuple[int, int]]) -> None:
        self.spans = list(spans)
        self._of = {i: span for span in self.spans for i in range(*span)}

    def have_inside(self, first: int, last: int) -> bool:
        """Whether the atoms are a part of one of the spans, and not all of it."""
        span = self._of.get(first)
        return span is not None and last <= span[1] and span != (first, last)
