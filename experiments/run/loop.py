"""A run: trial after trial, each saved as it ends, and everything removed at the end."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from shlex import quote
from typing import Any, Protocol

from contract.exits import Exit, LabError
from contract.result.trial_result import TrialResult
from experiments.docker.driver import Driver, DriverError
from experiments.docker.messages import HERE, THERE
from experiments.machine.cores import Placement
from experiments.machine.rest import Rest
from experiments.plan.capacity import MARGIN
from experiments.plan.trials import Trial
from experiments.records.attempts import to_repeat, unsettled
from experiments.records.outcome import Outcome
from experiments.records.row_contract import Row
from experiments.records.run_folder import Store
from experiments.records.server_series import server_series
from experiments.records.trial_row import make_row


class Interrupted(BaseException):
    """Ctrl-C or SIGTERM: clean up, keep what is finished, say how to go on.

    `folder` is the run's, once it has one.
    """

    def __init__(self, folder: Path | None = None) -> None:
        super().__init__()
        self.folder = folder


class AfterwardsError(LabError):
    """Something failed after the last trial of the run in `folder`, which is complete; `of_hosts`
    says whether its engines are those of several machines."""

    def __init__(
        self, folder: Path, failures: list[BaseException], *, of_hosts: bool = False
    ) -> None:
        told = (
            "interrupted" if isinstance(one, Interrupted) else f"{one}" or type(one).__name__
            for one in failures
        )
        notes = [note for one in failures for note in getattr(one, "__notes__", ())]
        stopped = all(isinstance(one, Interrupted) for one in failures)
        left = bool(notes) or any(_may_leave(one) for one in failures)
        clean = (THERE if of_hosts else HERE)["clean"]
        advice = f". `{clean}` removes what may be left in Docker" if left else ""
        super().__init__(
            f"all trials were run, but after the last one: {'; '.join((*told, *notes))}{advice}",
            Exit.INTERRUPTED if stopped else Exit.AFTERWARDS,
        )
        self.folder = folder


def _may_leave(failure: BaseException) -> bool:
    """Whether something may still be in an engine that failed, or that nobody reached any more."""
    gone = isinstance(failure, LabError) and failure.exit is Exit.NO_DOCKER
    return gone or isinstance(failure, DriverError)


class Runner(Protocol):
    """Runs one trial; tests give a fake."""

    def run(self, trial: Trial) -> Outcome: ...


class Progress(Protocol):
    """Hears of each trial before and after it, never while a window is open."""

    def begin(self, trial: Trial) -> None: ...

    def again(self, trial: Trial, row: dict[str, Any]) -> None: ...

    def end(self, trial: Trial, row: dict[str, Any]) -> None: ...


def descriptors(trials: list[Trial]) -> int:
    """The most descriptors that one process of the run needs."""
    return MARGIN + max(trial.point.settings.descriptors for trial in trials)


def execute(
    trials: list[Trial],
    store: Store,
    runner: Runner,
    progress: Progress,
    rest: Callable[[], object] | None = None,
) -> int:
    """Run what is not settled yet, each trial until it is; returns how many trials that were.

    `rest` waits until the machine is quiet, before what it disturbed is measured again.
    """
    rest = rest or Rest()
    recorded = store.recorded(cut=True)
    left = [trial for planned in trials if (trial := unsettled(planned, recorded))]
    for first in left:
        trial = first
        progress.begin(trial)
        while to_repeat(row := _run(trial, store, runner)):
            progress.again(trial, row)
            rest()
            trial = replace(trial, attempt=trial.attempt + 1)
        progress.end(trial, row)
    return len(left)


def _run(trial: Trial, store: Store, runner: Runner) -> Row:
    started_at = datetime.now(UTC).isoformat(timespec="milliseconds")
    outcome = runner.run(trial)
    row = make_row(store.name, store.run, started_at, trial, outcome)
    result = outcome.result
    if isinstance(result, TrialResult) and row["spoiled_by"] != "lab":
        result = replace(result, server_series=server_series(result.samples))
    store.append(row, result, outcome.logs)
    return row


@contextmanager
def interruptible() -> Iterator[None]:
    """SIGINT and SIGTERM raise Interrupted once; a second one during clean-up is ignored."""

    def stop(_signum: int, _frame: Any) -> None:
        _ignore_signals()
        raise Interrupted

    before = {n: signal.signal(n, stop) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def deferred(notice: str) -> Iterator[None]:
    """SIGINT and SIGTERM are heeded at its end; until then a notice tells that they have come."""
    came: list[int] = []

    def note(number: int, _frame: Any) -> None:
        came.append(number)
        print(f"\n{notice}", file=sys.stderr)

    before = {n: signal.signal(n, note) for n in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for first in came[:1]:
            signal.raise_signal(first)


@contextmanager
def kept(store: Store) -> Iterator[None]:
    """Raises Interrupted with the run's folder, or LabError when no more can be saved."""
    try:
        yield
    except Interrupted:
        raise Interrupted(store.folder) from None
    except OSError as error:
        raise LabError(
            f"cannot save in {store.folder}: {error.strerror}; finished trials are kept: "
            f"free space there, then go on with: make resume RUN={quote(str(store.folder))}",
            Exit.NOT_READY,
        ) from error


@contextmanager
def swept(driver: Driver, say: Callable[[str], None]) -> Iterator[None]:
    """Remove what a killed run left, before; and all of this run, after, whatever happens.

    What ended the run stays its ending when nothing can be removed after it; a note says so.
    """
    left = driver.sweep()
    if left:
        say(f"removed what an earlier run left: {', '.join(left)}")
    try:
        yield
        for warning in driver.warnings:
            say(f"the engine warned when it created a container: {warning}")
        _ignore_signals()
    except BaseException as ending:
        _ignore_signals()
        try:
            driver.sweep()
        except (DriverError, LabError) as error:
            ending.add_note(f"and what had been started could not all be removed: {error}")
        raise
    driver.sweep()


def _ignore_signals() -> None:
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


def stay_off(placement: Placement) -> None:
    """Keep this process off the server's core, where the engine is on this machine."""
    if sys.platform == "linux":
        cores = {int(placement.others), int(placement.load)} & os.sched_getaffinity(0)
        if cores:
            os.sched_setaffinity(0, cores)
