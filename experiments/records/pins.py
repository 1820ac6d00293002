"""Whether a trial's server and load had the cores and the CPU time that the trial asked for.

What was asked goes into the trial's record beside what was seen, so that it can be judged again.
Seen is: by the probe, the server's control group and first process; by each load worker, its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from contract.granted import parse_cores
from contract.probe_question import OF_WINDOW
from contract.result.benchmark_result import Turns
from contract.result.load_side import Worker
from contract.result.pins import AskedPins, Pins
from contract.result.server_side import ProbeSample
from contract.result.trial_result import TrialResult
from experiments.docker.driver import ContainerSpec
from experiments.records.quotient import per

CLOSE = 0.01
"""A quota is asked in whole us of its period."""


def asked(server: ContainerSpec, loads: Iterable[ContainerSpec] = ()) -> AskedPins:
    """What the server's container and those of the load workers ask of the engine."""
    by_name = {f"load worker {number}": _of(spec) for number, spec in enumerate(loads, 1)}
    return AskedPins(_of(server), by_name)


def throttled_share(before: ProbeSample, after: ProbeSample) -> float | None:
    """Share of the time between in which the server waited because its CPU quota was used up."""
    return per(after.throttled_ns - before.throttled_ns, after.at_ns - before.at_ns)


def not_as_asked(result: TrialResult) -> str:
    """Why what was measured in the window was not on its cores, or was held back; empty if not.

    A quota that the trial asked for may hold its own back: then it is what is measured.
    """
    if result.asked is None:
        raise ValueError("what the trial asked of the engine was not recorded")
    inside = [one for one in result.samples if one.label in OF_WINDOW]
    faults = [*_server(result.asked.server, inside)]
    for worker in result.workers:
        faults += _load(worker, result.asked.loads[worker.name])
    return "; ".join(faults)


def microbenchmark_not_as_asked(asked: AskedPins, measured: Turns) -> str:
    """The same without clients, of what the benchmark says of itself."""
    return next(_misplaced("the benchmark", asked.server.cores, [measured.affinity]), "")


def cores_in_words(cores: Iterable[int]) -> str:
    """In words: core 1, or cores 0 and 1."""
    numbers = [str(core) for core in sorted(cores)]
    if len(numbers) == 1:
        return f"core {numbers[0]}"
    return f"cores {', '.join(numbers[:-1])} and {numbers[-1]}"


def _server(wanted: Pins, inside: Sequence[ProbeSample]) -> Iterator[str]:
    # A server may keep itself to some of its cores. Its control group tells what is its own.
    seen = [one.affinity if one.cpuset is None else one.cpuset for one in inside]
    beyond = [one.affinity for one in inside if not set(one.affinity) <= set(wanted.cores)]
    yield from _misplaced("the server", wanted.cores, [*seen, *beyond])
    for one in inside:
        quota = per(one.quota_us, one.period_us)
        if not _equal(quota, wanted.cpu_quota):
            yield _unequal("the server", quota, wanted.cpu_quota)
            break
    if wanted.cpu_quota is None:
        first, last = inside[0], inside[-1]
        yield from _throttled(
            "the server",
            last.throttled_periods - first.throttled_periods,
            last.throttled_ns - first.throttled_ns,
        )


def _load(worker: Worker, wanted: Pins) -> Iterator[str]:
    yield from _misplaced(worker.name, wanted.cores, [worker.cores])
    if not _equal(worker.cpu_quota, wanted.cpu_quota):
        yield _unequal(worker.name, worker.cpu_quota, wanted.cpu_quota)
    if wanted.cpu_quota is None:
        yield from _throttled(worker.name, worker.throttled_periods, worker.throttled_ns)


def _misplaced(who: str, wanted: Sequence[int], seen: Iterable[Sequence[int]]) -> Iterator[str]:
    """At the first moment at which it was elsewhere."""
    elsewhere = next((cores for cores in seen if cores != wanted), None)
    if elsewhere is not None:
        yield f"{who} had {cores_in_words(elsewhere)}, and not {cores_in_words(wanted)} as asked"


def _equal(given: float | None, wanted: float | None) -> bool:
    if given is None or wanted is None:
        return given is wanted
    return abs(given - wanted) <= CLOSE * wanted


def _unequal(who: str, given: float | None, wanted: float | None) -> str:
    if wanted is None:
        return f"{who} had a CPU quota of {given:.3g} cores that the trial did not ask for"
    had = "no CPU quota" if given is None else f"a CPU quota of {given:.3g} cores"
    return f"{who} had {had}, and not one of {wanted:.3g} cores as asked"


def _throttled(who: str, periods: int, waited_ns: int) -> Iterator[str]:
    if periods > 0:
        yield (
            f"{who} was held back for {waited_ns / 1e6:,.1f} ms of the window "
            "by a CPU quota that the trial did not ask for"
        )


def _of(spec: ContainerSpec) -> Pins:
    return Pins(tuple(parse_cores(spec.cpus)), spec.cpu_quota)
