"""What is computed once by point is what would be computed anew from the trials."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest

from analysis.records.run import load
from analysis.statistics.estimates import summarise
from analysis.statistics.point_medians import numbers, point_medians, with_words
from contract.outcomes import NOT_MEASURED
from tests.support import made_up_run as made

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from analysis.records.run import Run

RATE, TAIL = "requests_per_s", "response_p99_us"
KEYS = ("server", "load", "active_connections", "idle_connections", "backlog")


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    frame = made.trials(5)
    void = (frame["server"] == "poll") & (frame["idle_connections"] == 1000)
    frame.loc[void | (frame["position"] == 7), "validity"] = "void"
    foreign = frame["server"] == "iterative"
    frame.loc[foreign & (frame["backlog"] == 5), "backlog"] = pd.NA
    folder: Path = tmp_path_factory.mktemp("run")
    return load(made.write_run(folder, frame))


def anew(trials: pd.DataFrame, keys: Sequence[str], metrics: Sequence[str]) -> pd.DataFrame:
    """By grouping the rows themselves."""
    keys = list(keys)
    table = summarise(trials[trials["valid"]], keys, metrics)
    for word in NOT_MEASURED:
        groups = trials[trials["validity"] == word].groupby(keys, observed=True, dropna=False)
        table = table.merge(groups.size().rename(word).reset_index(), on=keys, how="outer")
    table = table.sort_values(keys, ignore_index=True)
    return table.fillna(dict.fromkeys(("n", *NOT_MEASURED), 0))


@pytest.mark.parametrize("keys", [KEYS, ("server",), ("server", "idle_connections")])
@pytest.mark.parametrize("part", ["all", "some points", "some trials"])
def test_figures_are_those_of_the_rows(run: Run, keys: tuple[str, ...], part: str) -> None:
    trials = run.trials
    if part == "some points":
        trials = trials[trials["load"] == "keep_alive"]
    elif part == "some trials":
        trials = trials[trials["block"] > 2]
    trials = trials.assign(made_up=trials[RATE] * 2)
    found = with_words(run, trials, keys, (RATE, "made_up", TAIL), failures=False)
    expected = anew(trials, keys, (RATE, "made_up", TAIL))
    pd.testing.assert_frame_equal(
        found, expected[list(found.columns)], check_dtype=False, check_categorical=False
    )
    for word in ("void", "limit_reached"):
        assert found[word].sum() == (trials["validity"] == word).sum() > 0


def test_points_that_are_void_altogether_keep_their_row(run: Run) -> None:
    found = with_words(run, run.trials, KEYS, (RATE,))
    gone = found[(found["server"] == "poll") & (found["idle_connections"] == 1000)]
    assert gone[["n", "void"]].to_numpy().tolist() == [[0, 5]]
    assert gone[RATE].isna().all()


def test_of_no_trials_there_is_no_table(run: Run) -> None:
    assert with_words(run, run.trials.head(0), KEYS, (RATE,)).empty


def test_ratios_are_of_the_same_block(run: Run) -> None:
    trials = run.trials.assign(number=numbers(run.trials))
    valid = trials[trials["valid"]]
    by_block = valid.groupby(["number", "block"])[RATE].median()
    first, second = sorted(by_block.index.get_level_values("number").unique())[:2]
    both = pd.concat([by_block[first], by_block[second]], axis=1, keys=["one", "other"]).dropna()
    found = point_medians(run).ratios(RATE, pd.Series({first: second}))
    expected = summarise(
        pd.DataFrame({"all": 0, "ratio": both["one"] / both["other"]}), ["all"], ["ratio"]
    )
    assert found.loc[first].to_numpy() == pytest.approx(
        [*expected[["ratio", "ratio_low", "ratio_high"]].to_numpy()[0], len(both)]
    )
    blocks = found.pop(f"{RATE}_ratio_n")
    assert found.drop(index=first).isna().all(axis=None)
    assert not blocks.drop(index=first).any()


def test_beside_a_rate_of_nothing_there_is_no_ratio(tmp_path: Path) -> None:
    frame = made.trials(2)
    frame.loc[frame["server"] == "epoll_level", RATE] = 0.0
    slow = load(made.write_run(tmp_path, frame))
    codes = dict(zip(slow.trials["server"], numbers(slow.trials), strict=True))
    found = point_medians(slow).ratios(
        RATE, pd.Series([int(codes["epoll_level"])], index=[int(codes["poll"])])
    )
    assert not found.pop(f"{RATE}_ratio_n").any()
    assert found.isna().all(axis=None)


def test_what_nobody_measured_is_missing(run: Run) -> None:
    found = point_medians(run).of(("wait_us", RATE))
    assert found["wait_us"].isna().all()
    assert np.isfinite(found[RATE]).any()
    assert list(found) == [
        f"{name}{end}" for name in ("wait_us", RATE) for end in ("", "_low", "_high")
    ]
