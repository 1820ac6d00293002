"""The file that names the engines of several machines, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract.exits import Exit, LabError
from experiments.plan.hosts import Host
from experiments.plan.hosts_file import read_hosts

GOOD = """
server: {docker: "ssh://lab@a"}
load:
  - {docker: "ssh://lab@b"}
  - {docker: c, cores: 8}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "hosts.yaml"
    path.write_text(text)
    return path


def faults(folder: Path, text: str) -> list[str]:
    path = written(folder, text)
    with pytest.raises(LabError) as raised:
        read_hosts(path)
    assert raised.value.exit == Exit.BAD_INPUT
    return [line.removeprefix(f"{path}:") for line in str(raised.value).splitlines()]


def test_the_only_one_that_loads_has_no_number(tmp_path: Path) -> None:
    text = "server: {docker: a}\nload: [{docker: b}]"
    assert list(read_hosts(written(tmp_path, text)).named) == ["server", "load"]


def test_server_and_load_hosts_by_their_names(tmp_path: Path) -> None:
    assert read_hosts(written(tmp_path, GOOD)).named == {
        "server": Host(docker="ssh://lab@a"),
        "load 1": Host(docker="ssh://lab@b"),
        "load 2": Host(docker="c", cores=8),
    }


@pytest.mark.parametrize("engine", ["tcp://10.0.0.2:2376", "unix:///run/docker.sock", "my-lab.1"])
def test_what_docker_takes(tmp_path: Path, engine: str) -> None:
    text = f"server: {{docker: '{engine}'}}\nload: [{{docker: other}}]\n"
    assert read_hosts(written(tmp_path, text)).server.docker == engine


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("server: {docker: a}", "1: 'load' is missing; it is required"),
        ("load: [{docker: b}]", "1: 'server' is missing; it is required"),
        ("server: {docker: a}\nload: []", "2: load: List should have at least 1 item"),
        ("server: {docker: a}\nload: [{docker: b, core: 2}]", "did you mean 'cores'?"),
        ("server: {docker: a}\nloads: [{docker: b}]", "did you mean 'load'?"),
        ("server: {docker: a}\nload: [{docker: b, cores: 0}]", "2: load.0.cores: "),
        ("server: {docker: 'lab@a'}\nload: [{docker: b}]", "1: server.docker: has to be what"),
        ("server: {docker: 'http://a'}\nload: [{docker: b}]", "not 'http://a'"),
        ("server: {docker: 'ssh://'}\nload: [{docker: b}]", "has to be what `docker -H` takes"),
        ("server: a\nload: [{docker: b}]", "1: server: has to be keys with values"),
        (
            "server: {docker: a}\nload:\n - {docker: b}\n - {docker: a}",
            "4: a is the server's host already; name it once",
        ),
        (
            "server: {docker: a}\nload:\n - {docker: b}\n - {docker: b}",
            "4: b is load host 1 already; name it once",
        ),
    ],
)
def test_faults_have_their_line_and_a_way_out(tmp_path: Path, text: str, told: str) -> None:
    assert any(told in one for one in faults(tmp_path, text)), faults(tmp_path, text)


def test_all_faults_are_told_at_once(tmp_path: Path) -> None:
    assert len(faults(tmp_path, "server: {docker: '-'}\nload: [{cores: 2}]")) == 2


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(LabError, match="no such file") as raised:
        read_hosts(tmp_path / "none.yaml")
    assert raised.value.exit == Exit.BAD_INPUT
