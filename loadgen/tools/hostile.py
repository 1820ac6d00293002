"""`python -m loadgen.tools.hostile`: thousands of hostile inputs against one server of the lab.

Runs in the pod of the server, whose descriptors are limited to `--descriptors`, with a
probe beside it. First the same kinds of input fill what the server keeps within bounds
(remembered answers, the allocator's arenas) until its memory has levelled out; how it
stands at rest then is the baseline. Prints one line of JSON: figures, no verdict.
"""

from __future__ import annotations

import argparse
import json
import resource
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

from contract.expected import EXACT
from contract.ports import SERVER_PORT
from contract.probe_question import AFTER, BEFORE
from loadgen.answers.wrong import WrongAnswerError
from loadgen.engine.sockets import reset_on_close
from loadgen.tools.hostile_inputs import Target, choose, is_answered
from loadgen.verification.verify import KEEP_ALIVE_REQUEST, Terms, learn
from loadgen.worker.probe_client import Probe

HOST = "127.0.0.1"
AT_ONCE = 48
BETWEEN_FLOODS = 10_000
WARM_UP, WARM_UP_BLOCK = 50_000, 5_000
"""At most so many inputs, in blocks, until one adds less than LEVEL to the server's RSS."""
LEVEL = 0.02
BEYOND = 100
"""Connections of a flood beyond the descriptors of all processes of the server."""
MOST_FLOOD = 8_000
FLOOD_S = 0.3
RECOVERY_S = 15.0
REST_S = 1.5
SETTLE_S = 6.0
"""Longer than a server lingers with a peer that it has refused."""
AT_REST = 0.01
FAILURES = 20
HOPELESS = 500
"""So many failures, and the rest of the campaign would tell nothing more."""


class Campaign:
    """Throws inputs at one server and remembers what went wrong."""

    def __init__(self, target: Target, probe: Probe, seed: int, descriptors: int) -> None:
        self._target = target
        self._probe = probe
        self._seed = seed
        self._descriptors = descriptors
        self._lock = threading.Lock()
        self.thrown: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.failures: list[dict[str, Any]] = []
        self.rss_bytes: list[int] = []  # after each flood

    def throw_all(self, numbers: range) -> None:
        """Throw these inputs, a flood after every BETWEEN_FLOODS of them."""
        for start in range(0, len(numbers), BETWEEN_FLOODS):
            self.throw(numbers[start : start + BETWEEN_FLOODS])
            self.flood()
            self.rss_bytes.append(self._probe.ask("flood").rss_bytes)

    def warm_up(self) -> None:
        """Throw inputs until the server's memory has levelled out, or WARM_UP of them."""
        for start in range(-WARM_UP, 0, WARM_UP_BLOCK):
            self.throw_all(range(start, start + WARM_UP_BLOCK))
            last = self.rss_bytes[-2:]
            if len(last) == 2 and last[1] < last[0] * (1 + LEVEL):
                return

    def throw(self, numbers: Iterable[int]) -> None:
        """Throw these inputs, AT_ONCE at a time."""
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for _ in pool.map(self._throw, numbers):
                pass

    def _throw(self, number: int) -> None:
        if self.failed.total() >= HOPELESS:
            return
        kind, random = choose(self._seed, number)
        failure = ""
        try:
            kind(self._target, random)
        except (OSError, WrongAnswerError) as error:
            failure = f"{type(error).__name__}: {error}"
        self._note(kind.__name__, number, failure)

    def flood(self) -> None:
        """Connections past the descriptor limit, all with a request; then they all go.

        The server may answer or close them; after them it must answer again.
        """
        processes = self._probe.ask("flood").processes
        count = min(processes * self._descriptors + BEYOND, MOST_FLOOD)
        flood = [socket.socket() for _ in range(count)]
        for sock in flood:
            sock.setblocking(False)
            sock.connect_ex(self._target.address)
        time.sleep(FLOOD_S / 2)
        for sock in flood:
            with suppress(OSError):  # refused, as it may be
                sock.send(self._target.exchange.request)
        time.sleep(FLOOD_S / 2)
        for number, sock in enumerate(flood):
            if number % 2:
                with suppress(OSError):
                    reset_on_close(sock)
            sock.close()
        self.thrown["flood"] += count - 1
        failure = (
            "" if self._recovers() else f"after {count} connections a good one found no answer"
        )
        self._note("flood", None, failure)

    def _recovers(self) -> bool:
        deadline = time.monotonic() + RECOVERY_S
        while not is_answered(self._target):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True

    def _note(self, kind: str, number: int | None, failure: str) -> None:
        with self._lock:
            self.thrown[kind] += 1
            if failure:
                self.failed[kind] += 1
                if len(self.failures) < FAILURES:
                    self.failures.append({"kind": kind, "input": number, "said": failure})

    def at_rest(self) -> dict[str, Any]:
        """The server when nothing is asked of it: its CPU share, and its sample then."""
        deadline = time.monotonic() + SETTLE_S
        while self._cpu_share(REST_S / 5) > AT_REST and time.monotonic() < deadline:
            continue
        share = self._cpu_share(REST_S)
        sample = self._probe.ask("rest")
        return {
            "cpu_share": share,
            "rss_bytes": sample.rss_bytes,
            "processes": sample.processes,
            "threads": sample.threads,
            "fds": sample.fds,
        }

    def _cpu_share(self, seconds: float) -> float:
        """Share of one core, by the counter of the server's cgroup."""
        before = self._probe.ask(BEFORE)
        time.sleep(seconds)
        after = self._probe.ask(AFTER)
        return (after.cpu_ns - before.cpu_ns) / (after.at_ns - before.at_ns)


def main() -> None:
    """Run the campaign that the command line asks for, and print what came of it."""
    parser = argparse.ArgumentParser(prog="python -m loadgen.tools.hostile", description=__doc__)
    parser.add_argument("--inputs", type=int, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--descriptors", type=int, required=True, help="limit of the server's")
    parser.add_argument("--only", type=int, help="throw this one input and nothing else")
    parser.add_argument("--probe-port", type=int, required=True)
    given = parser.parse_args()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    probe = Probe(f"{HOST}:{given.probe_port}")
    probe.environment()
    address = (HOST, SERVER_PORT)
    target = Target(address, learn(address, KEEP_ALIVE_REQUEST, Terms(check=EXACT)))
    # Not the inputs of the campaign itself: its first is to be met as it would be alone.
    warm_up = Campaign(target, probe, given.seed, given.descriptors)
    if given.only is None:
        warm_up.warm_up()
    before = warm_up.at_rest()
    campaign = Campaign(target, probe, given.seed, given.descriptors)
    started = time.monotonic()
    if given.only is None:
        campaign.throw_all(range(given.inputs))
    else:
        campaign.throw([given.only])
    seconds = time.monotonic() - started
    result = {
        "seconds": round(seconds, 3),
        "thrown": dict(campaign.thrown),
        "failed": dict(campaign.failed + warm_up.failed),
        "failures": (warm_up.failures + campaign.failures)[:FAILURES],
        "rss_bytes": warm_up.rss_bytes + campaign.rss_bytes,
        "before": before,
        "after": campaign.at_rest(),
        "answered": is_answered(target),
    }
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
