"""The processor time that copying a container's output took, as /proc shows it to any user."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from experiments.machine.log_copying import MOST_OF_DAEMON, Copiers, Look, copying_s

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
ID = "0123456789ab" * 5
BOTH = (0, 1)


def process(proc: Path, pid: int, command: str, *ticks: int, core: int = 0) -> None:
    """With a thread for each number of ticks, all on one core."""
    folder = proc / str(pid)
    stats = {folder: sum(ticks)}
    stats |= {folder / "task" / str(pid + place): used for place, used in enumerate(ticks)}
    for task, used in stats.items():
        task.mkdir(parents=True, exist_ok=True)
        rest = " ".join(["S", *["0"] * 10, str(used), "0", *["0"] * 23, str(core), "0"])
        (task / "stat").write_text(f"{task.name} (a) b) {rest}")
    (proc / str(pid) / "cmdline").write_bytes(command.replace(" ", "\0").encode() + b"\0")


def machine(proc: Path, own: int, daemon: int, core: int = 0) -> Path:
    process(proc, 1, "init", 9_000)
    process(proc, 200, "/usr/sbin/dockerd --host unix://", daemon, daemon, core=core)
    process(proc, 210, f"containerd-shim-runc-v2 -namespace moby -id {ID} -address x", own, core=1)
    process(proc, 220, "containerd-shim-runc-v2 -namespace moby -id another -address x", 9_000)
    process(proc, 230, f"grep {ID}0", 9_000)
    return proc


def spent_ticks(proc: Path, own: int, daemon: int, cores: tuple[int, ...] = BOTH) -> float:
    """After so many ticks more of each thread."""
    copiers = Copiers.of(ID, machine(proc, 100, 200))
    assert copiers
    before = copiers.look()
    machine(proc, 100 + own, 200 + daemon)
    return copying_s(before, copiers.look(), cores) / TICK_S


def test_the_own_copier_and_the_daemon_are_counted_and_nobody_else(tmp_path: Path) -> None:
    assert spent_ticks(tmp_path, 6, 5) == pytest.approx(6 + 2 * 5)


def test_what_ran_on_other_cores_took_nothing_of_these(tmp_path: Path) -> None:
    assert spent_ticks(tmp_path / "a", 6, 5, (0,)) == pytest.approx(2 * 5)
    assert spent_ticks(tmp_path / "b", 6, 5, (1,)) == pytest.approx(6)
    assert spent_ticks(tmp_path / "c", 6, 5, (2, 3)) == 0


def test_what_else_the_daemon_does_is_none_of_the_log(tmp_path: Path) -> None:
    """Such as a build, beside a server that prints little."""
    assert spent_ticks(tmp_path, 1, 9_000) == pytest.approx(1 + MOST_OF_DAEMON)
    assert spent_ticks(tmp_path, 0, 9_000) == 0


def test_one_that_copies_and_writes_by_itself_needs_no_daemon(tmp_path: Path) -> None:
    process(tmp_path, 7, f"/usr/bin/conmon -c {ID} -n name", 4)
    copiers = Copiers.of(ID, tmp_path)
    assert copiers
    assert copying_s(Look(0.0, {}, {}), copiers.look(), BOTH) == pytest.approx(4 * TICK_S)


def test_an_engine_elsewhere_is_not_seen(tmp_path: Path) -> None:
    process(tmp_path, 20, "/usr/sbin/dockerd", 5)
    assert Copiers.of(ID, tmp_path) is None


def test_a_process_that_has_ended_costs_nobody_anything(tmp_path: Path) -> None:
    copiers = Copiers.of(ID, machine(tmp_path, 3, 5))
    assert copiers
    before = copiers.look()
    for stat in (tmp_path / "210").rglob("stat"):
        stat.unlink()
    assert copying_s(before, copiers.look(), BOTH) == 0
