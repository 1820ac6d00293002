"""`checkup.json`: the same as the page, for programs; docs/checkup.schema.json is its schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from analysis.checkup.answer import Answer, Value
from analysis.checkup.questions import Marked
from analysis.checkup.thresholds import Judged, Word
from analysis.checkup.two_servers.change import Word as ChangeWord
from contract.checkup.description import Described
from contract.checkup.figures import FIGURES, Unit
from contract.checkup.rules import AnyMark
from contract.exits import Exit

VERSION = 1


class Part(BaseModel):
    """Nothing unknown in it."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FigureFound(Part):
    """A figure of one server; an interval has ends, of which one may be open (null)."""

    value: float
    unit: Unit
    interval: bool = Field(description="Whether low and high are the ends of a 95% interval")
    low: float | None
    high: float | None


class CaseFound(Part):
    """A case of a list, with what the server does."""

    case: str
    sent: str = Field(description="In words")
    section: str = Field(description="Of which RFC")
    level: Literal["MUST", "SHOULD", "MAY"]
    wanted: str
    seen: str = Field(description="Statuses in order, and what became of the connection")
    kept: bool | None = Field(description="null: it cannot be told, or it may do either")


class AnswerFound(Part):
    """The answer to a question about one server."""

    server: str
    answer: str = Field(description="In words")
    failed: bool = Field(description="Whether the server did not do what was asked")
    figures: dict[str, FigureFound]
    cases: list[CaseFound] = Field(description="Empty where the question has none")


class QuestionFound(Part):
    """A question, the answer about the server that the check-up is of, and those about others."""

    question: str
    words: str
    mark: AnyMark
    do: str = Field(description="What helps, where the answer is not good")
    answer: AnswerFound
    beside: list[AnswerFound]


class ThresholdFound(Part):
    """One of the caller's thresholds."""

    threshold: str
    word: Word
    figure: FigureFound | None


class ChangeFound(Part):
    """A figure of both servers of a comparison, and what changed of it."""

    question: str
    figure: str
    unit: Unit
    base: float | None = Field(description="Of the base: the mean over its rounds")
    value: float | None = Field(description="Of the server that is compared with it")
    rounds: int = Field(description="In which both have it")
    kind: Literal["ratio", "difference"] = Field(description="What change, low and high are")
    change: float | None
    low: float | None = Field(description="The ends of the 95% interval; null: open, or unknown")
    high: float | None
    word: ChangeWord
    text: str
    regression: bool = Field(description="Worse by more than the tolerance, beyond the noise")


class ComparedFound(Part):
    """The server beside the base that it is compared with."""

    base: str
    rounds: int
    tolerance: float
    same_image: bool = Field(description="An A/A test: whatever differs does so by chance")
    summary: str
    marks: dict[str, str] = Field(description="Of the base, by question")
    changes: list[ChangeFound]


class CheckUpFound(Part):
    """A check-up of one server, or of one that is compared with another."""

    version: Literal[1] = Field(description="Of this format")
    run: str
    started_at: str
    complete: bool = Field(description="Whether all was asked")
    server: str
    beside: list[str]
    p99_ms: float
    error_share: float
    questions: list[QuestionFound]
    thresholds: list[ThresholdFound]
    compared: ComparedFound | None = Field(None, description="Of a check-up of two servers")
    exit: int = Field(
        description="10: a threshold is not kept; 8: a regression beside the base; 9: a threshold, "
        "what it holds, or what it is beside the base, is not known; else 0"
    )


def document(
    about: Described,
    run: tuple[str, str, bool],
    marked: Sequence[Marked],
    judged: Sequence[Judged],
    code: Exit,
    compared: ComparedFound | None = None,
) -> CheckUpFound:
    """`run` is its name, when it began, and whether it is complete."""
    name, started_at, complete = run
    limits = about.rules.limits
    return CheckUpFound(
        version=VERSION,
        run=name,
        started_at=started_at,
        complete=complete,
        server=about.server,
        beside=list(about.beside),
        p99_ms=limits.p99_ms,
        error_share=limits.error_share,
        questions=[
            QuestionFound.model_validate(
                {
                    "question": one.question.name,
                    "words": one.question.words,
                    "mark": one.mark,
                    "do": one.do,
                    "answer": _answer(one.answer),
                    "beside": [_answer(other) for other in one.beside],
                }
            )
            for one in marked
        ],
        thresholds=[
            ThresholdFound(
                threshold=one.threshold,
                word=one.word,
                figure=None if one.value is None else _figure(one.figure, one.value),
            )
            for one in judged
        ],
        compared=compared,
        exit=int(code),
    )


def _answer(answer: Answer) -> AnswerFound:
    return AnswerFound(
        server=answer.server,
        answer=answer.words,
        failed=answer.failed,
        figures=_figures(answer.figures),
        cases=[
            CaseFound(
                case=one.case.name,
                sent=one.case.sent,
                section=f"RFC {one.case.section}",
                level=one.case.level,
                wanted=one.case.wanted,
                seen=one.seen,
                kept=one.kept,
            )
            for one in answer.findings
        ],
    )


def _figures(figures: Mapping[str, Value]) -> dict[str, FigureFound]:
    return {name: _figure(name, value) for name, value in figures.items()}


def _figure(name: str, value: Value) -> FigureFound:
    unit = next(one.unit for one in FIGURES if one.name == name)
    return FigureFound(
        value=value.value, unit=unit, interval=value.bounded, low=value.low, high=value.high
    )


def value_of(figure: FigureFound) -> Value:
    """The figure that was made this."""
    return Value(figure.value, figure.low, figure.high, bounded=figure.interval)
