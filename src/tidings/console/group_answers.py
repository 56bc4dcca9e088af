"""Answers to forms as people read and write them in a browser, and what many of them say together."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from tidings.console.form import Form
from tidings.console.wording import number
from tidings.workspace.questions import Question, QuestionType

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DATES = {QuestionType.DATE_TIME: "%Y-%m-%dT%H:%M", QuestionType.DATE_ONLY: "%Y-%m-%d"}
_FILES = (QuestionType.IMAGE, QuestionType.ATTACHMENT_LIST)
# Texts of a summary; all of them are in the table.
_MOST_TEXTS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A file of an answer."""

    text: str
    href: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """An answer to be read."""

    text: str = ""
    files: Sequence[Link] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Share:
    """How many chose an option; `percent` of those who answered."""

    label: str
    count: int
    percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """What all answers to one question say: as shares of its options, or figures, or the latest texts."""

    question: Question
    answered: int
    shares: Sequence[Share] = ()
    figures: Sequence[tuple[str, str]] = ()
    texts: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A question as a field to fill in; `value` is what was answered before, as the field wants it."""

    number: int
    question: Question
    value: Any = ""
    files: Sequence[Link] = field(default_factory=tuple)

    @property
    def name(self) -> str:
        return f"answer-{self.number}"


def fields_of(questions: Sequence[Question], answers: Sequence[Any]) -> list[Field]:
    """The questions that people answer, with what they answered before."""
    found = []
    for place, question in enumerate(questions):
        if question.is_invisible:
            continue
        answer = answers[place] if place < len(answers) else None
        files = cell_of(question, answer).files
        found.append(Field(number=place, question=question, value=_value(question, answer), files=files))
    return found


def sent_in(form: Form, *, number: int, question: Question) -> Any:  # noqa: ANN401 - see `answers.read_answers`
    """What a form says in answer to a question, for `read_answers`; None for nothing, and for files."""
    name = f"answer-{number}"
    if question.type is QuestionType.LOCATION:
        place = {"lt": form.text(f"{name}-lt"), "lg": form.text(f"{name}-lg"), "n": form.text(f"{name}-n")}
        return place if any(place.values()) else None
    if question.is_invisible or question.type in _FILES:
        return None
    if question.type.has_options:
        return form.all(name) or None
    return form.text(name) or None


def cell_of(question: Question, answer: Any) -> Cell:  # noqa: ANN401 - as it is kept
    """An answer as it is kept, to be read."""
    if answer is None:
        return Cell()
    match question.type:
        case QuestionType.SINGLE_OPTION | QuestionType.MULTI_OPTION:
            return Cell(text=", ".join(map(str, answer)))
        case QuestionType.DATE_TIME | QuestionType.DATE_ONLY:
            return Cell(text=_date(question, answer).replace("T", " "))
        case QuestionType.LOCATION:
            return Cell(text=f"{answer.get('n', '')} ({answer.get('lt')}, {answer.get('lg')})".strip())
        case QuestionType.PHONE_NUMBER:
            return Cell(text=f"{answer.get('cc', '')}{answer.get('pn', '')}")
        case QuestionType.IMAGE | QuestionType.ATTACHMENT_LIST:
            return Cell(files=[_link(one) for one in answer])
        case QuestionType.NUMERIC:
            return Cell(text=f"{answer:g}" if abs(answer) < 1e6 else f"{answer:,.2f}".removesuffix(".00"))  # noqa: PLR2004 - six digits are read at a glance
        case _:
            return Cell(text=str(answer))


def summarise(questions: Sequence[Question], responses: Sequence[Sequence[Any]]) -> list[Summary]:
    """What responses, oldest first, say to each question that people answer."""
    found = []
    for place, question in enumerate(questions):
        if not question.is_invisible:
            answers = [one[place] for one in responses if place < len(one) and one[place] is not None]
            found.append(_summary(question, answers))
    return found


def _summary(question: Question, answers: Sequence[Any]) -> Summary:
    count = len(answers)
    if question.type.has_options:
        return Summary(question=question, answered=count, shares=_shares(question.options, answers))
    if not answers:
        return Summary(question=question, answered=0)
    if question.type is QuestionType.NUMERIC:
        figures = {"Sum": sum(answers), "Mean": sum(answers) / count, "Least": min(answers), "Greatest": max(answers)}
        return Summary(
            question=question, answered=count, figures=[(name, number(one)) for name, one in figures.items()]
        )
    if question.type in _DATES:
        ends = {"Earliest": min(answers), "Latest": max(answers)}
        figures_of_time = [(name, _date(question, one).replace("T", " ")) for name, one in ends.items()]
        return Summary(question=question, answered=count, figures=figures_of_time)
    latest = [cell_of(question, one).text for one in reversed(answers[-_MOST_TEXTS:])]
    return Summary(question=question, answered=count, texts=[one for one in latest if one])


def _shares(options: Sequence[str], answers: Sequence[Sequence[str]]) -> list[Share]:
    counts = Counter(option for answer in answers for option in answer)
    # Options of former versions of a form were chosen too.
    labels = dict.fromkeys([*options, *counts])
    return [
        Share(label=one, count=counts[one], percent=round(100 * counts[one] / max(len(answers), 1))) for one in labels
    ]


def _value(question: Question, answer: Any) -> Any:  # noqa: ANN401 - as the field wants it
    if question.type.has_options:
        return answer or []
    if question.type is QuestionType.LOCATION:
        return answer or {}
    if answer is None or question.type in _FILES:
        return ""
    if question.type in _DATES:
        return _date(question, answer)
    return f"{answer:g}" if question.type is QuestionType.NUMERIC else cell_of(question, answer).text


def _date(question: Question, at: int) -> str:
    return (_EPOCH + timedelta(milliseconds=at)).strftime(_DATES[question.type])


def _link(file: Mapping[str, str]) -> Link:
    return Link(text=file.get("mediaFileName", ""), href=file.get("mediaUrl", ""))
