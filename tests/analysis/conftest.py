"""Fixtures of several tests of analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import analysis
from tests.support.claim_data import Rows, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def run_of(tmp_path: Path) -> Callable[..., analysis.Run]:
    """Writes a run of these trials, and reads it."""

    def write(*parts: Rows, **changes: Any) -> analysis.Run:
        return analysis.load(write_rows(tmp_path, *parts, **changes))

    return write
