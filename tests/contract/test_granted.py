"""How a container sees its limits: in the layout of cgroup v1, in that of v2, and with less."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from contract.granted import (
    cpu_ns,
    folder,
    held_back,
    limits,
    parse_allowed,
    parse_cores,
    parse_limit,
    processor,
    reading,
)

V1 = {
    "cpuset/cpuset.cpus": "0-3",
    "cpuset/cpuset.effective_cpus": "0",
    "cpu/cpu.cfs_quota_us": "1000",
    "cpu/cpu.cfs_period_us": "2000",
    "cpu/cpu.stat": "nr_periods 50\nnr_throttled 7\nthrottled_time 1234567\nnr_bursts 0",
    "cpuacct/cpuacct.usage": "987654321",
    "pids/pids.max": "77",
    "memory/memory.limit_in_bytes": "67108864",
    "memory/memory.memsw.limit_in_bytes": "67108864",
}
V1_UNLIMITED = {
    "cpuset/cpuset.cpus": "0-3",
    "cpu,cpuacct/cpu.cfs_quota_us": "-1",
    "cpu,cpuacct/cpu.cfs_period_us": "100000",
    "cpu,cpuacct/cpu.stat": "nr_periods 0\nnr_throttled 0\nthrottled_time 0",
    "cpu,cpuacct/cpuacct.usage": "5",
    "pids/pids.max": "max",
    "memory/memory.limit_in_bytes": "9223372036854771712",
    "memory/memory.memsw.limit_in_bytes": "9223372036854771712",
}
V2 = {
    "cgroup.controllers": "cpuset cpu io memory pids",
    "cpuset.cpus": "0",
    "cpuset.cpus.effective": "0",
    "cpu.max": "1000 2000",
    "cpu.stat": "usage_usec 987654\nnr_periods 50\nnr_throttled 7\nthrottled_usec 1234",
    "pids.max": "77",
    "memory.max": "67108864",
    "memory.swap.max": "0",
}
V2_UNLIMITED = {
    "cgroup.controllers": "cpuset cpu io memory pids",
    "cpuset.cpus": "",
    "cpuset.cpus.effective": "0-3",
    "cpu.max": "max 100000",
    "cpu.stat": "usage_usec 5\nnr_periods 0\nnr_throttled 0\nthrottled_usec 0",
    "pids.max": "max",
    "memory.max": "max",
    "memory.swap.max": "max",
}
V2_BARE = {"cgroup.controllers": "hugetlb", "cpu.stat": "usage_usec 987654\nuser_usec 9"}
"""As of an engine to which no controller is delegated."""


def tree(at: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = at / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return at


@pytest.mark.parametrize("files", [V1, V2], ids=["v1", "v2"])
def test_limited_group_is_read_alike_in_both_layouts(files: dict[str, str], tmp_path: Path) -> None:
    at = tree(tmp_path, files)
    assert processor(at) == {"cpuset": [0], "quota_us": 1_000, "period_us": 2_000}
    assert limits(at) == {"pids": 77, "memory_bytes": 64 * 2**20, "swap_bytes": 0}
    assert held_back(at)["throttled_periods"] == 7
    assert held_back(at)["throttled_ns"] // 1_000 == 1_234
    assert cpu_ns(at) // 1_000_000 == 987


@pytest.mark.parametrize("files", [V1_UNLIMITED, V2_UNLIMITED], ids=["v1", "v2"])
def test_group_without_limits_has_none_in_both_layouts(
    files: dict[str, str], tmp_path: Path
) -> None:
    at = tree(tmp_path, files)
    assert processor(at) == {"cpuset": [0, 1, 2, 3], "quota_us": None, "period_us": 100_000}
    assert limits(at) == {"pids": None, "memory_bytes": None, "swap_bytes": None}
    assert held_back(at) == {"throttled_periods": 0, "throttled_ns": 0}


def test_group_without_controllers_has_no_cpuset_and_no_limits(tmp_path: Path) -> None:
    at = tree(tmp_path, V2_BARE)
    assert processor(at) == {"cpuset": None, "quota_us": None, "period_us": None}
    assert set(limits(at).values()) == {None}
    assert held_back(at) == {"throttled_periods": 0, "throttled_ns": 0}
    assert cpu_ns(at) == 987_654_000


def test_swap_without_accounting_in_v1_is_no_limit(tmp_path: Path) -> None:
    at = tree(tmp_path, {"memory/memory.limit_in_bytes": "67108864"})
    assert limits(at) == {"pids": None, "memory_bytes": 64 * 2**20, "swap_bytes": None}


def test_no_accounting_at_all_is_told(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="no CPU accounting"):
        cpu_ns(tmp_path)


def test_group_in_its_own_namespace_is_the_root(tmp_path: Path) -> None:
    assert folder(tmp_path, "0::/\n") == tmp_path
    assert folder(tmp_path, "0::/../0123abcd\n") == tmp_path, "as the probe's namespace shows it"
    assert folder(tmp_path, "0::/..\n") == tmp_path, "as in an engine's namespace below"


def test_group_among_all_of_the_machine_is_found_below(tmp_path: Path) -> None:
    tree(tmp_path, V2_UNLIMITED)
    own = tree(tmp_path / "docker/0123", V2)
    assert folder(tmp_path, "0::/docker/0123\n") == own
    assert processor(folder(tmp_path, "0::/docker/0123\n"))["cpuset"] == [0]


def test_v1_group_is_the_root_of_each_controller(tmp_path: Path) -> None:
    membership = "3:cpuset:/docker/0123\n1:cpu:/docker/0123\n0::/docker/0123\n"
    assert folder(tree(tmp_path, V1), membership) == tmp_path


@pytest.mark.parametrize(
    ("text", "cores"),
    [("0", [0]), ("0-2,5\n", [0, 1, 2, 5]), ("3,1", [3, 1]), ("", []), ("10-11", [10, 11])],
)
def test_list_of_cores(text: str, cores: list[int]) -> None:
    assert parse_cores(text) == cores


@pytest.mark.parametrize(
    ("text", "limit"),
    [("max", None), ("-1", None), ("9223372036854771712", None), ("0\n", 0), ("77", 77)],
)
def test_limit(text: str, limit: int | None) -> None:
    assert parse_limit(text) == limit


def test_affinity_is_read_of_a_status() -> None:
    status = "Name:\tx\nCpus_allowed:\t5\nCpus_allowed_list:\t0,2\nMems_allowed_list:\t0\n"
    assert parse_allowed(status) == [0, 2]
    with pytest.raises(RuntimeError, match="Cpus_allowed_list"):
        parse_allowed("Name:\tx\n")


def test_this_process_reads_itself() -> None:
    seen = reading(["net.core.somaxconn", "net.core.there_is_none"])
    assert seen["affinity"] == sorted(os.sched_getaffinity(0))
    assert int(seen["sysctls"]["net.core.somaxconn"]) > 0
    assert seen["sysctls"]["net.core.there_is_none"] is None
    assert seen["nofile"] != 0
