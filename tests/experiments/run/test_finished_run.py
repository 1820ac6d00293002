"""A run whose trials are all there is reported on, whatever fails after the last of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from contract.columns import FORMAT_VERSION
from contract.exits import Exit, LabError
from experiments.docker.driver import DriverError
from experiments.plan.capacity import Limits
from experiments.plan.overrides import read_source
from experiments.plan.trials import Trial
from experiments.records import conditions
from experiments.records.outcome import Outcome
from experiments.records.run_folder import Store
from experiments.run import session
from experiments.run.loop import AfterwardsError, Interrupted, interruptible, swept
from experiments.run.progress import Watch
from tests.support.fakes import FakeDriver, FakeImages
from tests.support.results import valid_result

TEXT = """
question: Is it told?
repeats: 1
reference: false
settings: {window_s: 1.0, active_connections: 4}
sweeps: [{name: s, axes: {server: [poll, select, epoll_level]}}]
"""
TRIALS = 3
GONE = DriverError("removing container x: the engine did not answer in time")


@dataclass
class Lab:
    """What a run meets. A moment's failure is raised then, once; trial 0 is none of the trials."""

    results: Path
    at_trial: int = 0
    fails: dict[str, BaseException] = field(default_factory=dict)
    ran: list[str] = field(default_factory=list)
    sweeps: int = 0

    def meet(self, moment: str) -> None:
        if failure := self.fails.pop(moment, None):
            raise failure

    def run(self, trial: Trial) -> Outcome:
        if trial.position == self.at_trial:
            self.meet("trial")
        self.ran.append(trial.id)
        return Outcome(result=valid_result(trial), elapsed_s=4.0)


class Images(FakeImages):
    base = None


class Engine(FakeDriver):
    """Of a lab, in place of Docker's."""

    lab: Lab

    def __enter__(self) -> Engine:
        return self

    def __exit__(self, *_: object) -> None:
        self.lab.meet("driver")

    def sweep(self) -> list[str]:
        self.lab.sweeps += 1
        if self.lab.sweeps % 2 == 0:  # the one at the end
            self.lab.meet("sweep")
        return []


@pytest.fixture
def lab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lab:
    found = Lab(tmp_path)

    class OfThisLab(Engine):
        lab = found

    @contextmanager
    def trial_environment(*_: object) -> Iterator[Lab]:
        yield found
        found.meet("settle")

    class Bar(Watch):
        def __exit__(self, *_: object) -> None:
            found.meet("watch")

    def manifest(*_: object) -> dict[str, Any]:
        return {"format_version": FORMAT_VERSION, "started_at": "now", **dict.fromkeys(SAME)}

    monkeypatch.setattr(session, "RESULTS", tmp_path)
    monkeypatch.setattr(session, "RunLock", lambda *_: nullcontext())
    monkeypatch.setattr(session, "server_address", lambda _: "198.18.0.1")
    monkeypatch.setattr(session, "way_to_master", lambda _: nullcontext())
    monkeypatch.setattr(session, "engines", lambda _run, _hosts: OfThisLab())
    monkeypatch.setattr(session, "ensure_images", lambda *_: Images())
    monkeypatch.setattr(session, "ensure_foreign", lambda *_: [])
    monkeypatch.setattr(session, "machine_of", lambda *_: {})
    monkeypatch.setattr(session, "granted", lambda *_: Limits())
    monkeypatch.setattr(session, "preflight", lambda *_: None)
    monkeypatch.setattr(session, "manifest_of", manifest)
    monkeypatch.setattr(session, "trial_environment", trial_environment)
    monkeypatch.setattr(session, "Watch", Bar)
    return found


SAME = set(conditions.SAME) - {"format_version"}


def start(lab: Lab, more: str = "") -> Store:
    path = lab.results / "mine.yaml"
    path.write_text(TEXT + more)
    return session.start(read_source(path, "mine"), Console(quiet=True))


def resume(folder: Path) -> Store:
    return session.resume(folder, Console(quiet=True))


def latest(lab: Lab) -> Path | None:
    link = lab.results / "latest"
    return link.resolve() if link.is_symlink() else None


AFTERWARDS: dict[str, tuple[BaseException, str]] = {
    "sweep": (GONE, "removing container x"),
    "settle": (LabError("no engine", Exit.NO_DOCKER), "no engine"),
    "watch": (OSError(32, "Broken pipe"), "Broken pipe"),
    "driver": (RuntimeError("a bug"), "a bug"),
}


@pytest.mark.parametrize("moment", AFTERWARDS)
def test_what_fails_after_the_last_trial_is_told_and_the_run_is_the_latest(
    lab: Lab, moment: str
) -> None:
    failure, words = AFTERWARDS[moment]
    lab.fails[moment] = failure
    with pytest.raises(AfterwardsError, match=words) as told:
        start(lab)
    assert told.value.exit is Exit.AFTERWARDS
    assert len(Store.open(told.value.folder).recorded()) == TRIALS
    assert latest(lab) == told.value.folder.resolve()
    assert not lab.fails


@pytest.mark.parametrize("hosts", ["", "hosts: {server: {docker: ssh://a}, load: [{docker: b}]}\n"])
@pytest.mark.parametrize("moment", ["sweep", "settle"])
def test_how_to_remove_what_an_engine_may_keep_is_told(lab: Lab, moment: str, hosts: str) -> None:
    """`settle` finds nobody there, as when the last sweep meets a connection that is cut."""
    lab.fails[moment], _ = AFTERWARDS[moment]
    with pytest.raises(AfterwardsError) as told:
        start(lab, hosts)
    clean = "make clean HOSTS=hosts.yaml" if hosts else "make clean"
    assert str(told.value).endswith(f". `{clean}` removes what may be left in Docker")


@pytest.mark.parametrize("moment", AFTERWARDS)
def test_what_fails_after_the_last_trial_of_a_resumed_run(lab: Lab, moment: str) -> None:
    lab.at_trial, lab.fails["trial"] = 2, Interrupted()
    with pytest.raises(Interrupted) as stopped:
        start(lab)
    folder = stopped.value.folder
    assert folder is not None
    failure, words = AFTERWARDS[moment]
    lab.fails[moment] = failure
    with pytest.raises(AfterwardsError, match=words) as told:
        resume(folder)
    assert told.value.folder == folder
    assert latest(lab) == folder.resolve()
    assert len(lab.ran) == TRIALS


@pytest.mark.parametrize("moment", AFTERWARDS)
def test_the_same_before_the_last_trial_ends_the_run(lab: Lab, moment: str) -> None:
    lab.at_trial, lab.fails["trial"] = TRIALS, LabError("the Locust master ended")
    failure, _ = AFTERWARDS[moment]
    lab.fails[moment] = failure
    with pytest.raises((LabError, OSError, RuntimeError)) as told:
        start(lab)
    assert not isinstance(told.value, AfterwardsError)
    assert latest(lab) is None


def test_nothing_fails(lab: Lab) -> None:
    store = start(lab)
    assert latest(lab) == store.folder.resolve()


def test_latest_is_a_folder_of_somebodys(lab: Lab) -> None:
    (lab.results / "latest").mkdir()
    with pytest.raises(AfterwardsError, match="latest") as told:
        start(lab)
    assert told.value.exit is Exit.AFTERWARDS
    assert len(Store.open(told.value.folder).recorded()) == TRIALS


def test_two_failures_are_both_told(lab: Lab) -> None:
    lab.fails = {"settle": LabError("no master"), "sweep": GONE}
    with pytest.raises(AfterwardsError, match=r"no master; .* could not all be removed: removing"):
        start(lab)


def test_interrupted_after_the_last_trial(lab: Lab) -> None:
    lab.fails["settle"] = Interrupted()
    with pytest.raises(AfterwardsError, match="after the last one: interrupted") as told:
        start(lab)
    assert told.value.exit is Exit.INTERRUPTED
    assert latest(lab) == told.value.folder.resolve()


def test_a_run_without_trials_left_is_resumed_without_an_engine(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = start(lab).folder
    (lab.results / "latest").unlink()

    def none(_run: str) -> FakeDriver:
        raise LabError("no Docker engine answers", Exit.NO_DOCKER)

    monkeypatch.setattr(session, "DockerDriver", none)
    assert resume(folder).folder == folder.resolve()
    assert latest(lab) == folder.resolve()
    assert len(lab.ran) == TRIALS


def test_what_ended_a_run_stays_its_ending_when_nothing_can_be_removed() -> None:
    class Stuck(FakeDriver):
        swept = False

        def sweep(self) -> list[str]:
            if self.swept:
                raise GONE
            self.swept = True
            return []

    ended = pytest.raises(LabError, match="the Locust master ended")
    with ended as told, interruptible(), swept(Stuck(), print):
        raise LabError("the Locust master ended")
    assert told.value.__notes__ == [f"and what had been started could not all be removed: {GONE}"]
    stuck = pytest.raises(DriverError, match="removing container x")
    with stuck, interruptible(), swept(Stuck(), print):
        pass
