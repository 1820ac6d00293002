"""The look at a path, over the loopback, and what is made of it."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import asdict, replace
from threading import Thread, Timer
from typing import TYPE_CHECKING

import pytest

from contract.exits import Exit, LabError
from contract.ports import PROBE_PORT, SERVER_PORT
from experiments.docker.address import Address
from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import ContainerSpec, Ended
from experiments.docker.tool import program
from experiments.hosts import seen_hosts, wire, wire_echo, wire_look
from experiments.hosts.host_engines import HostEngines, LoadEngine
from experiments.hosts.wire import Wire, read
from experiments.plan.foreign_server import Foreign
from experiments.plan.hosts import Host, Hosts
from tests.support.fakes import some_trials

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = "127.0.0.1"
LOADS = ("load 1", "load 2")


def free_port(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as sock:
        sock.bind((HERE, 0))
        port: int = sock.getsockname()[1]
    return port


@contextmanager
def answering(tcp: int, udp: int, *more: int) -> Iterator[None]:
    command = [sys.executable, *program(wire_echo, *map(str, (udp, tcp, *more)))[1:]]
    with subprocess.Popen(command) as process:  # noqa: S603 - our own
        try:
            yield
        finally:
            process.kill()


def looked(tcp: int, udp: int, *more: int, address: str = HERE) -> Ended:
    _, option, source, *asked = program(wire_look, address, *map(str, (udp, tcp, *more)))
    patient = source.replace("PATIENCE_S = 10.0", "PATIENCE_S = 3.0")
    command = [sys.executable, option, patient, *asked]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own
    return Ended(done.returncode, done.stdout + done.stderr)


def test_round_trips_and_rate_of_a_path_that_is_there() -> None:
    tcp, udp = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
    with answering(tcp, udp):
        found = read(looked(tcp, udp), HERE, [SERVER_PORT], "h")
    assert 1 < found.round_trip_us < 1e5
    assert 1 < found.probe_round_trip_us < 1e5
    assert found.probe_lost < wire_look.LOOKS
    assert found.mbit_per_s > 10


def test_a_late_datagram_is_no_answer_to_the_next_question() -> None:
    """The first takes longer than it is waited for, each of the others so long as all do."""
    usual_s, late_s = 0.06, 0.13
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as far:
        far.bind((HERE, 0))
        far.settimeout(1.0)

        def answer() -> None:
            for place in range(wire_look.LOOKS):
                some, peer = far.recvfrom(64)
                Timer(usual_s if place else late_s, far.sendto, (some, peer)).start()

        thread = Thread(target=answer)
        thread.start()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(0.1)
            sock.connect(far.getsockname())
            trips = wire_look.round_trips_us(sock)
        thread.join()
    assert trips
    assert min(trips) > 0.9 * usual_s * 1e6


def test_a_stream_that_breaks_off_has_no_rate() -> None:
    def give(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock:
            sock.sendall(sock.recv(1))
            assert sock.recv(1) == wire_echo.GIVE
            sock.sendall((2**25).to_bytes(8, "big") + bytes(2**18))

    with socket.create_server((HERE, 0)) as listener:
        thread = Thread(target=give, args=(listener,))
        thread.start()
        with pytest.raises(ConnectionResetError, match="after 262,144 of 33,554,432 bytes"):
            wire_look.mbit_per_s(HERE, listener.getsockname()[1])
        thread.join()


def test_a_slow_path_has_its_rate_before_all_has_come(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the look waits for a container would else end the run, with a reason of its engine."""
    monkeypatch.setattr(wire_look, "RATE_S", 0.3)

    def give(listener: socket.socket) -> None:
        sock, _ = listener.accept()
        with sock, suppress(OSError):
            sock.sendall(sock.recv(1))
            assert sock.recv(1) == wire_echo.GIVE
            sock.sendall((2**25).to_bytes(8, "big"))
            while True:
                sock.sendall(bytes(1_000))
                time.sleep(0.01)

    with socket.create_server((HERE, 0)) as listener:
        thread = Thread(target=give, args=(listener,))
        thread.start()
        assert 0 < wire_look.mbit_per_s(HERE, listener.getsockname()[1]) < 2
        thread.join()


@pytest.mark.parametrize("closed", ["TCP", "UDP"])
def test_port_that_is_closed_is_named_with_what_to_do(closed: str) -> None:
    tcp, udp = free_port(socket.SOCK_STREAM), free_port(socket.SOCK_DGRAM)
    other = free_port(socket.SOCK_STREAM if closed == "TCP" else socket.SOCK_DGRAM)
    with answering(tcp, udp):
        ended = looked(*((other, udp) if closed == "TCP" else (tcp, other)))
    with pytest.raises(LabError, match=f"load's host {closed} port {other} of {HERE} is not") as no:
        read(ended, HERE, [SERVER_PORT], "the load's host")
    assert no.value.exit is Exit.NOT_READY
    assert "have the firewalls between them let TCP port 8080 and UDP port 8079" in str(no.value)


def test_each_server_s_port_is_looked_at() -> None:
    """The path may let through the first, and not the second."""
    tcp, other, closed = (free_port(socket.SOCK_STREAM) for _ in range(3))
    udp = free_port(socket.SOCK_DGRAM)
    with answering(tcp, udp, other):
        assert looked(tcp, udp, other).exit_code == 0
        ended = looked(tcp, udp, other, closed)
    with pytest.raises(
        LabError, match=f"load host 2 TCP port {closed} of {HERE} is not reached"
    ) as no:
        read(ended, HERE, [3000, 8080], "load host 2")
    assert "let TCP ports 3000, 8080 and UDP port 8079 of" in str(no.value)


def test_who_accepts_and_says_nothing_is_not_reached() -> None:
    """As what passes a port on, before it has reached anybody."""
    with socket.create_server((HERE, 0)) as silent:
        ended = looked(silent.getsockname()[1], free_port(socket.SOCK_DGRAM))
    assert ended.exit_code == wire_look.UNREACHED
    assert "timed out" in ended.output


def test_look_that_fails_otherwise_is_told_as_it_is() -> None:
    with pytest.raises(LabError, match="the path from load host 2 could not be looked at: no py"):
        read(Ended(127, "no python\n"), HERE, [SERVER_PORT], "load host 2")
    answer = Wire(100.0, 120.0, 1, 940.5)
    said = {"round_trip_us": 100.0, "probe_round_trip_us": 120.0}
    said |= {"probe_lost": 1, "mbit_per_s": 940.5}
    assert read(Ended(0, json.dumps(said)), HERE, [SERVER_PORT], "h") == answer


def test_the_ports_are_those_of_the_trials(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two servers, one on a port of its own."""
    nowhere = Address("unix:///nowhere", {}, "a test")
    there = {one: LoadEngine(DockerDriver("run", "o", nowhere, one)) for one in LOADS}
    driver = HostEngines("run", nowhere, "a", there)
    asked: list[ContainerSpec] = []

    def run_to_end(_: object, spec: ContainerSpec) -> Ended:
        asked.append(spec)
        return Ended(0, json.dumps(asdict(Wire(1.0, 1.0, 0, 1.0))))

    @contextmanager
    def running(_: object, spec: ContainerSpec) -> Iterator[str]:
        asked.append(spec)
        yield "c"

    monkeypatch.setattr(wire, "run_to_end", run_to_end)
    monkeypatch.setattr(wire, "running", running)
    monkeypatch.setattr(seen_hosts, "_of", lambda *_: {})
    ours = some_trials()[0]
    theirs = replace(ours.point, foreign=Foreign(name="shop", image="shop:1", port=80))
    loads = [Host(docker="ssh://b"), Host(docker="ssh://c")]
    hosts = Hosts(server=Host(docker="ssh://a", address=HERE), load=loads)
    trials = [ours, ours, replace(ours, point=theirs)]
    seen = seen_hosts.see_hosts(driver, hosts, "i", trials)["hosts"]
    assert seen["server"] == {"address": HERE}
    assert [seen[one]["path"]["probe_lost"] for one in LOADS] == [0, 0]
    server, client, server_again, other = asked
    assert (client.side, other.side) == LOADS
    assert server_again == server, "it is there for each look"
    assert (server.publish, server.publish_udp) == ({80: 80, SERVER_PORT: SERVER_PORT}, (8079,))
    assert server.command[-3:] == client.command[-3:] == (str(PROBE_PORT), "80", str(SERVER_PORT))
    assert server.sysctls, "a port below 1024 is for any user"
