"""A path shaped by this machine's kernel, in a network namespace of the test's own.

What the kernel or its user may not do is skipped, with the kernel's own words.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import Any

import pytest

from contract.settings.trial import Settings
from experiments.link.shape import script
from experiments.paths import ROOT

PORT = 8080
OWN = ("unshare", "--map-root-user", "--net")
BODY_BYTES = 200_000
UNKNOWN = "Specified qdisc kind is unknown"
"""What a kernel says that was built without one."""
TALK = """
import json, socket, subprocess, sys, threading, time
from experiments.probe.link import link
from loadgen.engine.sockets import round_trip_us

commands, body_bytes, port = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
found = {"before": link()}
subprocess.run(["sh", "-c", commands], check=True, capture_output=True)

def serve(listener):
    with listener.accept()[0] as peer:
        peer.sendall(bytes(body_bytes))

def take(port):
    with socket.create_server(("127.0.0.1", port)) as listener:
        server = threading.Thread(target=serve, args=(listener,))
        server.start()
        with socket.create_connection(("127.0.0.1", port)) as client:
            trip_us, began_s = round_trip_us(client.fileno()), time.monotonic()
            while client.recv(65_536):
                pass
        server.join()
        return trip_us, time.monotonic() - began_s

found["trip_us"], found["taken_s"] = take(port)
found["after"] = link()
found["beside"] = take(port + 1)
found["at_last"] = link()
print(json.dumps(found))
"""


def run(*command: str) -> subprocess.CompletedProcess[str]:
    """A command in a network namespace of its own."""
    return subprocess.run(  # noqa: S603 - the test's own words
        [*OWN, *command], cwd=ROOT, capture_output=True, text=True, check=False, timeout=60
    )


def talk(**settings: Any) -> dict[str, Any]:
    """What came of a body sent over a path that is shaped so, and over one beside it; nothing where
    the kernel has no netem, and says so."""
    if not (shutil.which("tc") and shutil.which("unshare")):
        pytest.skip("there is no tc or no unshare")
    commands = script(Settings(**settings), PORT)
    tried = run("sh", "-c", f"ip link set lo up\n{commands}")
    if UNKNOWN in tried.stderr and Settings(**settings).shaping > 1:
        return {}
    if tried.returncode:
        pytest.skip(f"the path cannot be shaped here: {tried.stderr.splitlines()[-1]}")
    done = run(sys.executable, "-c", TALK, commands, str(BODY_BYTES), str(PORT))
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_thin_line_takes_its_time_and_counts_what_it_carries() -> None:
    rate_mbit = 8.0
    found = talk(rate_mbit=rate_mbit)
    assert found["before"] is None
    packets, sent, dropped = found["after"]["to_client"]
    assert sent > BODY_BYTES
    assert packets >= BODY_BYTES / 1_500, "packets are those of a wire"
    assert dropped == 0
    assert found["after"]["to_server"][0] > 0
    first_ms_bytes = 2 * 1_514  # what a line has in its bucket
    assert found["taken_s"] >= (BODY_BYTES - first_ms_bytes) * 8 / (rate_mbit * 1e6)


def test_what_goes_to_another_port_passes_beside_the_line() -> None:
    found = talk(rate_mbit=0.5)
    later = {name: counts[1] - found["after"][name][1] for name, counts in found["at_last"].items()}
    assert max(later.values()) < BODY_BYTES / 10, "the last acknowledgements, and no body"
    assert found["beside"][1] < found["taken_s"]


def test_a_delay_is_in_each_direction_of_a_round_trip_or_there_is_no_netem() -> None:
    if found := talk(delay_ms=20.0):
        assert found["trip_us"] >= 40_000
        assert found["beside"][0] < 40_000


def test_lost_packets_are_counted_or_there_is_no_netem() -> None:
    if found := talk(loss=0.2):
        assert sum(lost for _, _, lost in found["after"].values()) > 0
