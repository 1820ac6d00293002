"""Two workers on two cores against one worker on one core, for servers that take `workers`.

With the 13 bytes of `/` a generator would need more than one core to keep two workers
busy, and where there are two cores in all there is none to spare. So each request asks
for WORK_US of computing instead: the generator (wrk, two threads) then needs a twentieth
of a core, and what is measured is whether two workers really compute at once, with the
connections spread as this server spreads them. It says nothing of the cost of a request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Final

from contract.exits import LabError
from contract.ports import SERVER_PORT
from experiments.benchmarks.frame import Frame
from experiments.benchmarks.server_costs.figures import Figures
from experiments.docker.tool import run_tool
from experiments.run.trial_containers import Containers

WORK_US: Final = 200
SECONDS: Final = 2
CONNECTIONS: Final = 64
WRK: Final = (
    *("wrk", "-t2", f"-c{CONNECTIONS}", f"-d{SECONDS}s"),
    f"http://127.0.0.1:{SERVER_PORT}/cpu/{WORK_US}",
)
WHAT: Final = "2 workers"
FAILED: Final = re.compile(r"(Socket errors|Non-2xx).*")
"""wrk counts them among its requests."""
RATE: Final = re.compile(r"Requests/sec:\s+([\d.]+)")
TAKES_WORKERS: Final = """
import json
from servers.registry import load, names
print(json.dumps([name for name in names() if "workers" not in load(name).ignores]))
"""
"""Asked of the image: only the variants themselves know what they ignore."""


class RequestsFailedError(Exception):
    """Some requests ended in errors or other answers: their rate is no rate of this work."""


def compare_workers(
    made: Frame, containers: Containers, names: Sequence[str], rounds: int, figures: Figures
) -> None:
    """Requests per second with one worker and with two, by server, a pair per round. A server that
    answered something else, or not at all, has none."""
    told = run_tool(made.driver, made.images.server, ("python3", "-c", TAKES_WORKERS))
    able = [name for name in names if name in json.loads(told)]
    for _ in range(rounds):
        for name in able:
            if figures.is_missing(name, WHAT):
                continue
            try:
                pair = {str(many): _rate(made, containers, name, many) for many in (1, 2)}
            except RequestsFailedError as error:
                figures.missing(name, WHAT, str(error))
                figures.workers.pop(name, None)
            else:
                figures.workers.setdefault(name, []).append(pair)


def _rate(made: Frame, containers: Containers, name: str, workers: int) -> float:
    placement = containers.placement
    cpus = placement.server if workers == 1 else f"{placement.server},{placement.others}"
    servers = made.servers(containers, f"{name}-{workers}")
    with servers.serving(name, cpus=cpus, flags=("--workers", str(workers))) as server:
        guest = server.guest("load", made.images.peers, WRK, cpus=placement.load)
        output = server.run(guest).output
    return rate_of(name, output)


def rate_of(name: str, output: str) -> float:
    """The rate that wrk printed of a server, all of whose answers were right. Raises
    RequestsFailedError, or LabError where there is none."""
    if failed := FAILED.search(output):
        raise RequestsFailedError(f"wrk had failures: {failed[0].strip()}")
    rate = RATE.search(output)
    if rate is None:
        raise LabError(f"wrk printed no rate for {name}:\n{output[-500:]}")
    return float(rate[1])
