"""The path of a trial, which is shaped before anything uses it."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.docker.driver import ContainerSpec, Driver
from experiments.docker.tool import run_to_end
from experiments.link.container import why_not_shaped
from experiments.run.trial_kind import TrialError


def shape_path(driver: Driver, shapers: Sequence[ContainerSpec]) -> None:
    """Run each to its end. Raises TrialError where one cannot shape the path, or DriverError."""
    for spec in shapers:
        ended = run_to_end(driver, spec)
        if ended.exit_code:
            raise TrialError(why_not_shaped(ended), "surroundings")
