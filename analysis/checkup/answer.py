"""The answer to a question about one server, and the rows that it comes from."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from analysis.outcomes.error_tails import LEFT_OUT
from analysis.records.run import Run
from analysis.wording import at_least
from contract.checkup.description import HOLDS, Described
from contract.checkup.way import Way
from contract.habits.cases import Case
from contract.outcomes import MEASURED, STARVED
from contract.reasons import CLOSES_EACH
from contract.result.trial_result import TrialResult
from contract.void_causes import BY_SERVER, LOG_ENDS

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Value:
    """A figure; ends without a value are open where `bounded` says that it has an interval."""

    value: float
    low: float | None = None
    high: float | None = None
    bounded: bool = False

    @property
    def ends(self) -> tuple[float, float]:
        """Between which it is."""
        if not self.bounded:
            return self.value, self.value
        low, high = self.low, self.high
        return (
            -float("inf") if low is None else low,
            float("inf") if high is None else high,
        )

    def over(self, divisor: float) -> Value:
        """The same in a larger unit."""
        low, high = (None if end is None else end / divisor for end in (self.low, self.high))
        return replace(self, value=self.value / divisor, low=low, high=high)

    def or_worse(self, *, better: bool) -> Value:
        """The same, where it may be worse; `better`: more of it is."""
        low, high = self.ends
        if better:
            return Value(self.value, None, high, bounded=True)
        return Value(self.value, low, None, bounded=True)


def at_least_so_much(value: float) -> Value:
    """A figure that was not seen to end there."""
    return Value(value, value, None, bounded=True)


@dataclass(frozen=True, slots=True)
class Finding:
    """One of a list of cases; `kept`: whether the server does what it has to, None: nobody can
    tell, or it may do either."""

    case: Case
    seen: str
    kept: bool | None


@dataclass(frozen=True, slots=True)
class Answer:
    """`words` is a sentence or two, `short` a few words for beside another's; `failed` says that
    the server did not do what was asked, whatever figures there are, and `unread` that what might
    speak against it could not be read. `without` names the figures that such a server cannot have,
    or that no trial was made for: they are not missing."""

    question: str
    server: str
    words: str
    short: str
    figures: Mapping[str, Value] = field(default_factory=dict)
    failed: bool = False
    unread: bool = False
    findings: tuple[Finding, ...] = ()
    without: frozenset[str] = frozenset()
    survived: frozenset[str] = frozenset()
    """Figures of what is left, some rounds or another load, as the server failed the rest."""
    met_limit: bool = False
    """That it failed as it met a limit of its own, and the figures say how far it went."""

    @property
    def of_all_rounds(self) -> Answer:
        """Without those, by which no rule may mark it."""
        known = {name: one for name, one in self.figures.items() if name not in self.survived}
        return replace(self, figures=known)

    def value(self, name: str) -> float | None:
        """Value of a figure; None where it is not known."""
        return self.figures[name].value if name in self.figures else None


@dataclass(frozen=True, slots=True)
class ServerRows:
    """What an answer is made from: the check-up, a server, and its trials."""

    about: Described
    server: str
    rows: Sequence[Row]
    details: Callable[[str], TrialResult] = lambda _: TrialResult()
    """What was recorded of a trial beside its row."""
    way: Way | None = None
    """How it is loaded, where `rows` are those of a later round."""
    common_per_s: float | None = None
    """The rate whose shares are asked, where it is not the server's own."""

    def of(self, sweep: str) -> list[Row]:
        """The trials of this sweep."""
        return [row for row in self.rows if row["sweep"] == sweep]

    def in_round(self, number: int) -> ServerRows:
        """The same, of one round alone; what it holds is asked once."""
        rows = [row for row in self.rows if row["sweep"] == HOLDS or row["block"] == number]
        return replace(self, rows=rows)


def rows_of(run: Run) -> list[Row]:
    """The trials as plain values, None where a cell is empty."""
    plain = run.trials.astype(object)
    known: Any = plain.where(run.trials.notna(), None)
    rows: list[Row] = known.to_dict("records")
    return rows


def values(**known: float | None) -> dict[str, Value]:
    """Figures without intervals, of those that are known."""
    return {name: Value(float(value)) for name, value in known.items() if value is not None}


def with_figures(rows: Sequence[Row]) -> Row | None:
    """The first of these trials whose figures say something of the server: measured, or of clients
    that it starved in a window. What else was seen in a spoiled one is no evidence."""
    known = (*MEASURED, STARVED)
    return next(
        (row for row in rows if row["validity"] in known and row["outcome"] == "completed"), None
    )


def bound_of(row: Row, name: str) -> Value | None:
    """A time; without an upper end where requests had no answer, or more of them failed than it
    leaves out (analysis/outcomes/error_tails.py), and so may have taken longer."""
    value = row[name]
    if value is None:
        return None
    low = name in str(row["lower_bounds"] or "").split() or row["validity"] == STARVED
    low = low or (row["error_share"] or 0.0) > LEFT_OUT.get(name, 1.0)
    return at_least_so_much(float(value)) if low else Value(float(value))


def in_words(value: Value | None, write: Callable[[float], str]) -> str:
    """A figure for a sentence, with ≥ where it has no upper end."""
    if value is None:
        return "not known"
    text = write(value.value)
    return at_least(text) if value.bounded and value.high is None else text


def ratio(part: float | None, whole: float | None) -> float | None:
    """None where one of them is not known, or the second is nought."""
    return None if part is None or not whole else part / whole


def by_server(row: Row) -> bool:
    """Whether the server spoiled this trial, or reached its limit in it."""
    return row["spoiled_by"] in BY_SERVER


def closes_each(row: Row) -> bool:
    """Whether all that it did is to close each connection after its answer."""
    reason = str(row["reason"] or "")
    return row["spoiled_by"] == "server_wrong" and any(one in reason for one in CLOSES_EACH)


def reason_of(row: Row) -> str:
    """Why it was not measured, without the end of the server's log."""
    return str(row["reason"] or "").partition(LOG_ENDS)[0]


def untold(asked: ServerRows, question: str, rows: Sequence[Row], otherwise: str) -> Answer:
    """No figures: why, by the first of the trials that has a reason, of those that the server
    failed if it failed any; a measured one has remarks."""
    blamed = [row for row in rows if by_server(row)]
    spoiled = (row for row in blamed or rows if row["reason"] and row["validity"] not in MEASURED)
    reason = next((reason_of(row) for row in spoiled), otherwise)
    failed = bool(blamed)
    return Answer(question, asked.server, f"Not known: {reason}.", "not known", failed=failed)
