"""A trial's result as a load worker and the probe would have it, and the same with other values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from contract.result.distribution import TIMES, Distribution, Times
from contract.result.document import from_json, to_json
from contract.result.load_side import LoadSecond, Worker, WorkerShare
from contract.result.pins import AskedPins, Pins
from contract.result.server_side import Environment, ProbeSample
from contract.result.trial_result import TrialResult
from contract.result.window import Gauges, Window
from experiments.plan.trials import Trial


def a_sample(label: str, at_s: float, cpu_s: float, **changes: Any) -> ProbeSample:
    """A reading of a server of one process, at rest but for its CPU time."""
    sample = ProbeSample(
        label=label,
        at_ns=int(at_s * 1e9),
        cpu_ns=int(cpu_s * 1e9),
        processes=1,
        threads=1,
        rss_bytes=10_000_000,
        fds=10,
        context_switches=100,
        voluntary_switches=60,
        worker_cpu_ns={},
        kernel_slab_bytes=90_000_000,
        listen_overflows=0,
        listen_drops=0,
        retransmits=0,
        resets=0,
        segments_out=0,
        accept_queue=0,
        accept_queue_max=3,
        kernel_socket_bytes=4_096,
        idle_ticks=int(at_s * 100),
        steal_ticks=0,
        measured_cores=("0", "1"),
        cpuset=(0,),
        affinity=(0,),
        quota_us=None,
        period_us=100_000,
    )
    return replace(sample, **changes)


def a_share(worker: int = 0, workers: int = 1) -> WorkerShare:
    """Of active connections alone."""
    return WorkerShare(
        worker=worker,
        workers=workers,
        idle_connections=0,
        in_flight=64,
        slow_readers=0,
        slow_writers=0,
        vanishing_per_s=0.0,
        seed=1,
        mix_seed=1,
    )


def a_worker(name: str = "load worker 1", cores: tuple[int, ...] = (1,), **changes: Any) -> Worker:
    """What a load worker says of itself."""
    worker = Worker(
        name=name,
        reason="",
        share=a_share(),
        cores=cores,
        gauges=a_gauges(),
        started_ns=int(1e9),
        ended_ns=int(2e9),
        cpu_ns=int(0.5e9),
        requests=10_000,
        longest_pause_us=100,
    )
    return replace(worker, **changes)


def a_gauges(active: int = 4, idle: int = 0) -> Gauges:
    """All that is wanted is established."""
    return Gauges(idle, 0, active, active, 0)


def a_distribution(histogram: str = "", count: int = 0, **times: float) -> Distribution:
    """Figures by name, such as `p50_us`; those that are not given are 0."""
    figures = Times(**dict.fromkeys(TIMES, 0.0) | times)
    return Distribution(histogram=histogram, times=figures, count=count)


def a_window(requests: int = 10_000, **changes: Any) -> Window:
    """One second with four connections, true to Little's law."""
    window = Window(
        started_ns=int(1e9),
        ended_ns=int(2e9),
        window_s=1.0,
        skew_us=0.0,
        cpu_ns=int(0.5e9),
        cpu_share=0.5,
        process_cpu_ns=int(0.6e9),
        rss_bytes=50_000_000,
        requests=requests,
        connects=0,
        errors={},
        covered=4,
        segments_in=requests,
        longest_pause_us=100,
        rested_ns=None,
        unanswered=None,
        distributions={
            "response": a_distribution(
                count=requests,
                p50_us=400.0,
                p99_us=900.0,
                max_us=2_000.0,
                mean_us=4 / requests * 1e6 if requests else 0.0,
            )
        },
    )
    return replace(window, **changes)


def a_second(from_s: float = 0.0, **changes: Any) -> LoadSecond:
    """A second without a request, of a single worker."""
    second = LoadSecond(
        from_s=from_s,
        to_s=from_s + 1.0,
        requests=0,
        errors={},
        idle_established=0,
        idle_failed=0,
        active_established=0,
        active_wanted=0,
        connecting=0,
        waiting=0,
        histogram="",
    )
    return replace(second, **changes)


def a_result(requests: int = 10_000, cpu_s: float = 0.95, **changes: Any) -> TrialResult:
    """A window of one second with four connections, true to Little's law."""
    result = TrialResult(
        trial="t",
        phases_s={"connect_idle": 0.01},
        warmed_up_s=0.3,
        gauges=a_gauges(),
        environment=Environment(clock_ticks=100, cores=2),
        asked=AskedPins(Pins((0,), None), {"load worker 1": Pins((1,), None)}),
        workers=(a_worker(),),
        samples=(
            a_sample("start", 0.0, 0.0),
            a_sample("gate", 0.5, 0.1, server_established=4, worker_connections={}),
            a_sample("open", 1.0, 0.2),
            a_sample("close", 2.0, 0.2 + cpu_s),
        ),
        window=a_window(requests),
    )
    return replace(result, **changes)


def valid_result(trial: Trial) -> TrialResult:
    """The result of a trial that is valid, whatever its connections are."""
    active = trial.point.settings.active_connections
    return with_window(a_result(trial=trial.id), covered=active, response_mean_us=active * 100.0)


def with_window(result: TrialResult, **changes: Any) -> TrialResult:
    """With other values in the window, by their names in the document: `response_p50_us`."""
    document = to_json(result)
    document["window"] |= changes
    return from_json(TrialResult, document)


def with_samples(result: TrialResult, **changes: dict[str, Any]) -> TrialResult:
    """With other values in samples, by their labels."""
    samples = tuple(replace(one, **changes.get(one.label, {})) for one in result.samples)
    return replace(result, samples=samples)
