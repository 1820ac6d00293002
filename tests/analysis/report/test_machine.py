"""The machine of a run in a few lines, and what is wrong with its cores."""

from __future__ import annotations

from typing import Any

from analysis.records.manifest import Manifest
from analysis.report.machine import machine, unlike_cores
from tests.support import made_up_run as made

WHY = "two threads of one core, which slow each other down, as there is no other core"


def on(**placement: Any) -> Manifest:
    cpu = {"model": "M", "cores": 4, "placement": placement}
    return Manifest.model_validate(made.manifest(cpu=cpu, memory_bytes=None))


def processor(manifest: Manifest) -> str:
    return dict(machine(manifest))["Processor"]


def test_the_report_says_which_cores_were_measured_and_why() -> None:
    assert processor(on()) == "M, 4 cores"
    assert processor(on(server="0", loads=["3", "1"])) == (
        "M, 4 cores, server on core 0, load on core 3"
    )
    told = processor(on(server="0", loads=["3"], why="not two threads of one core"))
    assert told.endswith("load on core 3 (not two threads of one core)")


def test_only_cores_that_are_no_good_make_a_run_doubtful() -> None:
    assert unlike_cores(on()) == ""
    assert unlike_cores(on(server="0", loads=["2"], why="not two threads of one core")) == ""
    told = unlike_cores(on(server="0", loads=["1"], why=WHY, unlike=True))
    assert told.startswith(f"server and load had {WHY}: ")
