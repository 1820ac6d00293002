"""The folder of a run that has begun."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.columns import FORMAT_VERSION
from experiments.plan.experiment_file import find
from experiments.plan.overrides import read_source
from experiments.records.run_folder import Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    made = Store.create(tmp_path, read_source(find("smoke"), "smoke"), "run-1")
    made.write_manifest({"format_version": FORMAT_VERSION})
    return made
