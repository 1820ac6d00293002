"""Reports of runs that are out of the ordinary: with little in them, or with nothing."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.claims.judgement import Word
from analysis.report.report import Report, build
from contract.exits import Exit, LabError
from tests.analysis.report.test_report import without_scripts
from tests.support import made_up_run as made

pytestmark = pytest.mark.usefixtures("no_pictures")

UNUSUAL = {
    "one repeat": made.trials(1),
    "two repeats": made.trials(2),
    "one server": made.trials(3).query("server == 'poll'"),
    "an unknown server": made.trials(3).replace({"server": {"poll": "kqueue"}}),
    "one trial": made.trials(1).head(1),
    "no reference": made.trials(3).query("sweep != 'reference'"),
    "only backlog": made.trials(3).query("sweep == 'backlog'"),
    "no measurement": made.trials(3).assign(
        requests_per_s=np.nan, server_cpu_us_per_request=np.nan, response_p999_us=np.nan
    ),
    "two paths": pd.concat(
        [
            made.trials(3),
            made.trials(3, seed=8).assign(
                network="bridge",
                trial=lambda t: t["trial"] + "-b",
                position=lambda t: t["position"] + len(t),
            ),
        ]
    ),
}


def made_run(folder: Path, frame: pd.DataFrame, **changes: object) -> Report:
    return build(made.write_run(folder, frame, **changes))


@pytest.mark.parametrize("name", UNUSUAL)
def test_unusual_runs_get_a_sensible_report(tmp_path: Path, name: str) -> None:
    found = made_run(tmp_path, UNUSUAL[name])
    page = without_scripts(found)
    for wrong in ("nan", "None", "NaT", "inf "):
        assert not re.search(rf">[^<]*\b{wrong}\b[^<]*<", page), wrong


def test_a_run_whose_trials_are_all_void(tmp_path: Path) -> None:
    unknown: dict[str, Any] = {"spoiled_by": None, "server_limit": None}
    frame = made.trials(3).assign(validity="void", reason="worker lost", **unknown)
    found = made_run(tmp_path, frame)
    words = {verdict.verdict for verdict in found.verdicts}
    assert words == {Word.INCONCLUSIVE}
    assert found.html.read_text(encoding="utf-8").count("worker lost") >= len(frame)
    assert "every trial was void" in found.markdown.read_text(encoding="utf-8")


def test_an_empty_run_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no trial has finished") as caught:
        made_run(tmp_path, made.trials(1).head(0))
    assert caught.value.exit is Exit.NOT_READY


def test_the_manifest_chooses_figures_and_unknown_ones_are_noted(tmp_path: Path) -> None:
    found = made_run(tmp_path, made.trials(3), figures=["memory", "moon"])
    assert without_scripts(found).count("<svg") == 1
    assert found.notes == ["Figure moon is not known to this lab: left out."]


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    made.write_run(tmp_path)
    (tmp_path / "report.html").mkdir()
    with pytest.raises(LabError, match=r"report\.html: cannot be written"):
        build(tmp_path)
