"""What the file of a kind of load says of it: which loads it serves, and how its engine is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from loadgen.engine.engine import Engine
from loadgen.engine.measures import Exchange
from loadgen.loads.arrivals import Arrivals
from loadgen.loads.schedule import schedule
from loadgen.options import LOADS, Options


@dataclass(frozen=True, slots=True)
class VerifiedServer:
    """A server whose answers are known, and this worker's share of the load."""

    address: tuple[str, int]
    options: Options
    exchanges: tuple[Exchange, ...]
    """One for each path that is asked for."""
    idle: Exchange | None = None
    """Of idle connections, where the active ones are closed after a response."""

    def arrivals(self) -> Arrivals:
        """The schedule of an open loop."""
        own = self.options
        return Arrivals(schedule(own.arrivals, own.rate_per_s, own.seed, own.worker, own.workers))


@dataclass(frozen=True, slots=True, kw_only=True)
class KindOfLoad:
    """One kind of load. Raises ValueError if it is for a `load` that no option has."""

    load: str
    """The value of the option `load` that it is for."""
    build: Callable[[VerifiedServer], Engine]
    """Makes the engine; it has not been started."""
    several_paths: bool = False
    """For a mix of paths, and for nothing else."""
    pipelines: bool = False
    """For a pipeline_depth above 1, and for nothing else."""

    def __post_init__(self) -> None:
        if self.load not in LOADS:
            raise ValueError(f"load {self.load!r}: not one of {', '.join(LOADS)}")

    def serves(self, options: Options, paths: int) -> bool:
        """Whether this is the kind that is asked for, with so many paths."""
        return (
            options.load == self.load
            and (paths > 1) == self.several_paths
            and (options.pipeline_depth > 1) == self.pipelines
        )
