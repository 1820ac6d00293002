"""Who listens, as the kernel tells it, and what watches the containers beside a server."""

from __future__ import annotations

import json
import socket
import threading
from contextlib import ExitStack
from pathlib import Path

import pytest

from experiments.probe import listeners as module
from experiments.probe import need_watch
from experiments.probe.listeners import programs_listeners, takes
from experiments.probe.sock_diag import Listener, accept_queue, listeners


def test_every_listener_is_told_with_its_place() -> None:
    six = socket.AF_INET6
    with ExitStack() as stack:
        made = [
            stack.enter_context(one)
            for one in (
                socket.create_server(("127.0.0.1", 0)),
                socket.create_server(("::1", 0), family=six),
                socket.create_server(("", 0), family=six),
                socket.create_server(("", 0), family=six, dualstack_ipv6=True),
            )
        ]
        ports = [one.getsockname()[1] for one in made]
        stack.enter_context(socket.create_connection(("127.0.0.1", ports[3])))
        found = {one.port: one for one in listeners() if one.port in ports}
        assert accept_queue(ports[3]) == 1
    assert [found[port] for port in ports] == [
        Listener("127.0.0.1", ports[0], only_ipv6=False, queued=0),
        Listener("::1", ports[1], only_ipv6=True, queued=0),
        Listener("::", ports[2], only_ipv6=True, queued=0),
        Listener("::", ports[3], only_ipv6=False, queued=1),
    ]
    assert not set(ports) & {one.port for one in listeners()}, "they are closed"


def test_listener_of_the_engine_s_own_is_none_of_a_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own, other = Listener("127.0.0.11", 34_567), Listener("127.0.0.1", 80)
    monkeypatch.setattr(module, "listeners", lambda: [own, other])
    assert programs_listeners() == [other]


@pytest.mark.parametrize(
    ("one", "from_here", "from_elsewhere"),
    [
        (Listener("0.0.0.0", 1), True, True),  # noqa: S104 - what is recognised
        (Listener("::", 1), True, True),
        (Listener("::", 1, only_ipv6=True), False, False),
        (Listener("127.0.0.1", 1), True, False),
        (Listener("127.0.0.2", 1), False, False),
        (Listener("::ffff:127.0.0.1", 1), True, False),
        (Listener("::1", 1, only_ipv6=True), False, False),
        (Listener("172.18.0.3", 1), False, True),
        (Listener("fe80::1", 1, only_ipv6=True), False, False),
    ],
)
def test_who_takes_connections_by_ipv4(
    one: Listener, from_here: bool, from_elsewhere: bool
) -> None:
    assert (takes(one, "127.0.0.1"), takes(one, "")) == (from_here, from_elsewhere)


class Enough(Exception):  # noqa: N818 - it ends the endless
    """Raised where the watcher would go on."""


def test_watcher_tells_who_listens_until_others_can_connect_and_then_the_time_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    seen = [[], [], [Listener("127.0.0.1", 80)], [Listener("::", 80)]]
    monkeypatch.setattr(need_watch, "programs_listeners", lambda: seen.pop(0))
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if seconds == need_watch.EVERY_S:
            raise Enough

    monkeypatch.setattr("experiments.probe.need_watch.time.sleep", pause)
    group = tmp_path / "root/sys/fs/cgroup"
    group.mkdir(parents=True)
    (group / "cpu.stat").write_text("usage_usec 42\n")
    (tmp_path / "cgroup").write_text("0::/\n")
    with pytest.raises(Enough):
        need_watch.main(["80"], tmp_path)
    nobody, local, ready, used = capsys.readouterr().out.splitlines()
    assert [json.loads(one) for one in (nobody, local)] == [[], [["127.0.0.1", 80, False, 0]]]
    assert ready == need_watch.READY
    assert used.split()[1] == "42000"
    assert pauses == [need_watch.LOOK_S] * 3 + [need_watch.EVERY_S]


def test_watcher_without_a_port_waits_for_nobody(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "cgroup").write_text("0::/\n")
    monkeypatch.setattr(need_watch, "cpu_ns", lambda _: (_ for _ in ()).throw(Enough))
    with pytest.raises(Enough):
        need_watch.main([], tmp_path)
    assert capsys.readouterr().out == "ready\n"


def test_port_that_is_reached_at_once_is_not_waited_for() -> None:
    with socket.create_server(("", 0), family=socket.AF_INET6, dualstack_ipv6=True) as server:
        waiting = threading.Thread(
            target=need_watch.await_listening, args=[server.getsockname()[1]], daemon=True
        )
        waiting.start()
        waiting.join(10)
        assert not waiting.is_alive()
