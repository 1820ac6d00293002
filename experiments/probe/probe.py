"""The probe: reads `/proc` beside the server and answers each datagram with a sample.

It runs in its own container in the server's pid and network namespaces, as the
server's user, without any capability, and alone there: the standard library
only, and nothing of the lab but what stands beside this file and the contract. It sleeps in recv
until it is asked, so that it costs the trial nothing between samples; only the accept queue is
looked at in between, WATCH_HZ times a second, once a sample named `open` was asked for.

Counters are raw: the reader subtracts. CPU time is the server's own cgroup's,
which also counts threads and children that have ended.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from contract.granted import cpu_ns, folder, held_back, parse_allowed, processor
from contract.ports import PROBE_PORT
from contract.probe_question import (
    AFTER,
    BEFORE,
    CLOCK,
    CLOSE,
    ENVIRONMENT,
    GATE,
    OPEN,
    STOP_BY,
    key_of,
    parsed,
)
from contract.result.document import to_json
from contract.result.server_side import Environment, Moment, ProbeSample
from experiments.probe.deepest import Deepest
from experiments.probe.link import link
from experiments.probe.machine import (
    cores_cpu,
    environment,
    kernel_socket_bytes,
    meminfo,
    tcp_counters,
)
from experiments.probe.pressure import read_pressure
from experiments.probe.processes import PROC, connections_held, read_processes
from experiments.probe.server_core import loop_on, stay_off
from experiments.probe.sock_diag import accept_queue, accept_queue_limit, established

WATCH_HZ = 20
SERVER_PID = 1
TOLD = "told the server to end"  # in the log, where the run looks for it
TRACE = PROC / "1/root/tmp/trace"
"""Where strace, process 1 of a traced server, writes."""
MOST_TRACE_BYTES = 60 * 2**20
CALL = re.compile(rb"^(?:\d+ +)?(\w+)\(", re.MULTILINE)
"""Process and name; a line `<... NAME resumed>` is the end of a call counted before."""


def sample(server_port: int, cores: list[str], deepest: int = 0) -> ProbeSample:
    """One reading: monotonic ns, the server's processes, kernel counters. `deepest` is the accept
    queue's greatest depth so far."""
    return ProbeSample(
        at_ns=time.perf_counter_ns(),
        unix_ns=time.time_ns(),
        **_confinement(),
        **read_processes(),
        **tcp_counters(),
        accept_queue=(depth := accept_queue(server_port)),
        accept_queue_max=max(deepest, depth),
        kernel_socket_bytes=kernel_socket_bytes(),
        # Of the whole kernel, sockets among it: only its growth tells something.
        kernel_slab_bytes=meminfo("Slab"),
        **cores_cpu(cores),
        **read_pressure(),
        link=link(),
    )


def moment() -> Moment:
    """What the clock shows."""
    return Moment(at_ns=time.perf_counter_ns())


BY_ITSELF: dict[str, Callable[[], Environment | Moment]] = {
    ENVIRONMENT: environment,
    CLOCK: moment,
}
"""Questions that are answered without a sample, by who may be anybody among the workers."""


def _confinement(server: Path = PROC / "1") -> dict[str, Any]:
    """The server's own control group, seen through the root of its first process: CPU time, cores
    and quota granted, how often it was held back; and the cores that the process may use.
    """
    at = folder(server / "root/sys/fs/cgroup", (server / "cgroup").read_text())
    return {
        "cpu_ns": cpu_ns(at),
        **processor(at),
        **held_back(at),
        "affinity": parse_allowed((server / "status").read_text()),
    }


def _calls(start: int) -> dict[str, Any]:
    """System calls by name since the trace had `start` bytes, which is not 0 where the server is
    traced; whether it had room for them."""
    if not start:
        return {}
    with TRACE.open("rb") as trace:
        trace.seek(start)
        names = CALL.findall(trace.read())
        whole = trace.tell() < MOST_TRACE_BYTES
    return {
        "syscalls": {name.decode(): count for name, count in Counter(names).items()},
        "trace_is_whole": whole,
    }


def serve(server_port: int, cores: list[str]) -> None:
    """Answer questions (contract/probe_question.py) for ever, each with a sample and its number.

    The first of `cores` is the server's. What is in BY_ITSELF is answered with that instead; `gate`
    adds the established connections; `open` and `close` bound a window, `before` and `after` it the
    server's core is timed. `accept_queue_max` is the deepest since the last answer that was
    KEPT, as its asker says: others may have been lost on their way.
    `stop:SIGNAL` tells the server to end, once it is answered: the probe ends with it.
    """
    if cores:
        stay_off(int(cores[0]))
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("0.0.0.0", PROBE_PORT))  # noqa: S104 - the pod's own namespace; nothing is published
    traced = 0
    key = key_of(os.environ)
    deepest = Deepest()
    told: Environment | Moment | ProbeSample | None = None
    while True:
        try:
            question, peer = sock.recvfrom(256)
        except TimeoutError:
            deepest.see(accept_queue(server_port))
            continue
        try:
            word, number, kept = parsed(question, key)
        except ValueError:
            continue
        if word in BY_ITSELF:
            answer: Environment | Moment | ProbeSample = BY_ITSELF[word]()
        elif told is not None and word.startswith(STOP_BY):
            answer = told  # it was lost on its way; the moment stays that of the signal
        else:
            trace_bytes = TRACE.stat().st_size if TRACE.exists() else 0  # as of the sample's time
            found = sample(server_port, cores, deepest.since(kept))
            deepest.see(found.accept_queue or 0)
            deepest.tell(number)
            if word == OPEN:
                traced = trace_bytes
                sock.settimeout(1 / WATCH_HZ)
            elif word == CLOSE:
                sock.settimeout(None)
                found = replace(found, **_calls(traced))
            answer = _with_more(word, found, server_port, cores)
        sock.sendto(json.dumps({**to_json(answer), "asked": number}).encode(), peer)
        if word.startswith(STOP_BY) and told is None:
            told = answer
            print(TOLD, flush=True)
            os.kill(SERVER_PID, int(word.removeprefix(STOP_BY)))


def _with_more(word: str, found: ProbeSample, server_port: int, cores: list[str]) -> ProbeSample:
    """The sample with what only this question asks."""
    if word == GATE:
        return _at_gate(found, server_port)
    if word == OPEN:
        return replace(found, accept_queue_limit=accept_queue_limit(server_port))
    if word in (BEFORE, AFTER) and cores:
        return replace(found, core_loop_us=loop_on(int(cores[0])))
    if word.startswith(STOP_BY):
        os.kill(SERVER_PID, 0)  # raises where it may not
        return replace(found, at_ns=time.perf_counter_ns(), unix_ns=time.time_ns())
    return found


def _at_gate(found: ProbeSample, server_port: int) -> ProbeSample:
    """Looks at every descriptor of the server: not in a window."""
    inodes = established(server_port)
    held = connections_held(map(int, found.worker_cpu_ns), inodes)
    return replace(
        found,
        server_established=len(inodes),
        worker_connections={str(pid): count for pid, count in held.items()},
    )


if __name__ == "__main__":
    if sys.argv[1] == ENVIRONMENT:
        print(json.dumps(to_json(environment())))
    else:
        serve(int(sys.argv[1]), sys.argv[2:])
