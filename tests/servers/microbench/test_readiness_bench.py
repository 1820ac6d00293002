"""The benchmark of readiness on a few descriptors, in this process and as a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

import pytest

from contract import loads
from contract.exits import ServerExit
from servers.microbench.readiness_bench import INTERFACES, main, measure
from servers.microbench.readiness_work import WORKS, OneWait, TokenRing
from servers.variants.epoll_level import EpollReadiness


@pytest.fixture(autouse=True)
def _no_descriptor_stays() -> Iterator[None]:
    """The benchmark leaves closing to the end of its process."""
    before = set(os.listdir("/proc/self/fd"))
    yield
    for fd in set(os.listdir("/proc/self/fd")) - before:
        with suppress(OSError):  # it was that of the listing, or an object has closed it
            os.close(int(fd))


def told(text: str) -> dict[str, dict[str, Any]]:
    return {event.pop("event"): event for event in map(json.loads, text.splitlines())}


@pytest.mark.parametrize("work", WORKS)
@pytest.mark.parametrize("interface", INTERFACES)
def test_every_interface_does_every_work(
    work: str, interface: str, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = (work, interface, "--watched", "7", "--warm-up", "0.01", "--window", "0.02")
    assert main(asked) is ServerExit.OK
    events = told(capsys.readouterr().out)
    assert events["watched"] == {"descriptors": 7}
    measured = events["measured"]
    assert measured["turns"] >= 1
    assert measured["window_ns"] >= 20_000_000
    assert (measured["waited_ns"] > 0) == (work == "one_wait")
    assert measured["bare_ns"] > 0
    assert all(measured["core_loops_us"][when] > 0 for when in ("before", "after"))


def test_the_lab_knows_what_there_is() -> None:
    assert tuple(WORKS) == loads.WITHOUT_CLIENTS
    assert tuple(INTERFACES) == loads.INTERFACES


def test_a_token_goes_from_pipe_to_pipe_and_round() -> None:
    ring = TokenRing(EpollReadiness(), 3)
    ring.bare(4)
    ring.watch()
    for turns in (0, 1, 1, 5):
        ring.turns(turns)
        ring.check()


class Wrong(EpollReadiness):
    """Tells of nothing, once."""

    def __init__(self) -> None:
        super().__init__()
        true_wait, told = self.wait, [False]

        def wait(ticks: float) -> Iterable[tuple[int, int]]:
            if told[0]:
                return true_wait(ticks)
            told[0] = True
            return ()

        self.wait = wait


@pytest.mark.parametrize("work", [TokenRing, OneWait])
def test_an_interface_that_does_not_tell_is_found_out(work: type[TokenRing | OneWait]) -> None:
    made = work(Wrong(), 3)
    made.watch()
    with pytest.raises(RuntimeError):
        measure(made, 0.0, 0.001)


def run(*asked: str, nofile: int | None = None) -> subprocess.CompletedProcess[str]:
    limit = f"import resource as r; r.setrlimit(r.RLIMIT_NOFILE, ({nofile}, {nofile})); "
    module = "servers.microbench.readiness_bench"
    code = f"{limit if nofile else ''}import sys; from {module} import main; "
    return subprocess.run(  # noqa: S603 - this interpreter
        [sys.executable, "-c", f"{code}sys.exit(main({list(asked)}))"],
        capture_output=True,
        text=True,
        check=False,
    )


def test_select_names_its_wall() -> None:
    done = run("one_wait", "select", "--watched", "1100")
    events = told(done.stdout)
    assert done.returncode == ServerExit.UNAVAILABLE
    held = events["watched"]["descriptors"]
    assert 1_000 < held < 1_024
    assert events["limit"]["limit"] == "FD_SETSIZE"
    assert f"select takes {held:,} of 1,100 descriptors" in events["limit"]["message"]
    assert "measured" not in events


def test_select_watches_a_thousand_pipes() -> None:
    short = ("--warm-up", "0", "--window", "0.001")
    assert "measured" in told(run("token_ring", "select", "--watched", "1000", *short).stdout)


def test_too_few_descriptors_are_a_limit_too() -> None:
    done = run("one_wait", "epoll_level", "--watched", "200", nofile=100)
    events = told(done.stdout)
    assert done.returncode == ServerExit.UNAVAILABLE
    assert (events["limit"]["limit"], events["limit"]["value"]) == ("nofile", 100)


@pytest.mark.parametrize("asked", [("one_wait", "poll", "--watched", "0"), ("sleep", "poll")])
def test_bad_usage(asked: tuple[str, ...]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(asked)
    assert ended.value.code == ServerExit.USAGE
