"""Where no run is named, the newest with trials left goes on; what is wrong with one is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from rich.console import Console

from contract.columns import FORMAT_VERSION
from contract.exits import Exit, LabError
from experiments.plan.experiment_file import find
from experiments.plan.overrides import read_source
from experiments.plan.trials import plan
from experiments.records.run_folder import Store
from experiments.run import session
from experiments.run.loop import execute
from experiments.run.unfinished import last_unfinished
from tests.support.planned_run import Conductor, Quiet


def test_the_run_to_go_on_with_is_the_one_that_began_last(
    tmp_path: Path,
) -> None:
    """Though the clock was set back before it did, and those that are finished are passed over."""
    for number, name in enumerate(("20260102-120000", "20260101-120000", "20250101-120000"), 1):
        made = Store.create(tmp_path, read_source(find("smoke"), "smoke"), name)
        made.write_manifest({"format_version": FORMAT_VERSION, "sequence": number})
    trials = plan(read_source(find("smoke"), "smoke").experiment)
    assert last_unfinished(tmp_path) == made.folder
    execute(trials, made, Conductor(), Quiet(), rest=lambda: None)
    assert last_unfinished(tmp_path).name == "20260101-120000"


@pytest.mark.parametrize(
    "limits", [{"nofile": 9, "later": 1}, {"nofile": "many"}, {"nofile": True}, [1], "none"]
)
def test_a_run_with_limits_that_this_lab_does_not_know_is_refused_and_passed_over(
    store: Store, tmp_path: Path, limits: object
) -> None:
    store.write_manifest({"format_version": FORMAT_VERSION, "limits": limits})
    with pytest.raises(LabError, match=r"manifest\.json: limits: .* start a new run") as told:
        session.resume(store.folder, Console(quiet=True))
    assert told.value.exit is Exit.BAD_INPUT
    with pytest.raises(LabError, match=r"no unfinished run .* cannot go on: .*limits: .* new run"):
        last_unfinished(tmp_path)


def test_a_run_that_was_edited_is_refused_and_no_older_one_is_gone_on_with(tmp_path: Path) -> None:
    """As `make resume` alone would measure the older one, which nobody asked for."""
    for number in (1, 2):
        made = Store.create(tmp_path, read_source(find("smoke"), "smoke"), f"run-{number}")
        made.write_manifest({"format_version": FORMAT_VERSION, "sequence": number})
    with (made.folder / "trials.csv").open("a") as file:
        file.write("edited,by hand\n")
    told = r"run-2/trials\.csv, line 2.*\nmend it, or name another run: make resume RUN="
    with pytest.raises(LabError, match=told) as caught:
        last_unfinished(tmp_path)
    assert caught.value.exit is Exit.BAD_INPUT
