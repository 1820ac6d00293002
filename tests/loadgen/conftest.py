"""A master with two workers as processes, and the server that they load."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import pytest

from tests.support.crowd import Crowd, crowd
from tests.support.two_workers import workers

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.locust_process import Processes, Web


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[tuple[Processes, Web]]:
    with workers(tmp_path) as made:
        yield made


@pytest.fixture
def web(processes: tuple[Processes, Web]) -> Web:
    return processes[1]


@pytest.fixture
def server() -> Iterator[Crowd]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    with crowd() as made:
        yield made
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
