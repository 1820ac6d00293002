"""A file that is larger than any that the lab writes is named, and not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import analysis
from analysis.records import file_text
from analysis.records.details import details
from contract.exits import Exit, LabError
from tests.support import made_up_run as made
from tests.support.trial_details import write_details

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["manifest.json", "result.json"])
def test_a_file_that_is_too_large_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    frame = made.trials(1)
    run = analysis.load(made.write_run(tmp_path, frame))
    write_details(tmp_path, frame)
    trial = str(frame["trial"].iloc[0])
    path = tmp_path / name if name == "manifest.json" else tmp_path / "trials" / trial / name
    monkeypatch.setattr(file_text, "LARGEST_BYTES", path.stat().st_size - 1)
    with pytest.raises(LabError) as caught:
        analysis.load(tmp_path) if name == "manifest.json" else details(run, trial)
    assert caught.value.exit is Exit.BAD_INPUT
    assert str(caught.value).startswith(f"{path}: ")
    assert f"it has {path.stat().st_size:,} bytes" in str(caught.value)
    monkeypatch.undo()
    assert analysis.load(tmp_path).trials.equals(run.trials)
    details.cache_clear()
    assert details(run, trial).window is not None
