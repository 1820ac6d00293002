"""The processor time of a file system that is a program, as /proc shows it to any user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from experiments.machine.file_system import FileSystem
from tests.experiments.machine.test_log_copying import BOTH, TICK_S, process

if TYPE_CHECKING:
    from pathlib import Path

OURS = "/var/lib/docker/fuse-overlayfs/ours/merged"
OPTIONS = "-o lowerdir=/a/l/1:/a/l/2,upperdir=/a/ours/diff,workdir=/a/ours/work"


def machine(proc: Path, ours: int, core: int = 0) -> Path:
    process(proc, 7, f"/usr/bin/fuse-overlayfs {OPTIONS} {OURS}", ours, ours, core=core)
    process(
        proc, 8, f"fuse-overlayfs {OPTIONS} /var/lib/docker/fuse-overlayfs/theirs/merged", 9_000
    )
    process(proc, 9, f"find {OURS}", 9_000)
    return proc


@pytest.mark.parametrize(("core", "ticks"), [(0, 10), (1, 10), (2, 0)])
def test_what_the_container_s_own_did_on_these_cores_is_counted(
    tmp_path: Path, core: int, ticks: int
) -> None:
    found = FileSystem.at(OURS, machine(tmp_path, 100, core))
    assert found
    machine(tmp_path, 105, core)
    assert found.spent_s(BOTH) == pytest.approx(ticks * TICK_S)


def test_one_of_the_kernel_s_is_no_program(tmp_path: Path) -> None:
    assert FileSystem.at("/var/lib/docker/overlay2/ours/merged", machine(tmp_path, 1)) is None
    assert FileSystem.at("", machine(tmp_path, 1)) is None


def test_one_that_has_ended_costs_nobody_anything(tmp_path: Path) -> None:
    found = FileSystem.at(OURS, machine(tmp_path, 100))
    assert found
    for stat in (tmp_path / "7").rglob("stat"):
        stat.unlink()
    assert found.spent_s(BOTH) == 0
