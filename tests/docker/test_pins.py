"""Limits on a real engine: given as asked, and a trial that notices when they are changed."""

from __future__ import annotations

import io
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from contract.result.trial_result import TrialResult
from contract.settings.trial import Settings
from experiments.benchmarks.frame import Frame, Trials, frame
from experiments.machine.cores import place
from experiments.machine.kept import see_unkept
from experiments.machine.specimen import MODEL
from experiments.records import pins
from experiments.run.container_names import load_name
from experiments.run.trial import TrialRunner
from experiments.run.trial_environment import trial_environment

if TYPE_CHECKING:
    from collections.abc import Iterator

    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images
    from tests.docker.conftest import Start

pytestmark = pytest.mark.docker

MEMORY_BYTES = 64 * 2**20
EAT = "held = [bytearray(2**20) for _ in range(512)]"
SHORT = Settings(server="epoll_level", active_connections=16, warm_up_s=0.2, window_s=1.0)
Lab = tuple[Frame, TrialRunner]


def test_containers_of_this_engine_are_given_what_they_ask(
    driver: DockerDriver, images: Images
) -> None:
    placement = place(driver.cores(images.server))
    assert see_unkept(driver, images.server, [MODEL], placement, MEMORY_BYTES) == []


def test_container_beyond_its_memory_is_ended(driver: DockerDriver, start: Start) -> None:
    container = start(command=("python3", "-c", EAT), memory_bytes=MEMORY_BYTES)
    assert driver.wait(container, 60) == 137
    assert driver.state(container).oom_killed


@pytest.fixture(scope="module")
def lab(engine: DockerDriver, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    assert engine.owner
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("experiments.benchmarks.frame.RESULTS", tmp_path_factory.mktemp("results"))
        told = Console(file=io.StringIO())
        with (
            frame("pins-test", ("server", "load"), told) as made,
            trial_environment(made.run, made.driver, made.images) as runner,
        ):
            yield made, runner


def measure(
    lab: Lab, settings: Settings, role: str = "", **change: Any
) -> tuple[dict[str, Any], str]:
    """A trial's row, and what pins.py says of it; the role's container is changed as it begins."""
    made, runner = lab
    trials = Trials(made, runner)
    runner.settle()

    def update() -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            name = f"{runner.containers.prefix}-t001-{role}"
            (found,) = made.driver.api.containers(filters={"name": f"^/{name}$"}) or (None,)
            if found:
                made.driver.api.update_container(found["Id"], **change)
                return
            time.sleep(0.02)

    changer = threading.Thread(target=update if role else lambda: None)
    changer.start()
    row, outcome = trials.attempt(settings, attempts=1)
    changer.join()
    assert isinstance(outcome.result, TrialResult), outcome.reason
    assert outcome.result.window is not None, outcome.result.reason
    return row, pins.not_as_asked(outcome.result)


def test_trial_that_nobody_changes_is_as_asked(lab: Lab) -> None:
    row, told = measure(lab, SHORT)
    assert told == ""
    assert row["server_throttled_share"] == 0
    for whose in ("server", "load"):
        assert row[f"{whose}_core_loop_before_us"] > 0
        assert row[f"{whose}_core_loop_after_us"] > 0


def test_quota_that_was_asked_is_given_and_recorded(lab: Lab) -> None:
    for _ in range(5):  # beside other tests the server may not get as much as its quota
        row, told = measure(lab, replace(SHORT, server_cpu_quota=0.5))
        assert told == ""
        if row["server_throttled_share"] > 0:
            return
    pytest.fail("the server was never held back")


@pytest.mark.parametrize(
    ("role", "change", "reason"),
    [
        ("server", {"cpuset_cpus": "0,1"}, "the server had cores 0 and 1, and not core 0 as asked"),
        (
            "server",
            {"cpu_quota": 1_000, "cpu_period": 2_000},
            "the server had a CPU quota of 0.5 cores that the trial did not ask for; "
            "the server was held back for",
        ),
        (
            load_name(1),
            {"cpu_quota": 2_000, "cpu_period": 4_000},
            "load worker 1 had a CPU quota of 0.5 cores that the trial did not ask for; "
            "load worker 1 was held back for",
        ),
    ],
)
def test_trial_in_which_a_container_is_changed_is_void(
    lab: Lab, role: str, change: dict[str, Any], reason: str
) -> None:
    row, told = measure(lab, SHORT, role, **change)
    assert told.startswith(reason)
    assert row["validity"] == "void"


def test_load_that_is_moved_to_other_cores_voids_its_trial(lab: Lab) -> None:
    asked = lab[1].containers.placement.load
    row, told = measure(lab, SHORT, load_name(1), cpuset_cpus="0")
    assert told == f"load worker 1 had core 0, and not core {asked} as asked"
    assert row["validity"] == "void"
