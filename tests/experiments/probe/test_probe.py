"""The probe's readings of /proc, against what this process itself has open."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from experiments.probe import machine, probe, processes
from experiments.probe.sock_diag import accept_queue, accept_queue_limit, established


def test_queue_depth_and_established_connections_of_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        port = listener.getsockname()[1]
        assert accept_queue(port) == 0
        assert accept_queue_limit(port) == 16
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
        assert accept_queue(port) == 5
        assert len(established(port)) == 5
        accepted = [listener.accept()[0] for _ in range(3)]
        assert accept_queue(port) == 2
        assert len(established(port)) == 5
        for sock in clients + accepted:
            sock.close()


def test_a_server_that_listens_on_ipv6_for_both_is_counted() -> None:
    with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        port = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        assert accept_queue(port) == 1
        assert len(established(port)) == 1
        client.close()


def test_counters_are_there_and_grow() -> None:
    before = machine.tcp_counters()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        socket.create_connection(listener.getsockname()).close()
    after = machine.tcp_counters()
    assert after["segments_out"] >= before["segments_out"] + 3
    assert after.keys() >= {"listen_overflows", "listen_drops", "retransmits", "resets"}


def test_a_process_is_counted_with_its_descriptors() -> None:
    totals: dict[str, int | None] = dict.fromkeys(processes.TOTALS, 0)
    assert processes.add_process(Path("/proc/self"), totals) == os.getppid()
    assert totals["processes"] == 1
    read = {name: value or 0 for name, value in totals.items()}
    assert read["rss_bytes"] > 1_000_000
    assert read["fds"] >= len(os.listdir("/proc/self/fd")) - 1
    assert read["context_switches"] >= read["voluntary_switches"] > 0


def test_a_kernel_that_tells_the_number_of_descriptors_is_believed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Listing them has one more, its own; so both ways are one number apart."""
    me = Path("/proc/self")
    if processes.SIZED:
        assert processes._descriptors(me) == len(os.listdir(me / "fd")) - 1
    monkeypatch.setattr(processes, "SIZED", False)
    assert processes._descriptors(me) == len(os.listdir(me / "fd"))


def test_memory_of_a_process_that_shows_its_descriptors_to_nobody_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A worker that has become another user's: its memory is no less for it."""

    def hidden(path: Path) -> list[str]:
        raise PermissionError(13, "Permission denied", str(path))

    seen = processes.read_processes()
    monkeypatch.setattr(processes, "SIZED", False)
    monkeypatch.setattr(os, "listdir", hidden)
    found = processes.read_processes()
    assert found["processes"] >= 1
    assert found["rss_bytes"] == pytest.approx(seen["rss_bytes"], rel=0.5)
    assert found["fds"] is None


def test_a_process_that_has_ended_and_is_still_listed_is_none(tmp_path: Path) -> None:
    (tmp_path / "fd").mkdir()
    (tmp_path / "status").write_text("State:\tZ (zombie)\nPPid:\t3\nThreads:\t1\n")
    totals: dict[str, int | None] = dict.fromkeys(processes.TOTALS, 0)
    with pytest.raises(ProcessLookupError):
        processes.add_process(tmp_path, totals)
    assert set(totals.values()) == {0}


def test_connections_of_a_worker_that_does_not_show_them_leave_those_of_all_unknown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def hidden(path: str) -> Iterator[os.DirEntry[str]]:
        raise PermissionError(13, "Permission denied", path)

    assert processes.connections_held([os.getpid()], []) == {os.getpid(): 0}
    monkeypatch.setattr(os, "scandir", hidden)
    assert processes.connections_held([os.getpid()], []) == {}


def test_a_thread_that_is_ending_costs_its_process_nothing(tmp_path: Path) -> None:
    (tmp_path / "fd").mkdir()
    (tmp_path / "task" / "8").mkdir(parents=True)  # its files have gone
    own = tmp_path / "task" / "7"
    own.mkdir()
    own.joinpath("status").write_text(
        "voluntary_ctxt_switches:\t5\nnonvoluntary_ctxt_switches:\t2\n"
    )
    (tmp_path / "status").write_text("PPid:\t3\nThreads:\t2\nVmRSS:\t9 kB\n")
    totals: dict[str, int | None] = dict.fromkeys(processes.TOTALS, 0)
    assert processes.add_process(tmp_path, totals) == 3
    assert [totals[name] for name in processes.TOTALS] == [1, 2, 9_216, 0, 7, 5]


def test_the_environment_names_what_the_manifest_needs() -> None:
    found = machine.environment()
    assert found.cores == os.cpu_count()
    assert isinstance(found.sysctls, dict)
    assert found.cgroup_version in (1, 2)


def test_a_process_that_is_ending_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, _totals: dict[str, int | None]) -> int:
        raise PermissionError("the descriptors of a dead process are nobody's")

    monkeypatch.setattr(processes, "add_process", refuse)
    assert processes.read_processes()["processes"] == 0


def test_workers_are_the_processes_without_children() -> None:
    """A parent and two children, of which one works: all of the CPU time is that one's."""
    ready, done = os.pipe(), os.pipe()
    pids = []
    for works in (True, False):
        if not (pid := os.fork()):
            burn_s = 0.03 if works else 0.0
            while time.process_time() < burn_s:
                pass
            os.write(ready[1], b".")
            os.read(done[0], 1)
            os._exit(0)
        pids.append(pid)
    try:
        for _ in pids:
            os.read(ready[0], 1)
        seen = {os.getpid(): os.getppid(), **dict.fromkeys(pids, os.getpid())}
        used = processes._workers_cpu_ns(seen)
        assert list(used) == sorted(pids)
        assert used[pids[0]] >= 30_000_000 > used[pids[1]]
    finally:
        os.write(done[1], b"..")
        for pid in pids:
            os.waitpid(pid, 0)


def test_one_process_has_no_workers_beside_it() -> None:
    assert processes._workers_cpu_ns({1: 0}) == {}
    assert processes._workers_cpu_ns({1: 0, 7: 1}) == {}


def test_connections_are_told_apart_by_who_holds_them() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
        accepted = [listener.accept()[0] for _ in range(3)]
        inodes = established(port)
        assert (len(inodes), inodes.count(0)) == (5, 2), "two are in the queue"
        held = processes.connections_held([os.getpid(), 2**22 + 1], inodes)
        assert held == {os.getpid(): 3}, "not the clients' ends, nor a process that has gone"
        for sock in clients + accepted:
            sock.close()


def test_calls_are_counted_from_a_place_of_the_trace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    trace = tmp_path / "trace"
    monkeypatch.setattr(probe, "TRACE", trace)
    before = b"7 accept4(3, ...) = 9\n"
    trace.write_bytes(
        before
        + b"7 epoll_wait(4,  <unfinished ...>\n8 read(9, ...) = 30\n"
        + b"7 <... epoll_wait resumed>...) = 1\n8 read(9, ...) = 30\n9 +++ exited with 0 +++\n"
    )
    found = probe._calls(len(before))
    assert found == {"syscalls": {"epoll_wait": 1, "read": 2}, "trace_is_whole": True}
    monkeypatch.setattr(probe, "MOST_TRACE_BYTES", 10)
    assert not probe._calls(len(before))["trace_is_whole"]
