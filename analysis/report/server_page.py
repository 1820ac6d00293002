"""A server's part of the report: sentences for it and against it, and a table by setting."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import pandas as pd

from analysis.charts.palette import VARIABLES, family, in_order, run_styles
from analysis.outcomes import goodput
from analysis.outcomes.limits_hit import limits_hit
from analysis.outcomes.lower_bounds import figure_of, time_of
from analysis.records.run import Run
from analysis.records.words import void
from analysis.report.server_points import COST, OVER_FAILED, RATE, TAIL, points, reference_of
from analysis.report.server_sentences import ratio, strengths, weaknesses
from analysis.selection.trials import at
from analysis.tables import Table
from analysis.wording import MISSING, number, plural, server_name
from contract.outcomes import NOT_MEASURED, STARVED
from contract.void_causes import LOG_ENDS

MOST_ROWS = 40
NOTHING = "Nothing was measured."
HEADINGS = ["setting", "measured", "requests / s", "to the reference"]
HEADINGS += ["CPU per request", "to the reference", "response, p99"]


@dataclass(frozen=True, slots=True)
class Row:
    """A server under one set of settings, with its ratios to the reference under the same
    settings, measured in `n` of its `trials`; `beside` says what the rate leaves out, and
    `over_failed` that the reference failed too often there for a ratio to it to tell anything."""

    settings: str
    n: int
    trials: int
    rate: str
    cost: str
    tail: str
    rate_ratio: str
    cost_ratio: str
    beside: str
    over_failed: bool

    @property
    def cells(self) -> list[str]:
        """Its texts, under HEADINGS."""
        return [
            self.settings,
            str(self.n) if self.n == self.trials else f"{self.n} of {self.trials}",
            f"{self.rate} ({self.beside})" if self.beside else self.rate,
            self.rate_ratio or MISSING,
            self.cost,
            self.cost_ratio or MISSING,
            self.tail,
        ]


@dataclass(frozen=True, slots=True)
class Page:
    """One server: sentences for and against it, how much of it was measured, its void trials by
    reason, what was compared of its answers, and a row per setting; `left_out` rows were too many
    to show."""

    server: str
    name: str
    family: str
    colour: str
    reference: str
    strengths: list[str]
    weaknesses: list[str]
    extent: str
    void: list[tuple[str, int]]
    compared: list[str]
    rows: list[Row]
    left_out: int

    @property
    def is_reference(self) -> bool:
        """Whether the others are compared with it."""
        return self.server == self.reference

    @property
    def table(self) -> Table:
        """Its rows as texts."""
        cells = [row.cells for row in self.rows]
        numeric = [name != HEADINGS[0] for name in HEADINGS]
        return Table(HEADINGS, cells, numeric, self.left_out, rest="summary.csv")


def pages(run: Run) -> list[Page]:
    """A page for each server of the run, in the order of every figure."""
    reference, table = reference_of(run), points(run)
    looks, limits, reasons = run_styles(run), limits_hit(run.trials), _reasons(run)
    made = []
    for server in in_order(run.trials["server"].unique()):
        mine = table[table["server"] == server]
        made.append(
            Page(
                server,
                server_name(server),
                family(server),
                VARIABLES[looks[server].colour],
                reference,
                strengths(run, mine, server, reference),
                weaknesses(
                    run, mine, server, reference, [one for one in limits if one.server == server]
                ),
                _extent(at(run.trials, server=server), mine),
                reasons.get(server, []),
                _compared(run.trials.loc[run.trials["server"] == server, "answers_compared"]),
                [_row(one) for _, one in mine.head(MOST_ROWS).iterrows()],
                max(0, len(mine) - MOST_ROWS),
            )
        )
    return made


def _row(one: pd.Series[float]) -> Row:
    return Row(
        str(one["settings"]),
        int(one["n"]),
        int(one[["n", *NOT_MEASURED]].sum()),
        figure_of(one, RATE, number),
        time_of(one, COST),
        time_of(one, TAIL),
        ratio(one, RATE),
        ratio(one, COST),
        goodput.in_words({name: float(one[name]) for name in goodput.NAMES}),
        bool(one[OVER_FAILED]),
    )


def _extent(trials: pd.DataFrame, mine: pd.DataFrame) -> str:
    """In how many of its settings a server has figures, given its trials and its points."""
    measured = int((mine[["n", STARVED]].sum(axis=1) > 0).sum())
    if measured:
        of = f"{measured:,} of " if measured < len(mine) else ""
        return f"Measured in {of}{plural(len(mine), 'setting')}."
    if trials["valid"].any():
        return "Measured under a trace alone: its speeds are the tracer's."
    lost = int(void(trials).sum())
    return f"Nothing was measured: {plural(lost, 'void trial')}." if lost else NOTHING


def _reasons(run: Run) -> dict[str, list[tuple[str, int]]]:
    """Void trials by server: reasons and how often, the most frequent first."""
    void = run.void
    said = void["reason"].astype("string").str.split(LOG_ENDS, n=1, regex=False).str[0]
    counts = Counter(zip(void["server"].astype(str), said, strict=True))
    reasons: dict[str, list[tuple[str, int]]] = {}
    for (server, reason), times in counts.most_common():
        text = "no reason recorded" if pd.isna(reason) else str(reason)
        reasons.setdefault(server, []).append((text, times))
    return reasons


def _compared(mine: pd.Series[str]) -> list[str]:
    """What was compared of each answer, of all settings; none where no trial recorded it."""
    return [str(one) for one in mine.dropna().unique()]


def verdict_in_short(page: Page) -> str:
    """The first sentence for the server and the first against it, for the folded page; without
    any, what a request costs, or how much was measured."""
    sentences = page.strengths[:1] + page.weaknesses[:1]
    compared = [row for row in page.rows if row.cost_ratio and not row.over_failed]
    if not sentences and compared and not page.is_reference:
        most = max(compared, key=lambda row: row.n)
        sentences = [
            f"A request costs it {most.cost_ratio} the CPU time of {server_name(page.reference)} "
            f"({most.settings})."
        ]
    return " ".join(sentences) or page.extent
