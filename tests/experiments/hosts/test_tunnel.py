"""The OpenSSH connection to a host, with a program in the place of `ssh`."""

from __future__ import annotations

import json
import os
import re
import socket
import stat
import sys
import time
from pathlib import Path

import pytest

from contract.exits import Exit, LabError
from experiments.hosts.tunnel import SOCKET, Destination, PortTunnel, Tunnel, destination

SSH = """#!/bin/sh
exec "{python}" "{program}" "$@"
"""
PROGRAM = """import json, os, socket, sys, time
open({arguments!r}, "w").write(json.dumps(sys.argv[1:]))
here = sys.argv[sys.argv.index("-L") + 1].partition(":")[0]
{does}
"""
OPENS = "sock = socket.socket(socket.AF_UNIX); sock.bind(here); sock.listen(); time.sleep(60)"
DENIES = 'sys.exit("lab@a: Permission denied (publickey).")'
MEETS_NOBODY = """port = int(sys.argv[sys.argv.index("-L") + 1].split(":")[1])
sock = socket.create_server(("127.0.0.1", port))
sock.accept()[0].close()
print("channel 2: open failed: connect failed: Connection refused", file=sys.stderr, flush=True)
print({said!r}, end="", file=sys.stderr, flush=True)
sys.exit(255)
"""
"""As OpenSSH: the lab's first look at the port meets no master yet; later the host is gone."""
LOSES = "sock = socket.socket(socket.AF_UNIX); sock.bind(here); sock.listen(); time.sleep({s})\n"


@pytest.fixture
def arguments(tmp_path: Path) -> Path:
    return tmp_path / "arguments.json"


def install(does: str, arguments: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have this done where `ssh` is called."""
    path, program = arguments.parent / "ssh", arguments.parent / "program.py"
    path.write_text(SSH.format(python=sys.executable, program=program))
    program.write_text(PROGRAM.format(arguments=str(arguments), does=does))
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{arguments.parent}:{os.environ['PATH']}")


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ssh://a", Destination("a")),
        ("ssh://lab@a:2222", Destination("a", "lab", 2_222)),
        (
            "ssh://lab@a/run/user/1000/docker.sock",
            Destination("a", "lab", None, "/run/user/1000/docker.sock"),
        ),
    ],
)
def test_where_an_address_leads(url: str, expected: Destination) -> None:
    assert destination(url) == expected


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("ssh:///run/docker.sock", "names no host"),
        ("ssh://lab:secret@a", "password has no place"),
        ("ssh://a:port", "ssh://a:port"),
        ("ssh://lab@[::1", "Invalid IPv6 URL"),
    ],
)
def test_an_address_that_ssh_cannot_use(url: str, told: str) -> None:
    with pytest.raises(LabError, match=told) as raised:
        destination(url)
    assert raised.value.exit == Exit.BAD_INPUT
    assert "secret" not in str(raised.value)


def test_it_forwards_the_engine_s_socket_and_ends(
    arguments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(OPENS, arguments, monkeypatch)
    with Tunnel("ssh://lab@a:2222") as tunnel:
        here = Path(tunnel.url.removeprefix("unix://"))
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(here))
        assert tunnel.broken() == ""
    assert not here.parent.exists()
    words = arguments.read_text()
    assert f'"{here}:{SOCKET}", "-l", "lab", "-p", "2222", "--", "a"' in words
    assert "BatchMode=yes" in words


def test_who_is_not_let_in_is_told_why_and_what_to_do(
    arguments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(DENIES, arguments, monkeypatch)
    with pytest.raises(LabError) as raised, Tunnel("ssh://lab@a"):
        pass
    assert raised.value.exit == Exit.NO_DOCKER
    assert str(raised.value) == (
        "ssh to a ended with 1: lab@a: Permission denied (publickey).; a key or an agent has to "
        "let you in there: the lab asks for no password"
    )


def test_it_is_there_when_somebody_listens(
    arguments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file of the socket is there before that."""
    install(
        OPENS.replace("sock.listen()", "time.sleep(0.5); sock.listen()"), arguments, monkeypatch
    )
    with Tunnel("ssh://a") as tunnel, socket.socket(socket.AF_UNIX) as client:
        client.connect(tunnel.url.removeprefix("unix://"))


def test_a_connection_that_ends_is_seen(arguments: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(LOSES.format(s=0.2) + "sys.exit(255)", arguments, monkeypatch)
    with Tunnel("ssh://a") as tunnel:
        deadline = time.monotonic() + 10
        while not (broken := tunnel.broken()) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert broken == "ssh to a ended with 255"


def test_a_closed_door_behind_the_connection_is_seen(
    arguments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = "channel 2: open failed: connect failed: Permission denied"
    install(f"print({said!r}, file=sys.stderr, flush=True)\n{OPENS}", arguments, monkeypatch)
    with Tunnel("ssh://a") as tunnel:
        assert tunnel.refused() == said


def test_without_ssh_there_is_no_way(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(LabError, match="there is no `ssh`") as raised, Tunnel("ssh://a"):
        pass
    assert raised.value.exit == Exit.NOT_READY


def test_no_connection_is_shared(arguments: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a master that ~/.ssh/config names, -L would be the master's, and outlive this `ssh`."""
    install(OPENS, arguments, monkeypatch)
    with Tunnel("ssh://lab@a"):
        words = json.loads(arguments.read_text())
    assert words[words.index("ControlPath=none") - 1] == "-o"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ("Timeout, server b not responding.\n", ": Timeout, server b not responding."),
        ("", ""),
        (
            "Read from remote host b: Connection timed out\n",
            ": Read from remote host b: Connection timed out; the host does not answer; see "
            "whether it is up, and what stands between",
        ),
    ],
)
def test_why_it_was_lost_is_not_told_by_doors_that_were_closed_before(
    said: str, told: str, arguments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(MEETS_NOBODY.format(said=said), arguments, monkeypatch)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    with PortTunnel("ssh://b", port) as tunnel:
        deadline = time.monotonic() + 10
        while not (broken := tunnel.broken()) and time.monotonic() < deadline:
            time.sleep(0.02)
    assert broken == f"ssh to b ended with 255{told}"


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "Could not create directory '/root/.ssh' (Permission denied).\n"
            "ssh: connect to host a port 22: Connection timed out",
            "Connection timed out; the host does not answer",
        ),
        (
            "bind [127.0.0.1]:8089: Address already in use\nCould not request local forwarding.",
            "Could not request local forwarding.; another program has that port here",
        ),
    ],
)
def test_what_is_to_be_done_is_told_by_the_last_line_that_is_known(
    said: str, told: str, arguments: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install(f"sys.exit({said!r})", arguments, monkeypatch)
    with pytest.raises(LabError, match=re.escape(told)), Tunnel("ssh://lab@a"):
        pass
