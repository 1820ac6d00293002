"""What the file of a kind of load says of it: which loads it serves, and how its engine is made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from contract.loads import CLIENT_LOADS
from loadgen.engine.engine import Engine
from loadgen.engine.measures import Exchange, Target
from loadgen.loads.arrivals import Arrivals
from loadgen.loads.schedule import schedule, surging
from loadgen.options import Options


@dataclass(frozen=True, slots=True)
class VerifiedServer:
    """A server whose answers are known, and this worker's share of the load."""

    address: tuple[str, int]
    options: Options
    exchanges: tuple[Exchange, ...]
    """One for each path that is asked for."""
    idle: Exchange | None = None
    """What idle connections exchange, where the active ones are closed after a response."""

    @property
    def target(self) -> Target:
        """What the engine loads; with a mix, the first of its exchanges."""
        return Target(self.address, self.exchanges[0], self.idle, self.options.in_flight)

    def arrivals(self) -> Arrivals:
        """The schedule of an open loop."""
        asked, usual = self.options.settings, self._schedule(self.options.settings.rate_per_s)
        if not asked.surge_per_s:
            return Arrivals(usual)
        surge, after = self._schedule(asked.surge_per_s), self._schedule(asked.rate_per_s)
        return Arrivals(usual, surging(surge, asked.surge_s, after))

    def _schedule(self, rate_per_s: float | None) -> Iterator[int]:
        own = self.options
        arrivals = own.settings.arrivals
        return schedule(arrivals, rate_per_s or 0.0, own.seed, own.worker, own.workers)


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
    stops: bool = False
    """For a server that is told to end, and for nothing else."""

    def __post_init__(self) -> None:
        if self.load not in CLIENT_LOADS:
            raise ValueError(f"load {self.load!r}: not one of {', '.join(CLIENT_LOADS)}")

    def serves(self, options: Options) -> bool:
        """Whether this is the kind that is asked for."""
        return (
            options.settings.load == self.load
            and (len(options.kinds) > 1) == self.several_paths
            and (options.settings.pipeline_depth > 1) == self.pipelines
            and (options.settings.stop_s > 0) == self.stops
        )
