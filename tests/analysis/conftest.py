"""Fixtures of several tests of analysis."""

from __future__ import annotations

from concurrent.futures import Future
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

import analysis
from tests.support.claim_data import Rows, write_rows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from analysis.charts.model import Chart


@pytest.fixture
def run_of(tmp_path: Path) -> Callable[..., analysis.Run]:
    """Writes a run of these trials, and reads it."""

    def write(*parts: Rows, **changes: Any) -> analysis.Run:
        return analysis.load(write_rows(tmp_path, *parts, **changes))

    return write


@pytest.fixture
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports without the time that matplotlib takes, for tests that read all else of them; every
    picture of every experiment is drawn by report/test_shipped_experiments.py."""

    @contextmanager
    def undrawn(_folder: Path) -> Iterator[Callable[[Chart, str], Future[str]]]:
        def draw(_chart: Chart, _name: str) -> Future[str]:
            done: Future[str] = Future()
            done.set_result('<svg viewBox="0 0 1 1"></svg>')
            return done

        yield draw

    monkeypatch.setattr("analysis.report.report.drawing", undrawn)
