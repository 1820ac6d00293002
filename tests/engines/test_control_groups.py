"""Which hierarchies of control groups a host has, by its mounts."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engines import control_groups
from tests.engines.control_groups import Hierarchy

OTHERS = """\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
"""
FIRST = """\
32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw shared:9 - cgroup cgroup rw,cpu,cpuacct
40 31 0:37 / /sys/fs/cgroup/systemd rw,relatime - cgroup cgroup rw,xattr,name=systemd
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw,nsdelegate
52 31 0:29 / /a/second/mount rw,relatime - cgroup cgroup rw,cpu,cpuacct
"""
SECOND = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"


def test_of_version_1_each_hierarchy_is_found_once() -> None:
    assert control_groups.hierarchies(OTHERS + FIRST) == [
        Hierarchy(Path("/sys/fs/cgroup/cpu,cpuacct"), "cpu,cpuacct"),
        Hierarchy(Path("/sys/fs/cgroup/systemd"), "none,name=systemd"),
        Hierarchy(Path("/sys/fs/cgroup/unified"), ""),
    ]


def test_a_hierarchy_without_controllers_is_mounted_below_its_name() -> None:
    names = [one.name for one in control_groups.hierarchies(FIRST)]
    assert names == ["cpu,cpuacct", "systemd", ""]


def test_of_version_2_there_is_one() -> None:
    assert control_groups.hierarchies(OTHERS + SECOND) == [Hierarchy(Path("/sys/fs/cgroup"), "")]


def test_a_new_group_has_the_cores_of_the_one_above(tmp_path: Path) -> None:
    """Folders stand for groups: the kernel would have made the files."""
    (tmp_path / "cpuset.cpus").write_text("0-1\n")
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab/cpuset.cpus").write_text("\n")
    control_groups.make("lab", [Hierarchy(tmp_path, "cpuset")])
    assert (tmp_path / "lab/cpuset.cpus").read_text() == "0-1\n"


def test_groups_below_are_removed_first(tmp_path: Path) -> None:
    (tmp_path / "lab/docker/container").mkdir(parents=True)
    (tmp_path / "another").mkdir()
    control_groups.remove("lab", [Hierarchy(tmp_path, "cpu"), Hierarchy(tmp_path / "no", "pids")])
    assert [path.name for path in tmp_path.iterdir()] == ["another"]


def test_a_group_that_stays_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control_groups, "GONE_S", 0.0)
    (tmp_path / "lab").mkdir()
    (tmp_path / "lab/not a group").touch()
    with pytest.raises(OSError, match="lab"):
        control_groups.remove("lab", [Hierarchy(tmp_path, "cpu")])
