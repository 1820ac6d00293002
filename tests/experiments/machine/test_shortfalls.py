"""What was asked of the engine beside what was given, and what to do about each difference."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.docker.container_options import host_settings
from experiments.docker.driver import ContainerSpec
from experiments.machine.shortfalls import (
    CORES,
    MEMORY,
    NOFILE,
    PIDS,
    QUOTA,
    SWAP,
    DiscardedError,
    Shortfall,
    advice,
    compare,
    discarded,
    is_told_of,
    unsupported,
)

CPUSET = "Your kernel does not support cpuset or the cgroup is not mounted. Cpuset discarded."
CFS = "Your kernel does not support CPU CFS scheduler. CPU period/quota discarded."
QUOTA_OF_OLD = (
    "Your kernel does not support CPU cfs quota or the cgroup is not mounted. Quota discarded."
)
PIDS_LIMIT = (
    "Your kernel does not support PIDs limit capabilities or the cgroup is not mounted. "
    "PIDs limit discarded."
)
MEMORY_LIMIT = (
    "Your kernel does not support memory limit capabilities or the cgroup is not mounted. "
    "Limitation discarded."
)
SWAP_LIMIT = (
    "Your kernel does not support swap limit capabilities or the cgroup is not mounted. "
    "Memory limited without swap."
)
FORWARDING = "IPv4 forwarding is disabled. Networking will not work."
SHARES = "Your kernel does not support CPU shares or the cgroup is not mounted. Shares discarded."


def spec(**asked: Any) -> ContainerSpec:
    return ContainerSpec("server", "s", "image", (), "none", **asked)


ALL = spec(
    cpus="0",
    cpu_quota=0.5,
    nofile=20_000,
    pids_limit=100,
    memory_bytes=64 * 2**20,
    sysctls={"net.core.somaxconn": "77", "net.ipv4.ip_local_port_range": "10240 65535"},
)
SEEN = {
    "cpuset": [0],
    "affinity": [0],
    "quota_us": 1_000,
    "period_us": 2_000,
    "pids": 100,
    "memory_bytes": 64 * 2**20,
    "swap_bytes": 0,
    "nofile": 20_000,
    "sysctls": {"net.core.somaxconn": "77", "net.ipv4.ip_local_port_range": "10240 65535"},
    "machine_swap_bytes": 2**30,
    "page_bytes": 4_096,
}


def test_all_that_was_asked_and_given_is_no_shortfall() -> None:
    assert compare(ALL, SEEN) == []


def test_what_was_not_asked_may_be_anything() -> None:
    assert compare(spec(), {**SEEN, "affinity": [0, 1], "quota_us": None, "pids": None}) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"affinity": [0, 1], "cpuset": None}, "cores: asked 0, given 0,1"),
        ({"affinity": [1], "cpuset": [1]}, "cores: asked 0, given 1"),
        ({"quota_us": None}, "CPU quota: asked 1000 of each 2000 us, given none"),
        ({"period_us": 4_000}, "CPU quota: asked 1000 of each 2000 us, given 1000 of each 4000 us"),
        ({"pids": None}, "processes: asked 100, given no limit"),
        ({"nofile": 1_024}, "descriptors: asked 20000, given 1024"),
        ({"memory_bytes": None}, "memory: asked 67108864 bytes, given no limit"),
        ({"memory_bytes": 64 * 2**20 - 4_096}, "memory: asked 67108864 bytes, given 67104768"),
        ({"swap_bytes": None}, "swap: asked 0 bytes, given no limit"),
        (
            {"sysctls": {**SEEN["sysctls"], "net.core.somaxconn": "4096"}},  # type: ignore[dict-item]
            "kernel setting net.core.somaxconn: asked 77, given 4096",
        ),
        (
            {"sysctls": {"net.core.somaxconn": "77"}},
            "kernel setting net.ipv4.ip_local_port_range: asked 10240 65535, given none of that",
        ),
    ],
)
def test_each_shortfall_is_named_with_what_was_asked_and_given(
    change: dict[str, Any], told: str
) -> None:
    (found,) = compare(ALL, {**SEEN, **change})
    assert str(found).startswith(told)


@pytest.mark.parametrize(
    "change",
    [
        {"memory_bytes": 64 * 2**20 - 4_095},  # rounded down to a page
        {"swap_bytes": None, "machine_swap_bytes": 0},  # nothing to swap to
    ],
)
def test_what_comes_to_the_same_is_no_shortfall(change: dict[str, Any]) -> None:
    assert compare(ALL, {**SEEN, **change}) == []


def test_two_cores_are_compared_as_a_set() -> None:
    assert compare(spec(cpus="1,0"), {**SEEN, "affinity": [0, 1]}) == []
    assert compare(spec(cpus="0-1"), {**SEEN, "affinity": [0, 1]}) == []


@pytest.mark.parametrize(
    ("warning", "limit"),
    [
        (CPUSET, CORES),
        (CFS, QUOTA),
        (QUOTA_OF_OLD, QUOTA),
        (PIDS_LIMIT, PIDS),
        (MEMORY_LIMIT, MEMORY),
    ],
)
def test_discarded_limit_is_a_shortfall_where_it_was_asked(warning: str, limit: str) -> None:
    (found,) = discarded(ALL, [FORWARDING, warning])
    assert found.limit == limit
    assert warning in found.given
    assert discarded(spec(nofile=9), [warning]) == []
    assert is_told_of(warning)


def test_limit_of_memory_without_one_of_swap_is_a_limit() -> None:
    assert discarded(ALL, [SWAP_LIMIT]) == []


@pytest.mark.parametrize("warning", [FORWARDING, SHARES])
def test_other_warnings_discard_nothing_of_the_lab_s(warning: str) -> None:
    assert discarded(ALL, [warning]) == []
    assert not is_told_of(warning)


def test_all_that_is_discarded_is_in_one_error() -> None:
    error = DiscardedError("creating container s", discarded(ALL, [CPUSET, PIDS_LIMIT]))
    assert str(error).startswith("creating container s: cores: asked 0, given none (Your kernel")
    assert "processes: asked 100" in str(error)


def test_limit_of_memory_is_asked_with_no_swap() -> None:
    asked = host_settings(ALL)
    assert (asked["mem_limit"], asked["memswap_limit"]) == (64 * 2**20, 64 * 2**20)
    assert "mem_limit" not in host_settings(spec())


def test_engine_that_says_what_it_cannot_keep() -> None:
    kept = {"CPUSet": True, "CpuCfsQuota": True, "PidsLimit": True, "MemoryLimit": True}
    assert unsupported(kept) == []
    assert unsupported({}) == [], "an engine that does not say may do"
    assert unsupported({**kept, "CPUSet": False}) == [Shortfall(CORES, "any", "none")]


ROOTLESS = {"SecurityOptions": ["name=seccomp,profile=builtin", "name=rootless"]}


@pytest.mark.parametrize(
    ("limits", "info", "words"),
    [
        ([CORES, PIDS], {"CgroupVersion": "1"}, "cpuset /sys/fs/cgroup/cpuset`, `mount"),
        ([MEMORY, SWAP], {"CgroupVersion": "1"}, "with: cgroup_enable=memory swapaccount=1"),
        ([SWAP], {}, "with: swapaccount=1"),
        ([SWAP, CORES], {}, "with: swapaccount=1; on the engine's machine `mount"),
        ([CORES, QUOTA, SWAP, MEMORY], {"CgroupVersion": "2"}, "to list: cpuset, cpu, memory."),
        (
            [CORES],
            {**ROOTLESS, "CgroupVersion": "2", "CgroupDriver": "systemd"},
            "Delegate=cpu cpuset io memory pids",
        ),
        (
            [CORES],
            {**ROOTLESS, "CgroupVersion": "2", "CgroupDriver": "none"},
            "only with cgroup v2 and systemd",
        ),
        ([PIDS], {**ROOTLESS, "CgroupVersion": "1"}, "only with cgroup v2 and systemd"),
        ([NOFILE], {}, "LimitNOFILE"),
        (["kernel setting net.core.somaxconn"], {}, "use another one"),
        ([NOFILE, CORES], {}, "then restart the engine; raise the engine's own limit"),
    ],
)
def test_advice_is_of_this_kind_of_engine(
    limits: list[str], info: dict[str, Any], words: str
) -> None:
    told = advice(limits, info)
    assert words in told
    assert ("delegate.conf" in told) == ("Delegate=" in words), "of no other kind"
    assert ("LimitNOFILE" in told) == (NOFILE in limits)
