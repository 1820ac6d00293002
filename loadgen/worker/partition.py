"""What each of several load workers does of one load: exact shares, nothing lost, nothing twice."""

from __future__ import annotations

from dataclasses import fields, replace

from contract.result.load_side import WorkerShare
from loadgen.options import Options


def share(total: int, worker: int, workers: int) -> int:
    """The part of worker 0 to `workers` - 1: all shares add up, and differ by one at most."""
    return total // workers + (worker < total % workers)


def split(options: Options, worker: int, workers: int) -> Options:
    """The load of one of `workers` workers.

    Its active connections are its Locust users, which Locust splits. `rate_per_s`,
    `connect_pace_per_s` and `seed` stay those of the whole: who uses them knows `workers`. What is
    a share of connections or a pace of each one (churn, trickle) is the same for all.
    """
    whole = options.settings
    return replace(
        options,
        settings=replace(
            whole,
            idle_connections=share(whole.idle_connections, worker, workers),
            slow_readers=share(whole.slow_readers, worker, workers),
            slow_writers=share(whole.slow_writers, worker, workers),
            vanishing_per_s=whole.vanishing_per_s / workers,
            hostile_per_s=whole.hostile_per_s / workers,
            flood=share(whole.flood, worker, workers),
        ),
        in_flight=max(1, share(options.in_flight, worker, workers)),
        worker=worker,
        workers=workers,
    )


def latecomer(options: Options) -> Options:
    """For a worker that comes when all is shared out: its users alone."""
    users_alone = replace(
        options.settings,
        idle_connections=0,
        trickle_per_s=0.0,
        churn_per_s=0.0,
        slow_readers=0,
        slow_writers=0,
        vanishing_per_s=0.0,
        hostile_per_s=0.0,
        flood=0,
    )
    return replace(options, settings=users_alone)


def recorded(options: Options) -> WorkerShare:
    """What is recorded of a worker's share."""
    values = options.recorded | {"mix_seed": options.mix_seed}
    return WorkerShare(**{one.name: values[one.name] for one in fields(WorkerShare)})
