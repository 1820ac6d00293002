"""What a container prints, and what that costs the engine, as a real engine shows it."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from experiments.docker.container_logs import WHOLE_BYTES
from experiments.machine.log_copying import MOST_OF_DAEMON, Copiers, copying_s

if TYPE_CHECKING:
    from experiments.docker.docker_driver import DockerDriver
    from tests.docker.conftest import Start

pytestmark = [pytest.mark.docker, pytest.mark.lockless]

PRINTS = """
import os, signal, sys, time
lines, length = int(sys.argv[1]), int(sys.argv[2])
for _ in range(lines):
    os.write(2, b"x" * (length - 1) + b"\\n")
signal.pause()
"""


def printed(driver: DockerDriver, container: str, size: int) -> None:
    """Wait until the engine has so much of it, within bounds."""
    for _ in range(600):
        if driver.log_rate(container, 1.0, time.time()) * time.time() >= size:
            return
        time.sleep(0.05)
    pytest.fail(f"it did not print {size} bytes: {driver.state(container)}")


def test_the_rate_of_a_log_is_that_between_two_moments(driver: DockerDriver, start: Start) -> None:
    began_s = time.time()
    container = start(command=("python3", "-c", PRINTS, "1000", "50"))
    printed(driver, container, 49_000)
    ended_s = time.time()
    rate = driver.log_rate(container, began_s, ended_s)
    assert rate == pytest.approx(50_000 / (ended_s - began_s), rel=0.01)
    assert driver.log_rate(container, ended_s + 1, ended_s + 2) == 0.0
    assert driver.log_rate(container, began_s - 9, began_s - 8) == 0.0


def test_a_log_beyond_what_the_engine_keeps_has_the_rate_of_what_is_left(
    driver: DockerDriver, start: Start
) -> None:
    """The engine keeps the last 5 to 10 MB of 30, and what stands around each line."""
    began_s = time.time()
    container = start(command=("python3", "-c", PRINTS, "60000", "500"))
    while driver.log_rate(container, time.time() - 1, time.time()) or time.time() < began_s + 2:
        time.sleep(0.2)
    ended_s = time.time()
    rate = driver.log_rate(container, began_s, ended_s)
    assert rate * (ended_s - began_s) > WHOLE_BYTES


def test_the_engine_s_copying_is_seen_where_it_is_on_this_machine(start: Start) -> None:
    """The kernel counts in hundredths of a second: it prints until one of them is seen."""
    container = start(command=("python3", "-c", PRINTS, "5000000", "60"))
    copiers = Copiers.of(container)
    if copiers is None:
        pytest.skip("the engine's programs are not on this machine")
    began_s, before = time.monotonic(), copiers.look()
    spent_s = 0.0
    while not spent_s and time.monotonic() < began_s + 60:
        time.sleep(0.05)
        after = copiers.look()
        assert after.own_s >= before.own_s
        spent_s = copying_s(before, after, range(1_024))
    taken_s = time.monotonic() - began_s
    assert 0 < spent_s <= (MOST_OF_DAEMON + 1) * taken_s * (os.cpu_count() or 1)
