"""A run saves after every trial, resumes without repeating, and cleans up on a signal."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from experiments.choice import read_source
from experiments.exits import Exit, LabError
from experiments.load import find
from experiments.plan import Trial
from experiments.record import FORMAT_VERSION
from experiments.run import Interrupted, descriptors, execute, interruptible, swept
from experiments.store import Store
from experiments.trial import Outcome
from tests.unit.fakes import FakeDriver, a_result, some_trials


class Conductor:
    """Answers every trial; raises `failure` at the one numbered `fails_at`."""

    def __init__(self, fails_at: int = 0, failure: BaseException | None = None) -> None:
        self.ran: list[str] = []
        self._fails_at, self._failure = fails_at, failure

    def run(self, trial: Trial) -> Outcome:
        if self._failure and len(self.ran) + 1 == self._fails_at:
            raise self._failure
        self.ran.append(trial.id)
        return Outcome(result={"trial": trial.id, "reason": "", **a_result()}, elapsed_s=4.0)


class Quiet:
    def begin(self, trial: Trial) -> None: ...

    def end(self, trial: Trial, row: dict[str, Any]) -> None: ...


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.create(tmp_path, read_source(find("smoke"), "smoke"), "run-1")
    made.write_manifest({"format_version": FORMAT_VERSION})
    return made


def test_every_trial_has_a_row_and_its_details(store: Store) -> None:
    trials = some_trials()
    assert execute(trials, store, Conductor(), Quiet()) == len(trials) == 2 * (2 + 2)
    assert store.finished() == {trial.id for trial in trials}
    for trial in trials:
        assert (store.folder / "trials" / trial.id / "result.json").is_file()


def test_an_interrupted_run_goes_on_where_it_stopped(store: Store) -> None:
    trials = some_trials()
    first = Conductor(fails_at=4, failure=Interrupted())
    with pytest.raises(Interrupted):
        execute(trials, store, first, Quiet())
    second = Conductor()
    execute(trials, Store.open(store.folder), second, Quiet())
    assert first.ran + second.ran == [trial.id for trial in trials]


def test_half_a_row_is_cut_off_and_run_again(store: Store) -> None:
    trials = some_trials()
    execute(trials, store, Conductor(), Quiet())
    path = store.folder / "trials.csv"
    path.write_bytes(path.read_bytes()[:-20])
    again = Conductor()
    execute(trials, store, again, Quiet())
    assert again.ran == [trials[-1].id]
    assert store.finished() == {trial.id for trial in trials}


def test_a_hand_edited_row_is_named_by_its_line(store: Store) -> None:
    execute(some_trials(), store, Conductor(), Quiet())
    path = store.folder / "trials.csv"
    lines = path.read_text().splitlines()
    lines[2] = "spam,eggs"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(LabError, match=r"trials\.csv:3: not \d+ cells") as caught:
        store.finished()
    assert caught.value.exit is Exit.BAD_INPUT


def test_a_folder_without_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="is not a run"):
        Store.open(tmp_path)


def test_latest_leads_to_the_newest_run(store: Store, tmp_path: Path) -> None:
    store.point_latest(tmp_path)
    store.point_latest(tmp_path)
    assert (store.folder.parent.parent / "latest").resolve() == store.folder


def test_a_run_that_is_kept_elsewhere_changes_nothing_beside_it(
    store: Store, tmp_path: Path
) -> None:
    (tmp_path / "latest").write_text("somebody's")
    store.point_latest(tmp_path / "results")
    assert (tmp_path / "latest").read_text() == "somebody's"


def test_half_a_row_stays_while_it_is_only_looked_at(store: Store) -> None:
    execute(some_trials(), store, Conductor(), Quiet())
    path = store.folder / "trials.csv"
    half = path.read_bytes()[:-20]
    path.write_bytes(half)
    assert len(store.finished()) == len(some_trials()) - 1
    assert path.read_bytes() == half


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_interrupts_and_everything_is_removed(number: signal.Signals) -> None:
    driver = FakeDriver()
    said: list[str] = []
    before = signal.getsignal(number)

    def work() -> None:
        with interruptible(), swept(driver, said.append):
            driver.start(some_spec())
            os.kill(os.getpid(), number)

    with pytest.raises(Interrupted):
        work()
    assert not driver.up
    assert said == []
    assert signal.getsignal(number) is before


def test_what_a_killed_run_left_is_swept_first() -> None:
    driver = FakeDriver()
    driver.start(some_spec())
    said: list[str] = []
    with swept(driver, said.append):
        assert not driver.up
    assert said == ["removed what an earlier run left: left-over"]


def test_what_the_engine_warned_of_is_told_after_the_run() -> None:
    said: list[str] = []
    driver = FakeDriver()
    with swept(driver, said.append):
        driver.warnings.append("no such platform")
        assert said == []
    assert said == ["the engine warned when it created a container: no such platform"]


def test_descriptors_cover_the_widest_trial() -> None:
    assert descriptors(some_trials()) > 64


def some_spec() -> Any:
    from experiments.driver import ContainerSpec

    return ContainerSpec("server", "left-over", "image", ("true",), "net")
