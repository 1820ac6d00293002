"""Pressure stall information, as kernels give it, refuse it or lack it."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from experiments.probe import pressure
from experiments.probe.pressure import WORDS, read_pressure

UNKNOWN = {f"{word}_pressure_us": None for word in WORDS}


def test_time_in_which_some_task_waited_is_read(tmp_path: Path) -> None:
    for number, word in enumerate(WORDS):
        (tmp_path / word).write_text(
            f"some avg10=1.50 avg60=0.10 avg300=0.00 total={1_000 + number}\n"
            f"full avg10=0.00 avg60=0.00 avg300=0.00 total=7\n"
        )
    found = read_pressure(tmp_path)
    assert list(found.values()) == [1_000, 1_001, 1_002]
    assert found.keys() == UNKNOWN.keys()


def test_processor_has_one_line_in_older_kernels(tmp_path: Path) -> None:
    (tmp_path / "cpu").write_text("some avg10=0.00 avg60=0.00 avg300=0.00 total=5\n")
    assert read_pressure(tmp_path) == UNKNOWN | {"cpu_pressure_us": 5}


def test_a_kernel_without_it_tells_nothing(tmp_path: Path) -> None:
    assert read_pressure(tmp_path / "none") == UNKNOWN


def test_a_kernel_that_was_told_not_to_count_refuses(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path) -> str:
        raise OSError(errno.EOPNOTSUPP, "Operation not supported")

    monkeypatch.setattr(Path, "read_text", refuse)
    assert read_pressure(pressure.FOLDER) == UNKNOWN
