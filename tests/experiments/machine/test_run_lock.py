"""One process measures at a time, and nobody else is kept from it: with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from contract.exits import Exit, LabError
from experiments.machine.run_lock import PATH, RunLock, holder
from experiments.paths import ROOT

HOLDS = (
    "import pathlib, sys; from experiments.machine.run_lock import RunLock; "
    "lock = RunLock('other', pathlib.Path('.'), pathlib.Path(sys.argv[1])); "
    "lock.acquire(); print(flush=True); sys.stdin.read()"
)
LOOKS = (
    "import pathlib, sys; from experiments.machine.run_lock import holder\n"
    "path = pathlib.Path(sys.argv[1]); holder(path); print(flush=True)\n"
    "while True: holder(path)"
)
LEAVES_A_CHILD = (
    "import os, pathlib, sys, time; from experiments.machine.run_lock import RunLock\n"
    "lock = RunLock('dead', pathlib.Path('.'), pathlib.Path(sys.argv[1])); lock.acquire()\n"
    "if child := os.fork(): print(child, flush=True); os._exit(0)\n"
    "time.sleep(60)"
)
FORKS = (
    "import os, pathlib, sys; from experiments.machine.run_lock import RunLock\n"
    "with RunLock('parent', pathlib.Path('.'), pathlib.Path(sys.argv[1])):\n"
    "    if child := os.fork(): os.waitpid(child, 0); print(flush=True); sys.stdin.read()\n"
)
"""The child leaves the block at once, and the parent when it is told to."""
TRIES = 3_000


@contextmanager
def running(program: str, path: Path, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of ours that has said its first line."""
    with subprocess.Popen(  # noqa: S603 - this very Python, with a program of ours
        [sys.executable, "-c", program, str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
        env={**os.environ, **environment},
    ) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline()
            yield process
        finally:
            process.kill()


def test_a_second_run_is_refused_with_the_details_of_the_first(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    first, second = RunLock("run-1", tmp_path, path), RunLock("run-2", tmp_path, path)
    with first:
        details = holder(path)
        assert details is not None
        assert f"pid {os.getpid()}" in details
        with pytest.raises(LabError, match="run-1") as refused, second:
            pytest.fail("both held it")
        assert refused.value.exit is Exit.BUSY
        assert str(tmp_path) in str(refused.value)
        assert first.held
        assert not second.held
    assert holder(path) is None
    with second:
        assert second.held


def test_a_run_of_another_process_is_told_and_refused_until_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with running(HOLDS, path) as process:
        assert f"pid {process.pid}" in str(holder(path))
        with pytest.raises(LabError, match="run other"):
            RunLock("run", tmp_path, path).acquire()
        process.send_signal(signal.SIGKILL)
    assert holder(path) is None
    with RunLock("next", tmp_path, path):
        assert "run next" in str(holder(path))
    with running(HOLDS, path):
        assert "run other" in str(holder(path))


def test_the_lock_is_held_however_often_its_own_process_looks(tmp_path: Path) -> None:
    """Closing the file would end it."""
    path = tmp_path / "lock"
    with RunLock("run", tmp_path, path):
        assert holder(path)
        with pytest.raises(LabError):
            RunLock("again", tmp_path, path).acquire()
        done = subprocess.run(  # noqa: S603 - this very Python, with a program of ours
            [sys.executable, "-c", HOLDS, str(path)], cwd=ROOT, capture_output=True, check=False
        )
    assert b"another run is measuring" in done.stderr


def test_who_only_looks_keeps_nobody_from_starting(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with RunLock("first", tmp_path, path):
        pass  # the file is there to be looked at
    with running(LOOKS, path), running(LOOKS, path):
        for _ in range(TRIES):
            with RunLock("run", tmp_path, path):
                pass


def test_looking_makes_no_file(tmp_path: Path) -> None:
    assert holder(tmp_path / "lock") is None
    assert not (tmp_path / "lock").exists()


def test_a_forked_child_does_not_hold_the_lock_of_its_dead_parent(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with subprocess.Popen(  # noqa: S603 - this very Python, with a program of ours
        [sys.executable, "-c", LEAVES_A_CHILD, str(path)], stdout=subprocess.PIPE, cwd=ROOT
    ) as process:
        assert process.stdout is not None
        child = int(process.stdout.readline())
        try:
            assert process.wait() == 0
            assert Path(f"/proc/{child}").exists()
            assert holder(path) is None
            with RunLock("next", tmp_path, path) as lock:
                assert lock.held
        finally:
            os.kill(child, signal.SIGKILL)


def test_a_forked_child_gives_up_nothing_of_its_parent(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with running(FORKS, path) as process:
        assert f"pid {process.pid}" in str(holder(path))
        with pytest.raises(LabError, match="run parent"):
            RunLock("run", tmp_path, path).acquire()


@pytest.mark.parametrize("folder", ["one", "two"])
def test_the_lock_stays_the_same_file_whatever_tmpdir_says(tmp_path: Path, folder: str) -> None:
    (tmp_path / folder).mkdir()
    asked = "from experiments.machine.run_lock import RunLock; print(RunLock('r', None)._path)"
    done = subprocess.run(  # noqa: S603 - this very Python, with a program of ours
        [sys.executable, "-c", asked],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path / folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.strip() == str(PATH)
    assert PATH.parts == ("/", "tmp", "c10k-lab.lock")


def test_the_file_is_for_all_users(tmp_path: Path) -> None:
    with RunLock("run", tmp_path, tmp_path / "lock"):
        assert (tmp_path / "lock").stat().st_mode & 0o777 == 0o666


def test_a_link_is_no_lock(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    path.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LabError, match="cannot open the run lock") as refused:
        RunLock("run", tmp_path, path).acquire()
    assert refused.value.exit is Exit.NOT_READY
    with pytest.raises(LabError, match="cannot open the run lock"):
        holder(path)


def test_a_folder_is_no_lock(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="the run lock") as refused:
        RunLock("run", tmp_path, tmp_path).acquire()
    assert refused.value.exit is Exit.NOT_READY
