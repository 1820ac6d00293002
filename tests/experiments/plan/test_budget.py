"""`BUDGET=20m`: how it is read, and what it is where nobody says."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from contract.exits import Exit, LabError
from experiments import __main__ as command_line
from experiments.plan.budget import budget_of, may_be_open, read_budget
from experiments.plan.experiment_file import find, read
from experiments.plan.trials import expected_s, plan
from experiments.plan.two_servers import choose_two


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("20m", 1200.0), ("1h30m", 5400.0), ("90s", 90.0), ("2m5s", 125.0), ("0", 0.0), ("0m", 0.0)],
)
def test_a_time_is_read_with_its_unit(text: str, seconds: float) -> None:
    assert read_budget(text) == seconds


@pytest.mark.parametrize("text", ["20", "m", "20 m", "-5m", "5m1h", "1.5h", "forever", "1m20"])
def test_anything_else_is_refused_with_what_is_expected(text: str) -> None:
    with pytest.raises(LabError, match="expected a time with its unit, such as 20m") as told:
        read_budget(text)
    assert str(told.value).startswith(f"BUDGET={text}: ")
    assert told.value.exit is Exit.BAD_INPUT


def test_nobody_says_how_long_and_it_is_half_the_plan() -> None:
    asked = read(find("c10k"))
    trials = plan(asked)
    assert read_budget("") is None
    assert budget_of(None, asked, trials) == pytest.approx(expected_s(trials) / 2, abs=1)
    assert budget_of(0.0, asked, trials) == 0.0
    assert budget_of(90.0, asked, trials) == 90.0


def test_a_comparison_may_take_as_long_again() -> None:
    asked = choose_two("shop:1", "shop:2").experiment
    trials = plan(asked)
    assert budget_of(None, asked, trials) == pytest.approx(expected_s(trials), abs=1)


def test_what_asks_nothing_that_may_be_open_has_none() -> None:
    claims = read(find("smoke"))
    nothing = claims.model_copy(update={"claims": []})
    limited = nothing.model_copy(update={"thresholds": ["errors < 1"]})
    trials = plan(nothing)
    assert budget_of(90.0, nothing, trials) == 0.0
    assert not may_be_open(nothing)
    assert budget_of(None, limited, trials) == budget_of(None, claims, trials) > 0.0


@pytest.mark.parametrize("command", ["run", "plan"])
def test_the_command_line_refuses_it_before_anything_is_done(
    command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("start", "limits_here"):
        monkeypatch.setattr(command_line, name, lambda *_: pytest.fail("something was done"))
    done = CliRunner().invoke(command_line.cli, [command, "smoke", "--budget", "20"])
    assert done.exit_code == Exit.BAD_INPUT
    assert "BUDGET=20: expected a time" in done.stderr


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ([], "then at most "),
        (["--budget", "20m"], "then at most 20:00 min for what is open"),
        (["--budget", "0"], ""),
    ],
)
def test_a_plan_says_how_long_it_may_go_on(
    options: list[str], line: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command_line, "limits_here", lambda: None)
    done = CliRunner().invoke(command_line.cli, ["plan", "smoke", *options])
    assert done.exit_code == Exit.OK
    assert (line in done.output) if line else ("then at most" not in done.output)
