"""A shaped path, as a real engine and this machine's kernel have it."""

from __future__ import annotations

import io
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from contract.result.trial_result import TrialResult
from contract.settings.trial import Settings
from experiments.benchmarks.frame import Frame, Trials, a_trial, frame
from experiments.link.image import Link, ensure_link
from experiments.records.columns.link import link_not_as_asked
from experiments.run.trial_environment import trial_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from experiments.docker.docker_driver import DockerDriver
    from experiments.run.trial import TrialRunner

pytestmark = pytest.mark.docker

FAR = Settings(active_connections=4, window_s=1.0, warm_up_s=0.2, delay_ms=25.0)


@pytest.fixture
def made(engine: DockerDriver, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Frame]:
    assert engine.owner
    monkeypatch.setattr("experiments.benchmarks.frame.RESULTS", tmp_path)
    with frame("link-test", ("server", "load"), Console(file=io.StringIO())) as found:
        yield found


def link_of(made: Frame, *asked: Settings) -> Link:
    trials = [a_trial("t", one, None, place) for place, one in enumerate(asked, 1)]
    found = ensure_link(made.driver, made.images.base, trials, made.run, made.say)
    assert found is not None
    return found


@contextmanager
def runner_of(made: Frame, link: Link) -> Iterator[TrialRunner]:
    with trial_environment(made.run, made.driver, made.images, link_image=link.image.id) as runner:
        yield runner


def measured(made: Frame, runner: TrialRunner, asked: Settings) -> tuple[dict[str, Any], str]:
    """The row of a trial, and what of its path was not as this asks."""
    row, outcome = Trials(made, runner).attempt(asked, attempts=1)
    runner.settle()
    assert isinstance(outcome.result, TrialResult), outcome.reason
    before, after = outcome.result.sample("open"), outcome.result.sample("close")
    assert before is not None
    assert after is not None
    return row, link_not_as_asked(asked, outcome.result.round_trip_us, before, after)


@pytest.mark.parametrize("network", ["pod", "bridge"])
def test_a_thin_line_carries_what_it_can_and_no_more(made: Frame, network: str) -> None:
    asked = Settings(
        active_connections=4, window_s=1.0, warm_up_s=0.2, rate_mbit=2.0, network=network
    )
    link = link_of(made, asked)
    if link.missing:
        pytest.skip(link.missing)
    with runner_of(made, link) as runner:
        row, told = measured(made, runner, asked)
        usual, nothing = measured(made, runner, Settings(active_connections=4, window_s=1.0))
    assert (told, nothing) == ("", "")
    assert 1.0 < row["link_mbit_per_s"] <= 2.1
    assert row["requests_per_s"] < usual["requests_per_s"] / 2
    assert usual.get("link_mbit_per_s") is None
    assert 0 < usual["round_trip_us"] < 10_000


def test_a_delay_is_measured_or_it_is_told_what_the_kernel_lacks(made: Frame) -> None:
    link = link_of(made, FAR)
    if link.missing:
        assert "netem" in link.missing
        assert "use a kernel that has it, or leave them out" in link.missing
        return
    with runner_of(made, link) as runner:
        row, told = measured(made, runner, FAR)
    assert told == ""
    assert 49_000 <= row["round_trip_us"] <= 57_000
