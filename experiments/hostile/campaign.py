"""`make hostile`: thousands of hostile inputs against each variant in its container.

Each variant has a pod of its own, few descriptors, the probe beside it, and the client
(loadgen/tools/hostile.py) in the pod's namespace on another core. A variant passes when it is
alive and at rest afterwards, no larger than before, and every well-formed request in the
campaign was answered exactly. Figures go to results/hostile/RUN/hostile.json.
"""

from __future__ import annotations

import json
import time
from collections.abc import Collection
from pathlib import Path

from rich.console import Console

from contract.exits import Exit, LabError
from contract.ports import PROBE_PORT, SERVER_PORT
from experiments.benchmarks.frame import check_names, frame
from experiments.docker.driver import DriverError
from experiments.docker.tool import running
from experiments.hostile.verdict import Result, judge, make_table
from experiments.plan.experiment_file import servers as variants
from experiments.run.standalone_server import NotListeningError, StandaloneServers
from experiments.run.trial_containers import PROBE
from experiments.run.trial_environment import cores_and_network

INPUTS = 100_000
DESCRIPTORS = 256
"""Limit of the server: few, so that a flood past them is short; the client's 48 fit well."""
CLIENT_DESCRIPTORS = 10_000
ENDS_BY_ITSELF = frozenset({"one_shot"})
"""Serves one connection and exits: to be alive after a campaign is not in its nature."""
LEAST_RATE_PER_S = 100.0
LEAST_S = 600.0
"""A campaign, warm-up and all, that takes longer than these allow hangs."""


def hostile(
    console: Console,
    inputs: int = INPUTS,
    only: Collection[str] = (),
    seed: int | None = None,
    one: int | None = None,
) -> Path:
    """Run the campaign against each variant (or `only` some) and print a table.

    With `one`, only the input of that number is thrown, to repeat a failure. Returns the
    file with the figures; raises LabError(Exit.HARMED) when a variant does not pass.
    """
    names = chosen(only)
    seed = int(time.time()) if seed is None else seed
    results: dict[str, Result] = {}
    report = {"seed": seed, "inputs": inputs, "only": one, "servers": results}
    with frame("hostile", ("server", "load"), console, port=None) as made:
        placement, network = cores_and_network(made.run, made.driver, made.images.server)
        made.say(f"{inputs if one is None else 1:,} inputs for each of {len(names)}, seed {seed}")
        for name in names:
            prefix = f"c10k-{made.run}-{name}"
            servers = StandaloneServers(made.driver, made.images, placement, network, prefix)
            results[name] = _campaign(servers, name, inputs, seed, one)
            path = made.save({"run": made.run, **report}, "hostile.json")
            made.say(f"{name}: {'; '.join(judge(results[name])) or 'passed'}")
        console.print(make_table(results, DESCRIPTORS))  # whatever ends the campaign after it
    harmed = [name for name, result in results.items() if judge(result)]
    if harmed:
        raise LabError(
            f"harmed: {', '.join(harmed)} (figures in {path}). To repeat one input: "
            f"make hostile SERVERS={harmed[0]} SEED={seed} INPUT=its number",
            Exit.HARMED,
        )
    return path


def chosen(only: Collection[str]) -> list[str]:
    """The variants to be tried. Raises LabError for a name that none has."""
    there = [name for name in variants() if name not in ENDS_BY_ITSELF]
    check_names("SERVERS", only, there)
    return [name for name in there if not only or name in only]


def _campaign(
    servers: StandaloneServers, name: str, inputs: int, seed: int, one: int | None
) -> Result:
    """What the client reported (None without a report), and how the server is after it."""
    result: Result = {"client": None, "reason": "", "ended": "", "faults": []}
    driver, images, placement = servers.driver, servers.images, servers.placement
    throw = (
        *("python3", "-m", "loadgen.tools.hostile", "--inputs", str(inputs), "--seed", str(seed)),
        *("--descriptors", str(DESCRIPTORS), "--probe-port", str(PROBE_PORT)),
        *(() if one is None else ("--only", str(one))),
    )
    try:
        with servers.serving(name, nofile=DESCRIPTORS) as server:
            probe = server.guest(
                *("probe", images.server, (*PROBE, str(SERVER_PORT))),
                cpus=placement.others,
                sees_processes=True,
            )
            client = server.guest(
                *("load", images.load, throw), cpus=placement.load, nofile=CLIENT_DESCRIPTORS
            )
            with running(driver, probe):
                output = server.run(client, LEAST_S + inputs / LEAST_RATE_PER_S).output
            state, log = driver.state(server.container), driver.logs(server.container)
    except (DriverError, NotListeningError) as error:
        return result | {"reason": str(error)}
    result["faults"] = [
        line for line in log.splitlines() if '"fault"' in line or '"replaced"' in line
    ]
    if not state.running:
        result["ended"] = f"the server ended with {state.exit_code}: {log[-300:]}"
    if output.rstrip().endswith("}"):
        result["client"] = json.loads(output.splitlines()[-1])
    else:
        result["reason"] = f"the client failed: {output[-500:]}"
    return result
