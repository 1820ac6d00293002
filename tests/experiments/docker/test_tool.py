"""Containers that are run to their end: what they printed, and that nothing of them stays."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from experiments.docker.driver import ContainerSpec, DriverError, Ended
from experiments.docker.tool import run_to_end, run_tool, running
from tests.support.fakes import FakeDriver

SPEC = ContainerSpec("tool", "a-tool", "image:1", ("true",), "none")


@dataclass
class Hanging(FakeDriver):
    """Its containers go on."""

    def wait(self, container: str, timeout_s: float) -> int:
        raise DriverError(f"{container} goes on after {timeout_s:.0f} s")


def test_container_that_ends_is_read_and_removed() -> None:
    driver = FakeDriver()
    assert run_to_end(driver, SPEC) == Ended(0, "log of tool")
    assert driver.up == {}


def test_container_that_goes_on_is_removed() -> None:
    driver = Hanging()
    with pytest.raises(DriverError, match="goes on after 5 s"):
        run_to_end(driver, SPEC, 5.0)
    assert driver.up == {}


def test_tool_that_fails_is_told_with_its_output() -> None:
    driver = FakeDriver(dead={"tool"})
    with pytest.raises(DriverError, match="true in a container of image:1 ended with 9: log of"):
        run_tool(driver, "image:1", ("true",))
    assert driver.up == {}


def test_tool_has_the_limits_of_another_container() -> None:
    driver = FakeDriver()
    like = ContainerSpec("server", "s", "other:1", (), "net", cpus="0", nofile=99)
    run_tool(driver, "image:1", ("true",), like=like)
    (spec,) = driver.started
    assert (spec.image, spec.network, spec.cpus, spec.nofile) == ("image:1", "none", "0", 99)


def test_running_container_is_removed_whatever_happens() -> None:
    driver = FakeDriver()
    with pytest.raises(ZeroDivisionError), running(driver, SPEC):
        1 / len(driver.up) - 1 / (len(driver.up) - 1)
    assert driver.up == {}
