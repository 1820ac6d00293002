"""The benchmark of the load engine without Docker: what is read, and the table."""

from __future__ import annotations

import io
import json
import subprocess
import sys

import pytest
from rich.console import Console

from contract.exits import Exit, LabError
from experiments.benchmarks.load_generators.benchmark import CHECKING, bench_loadgen
from experiments.benchmarks.load_generators.figures import Figures, Pair
from experiments.benchmarks.load_generators.peers import PEERS, Side
from experiments.benchmarks.load_generators.table import print_table

CPU = '{"cpu_s": 1.5}\n'
OUTPUTS = {
    "wrk": """\
  64 threads and 64 connections
  300000 requests in 3.00s, 43.20MB read
Requests/sec:  99800.00
""",
    "ab": """\
Concurrency Level:      64
Time taken for tests:   3.000 seconds
Complete requests:      300000
Failed requests:        0
Requests per second:    100000.00 [#/sec] (mean)
""",
}
LOCUST = {"requests": 300_000, "failures": 0, "seconds": 3.0, "cpu_s": 1.5}


@pytest.mark.parametrize("peer", PEERS, ids=lambda one: f"{one.name}-{one.load}-{one.connections}")
def test_every_peer_is_read_alike(peer: object) -> None:
    assert peer in PEERS
    one = PEERS[PEERS.index(peer)]
    tool = OUTPUTS.get(one.name)
    output = tool + CPU if tool else f"some table\n{json.dumps(LOCUST)}\nanother\n"
    assert one.read(output) == Side(rate=100_000.0, cpu_us=5.0, share=0.5)
    assert str(one.connections) in " ".join(one.command)


@pytest.mark.parametrize(
    ("name", "output", "words"),
    [
        ("wrk", OUTPUTS["wrk"], "wrk printed no figures"),
        ("wrk", "unable to connect\n" + CPU, "wrk printed no rate"),
        ("wrk", OUTPUTS["wrk"] + "  Socket errors: connect 0, read 3\n" + CPU, "had failures"),
        ("ab", OUTPUTS["ab"].replace("requests:        0", "requests:        7") + CPU, "failures"),
        ("FastHttpUser", json.dumps({**LOCUST, "failures": 2}), "had failures"),
        ("HttpUser", json.dumps({**LOCUST, "requests": 0}), "no response"),
    ],
)
def test_a_peer_that_failed_is_no_figure(name: str, output: str, words: str) -> None:
    peer = next(one for one in PEERS if one.name == name)
    with pytest.raises(LabError, match=words):
        peer.read(output)


def test_an_unknown_group_is_refused() -> None:
    with pytest.raises(LabError, match="ONLY: speed: not among peers") as caught:
        bench_loadgen(Console(file=io.StringIO()), ["speed"])
    assert caught.value.exit == Exit.BAD_INPUT


def test_the_table_has_both_ratios_and_what_is_missing() -> None:
    figures = Figures(
        peers=[
            Pair("wrk", Side(200.0, 4.0, 0.8), Side(100.0, 8.0, 0.8), ("server", "generator")),
            Pair("wrk", Side(150.0, 4.0, 0.6), Side(100.0, 4.0, 0.4), ("server", "server")),
            Pair("wrk", Side(300.0, 4.0, 1.2), Side(100.0, 6.0, 0.6), ("server", "generator")),
        ],
        features=[Pair("open", Side(50.0, 9.0, 1.0), Side(100.0, 6.0, 1.0), ("a", "b"))],
        idle=[{"idle": 10_000, "connect_s": 0.5, "bytes_each": 260.0}],
        checking=[{"every_byte_us": 0.03, "length_us": 0.04}],
        workers=[{"one": 10.0, "two": 19.0, "ratio": 1.9}],
        why=["18,000 idle connections: 9,000 descriptors"],
    )
    out = io.StringIO()
    print_table(Console(file=out, width=40), figures)
    text = out.getvalue()
    assert "2.00 (1.50-3.00)" in text  # rates
    assert "1.50 (1.00-2.00)" in text  # their processor time to ours
    assert "1.50 (1.50-1.50)" in text  # what the feature costs
    assert "server | generator" in text
    assert "10,000 idle connections: established in 0.50" in text
    assert "compared: 0.03 (0.03-0.03) us" in text
    assert "against one: 1.90" in text
    assert "missing: 18,000 idle connections: 9,000 descriptors" in text


def test_checking_costs_something() -> None:
    command = [sys.executable, "-c", CHECKING.replace("10**6", "10")]
    told = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    assert all(us > 0 for us in json.loads(told.stdout).values())


def test_the_clock_tells_what_the_command_used_and_how_it_ended() -> None:
    burn = "import time\nwhile time.process_time() < 0.2: pass\nprint('done')\nraise SystemExit(3)"
    command = [sys.executable, "-m", "loadgen.tools.cpu_time", sys.executable, "-c", burn]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    first, second = ended.stdout.splitlines()
    assert (first, ended.returncode) == ("done", 3)
    assert json.loads(second)["cpu_s"] >= 0.2
