"""What a person sees while a run goes: a bar, the trial, the last result, the time left.

Drawn only between trials: a display that refreshes by itself would run inside
the windows that it reports.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from contract.console import say
from contract.literal import visible
from contract.loads import WITHOUT_CLIENTS
from contract.outcomes import LIMIT_REACHED, STARVED, WORD_OF, WORDS, Word, went_as_far_as
from contract.settings.setting import declared
from contract.settings.trial import Settings
from experiments.plan.trials import Trial, expected_s

KINDS = {
    "keep_alive": "keep-alive",
    "connection_per_request": "conn/request",
    "open_loop": "open loop",
    "open_connections": "open, conn/request",
    "token_ring": "pipes, a token round them",
    "one_wait": "descriptors, one wait",
}
IN_WORDS = (
    *("server", "load", "watched", "rate_per_s", "active_connections", "idle_connections"),
    *("backlog", "load_workers", "traced", "warm_up_s", "window_s"),
)
"""Settings that `describe` has words for, or leaves out, as the times."""


def describe(trial: Trial) -> str:
    """The settings in a few words; those that are seldom set, and here are, by their names."""
    s = trial.point.settings
    kind = KINDS[s.load]
    if s.watched is not None:
        return f"{s.server}: {s.watched:,} {kind}"
    if s.rate_per_s is not None:
        kind = f"{kind} at {s.rate_per_s:,.0f}/s"
    idle = f" + {s.idle_connections:,} idle" if s.idle_connections else ""
    length = "its own" if s.backlog is None else f"{s.backlog:,}"
    backlog = f", backlog {length}" if s.connecting else ""
    workers = f", {s.load_workers} load workers" if s.load_workers > 1 else ""
    traced = ", traced" if s.traced else ""
    others = "".join(
        f", {name} {getattr(s, name)}"
        for name, one in declared(Settings).items()
        if name not in IN_WORDS and getattr(s, name) != one.default
    )
    return f"{s.server}: {s.active_connections:,} {kind}{idle}{backlog}{workers}{others}{traced}"


def minutes(seconds: float) -> str:
    """A time as minutes and seconds."""
    return "{}:{:02d}".format(*divmod(round(seconds), 60))


def summarise(row: dict[str, Any]) -> str:
    """The result in a few words: the figures of a trial that was measured, with what failed in it,
    and ≥ before a time that is a lower bound; else the word for it, how far the server went or
    whom it served, and why."""
    word = WORD_OF[row["validity"]]
    if word == "measured":
        told = f"; {row['reason']}" if row.get("reason") else ""
        return f"{_figures(row)}{told}"
    why = row["reason"]
    if word == "limit reached" and (limit := row.get("server_limit")):
        why = limit if why in limit else f"{limit}; {why}"
    return f"{word}{_as_far_as(row)}: {why}"


def _as_far_as(row: dict[str, Any]) -> str:
    """How far a server went that reached its limit, or what one served that starved its clients."""
    if row["validity"] == LIMIT_REACHED:
        held, of = went_as_far_as(row), "descriptors" if row.get("watched") else "connections"
        return "" if held is None else f" at {held:,.0f} {of}"
    if row["validity"] == STARVED and row.get("requests_per_s") is not None:
        coverage = row.get("coverage")  # none without clients
        served = "" if coverage is None else f", {coverage:.1%} of the clients served"
        return f" ({row['requests_per_s']:,.0f}/s{served})"
    return ""


def _figures(row: dict[str, Any]) -> str:
    if row["load"] in WITHOUT_CLIENTS:
        wait = "" if row["wait_us"] is None else f", {row['wait_us']:,.2f} us a wait"
        return f"{row['requests_per_s']:,.0f}/s{wait}"
    if row["traced"]:
        return f"{row['syscalls_per_request']:,.2f} system calls a request"
    at_least = "≥ " if "response_p99_us" in (row.get("lower_bounds") or "").split() else ""
    return (
        f"{row['requests_per_s']:,.0f}/s, p99 {at_least}{row['response_p99_us'] / 1e3:,.2f} ms, "
        f"{row['validity'].replace('_', ' ')}"
    )


class Watch:
    """Implements `run.Progress` on a terminal, or a line per trial elsewhere."""

    def __init__(self, trials: list[Trial], finished: int, console: Console) -> None:
        self._console = console
        self._total = len(trials)
        self._left = trials[finished:]
        self._done = finished
        self._doing = ""
        self._words: Counter[Word] = Counter()
        self._bar = Progress(
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[left]}"),
            TextColumn("{task.description}", style="bold", markup=False),
            console=console,
            auto_refresh=False,
        )
        self._task = self._bar.add_task("", total=self._total, completed=finished, left="")

    def __enter__(self) -> Watch:
        if self._console.is_terminal:
            self._bar.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        if self._console.is_terminal:
            self._bar.stop()

    def more(self, trials: list[Trial], doing: str) -> None:
        """There are more trials than were planned, which decide a claim."""
        self._left, self._doing = [*self._left, *trials], doing
        self._total += len(trials)
        self._bar.update(self._task, total=self._total)

    def begin(self, trial: Trial) -> None:
        description = visible(describe(trial))
        self._bar.update(self._task, description=description, left=self._so_far())
        self._bar.refresh()

    def again(self, trial: Trial, row: dict[str, Any]) -> None:
        """It was spoiled, and not by its server."""
        waiting = "to be measured again when the machine rests"
        say(self._bar.console, f"{describe(trial)}: {summarise(row)}; {waiting}")
        self._bar.update(self._task, description="waiting until the machine rests")
        self._bar.refresh()

    def end(self, trial: Trial, row: dict[str, Any]) -> None:
        self._left = self._left[1:]
        self._done += 1
        self._words[WORD_OF[row["validity"]]] += 1
        number = f"{self._done:>{len(str(self._total))}}/{self._total}"
        # Where there is no bar, the line alone has to tell.
        so_far = "" if self._console.is_terminal else f" [{self._so_far()}]"
        say(self._bar.console, f"{number}  {describe(trial)}: {summarise(row)}{so_far}")
        self._bar.update(self._task, completed=self._done)

    def _so_far(self) -> str:
        """The time left, how many trials of this sitting were not measured, by their words, and
        what is decided."""
        others = [f"{self._words[word]} {word}" for word in WORDS[1:] if self._words[word]]
        so_far = f", {', '.join(others)} so far" if others else ""
        doing = f", {self._doing}" if self._doing else ""
        return f"{minutes(expected_s(self._left))} left{so_far}{doing}"
