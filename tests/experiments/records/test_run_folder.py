"""What a run has written is found again, whatever happened to its file meanwhile."""

from __future__ import annotations

import csv
from pathlib import Path
from shlex import quote
from typing import Any

import pytest

from contract.columns import NAMES
from contract.exits import Exit, LabError
from experiments.plan.trials import Trial
from experiments.records.run_folder import Store
from experiments.run.loop import execute
from tests.support.fakes import some_trials
from tests.support.planned_run import Conductor, Quiet


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
    assert str(caught.value).endswith(f"make resume RUN={quote(str(store.folder))}")
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


def test_verdicts_that_were_given_before_a_trial_are_none_after_it(store: Store) -> None:
    """A run that goes on and dies before its report would show them for ever."""
    verdicts = store.folder / "verdicts.csv"
    verdicts.write_text("claim,verdict\n2,reproduced\n")
    execute([], store, Conductor(), Quiet())
    assert verdicts.exists()
    execute(some_trials()[:1], store, Conductor(), Quiet())
    assert not verdicts.exists()


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
