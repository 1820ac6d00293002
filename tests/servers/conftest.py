"""Fixtures: a test that asks for `server` or `variant` runs once per file in servers/variants/."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from servers.registry import names
from tests.support.server_process import LASTING, Server, running

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(params=LASTING, scope="module")
def variant(request: pytest.FixtureRequest) -> str:
    """The name of a variant that serves until it is stopped."""
    return str(request.param)


@pytest.fixture(params=names())
def any_variant(request: pytest.FixtureRequest) -> str:
    """The name of a variant."""
    return str(request.param)


@pytest.fixture(scope="module")
def server(variant: str) -> Iterator[Server]:
    """A running server that the tests of one file share: none may leave it unable to serve."""
    with running(variant) as process:
        yield process


@pytest.fixture
def own_server(variant: str) -> Iterator[Server]:
    """A running server for one test alone, which may do to it what it likes."""
    with running(variant) as process:
        yield process
