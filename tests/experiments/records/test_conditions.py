"""What may differ between the parts of a run, and what may not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from experiments.records.conditions import changed

HOST = {
    "docker": "ssh://b",
    "engine": "28.0.0",
    "kernel": "6.1.0",
    "cores": 8,
    "memory_bytes": 2**34,
    "architecture": "x86_64",
    "clock_offset_s": 0.01,
    "path": {"round_trip_us": 210.0},
}
MANIFEST: dict[str, Any] = {
    "kernel": {"release": "6.1.0"},
    "clock_source": "tsc",
    "sysctls": {"net/ipv4/tcp_syncookies": "1", "net/ipv4/tcp_mem": "1\t2\t3"},
    "hosts": {"server": HOST, "load": {**HOST}},
    "resumed_at": [],
}


def other(*path: str, value: object) -> list[str]:
    """What is said of a manifest that has this value there."""
    now = copy.deepcopy(MANIFEST)
    place = now
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return changed(MANIFEST, now)


@pytest.mark.parametrize(
    ("path", "told"),
    [
        (("kernel", "release"), "kernel"),
        (("clock_source",), "clock_source"),
        (("sysctls", "net/ipv4/tcp_syncookies"), "net.ipv4.tcp_syncookies"),
        (("hosts", "load", "kernel"), "kernel of the host load"),
        (("hosts", "load", "memory_bytes"), "memory_bytes of the host load"),
        (("hosts", "server", "engine"), "engine of the host server"),
    ],
)
def test_another_machine_is_named(path: tuple[str, ...], told: str) -> None:
    assert other(*path, value="another") == [told]


@pytest.mark.parametrize(
    "path",
    [
        ("resumed_at",),
        ("sysctls", "net/ipv4/tcp_mem"),
        ("hosts", "load", "clock_offset_s"),
        ("hosts", "server", "path"),
    ],
)
def test_what_each_start_measures_anew_may_differ(path: tuple[str, ...]) -> None:
    assert other(*path, value="another") == []


def test_a_manifest_is_compared_as_it_is_kept() -> None:
    assert changed({"images": {"base": ["a", "b"]}}, {"images": {"base": ("a", "b")}}) == []


def test_a_manifest_that_somebody_spoiled_is_no_traceback() -> None:
    assert "net.ipv4.tcp_syncookies" in changed({**MANIFEST, "sysctls": "none"}, MANIFEST)
    assert "kernel of the host load" in changed({**MANIFEST, "hosts": {"load": 3}}, MANIFEST)
