"""The probe's readings of /proc, against what this process itself has open."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from experiments import probe


def test_queue_depth_and_established_connections_of_a_port() -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=16) as listener:
        port = listener.getsockname()[1]
        assert probe._accept_queue(port) == 0
        clients = [socket.create_connection(("127.0.0.1", port)) for _ in range(5)]
        assert probe._accept_queue(port) == 5
        assert probe._established(port) == 5
        accepted = [listener.accept()[0] for _ in range(3)]
        assert probe._accept_queue(port) == 2
        assert probe._established(port) == 5
        for sock in clients + accepted:
            sock.close()


def test_a_server_that_listens_on_ipv6_for_both_is_counted() -> None:
    with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as listener:
        port = listener.getsockname()[1]
        client = socket.create_connection(("127.0.0.1", port))
        assert probe._accept_queue(port) == 1
        assert probe._established(port) == 1
        client.close()


def test_counters_are_there_and_grow() -> None:
    before = probe._tcp_counters()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        socket.create_connection(listener.getsockname()).close()
    after = probe._tcp_counters()
    assert after["segments_out"] >= before["segments_out"] + 3
    assert after.keys() >= {"listen_overflows", "listen_drops", "retransmits", "resets"}


def test_a_process_is_counted_with_its_descriptors() -> None:
    totals = dict.fromkeys(("processes", "threads", "rss_bytes", "fds", "context_switches"), 0)
    probe._add_process(Path("/proc/self"), totals)
    assert totals["processes"] == 1
    assert totals["rss_bytes"] > 1_000_000
    assert totals["fds"] >= len(os.listdir("/proc/self/fd")) - 1
    assert totals["context_switches"] > 0


def test_the_environment_names_what_the_manifest_needs() -> None:
    found = probe.environment()
    assert found["cores"] == os.cpu_count()
    assert isinstance(found["sysctls"], dict)
    assert found["cgroup_version"] in (1, 2)


def test_a_process_that_is_ending_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_path: Path, _totals: dict[str, int]) -> None:
        raise PermissionError("the descriptors of a dead process are nobody's")

    monkeypatch.setattr(probe, "_add_process", refuse)
    assert probe._processes()["processes"] == 0
