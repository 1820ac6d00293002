"""A setting that is declared in the contract, and nowhere else, is wherever settings are."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from analysis import load
from analysis.claims.verdicts import judge_all
from experiments.paths import ROOT
from tests.support import made_up_run as made

OF_LOAD = """
    made_up_per_s: float = setting(
        0.0, "Made-up bytes a second", low=0, high=5, form=IDLE, added=True
    )
"""
OF_SERVERS = """
    made_up_ms: int | Absent = setting(
        None, "Made-up pause of a server", low=0, high=9, own=4, added=True
    )
"""
LOOK = """
import json
import sys

from pydantic import ValidationError

from analysis import load
from analysis.claims.verdicts import judge_all
from contract.columns import NAMES, SETTINGS
from contract.columns.cells import CHECKS
from contract.settings.server_flags import arguments
from contract.settings.setting import declared
from contract.settings.trial import Settings
from experiments.plan.schema import Experiment
from experiments.plan.trials import points
from experiments.records.manifest import usual
from loadgen import locust_options
from loadgen.option_checks import OptionsError, parse
from servers.core.settings import SettingsError
from servers.core.settings import parse as serve
from servers.core.settings import parser
from tests.support.settings_table import settings_table

LOOPBACK = "http://127.0.0.1:8080"


class Arguments:
    def __init__(self):
        self.known = {}

    def add_argument(self, flag, **more):
        self.known[flag] = more["help"]


def plan(**settings):
    document = {"question": "?", "sweeps": [{"name": "one", "settings": settings}]}
    return points(Experiment.model_validate(document))[0]


def fault(do, *given, **more):
    try:
        do(*given, **more)
    except (ValidationError, OptionsError, SettingsError) as error:
        return str(error)


offered = Arguments()
locust_options.add_options(offered)
point = plan(made_up_per_s=2.5, made_up_ms=7)
before = [load(folder) for folder in sys.argv[1:]]
serving = serve(["select", *arguments(point.settings)], {}, ["select"])[1]
print(json.dumps({
    "columns": [name for name in NAMES if "made_up" in name],
    "identified": [name for name in SETTINGS if "made_up" in name],
    "cell": str(CHECKS["made_up_per_s"]("-1")),
    "table": settings_table(declared(Settings)),
    "schema": Experiment.model_json_schema()["$defs"]["Axes"]["properties"]["made_up_ms"],
    "recorded": point.settings.recorded,
    "usual": usual(Experiment(question="?", sweeps=[{"name": "one"}])),
    "other": plan().name != plan(made_up_ms=7).name,
    "refused": fault(plan, made_up_per_s=6.0),
    "load": parse(point.settings.told_to_load, LOOPBACK).settings.made_up_per_s,
    "load_refused": fault(parse, {"made_up_per_s": "6"}, LOOPBACK),
    "option": offered.known["--made-up-per-s"],
    "grouped": "made_up_per_s" in locust_options.of_group("Idle connections"),
    "served": serving.made_up_ms,
    "own": serve(["select"], {}, ["select"])[1].made_up_ms,
    "flag_refused": fault(serve, ["select", "--made-up-ms", "10"], {}, ["select"]),
    "flags": parser().format_help(),
    "verdicts": [[str(one.verdict) for one in judge_all(run)] for run in before],
    "read": [run.trials[["made_up_per_s", "made_up_ms"]].isna().all().tolist() for run in before],
    "rates": sorted(set(before[0].trials["made_up_per_s"])),
}))
"""


def add(path: Path, declaration: str, before: str = "") -> None:
    text = path.read_text()
    at = text.index(before) if before else len(text)
    path.write_text(f"{text[:at].rstrip()}{declaration}{text[at:] and chr(10) * 2}{text[at:]}")


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """A run of before there were these settings, and one that has an empty column for one."""
    folder = tmp_path_factory.mktemp("runs")
    frame = made.trials(5)
    return [
        made.write_run(folder / "absent", frame),
        made.write_run(folder / "empty", frame.assign(made_up_ms="")),
    ]


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory, runs: list[Path]) -> dict[str, Any]:
    """What the rooms say of two settings that only a copy of the contract declares."""
    copy = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "contract", copy / "contract")
    for room in ("servers", "loadgen", "experiments", "analysis", "tests"):
        (copy / room).symlink_to(ROOT / room)
    add(copy / "contract/settings/load_settings.py", OF_LOAD)
    add(copy / "contract/settings/server_flags.py", OF_SERVERS, before="def arguments")
    done = subprocess.run(  # noqa: S603 - this repository's own code, no shell
        [sys.executable, "-c", LOOK, *runs], cwd=copy, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_trials_csv_has_its_column(seen: dict[str, Any]) -> None:
    assert sorted(seen["columns"]) == sorted(seen["identified"]) == ["made_up_ms", "made_up_per_s"]
    assert "made_up_per_s: '-1': expected a number, 0 or more" in seen["cell"]
    assert (seen["recorded"]["made_up_per_s"], seen["recorded"]["made_up_ms"]) == (2.5, 7)


def test_an_experiment_file_takes_it_within_its_range(seen: dict[str, Any]) -> None:
    assert seen["schema"]["description"] == "Made-up pause of a server"
    assert "less than or equal to 5" in seen["refused"]
    assert seen["usual"]["made_up_ms"] is None
    assert seen["other"], "points that differ in it alone have one name"


def test_the_load_takes_it_by_hand_and_from_a_sweep(seen: dict[str, Any]) -> None:
    assert seen["load"] == 2.5
    assert "made_up_per_s is 6; it must be from 0 to 5" in seen["load_refused"]
    assert seen["option"] == "Made-up bytes a second; 0 to 5"
    assert seen["grouped"]


def test_a_server_takes_it_by_flag(seen: dict[str, Any]) -> None:
    assert (seen["served"], seen["own"]) == (7, 4)
    assert "--made-up-ms: '10' is not a whole number from 0 to 9" in seen["flag_refused"]
    assert "Made-up pause of a server (default 4)" in " ".join(seen["flags"].split())


def test_runs_of_before_are_read_and_judged_as_they_were(
    seen: dict[str, Any], runs: list[Path]
) -> None:
    assert seen["read"] == [[False, True]] * 2
    assert seen["rates"] == [0.0], "its trials had the default"
    verdicts = [str(one.verdict) for one in judge_all(load(runs[0]))]
    assert "reproduced" in verdicts
    assert seen["verdicts"] == [verdicts] * 2


def test_the_documentation_misses_it(seen: dict[str, Any]) -> None:
    assert "| `made_up_per_s` | 0.0 | Made-up bytes a second |" in seen["table"]
    assert seen["table"] not in (ROOT / "docs/experiments.md").read_text()
