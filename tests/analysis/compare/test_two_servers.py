"""Two servers of one run are compared block by block."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from click.testing import CliRunner

import analysis
from analysis.cli.commands import cli
from analysis.compare.comparison import RunComparison
from analysis.compare.metrics import CANNOT_TELL, CHANGED, METRICS, WITHIN_NOISE
from analysis.compare.two_servers import compare_servers, pair_of
from analysis.report.report import build
from contract.exits import Exit
from experiments.plan.two_servers import choose_two
from tests.support import made_up_run as made
from tests.support import two_servers as two
from tests.support.causes import put_cause

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pandas as pd

POINTS = 3


@pytest.fixture
def compared(tmp_path: Path) -> Callable[..., RunComparison]:
    def run(*given: Any, **changes: Any) -> RunComparison:
        found = compare_servers(analysis.load(two.write(tmp_path / "run", *given, **changes)))
        assert found is not None
        return found

    return run


def of(found: RunComparison, metric: str) -> pd.DataFrame:
    return found.figures[found.figures["metric"] == metric]


def test_equal_servers_are_within_noise_and_the_exit_code_is_good(
    compared: Callable[..., RunComparison],
) -> None:
    found = compared(noise=0.02)
    assert set(found.figures["word"]) == {WITHIN_NOISE}
    assert len(of(found, "requests_per_s")) == POINTS
    assert found.names == ("shop 1", "shop 2")
    assert found.exit is Exit.OK
    assert "None got worse by more than 10%" in found.summary


def test_a_slower_server_is_called_worse_with_an_interval_that_holds_the_truth(
    compared: Callable[..., RunComparison],
) -> None:
    found = compared(two.factor(0.8), noise=0.02)
    rates, costs = of(found, "requests_per_s"), of(found, "server_cpu_us_per_request")
    assert set(rates["word"]) == set(costs["word"]) == {CHANGED}
    assert ((rates["low"] < 0.8) & (rates["high"] > 0.8)).all()
    assert rates["text"].str.startswith("slower by ").all()
    assert costs["text"].str.startswith("dearer by ").all()
    assert found.exit is Exit.REGRESSED


def test_a_faster_server_is_better_and_no_regression(
    compared: Callable[..., RunComparison],
) -> None:
    found = compared(two.factor(1.25), noise=0.02)
    assert of(found, "requests_per_s")["text"].str.startswith("faster by ").all()
    assert found.exit is Exit.OK


def test_what_blocks_have_in_common_is_not_in_the_ratios(
    compared: Callable[..., RunComparison],
) -> None:
    """Blocks that differ by a factor of two, trials within them by 2%."""
    found = of(compared(noise=0.02, drift=0.7), "requests_per_s")
    assert (found["noise"] < 0.06).all()
    assert (found["value"] / found["base_value"]).to_numpy() == pytest.approx(found["ratio"])


def test_noise_that_could_hide_a_regression_cannot_be_told(
    compared: Callable[..., RunComparison],
) -> None:
    found = compared(noise=0.3)
    assert found.exit is Exit.CANNOT_TELL
    assert len(found.unknown)


def test_later_looks_are_wider_than_one_of_as_many_blocks(
    compared: Callable[..., RunComparison],
) -> None:
    """The same eight blocks: looked at once, planned at first, or after a look at five."""
    widths = []
    for planned, budget in ((8, 0.0), (8, two.BUDGET_S), (5, two.BUDGET_S)):
        found = compared(None, two.asked(planned), 8 - planned, budget_s=budget)
        rates = of(found, "requests_per_s")
        assert rates["n"].tolist() == [8] * POINTS
        widths.append(float(np.log((rates["high"] / rates["low"]).iloc[0])))
    assert widths == sorted(widths)
    assert len(set(widths)) == len(widths)


def test_a_block_in_which_one_of_both_is_void_is_in_no_ratio(
    compared: Callable[..., RunComparison],
) -> None:
    def change(frame: pd.DataFrame) -> None:
        void = (frame["server"] == two.A) & (frame["block"] == 2)
        put_cause(frame, void, "surroundings", "other programs had the cores")

    found = compared(change)
    assert of(found, "requests_per_s")["n"].tolist() == [4] * POINTS
    assert of(found, "requests_per_s")["n_base"].tolist() == [4] * POINTS


def test_a_server_that_fails_is_worse_whatever_its_other_trials_show(
    compared: Callable[..., RunComparison],
) -> None:
    def change(frame: pd.DataFrame) -> None:
        put_cause(frame, frame["server"] == two.B, "server_gone", "the server ended")

    found = compared(change)
    failed = of(found, "failed_share")
    assert set(failed["word"]) == {CHANGED}
    assert failed["text"].iloc[0] == "worse: it fails in 5 of 5 trials, in none of 5 with shop 1"
    assert found.exit is Exit.REGRESSED
    assert set(of(found, "requests_per_s")["why"]) == {
        "not measured with shop 2 (void: the server ended)"
    }


def test_a_failure_that_may_be_chance_cannot_be_told(
    compared: Callable[..., RunComparison],
) -> None:
    def change(frame: pd.DataFrame) -> None:
        once = (frame["server"] == two.B) & (frame["block"] == 3)
        once &= frame["load"] == "connection_per_request"
        put_cause(frame, once, "server_gone", "the server ended")

    found = compared(change, noise=0.02)
    (text,) = of(found, "failed_share")["text"]
    assert text == "cannot tell: it fails in 1 of 5 trials, in none of 5 with shop 1"
    assert found.exit is Exit.CANNOT_TELL


def test_what_neither_server_can_be_measured_at_is_told(
    compared: Callable[..., RunComparison],
) -> None:
    def change(frame: pd.DataFrame) -> None:
        put_cause(frame, frame["load"] == "connection_per_request", "lab", "the worker was lost")

    found = compared(change, noise=0.02)
    ((name, why),) = found.uncompared.items()
    assert "a connection per request" in name
    assert why == "it was measured with neither server (the worker was lost)"
    assert found.exit is Exit.CANNOT_TELL


def test_the_servers_differ_by_what_the_manifest_says_of_them(
    compared: Callable[..., RunComparison],
) -> None:
    assert {one.key for one in compared().differences} == {"id", "image"}


def test_one_image_under_two_names_is_told_as_an_a_a_test(
    compared: Callable[..., RunComparison],
) -> None:
    same = {name: {"origin": "foreign", "id": "sha256:abcdef0123456789"} for name in (two.A, two.B)}
    (told,) = [note for note in compared(servers=same, noise=0.02).notes if "A/A" in note]
    assert told.startswith("Both servers are the same image (sha256:abcdef012345): an A/A test")


def test_a_server_that_an_emulator_ran_is_told(compared: Callable[..., RunComparison]) -> None:
    entries = {
        two.A: {"origin": "foreign", "id": "sha256:ab"},
        two.B: {"origin": "foreign", "id": "sha256:cd", "emulated": "arm64 on x86_64"},
    }
    found = compared(servers=entries, noise=0.02)
    told = "The image of shop 2 says that it is for another processor (arm64 on x86_64): what ran "
    assert [note.startswith(told) for note in found.notes] == [True]
    assert {one.key for one in found.differences} == {"emulated", "id"}


def test_an_unfinished_run_cannot_pass(compared: Callable[..., RunComparison]) -> None:
    found = compared(noise=0.02, trials=1_000)
    assert found.exit is Exit.CANNOT_TELL
    assert "the run is not finished" in found.summary


def test_a_server_of_the_labs_beside_an_image_is_paired_by_what_both_take(tmp_path: Path) -> None:
    """The image has its own backlog: it stands beside each of the lab's."""
    path = tmp_path / "mine.yaml"
    path.write_text(
        "question: q\nrepeats: 3\nsweeps:\n"
        "  - {name: s, axes: {backlog: [5, 128]}, settings: {load: connection_per_request}}\n"
    )
    experiment = choose_two("poll", "shop:2", name=str(path)).experiment
    run = analysis.load(two.write(tmp_path / "run", None, experiment))
    found = compare_servers(run)
    assert found is not None
    rates = of(found, "requests_per_s")
    assert len(rates) == len(pair_of(run)) == 2
    assert rates["n"].tolist() == [3, 3]
    assert {text.partition("backlog ")[2] for text in rates["point"]} == {"5", "128"}
    assert len({other for _, other in pair_of(run).values()}) == 1


def test_a_run_that_compares_nothing_has_no_comparison(tmp_path: Path) -> None:
    assert compare_servers(analysis.load(made.write_run(tmp_path / "run"))) is None


def test_comparing_runs_leaves_the_comparison_of_the_servers_as_it_is(tmp_path: Path) -> None:
    first, second = (
        two.write(tmp_path / "ab" / f"run{n}", seed=n, run=f"run{n}", sequence=n) for n in (1, 2)
    )
    build(second)
    kept = [*second.glob("comparison.*"), *second.glob("figures/comparison.*")]
    assert len(kept) == 5
    before = [path.read_bytes() for path in kept]
    done = CliRunner().invoke(cli, ["compare", str(first), str(second)])
    assert f"Comparison: {second}/comparison-of-runs/comparison.html" in done.output
    assert [path.read_bytes() for path in kept] == before
    page = (second / "comparison-of-runs" / "comparison.md").read_text()
    assert page.startswith("# run2 beside run1")
    assert (second / "comparison-of-runs" / "figures" / "comparison.png").is_file()


def test_every_metric_of_comparisons_is_compared(compared: Callable[..., RunComparison]) -> None:
    assert set(compared().figures["metric"]) == set(METRICS)


def test_single_blocks_cannot_be_told(compared: Callable[..., RunComparison]) -> None:
    found = compared(None, two.asked(1))
    rates = of(found, "requests_per_s")
    assert set(rates["word"]) == {CANNOT_TELL}
    assert rates["text"].str.startswith("cannot tell: 1 repeat").all()
