"""Servers that others wrote, as they come, under five kinds of load: measured, or void with the
true reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.foreign.expected import EXPECTED
from tests.foreign.image import experiment
from tests.foreign.sweep import differences, outcomes, run

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.docker
def test_each_server_is_measured_or_told(others: str, results: Path) -> None:
    folder = run(experiment(others), results, "others")
    assert differences(outcomes(folder), EXPECTED) == {}
