"""A server with worker processes, of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.support.server_process import running
from tests.support.worker_processes import ALL, WORKERS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.support.server_process import Server


@pytest.fixture(params=ALL, ids=" ".join)
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """A server with workers, for one test alone."""
    with running(*request.param, *WORKERS) as process:
        yield process
