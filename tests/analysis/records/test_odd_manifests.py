"""Manifests with odd values: read, or refused with their key; never a traceback."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

import analysis
from analysis.figures.connect_time import ladder
from analysis.report.machine import machine
from contract.exits import Exit, LabError
from contract.run_order import sequence
from contract.sysctls import SYN_LINEAR
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"usual": {"backlog": [4096]}}, "usual.backlog"),
        ({"usual": {"backlog": {"of": 1}}}, "usual.backlog"),
        ({"usual": {"backlog": "4096"}}, "usual: backlog is '4096': expected int"),
        ({"usual": {"traced": 0}}, "usual: traced is 0: expected flag"),
        ({"usual": {"server": 3}}, "usual: server is 3: expected text"),
    ],
)
def test_a_usual_setting_of_another_kind_is_named(
    tmp_path: Path, changes: dict[str, Any], key: str
) -> None:
    with pytest.raises(LabError, match=key) as caught:
        analysis.load(made.write_run(tmp_path, **changes))
    assert caught.value.exit is Exit.BAD_INPUT


@pytest.mark.parametrize("value", [True, 0, "0", "on", None])
def test_any_word_for_the_firewall_on_the_bridge_is_shown(tmp_path: Path, value: object) -> None:
    run = analysis.load(made.write_run(tmp_path, bridge_nf_call_iptables=value))
    (docker,) = [text for name, text in machine(run.manifest) if name == "Docker"]
    shown = "1" if value is True else str(value)
    assert (f"bridge-nf-call-iptables {shown}" in docker) is (value is not None)


@pytest.mark.parametrize("value", ["9" * 5_000, "[" * 100_000 + "]" * 100_000])
def test_a_number_or_a_nesting_without_end_is_no_traceback(tmp_path: Path, value: str) -> None:
    path = made.write_run(tmp_path) / "manifest.json"
    text = json.dumps(made.manifest())
    path.write_text(f'{text[:-1]}, "seed": {value}}}')
    with pytest.raises(LabError, match=r"manifest\.json: cannot be read") as caught:
        analysis.load(tmp_path)
    assert caught.value.exit is Exit.BAD_INPUT
    assert sequence(tmp_path) == 0


@pytest.mark.parametrize("told", ["999999999999", "9" * 5_000, "-1", "many", None])
def test_a_ladder_has_six_steps_whatever_the_kernel_is_said_to_do(told: str | None) -> None:
    steps = ladder({SYN_LINEAR: told})
    assert len(steps) == 6
    assert steps[:2] == ([1, 2] if told and told.isdecimal() else [1, 3])
