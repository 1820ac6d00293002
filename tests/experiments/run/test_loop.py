"""A run saves after every trial, resumes without repeating, and cleans up on a signal."""

from __future__ import annotations

import csv
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from contract.columns import FORMAT_VERSION, NAMES
from contract.exits import Exit, LabError
from contract.run_order import begun, next_sequence, sequence
from experiments.plan.experiment_file import find
from experiments.plan.overrides import read_source
from experiments.plan.trials import Trial, plan
from experiments.records.outcome import Outcome
from experiments.records.run_folder import Store
from experiments.run import session
from experiments.run.loop import Interrupted, descriptors, execute, interruptible, swept
from tests.support.fakes import FakeDriver, some_trials
from tests.support.results import valid_result


class Conductor:
    """Answers every trial; raises `failure` at the one numbered `fails_at`."""

    def __init__(self, fails_at: int = 0, failure: BaseException | None = None) -> None:
        self.ran: list[str] = []
        self._fails_at, self._failure = fails_at, failure

    def run(self, trial: Trial) -> Outcome:
        if self._failure and len(self.ran) + 1 == self._fails_at:
            raise self._failure
        self.ran.append(trial.id)
        return Outcome(result=valid_result(trial), elapsed_s=4.0)


class Quiet:
    def begin(self, trial: Trial) -> None: ...

    def again(self, trial: Trial, row: dict[str, Any]) -> None: ...

    def end(self, trial: Trial, row: dict[str, Any]) -> None: ...


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.create(tmp_path, read_source(find("smoke"), "smoke"), "run-1")
    made.write_manifest({"format_version": FORMAT_VERSION})
    return made


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


def test_half_a_row_is_cut_off_and_run_again(store: Store) -> None:
    trials = some_trials()
    execute(trials, store, Conductor(), Quiet())
    path = store.folder / "trials.csv"
    path.write_bytes(path.read_bytes()[:-20])
    again = Conductor()
    execute(trials, store, again, Quiet())
    assert again.ran == [trials[-1].id]
    assert store.recorded() == {trial.id: True for trial in trials}


def test_a_run_that_a_spreadsheet_saved_goes_on(store: Store) -> None:
    """It puts a byte-order mark before the first cell."""
    trials = some_trials()
    path = store.folder / "trials.csv"
    execute(trials[:2], store, Conductor(), Quiet())
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert execute(trials, Store.open(store.folder), Conductor(), Quiet()) == len(trials) - 2


def test_a_hand_edited_row_is_named_by_its_line(store: Store) -> None:
    execute(some_trials(), store, Conductor(), Quiet())
    path = store.folder / "trials.csv"
    lines = path.read_text().splitlines()
    lines[2] = "spam,eggs"
    path.write_text("\n".join(lines) + "\n")
    with pytest.raises(LabError, match=r"trials\.csv, line 3: 2 fields where") as caught:
        store.recorded()
    assert caught.value.exit is Exit.BAD_INPUT


def test_a_run_that_was_killed_inside_a_letter_goes_on(store: Store) -> None:
    trials = some_trials()
    execute(trials, store, Conductor(), Quiet())
    path = store.folder / "trials.csv"
    letter = "é".encode()
    with path.open("ab") as file:
        file.write(b"c10k,run-1," + letter[:1])
    looked = Store.open(store.folder)
    assert looked.recorded() == {trial.id: True for trial in trials}
    assert path.read_bytes().endswith(letter[:1]), "who only looks changes nothing"
    assert execute(trials, looked, Conductor(), Quiet()) == 0
    assert path.read_bytes().endswith(b"\n")


def test_a_letter_that_is_broken_in_the_middle_is_named(store: Store) -> None:
    execute(some_trials(), store, Conductor(), Quiet())
    path = store.folder / "trials.csv"
    lines = path.read_bytes().split(b"\n")
    lines[2] = lines[2].replace(b"pod", b"p\xc3d")
    path.write_bytes(b"\n".join(lines))
    with pytest.raises(LabError, match="line 3: not UTF-8 text"):
        execute(some_trials(), Store.open(store.folder), Conductor(), Quiet())


@pytest.mark.parametrize(("torn", "named"), [(b"\0" * 40, False), (b"\0" * 40 + b"\n", True)])
def test_nul_bytes_are_cut_at_the_end_and_named_elsewhere(
    store: Store, torn: bytes, named: bool
) -> None:
    """What a machine leaves that lost its power."""
    trials = some_trials()
    execute(trials, store, Conductor(), Quiet())
    path = store.folder / "trials.csv"
    path.write_bytes(path.read_bytes() + torn)
    again = Conductor()
    if not named:
        assert execute(trials, Store.open(store.folder), again, Quiet()) == 0
        return
    with pytest.raises(LabError, match=rf"line {len(trials) + 2}: a NUL byte") as caught:
        execute(trials, Store.open(store.folder), again, Quiet())
    assert caught.value.exit is Exit.BAD_INPUT
    assert not again.ran


@pytest.mark.parametrize("change", [b"\0\0\0\n", b"by hand", b""])
def test_a_file_that_was_changed_while_the_run_went_on_is_not_added_to(
    store: Store, change: bytes
) -> None:
    trials = some_trials()
    path = store.folder / "trials.csv"

    class Meddling(Quiet):
        def end(self, trial: Trial, row: dict[str, Any]) -> None:
            del row
            if trial is trials[1]:
                path.write_bytes(path.read_bytes() + change if change else b"cut\n")

    with pytest.raises(LabError, match="was changed while the run went on") as caught:
        execute(trials, store, Conductor(), Meddling())
    assert caught.value.exit is Exit.BAD_INPUT
    assert len(list((store.folder / "trials").iterdir())) == 2


def test_a_row_that_an_older_version_spoiled_is_not_measured_again(store: Store) -> None:
    trials = some_trials()
    execute(trials, store, Conductor(), Quiet())
    path = store.folder / "trials.csv"
    lines = path.read_text().splitlines()
    cells = lines[2].split(",")
    cells[NAMES.index("segments_out_per_response")] = "-7"
    lines[2] = ",".join(cells)
    path.write_text("\n".join(lines) + "\n")
    assert store.recorded() == {trial.id: True for trial in trials}


def test_a_row_that_could_not_be_read_is_never_written(store: Store) -> None:
    trials = some_trials()
    execute(trials, store, Conductor(), Quiet())
    before = (store.folder / "trials.csv").read_bytes()
    rows = list(csv.DictReader(before.decode().splitlines()))
    good: dict[str, Any] = {**rows[0], "trial": "another"}
    for wrong in ({"requests": -1}, {"validity": "fine"}, {"server": None}, {"added": 1}):
        with pytest.raises(ValueError, match="record format"):
            store.append({**good, **wrong}, None, {})
    assert (store.folder / "trials.csv").read_bytes() == before
    store.append(good, None, {})


def test_the_run_to_go_on_with_is_the_one_that_began_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the clock was set back before it did, and those that are finished are passed over."""
    monkeypatch.setattr(session, "RESULTS", tmp_path)
    for number, name in enumerate(("20260102-120000", "20260101-120000", "20250101-120000"), 1):
        made = Store.create(tmp_path, read_source(find("smoke"), "smoke"), name)
        made.write_manifest({"format_version": FORMAT_VERSION, "sequence": number})
    trials = plan(read_source(find("smoke"), "smoke").experiment)
    assert session.last_unfinished() == made.folder
    execute(trials, made, Conductor(), Quiet())
    assert session.last_unfinished().name == "20260101-120000"


@pytest.mark.parametrize(
    "limits", [{"nofile": 9, "later": 1}, {"nofile": "many"}, {"nofile": True}, [1], "none"]
)
def test_a_run_with_limits_that_this_lab_does_not_know_is_refused_and_passed_over(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limits: object
) -> None:
    monkeypatch.setattr(session, "RESULTS", tmp_path)
    store.write_manifest({"format_version": FORMAT_VERSION, "limits": limits})
    with pytest.raises(LabError, match=r"manifest\.json: limits: .* start a new run") as told:
        session.resume(store.folder, Console(quiet=True))
    assert told.value.exit is Exit.BAD_INPUT
    with pytest.raises(LabError, match="no unfinished run"):
        session.last_unfinished()


def test_runs_are_numbered_in_the_order_in_which_they_began(tmp_path: Path) -> None:
    """The clock was set back between the second and the third; before, there were no numbers."""
    for name, number in (
        ("c10k/20260101-120000", None),
        ("smoke/20260102-120000", None),
        ("c10k/20260103-120000", 1),
        ("smoke/20250101-120000", 2),
        ("c10k/20240101-120000", 3),
    ):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        manifest = {} if number is None else {"sequence": number}
        (folder / "manifest.json").write_text(json.dumps(manifest))
    found = sorted(tmp_path.glob("*/*"), key=begun)
    assert [one.name[:4] for one in found] == ["2026", "2026", "2026", "2025", "2024"]
    assert found[0].name < found[1].name
    assert next_sequence(tmp_path) == 4
    assert next_sequence(tmp_path / "empty") == 1
    for odd in ("{", "[]", '{"sequence": "9"}', '{"sequence": -9}', ""):
        (found[-1] / "manifest.json").write_text(odd)
        assert sequence(found[-1]) == 0
    assert next_sequence(tmp_path) == 3


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
    assert len(store.recorded()) == len(some_trials()) - 1
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
