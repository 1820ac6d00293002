"""How does it start? Until it listens, until it answers, until its rate is what it will be."""

from __future__ import annotations

from typing import Final

from analysis.checkup.answer import Answer, ServerRows, by_server, untold, values
from analysis.wording import duration
from contract.checkup.description import START
from contract.outcomes import MEASURED

PARTS: Final = 20
"""Parts of a window whose rates are known."""


def answer(asked: ServerRows) -> Answer:
    """In words, since its container ran; what the server failed later spoils none of it."""
    rows = asked.of(START)
    told = (one for one in rows if one["validity"] in MEASURED or by_server(one))
    row = next((one for one in told if one["start_answered_s"] is not None), None)
    if row is None:
        return untold(asked, START, rows, "it was not asked")
    listens, answers = row["start_listening_s"], row["start_answered_s"]
    words = (
        f"It listens {_s(listens)} after its container runs, and has answered rightly after "
        f"{_s(answers)}"
    )
    steady = row["start_steady_s"] if row["validity"] in MEASURED else None
    if steady is not None:
        step = _s(row["window_s"] / PARTS)
        words += ". Loaded as fast as it can, "
        words += (
            f"its rate is that of later after {_s(steady)}"
            if steady
            else f"its rate is that of later from the first {step} on"
        )
    figures = values(
        start_listens_s=listens,
        start_answers_s=answers,
        start_deaf_s=answers - listens,
        start_steady_s=steady,
    )
    short = f"answers after {_s(answers)}"
    return Answer(START, asked.server, f"{words}.", short, figures, by_server(row))


def _s(seconds: float) -> str:
    return duration(seconds * 1e6) if seconds else "0 s"
