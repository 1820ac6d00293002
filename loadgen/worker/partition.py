"""What each of several load workers does of one load: exact shares, nothing lost, nothing twice."""

from __future__ import annotations

from dataclasses import replace

from contract.result.load_side import WorkerShare
from loadgen.options import Options


def share(total: int, worker: int, workers: int) -> int:
    """Of a number, for worker 0 to `workers` - 1: all shares add up, and differ by one at most."""
    return total // workers + (worker < total % workers)


def split(options: Options, worker: int, workers: int) -> Options:
    """The load of one of `workers` workers.

    Its active connections are its Locust users, which Locust splits. `rate_per_s` and `seed` stay
    those of the whole: the schedule knows `worker` and `workers`. What is a share of connections
    or a pace of each one (churn, trickle) is the same for all.
    """
    return replace(
        options,
        idle_connections=share(options.idle_connections, worker, workers),
        slow_readers=share(options.slow_readers, worker, workers),
        slow_writers=share(options.slow_writers, worker, workers),
        in_flight=max(1, share(options.in_flight, worker, workers)),
        connect_pace_per_s=options.connect_pace_per_s / workers,
        vanishing_per_s=options.vanishing_per_s / workers,
        worker=worker,
        workers=workers,
    )


def latecomer(options: Options) -> Options:
    """For a worker that comes when all is shared out: its users alone."""
    return replace(
        options,
        idle_connections=0,
        trickle_per_s=0.0,
        churn_per_s=0.0,
        slow_readers=0,
        slow_writers=0,
        vanishing_per_s=0.0,
    )


def recorded(options: Options) -> WorkerShare:
    """What is recorded of a worker's share."""
    return WorkerShare(
        worker=options.worker,
        workers=options.workers,
        idle_connections=options.idle_connections,
        in_flight=options.in_flight,
        slow_readers=options.slow_readers,
        slow_writers=options.slow_writers,
        vanishing_per_s=options.vanishing_per_s,
        seed=options.seed,
        mix_seed=options.mix_seed,
    )
