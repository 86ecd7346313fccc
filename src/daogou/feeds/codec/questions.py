"""A product's questions and answers: Google Merchant's ``question_and_answer``, and as JSON.

In a text feed the attribute is a group of two, repeated with commas between::

    "Does it have a lid?":"Yes, of glass.", "Is it dishwasher safe?":"The pot is."

Quotes may be left out where neither text has a comma or a colon.
"""

import re
from typing import Any, Final

from daogou.errors import BadValue
from daogou.feeds.codec.fields import Fields, check_text
from daogou.types import QuestionAnswer

COLUMN: Final = "question_and_answer"
MAX_PAIRS: Final = 100
_JSON: Final = frozenset({"question", "answer"})
_REMEDY: Final = 'Write it as in "Does it have a lid?":"Yes.", "Is it heavy?":"2 lb."'
_QUOTED: Final = re.compile(r'\s*+["“]((?:[^"\\“”]|""|\\.)*+)["”]\s*+', re.DOTALL)
# A reader of tab-separated values takes the quotes of the first text off; it then ends before
# the colon that a quote follows.
_BEFORE_QUOTE: Final = re.compile(r'[:：]\s*+["“]')
_COLON: Final = re.compile("[:：]")
_COMMA: Final = re.compile("[,，]")
_DOUBLED: Final = re.compile(r'""|\\(.)', re.DOTALL)


def is_question_column(name: str) -> bool:
    """Whether a feed's column holds questions and answers; its sub-attributes may be named."""
    return name == COLUMN or (name.startswith(f"{COLUMN}(") and name.endswith(")"))


def questions_from_text(text: str, field: str = COLUMN) -> tuple[QuestionAnswer, ...]:
    """The pairs of a text feed's field.

    ``field`` may say the order of the two: ``question_and_answer(answer:question)``.

    Raises
    ------
    BadValue
        A question has no answer, or more than :data:`MAX_PAIRS` are there.
    """
    answer_first = field.partition("(")[2].startswith("answer")
    found: list[QuestionAnswer] = []
    place = 0
    while text[place:].strip():
        first, place = _value(text, place, _BEFORE_QUOTE, _COLON)
        if text[place : place + 1] not in (":", "："):
            raise BadValue(field, text, "a colon between question and answer", _REMEDY)
        second, place = _value(text, place + 1, _COMMA)
        rest = text[place : place + 1]
        if rest and rest not in ",，":
            raise BadValue(field, text, "a comma between two questions", _REMEDY)
        place += 1
        found.append(_pair(second, first, field) if answer_first else _pair(first, second, field))
    return _checked(found, field)


def questions_from_json(
    fields: Fields, name: str = "questionsAndAnswers"
) -> tuple[QuestionAnswer, ...]:
    """The pairs of ``[{"question": ..., "answer": ...}]``.

    Raises
    ------
    BadValue
        A text is missing, or there are too many.
    """
    found = []
    for inner in fields.inners(name):
        inner.only(_JSON)
        question = inner.required("question", "Write the question, or take the pair out.")
        answer = inner.required("answer", "Write the answer, or take the pair out.")
        found.append(QuestionAnswer(question.strip(), answer.strip()))
    return _checked(found, fields.at(name))


def questions_to_json(questions: tuple[QuestionAnswer, ...]) -> list[dict[str, Any]]:
    """What :func:`questions_from_json` reads."""
    return [{"question": pair.question, "answer": pair.answer} for pair in questions]


def _value(text: str, place: int, *ends: re.Pattern[str]) -> tuple[str, int]:
    """One text from ``place`` on, quoted or up to the first of ``ends`` there is; where it ends."""
    quoted = _QUOTED.match(text, place)
    if quoted:
        return _DOUBLED.sub(lambda m: m[1] or '"', quoted[1]).strip(), quoted.end()
    found = next((match for end in ends if (match := end.search(text, place))), None)
    stop = found.start() if found else len(text)
    return text[place:stop].strip(), stop


def _pair(question: str, answer: str, field: str) -> QuestionAnswer:
    for text, what in ((question, "a question"), (answer, f"an answer to {question[:60]!r}")):
        if not text:
            raise BadValue(field, None, what, _REMEDY)
        check_text(text, field)
    return QuestionAnswer(question, answer)


def _checked(found: list[QuestionAnswer], field: str) -> tuple[QuestionAnswer, ...]:
    if len(found) > MAX_PAIRS:
        expected = f"at most {MAX_PAIRS} questions"
        remedy = "Keep those that shoppers ask; write the others into articles."
        raise BadValue(field, f"{len(found)} of them", expected, remedy)
    return tuple(dict.fromkeys(found))
