"""With CI=true nothing may skip: a test that could not run there is a failure.

Tests run side by side, because most of their time is waiting; those that speak to Docker share a
lock and stay together, but for those that take none (`lockless`), which are a row of their own.
`slow` means that a test may take longer than a second, whether it waits, starts processes or makes
a whole report: `make check` leaves it out.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from functools import cache
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

SLOW = frozenset(
    {
        "subprocess",
        "analysis.charts.drawing.drawing",
        "analysis.checkup.report.build",
        "analysis.report.report.build",
        "tests.support.crowd.crowd",
        "tests.support.engines.running",
        "tests.support.locust_process.lab",
        "tests.support.locust_process.running",
        "tests.support.loopback.serving",
        "tests.support.server_process.running",
        "tests.support.simulated_server.simulated_pair",
        "tests.support.simulated_server.simulated_run",
    }
)
"""Modules and functions; all tests of a file that imports one of them are marked `slow`."""
SERVES = "variant"
"""The fixture without which no server is started for every variant."""

ROWS = ("lockless", "docker")
"""Marks of tests that stay together."""
OTHERS = "image_of_others"
"""The fixture of an image with sixteen servers of others, which takes minutes to make."""

# How long an example takes is the machine's affair, and it may stall.
settings.register_profile("lab", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("lab")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Turn a skip into a failure that names its reason."""
    report = yield
    if report.skipped and os.environ.get("CI") == "true":
        report.outcome = "failed"
        report.longrepr = f"CI=true forbids skipping: {report.longrepr}"
    return report


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that need Docker in one process, those of them that take no lock in another,
    and mark those that are slow."""
    for item in items:
        row = next(filter(item.get_closest_marker, ROWS), None)
        if row:
            item.add_marker(pytest.mark.xdist_group(row))
        if isinstance(item, pytest.Function) and OTHERS in item.fixturenames:
            item.add_marker(pytest.mark.others)
        if isinstance(item, pytest.Function) and (
            SERVES in item.fixturenames or is_slow(item.module)
        ):
            item.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """The collector need not look at thousands of tests each time."""
    gc.collect()
    gc.freeze()


@cache
def is_slow(module: ModuleType) -> bool:
    """Whether a file of tests imports what is slow."""
    return any(full_name(value) in SLOW for value in vars(module).values())


def full_name(value: object) -> str:
    """Return where a module, class or function is found; of anything else, nothing."""
    name = getattr(value, "__name__", None)
    if not isinstance(name, str):
        return ""
    return name if isinstance(value, ModuleType) else f"{getattr(value, '__module__', '')}.{name}"
