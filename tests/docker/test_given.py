"""What a container is given beyond the tight default, it has; and no more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from experiments.docker.docker_driver import DockerDriver

if TYPE_CHECKING:
    from tests.docker.conftest import Start

pytestmark = [pytest.mark.docker, pytest.mark.lockless]


def volumes(driver: DockerDriver, container: str) -> list[str]:
    mounts = driver.api.inspect_container(container)["Mounts"]
    return [one["Name"] for one in mounts if one["Type"] == "volume"]


def test_writable_folders_are_any_user_s_and_gone_with_their_container(
    driver: DockerDriver, start: Start
) -> None:
    folders = ("/tmp", "/opt/lab", "/var/lib/new")  # noqa: S108 - /opt/lab is root's in the image
    container = start(writable=folders)
    program = 'set -e; for d in "$@"; do cp /usr/bin/true "$d/t"; "$d/t"; done; ls -A /opt/lab'
    ended = driver.execute(container, ("sh", "-c", program, "sh", *folders))
    assert (ended.exit_code, ended.output) == (0, "t\n"), "they are empty"
    assert driver.execute(container, ("touch", "/var/lib/other")).exit_code == 1
    made = volumes(driver, container)
    assert len(made) == len(folders)
    driver.remove([container])
    left = driver.api.volumes()["Volumes"] or []
    assert not {one["Name"] for one in left} & set(made)


def test_whole_file_system_is_writable_to_who_may_write_there(
    driver: DockerDriver, start: Start
) -> None:
    write = ("sh", "-c", "touch /opt/lab/x && cp /usr/bin/true /tmp/t && /tmp/t")
    assert driver.execute(start(writable=("/",), user="0:0"), write).exit_code == 0
    assert driver.execute(start(writable=("/",)), write).exit_code == 1, "user 10001 may not"
    assert driver.execute(start(user="0:0"), write).exit_code == 1, "it is read only"


def test_capability_and_user_are_as_given(driver: DockerDriver, start: Start) -> None:
    change = ("python3", "-c", "import os; os.setgid(33); os.setuid(33); print(os.getuid())")
    root = start(user="0:0", capabilities=("SETUID", "SETGID"))
    assert driver.execute(root, change).output == "33\n"
    assert "not permitted" in driver.execute(start(user="0:0"), change).output
    assert driver.execute(start(user=None), ("id", "-u")).output == "10001\n"
