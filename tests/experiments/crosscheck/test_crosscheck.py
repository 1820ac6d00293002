"""Cross-checks without Docker: what is read from the tools, and what is made of it."""

from __future__ import annotations

import io
import json
from contextlib import contextmanager
from dataclasses import dataclass
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from rich.console import Console

from contract.exits import LabError
from experiments.benchmarks.frame import Frame, Trials
from experiments.crosscheck import campaign, table, tools
from experiments.crosscheck.campaign import Bench, compare_calls, compare_load, compare_queue
from experiments.crosscheck.table import DIFFERS, KNOWN, SAME, Compared, print_table
from experiments.crosscheck.tools import FAILED, LOADERS, MEAN, MEDIAN, P99, RATE, Loader
from experiments.run.trial_containers import Containers
from tests.support.fakes import FakeDriver, FakeImages
from tests.support.placed import placed

if TYPE_CHECKING:
    from collections.abc import Iterator

    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images

WRK = """\
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   468.34us  111.05us   3.93ms   90.14%
  Latency Distribution
     50%  450.00us
     75%  491.00us
     90%  549.00us
     99%    1.20ms
  409210 requests in 3.00s, 44.49MB read
Requests/sec: 136371.44
"""
AB = """\
Requests per second:    16999.74 [#/sec] (mean)
Percentage served,Time in ms
0,0.120
50,5.750
99,9.204
"""
HTTPERF = """\
Total: connections 800 requests 800 replies 800 test-duration 8.000 s

Connection time [ms]: min 5.0 avg 7.6 max 31.2 median 6.5 stddev 3.7
Connection time [ms]: connect 0.0
"""
SS = """\
LISTEN 0      128          0.0.0.0:8089      0.0.0.0:*
LISTEN 6      5            0.0.0.0:8080      0.0.0.0:*
"""
NSTAT = """\
#kernel
TcpRetransSegs                  7                  0.0
TcpOutSegs                      90                 0.0
TcpExtListenOverflows           14                 0.0
TcpExtListenDrops               14                 0.0
"""
STRACE = """\
% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 40.00    0.100000          10      {calls}         1 epoll_wait
 30.00    0.080000          10      {calls}           read
 30.00    0.080000          10      {calls}           write
------ ----------- ----------- --------- --------- ----------------
100.00    0.260000           9      9999         1 total
"""
SAMPLE = {
    "accept_queue": 6,
    "listen_overflows": 14,
    "listen_drops": 14,
    "retransmits": 7,
    "segments_out": 90,
}


def test_what_the_tools_print_is_read() -> None:
    none = {FAILED: 0.0}
    assert tools.read_wrk(WRK) == {RATE: 136_371.44, MEDIAN: 450.0, P99: 1_200.0} | none
    assert tools.read_ab(AB) == {RATE: 16_999.74, MEDIAN: 5_750.0, P99: 9_204.0} | none
    assert tools.read_httperf(HTTPERF) == {RATE: 100.0, MEAN: 7_600.0} | none
    assert tools.read_ss(SS) == (6, 5)
    assert tools.read_nstat(NSTAT)["TcpOutSegs"] == 90
    calls = {"epoll_wait": 1_005, "read": 1_005, "write": 1_005}
    assert tools.read_strace(STRACE.format(calls=1_005)) == calls


@pytest.mark.parametrize(
    ("name", "output", "failed"),
    [
        ("wrk", f"{WRK}  Socket errors: connect 0, read 5, write 0, timeout 3\n", 8),
        ("wrk", f"{WRK}  Non-2xx or 3xx responses: 409210\n", 409_210),
        ("ab", f"Failed requests:        12\n   (Connect: 0, Length: 12)\n{AB}", 12),
        ("ab", f"Failed requests:        0\nNon-2xx responses:      40\n{AB}", 40),
        ("httperf", f"{HTTPERF}Reply status: 1xx=0 2xx=700 3xx=0 4xx=0 5xx=100\n", 100),
        ("httperf", f"{HTTPERF}Errors: total 7 client-timo 0 socket-timo 0 connreset 7\n", 7),
        ("httperf", f"{HTTPERF}Errors: total 0 client-timo 0 socket-timo 0 connreset 0\n", 0),
    ],
)
def test_what_failed_for_a_tool_is_a_figure(name: str, output: str, failed: int) -> None:
    assert getattr(tools, f"read_{name}")(output)[FAILED] == failed
    assert Compared(name, FAILED, (0.0,), (float(failed),)).verdict == (DIFFERS if failed else SAME)


@pytest.mark.parametrize("name", ["wrk", "ab", "httperf", "ss", "nstat", "strace"])
def test_what_is_not_theirs_is_refused_with_its_end(name: str) -> None:
    with pytest.raises(LabError, match="no such option"):
        getattr(tools, f"read_{name}")("no such option")


@pytest.mark.parametrize("loader", LOADERS, ids=lambda loader: loader.name)
def test_tool_and_lab_are_asked_for_the_same(loader: Loader) -> None:
    words, settings = " ".join(loader.command), loader.settings
    assert (settings.path or "/") in words
    if settings.rate_per_s is None:
        assert f"-c{settings.active_connections}" in words.replace("-c ", "-c")
    else:
        assert f"e{1 / settings.rate_per_s}" in words


@dataclass
class Answering(FakeDriver):
    """Every container prints what its command would."""

    code: int = 0

    def logs(self, container: str) -> str:
        words = self.up[container].command
        if "servers" in words:
            return '{"event": "listening"}'
        if words == tools.SAMPLE:
            return json.dumps(SAMPLE)
        if words == tools.FILL:
            return f"{tools.FILLED}\n"
        return {"ss": SS, "nstat": NSTAT, "ab": AB, "wrk": WRK, "httperf": HTTPERF}[words[0]]

    def wait(self, container: str, timeout_s: float) -> int:
        assert timeout_s > 0
        assert container in self.up
        return self.code


def a_bench(driver: FakeDriver) -> Bench:
    images = SimpleNamespace(server="server:1", load="load:1", peers="peers:1", traced="traced:1")
    made = Frame("x", "r", cast("DockerDriver", driver), cast("Images", images), print)
    return Bench(made, Containers(FakeImages(), placed(2), "net", 20_000, "c10k-run"))


class FakeTrials:
    def measure(self, _settings: object) -> tuple[dict[str, float], dict[str, float]]:
        columns = tools.COLUMNS.values()
        return dict.fromkeys(columns, 5_000.0) | {"requests_per_s": 17_000.0}, {}


def test_a_load_is_compared_in_rounds_on_the_core_of_the_load() -> None:
    driver = Answering()
    loader = LOADERS[1]
    found = {
        one.figure: one for one in compare_load(a_bench(driver), cast(Trials, FakeTrials()), loader)
    }
    assert found[RATE].lab == (17_000.0,) * campaign.ROUNDS
    assert found[RATE].verdict == SAME
    assert found[MEDIAN].ratio == pytest.approx(5.0 / 5.75)
    assert found[FAILED].lab == (5_000.0 * campaign.ROUNDS,)
    assert found[FAILED].verdict == DIFFERS
    assert not driver.up
    server, tool = driver.started[1], driver.started[2]
    assert server.command[-2:] == ("--backlog", "5")
    assert (server.nofile, server.cpus, tool.cpus, tool.image) == (20_000, "0", "1", "peers:1")


def test_a_tool_that_fails_is_named_and_nothing_stays() -> None:
    driver = Answering(code=7)
    with pytest.raises(LabError, match="ab ended with 7"):
        list(compare_load(a_bench(driver), cast(Trials, FakeTrials()), LOADERS[1]))
    assert not driver.up


def test_queue_and_counters_have_to_be_equal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(campaign, "SETTLE_S", 0.0)
    found = {one.figure: one for one in compare_queue(a_bench(Answering()))}
    assert {one.verdict for one in found.values()} == {SAME}
    assert (found["accept queue"].lab, found["accept queue"].theirs) == ((6,), (6,))
    monkeypatch.setitem(SAMPLE, "retransmits", 8)
    found = {one.figure: one for one in compare_queue(a_bench(Answering()))}
    assert found["RetransSegs"].verdict == DIFFERS


def test_calls_are_those_of_the_requests_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    def run_tool(_driver: object, image: str, command: tuple[str, ...], **_: float) -> str:
        assert image == "traced:1"
        if command[0] == "python3":
            per_request = {"read": 1.0, "write": 1.0, "epoll_wait": 1.5}
            return f"noise\n{json.dumps({'1': {'calls_per_request': per_request}})}"
        requests = 1_000 if "range(1000)" in command[2] else 2_000
        return STRACE.format(calls=requests + 77)

    monkeypatch.setattr(campaign, "run_tool", run_tool)
    found = {one.figure: one for one in compare_calls(a_bench(FakeDriver()).made)}
    assert found["read per request"].theirs == (1.0,)
    assert found["read per request"].verdict == SAME
    assert found["epoll_wait per request"].verdict == DIFFERS


@pytest.mark.parametrize(
    ("figure", "lab", "verdict"),
    [(RATE, 104.0, SAME), (RATE, 106.0, DIFFERS), (P99, 109.0, SAME), (P99, 88.0, DIFFERS)],
)
def test_thresholds(figure: str, lab: float, verdict: str) -> None:
    assert Compared("wrk", figure, (lab,), (100.0,)).verdict == verdict


def test_a_known_reason_is_of_a_figure_that_is_compared() -> None:
    assert {tool for tool, _ in table.REASONS} <= {one.name for one in LOADERS}


@pytest.mark.parametrize(("lab", "verdict"), [(97.0, SAME), (93.0, KNOWN), (50.0, DIFFERS)])
def test_a_reason_explains_no_more_than_it_may(lab: float, verdict: str) -> None:
    assert Compared("httperf, 100/s Poisson", RATE, (lab,), (100.0,)).verdict == verdict


def test_nothing_against_nothing_is_equal() -> None:
    assert Compared("nstat", "RetransSegs", (0,), (0,)).verdict == SAME
    assert Compared("nstat", "RetransSegs", (1,), (0,)).verdict == DIFFERS


def test_table_tells_known_differences_from_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(table.REASONS, ("wrk", P99), ("it counts otherwise", 2.0))
    compared = [
        Compared("wrk", RATE, (101.0, 99.0, 103.0), (100.0, 100.0, 100.0)),
        Compared("wrk", P99, (300.0,), (100.0,)),
        Compared("ab", RATE, (50.0,), (100.0,)),
    ]
    assert [one.verdict for one in compared] == [SAME, KNOWN, DIFFERS]
    stream = io.StringIO()
    print_table(Console(file=stream), compared)
    told = stream.getvalue()
    assert "1.010  0.990 to 1.030  same" in told
    assert "wrk, p99, us: it counts otherwise" in told
    assert "3 figures; 1 differ without a known reason" in told


def test_the_whole_saves_and_prints(monkeypatch: pytest.MonkeyPatch) -> None:
    saved: dict[str, object] = {}
    bench = a_bench(Answering())

    def save(figures: dict[str, object], file: str) -> str:
        saved.update(figures)
        return file

    made = SimpleNamespace(
        driver=bench.made.driver,
        images=bench.made.images,
        servers=bench.made.servers,
        run="r",
        name="x",
        say=lambda _: None,
        save=save,
    )

    @contextmanager
    def frame(*_: object) -> Iterator[object]:
        yield made

    @contextmanager
    def trial_environment(*_: object) -> Iterator[object]:
        yield SimpleNamespace(containers=bench.containers, settle=lambda: None)

    monkeypatch.setattr(campaign, "SETTLE_S", 0.0)
    monkeypatch.setattr(campaign, "frame", frame)
    monkeypatch.setattr(campaign, "trial_environment", trial_environment)
    monkeypatch.setattr(campaign, "Trials", lambda *_: FakeTrials())
    monkeypatch.setattr(campaign, "compare_calls", lambda _: [])
    monkeypatch.setattr(campaign, "compare_search", lambda *_: [])
    stream = io.StringIO()
    with pytest.raises(
        LabError, match=r"differ without a known reason: .*median, us of ab .* \(all"
    ):
        campaign.crosscheck(Console(file=stream))
    lines = sum(
        len(loader.read(text)) for loader, text in zip(LOADERS, (WRK, AB, AB, HTTPERF), strict=True)
    )
    assert len(cast(list[object], saved["compared"])) == lines + 2 + 4
    assert "differ without a known reason" in stream.getvalue()
