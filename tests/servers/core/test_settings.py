"""The command line: every error at once, in words, and the settings that reach the server."""

from __future__ import annotations

import socket
import subprocess

import pytest

from experiments.paths import ROOT
from servers.core.settings import Settings, SettingsError, parse
from servers.registry import names
from tests.support.peer import PATIENCE_S
from tests.support.server_process import command, environment, running


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - this repository's own command, no shell
        command(*arguments),
        cwd=ROOT,
        env=environment(**variables),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )


def test_defaults() -> None:
    assert parse(["select"], {}, names()) == ("select", Settings())
    assert Settings().host == "0.0.0.0"  # noqa: S104 - a container's clients come from outside it
    assert (Settings().port, Settings().backlog) == (8080, 1024)


def test_flag_beats_environment_beats_default() -> None:
    variables = {"C10K_BACKLOG": "7", "C10K_RECV_BYTES": "99", "C10K_HOST": "::1"}
    _, settings = parse(["poll", "--backlog", "8"], variables, names())
    assert (settings.backlog, settings.recv_bytes, settings.host) == (8, 99, "::1")


def test_all_errors_at_once_without_traceback() -> None:
    flags = ("--port=70000", "--accepts-per-wakeup", "0", "--bcklog=5", "--recv-bytes=many")
    done = run("pol", *flags, C10K_BACKLOG="-1", C10K_HOST=" ")
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    lines = done.stderr.splitlines()
    assert len(lines) == 7
    assert all(line.startswith("error: ") for line in lines)
    for part in (
        "--port: '70000' is not a whole number from 0 to 65535",
        "--accepts-per-wakeup: '0'",
        "--bcklog: unknown argument; did you mean --backlog?",
        "--recv-bytes: 'many'",
        "pol: no such server; did you mean poll?",
        "C10K_BACKLOG: '-1'",
        "C10K_HOST: must not be empty",
    ):
        assert part in done.stderr


def test_unknown_server_names_the_nearest() -> None:
    done = run("epol_level")
    assert done.returncode == 2
    assert done.stderr == "error: epol_level: no such server; did you mean epoll_level?\n"


def test_small_stack_is_refused() -> None:
    with pytest.raises(SettingsError, match="too small"):
        parse(["thread_per_connection", "--thread-stack-bytes", "1000"], {}, names())
    assert parse(["poll", "--thread-stack-bytes", "0"], {}, names())[1].thread_stack_bytes == 0


def test_switches() -> None:
    assert parse(["poll", "--cork", "on"], {"C10K_NODELAY": "on"}, names())[1] == Settings(
        cork=True, nodelay=True
    )
    with pytest.raises(SettingsError, match="C10K_CORK: 'yes' is neither `on` nor `off`"):
        parse(["poll"], {"C10K_CORK": "yes"}, names())


def test_missing_name() -> None:
    done = run()
    assert done.returncode == 2
    assert "NAME" in done.stderr
    assert "Traceback" not in done.stderr


def test_address_in_use(any_variant: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = run(any_variant, "--host", "127.0.0.1", "--port", str(port))
    assert done.returncode == 1
    assert f"cannot listen on 127.0.0.1 port {port}" in done.stderr
    assert "Traceback" not in done.stderr


def test_settings_reach_the_server(variant: str) -> None:
    with running(variant, "--backlog", "3", "--recv-bytes", "1", "--accepts-per-wakeup", "1") as it:
        assert it.listening["event"] == "listening"
        assert it.listening["server"] == variant
        assert it.listening["backlog"] == 3
        assert it.listening["pid"] == it.pid
        with it.connect() as peer:
            assert peer.ask()
            assert peer.ask()


def addresses() -> list[str]:
    """Loopback addresses that this machine has."""
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return ["127.0.0.1"]
    return ["127.0.0.1", "::1"]


@pytest.mark.parametrize("address", addresses())
def test_listens_where_it_is_told(any_variant: str, address: str) -> None:
    with running(any_variant, "--host", address) as server:
        assert server.port > 0
        with socket.create_connection((address, server.port), timeout=10) as peer:
            peer.sendall(b"GET / HTTP/1.0\r\n\r\n")
            assert peer.recv(17) == b"HTTP/1.0 200 OK\r\n"
