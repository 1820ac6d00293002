"""What differs between the machines and settings of two runs is told, and nothing else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from analysis.compare.comparison import compare
from analysis.wording import MISSING
from tests.support.compared_runs import invoked, written


def test_what_differs_between_the_machines_comes_first(tmp_path: Path) -> None:
    a = written(tmp_path, "a", limits={"memory_bytes": 10**9, "nofile": 1_024})
    limits = {"memory_bytes": 2 * 10**9, "nofile": 1_024}  # free memory always differs
    machine: dict[str, Any] = {
        "kernel": {"release": "6.19.0"},
        "governor": "powersave",
        "clock_source": None,
    }
    b = written(tmp_path, "b", seed=5, limits=limits, **machine)
    told = {one.key: one.values for one in compare([a, b]).differences}
    assert told == {
        "clock_source": ("tsc", MISSING),
        "governor": (MISSING, "powersave"),
        "kernel.release": ("6.18.0", "6.19.0"),
        "seed": ("20260101", "5"),
    }
    lines = invoked(a, b).output.splitlines()
    assert lines[0].startswith("differs: clock_source")


def test_that_a_run_began_ended_and_decided_at_another_time_is_no_difference(
    tmp_path: Path,
) -> None:
    """As all runs of one machine do."""
    for number, name in enumerate("ab", 1):
        ended = f"2026-01-0{number}T12:20:00+00:00"
        block = {"block": 4, "question": "claim 3", "points": [], "took_s": 9.5 + number}
        clock = {"docker": "local", "clock_offset_s": number / 1e3, "clock_bound_s": number / 1e6}
        own: dict[str, Any] = dict.fromkeys(("started_at", "ended_at", "checkup_ended_at"), ended)
        own |= {"sequence": number, "trials": 80 + number, "resumed_at": [ended]}
        own |= {"more_blocks": [block] * number, "hosts": {"server": clock, "load": clock}}
        written(tmp_path, name, **own)
    told = invoked(tmp_path / "a", tmp_path / "b", "--json", "--output", tmp_path)
    assert json.loads(told.stdout)["differences"] == {}
    page = (tmp_path / "comparison.md").read_text()
    assert "Nothing: the manifests name the same machine, software and seed." in page
