"""A run saves after every trial, resumes without repeating, and cleans up on a signal."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest

from experiments.records.run_folder import Store
from experiments.run.loop import Interrupted, descriptors, execute, interruptible, swept
from tests.support.fakes import FakeDriver, some_trials
from tests.support.planned_run import Conductor, Quiet


def test_every_trial_has_a_row_and_its_details(store: Store) -> None:
    trials = some_trials()
    assert execute(trials, store, Conductor(), Quiet()) == len(trials) == 2 * (2 + 2)
    assert store.recorded() == {trial.id: True for trial in trials}
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
    with interruptible(), swept(driver, said.append):
        assert not driver.up
    assert said == ["removed what an earlier run left: left-over"]


def test_what_the_engine_warned_of_is_told_after_the_run() -> None:
    said: list[str] = []
    driver = FakeDriver()
    with interruptible(), swept(driver, said.append):
        driver.warnings.append("no such platform")
        assert said == []
    assert said == ["the engine warned when it created a container: no such platform"]


def test_descriptors_cover_the_widest_trial() -> None:
    assert descriptors(some_trials()) > 64


def some_spec() -> Any:
    from experiments.docker.driver import ContainerSpec

    return ContainerSpec("server", "left-over", "image", ("true",), "net")
