"""What a judge is: its name, the schema of what a claim gives it, and its function.

The function takes those parameters, the claim's bound and a run, and returns a Judgement. It
raises NotRunError when the run has no trial that it needs, NoValidTrialError when all are void.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from analysis.claims.judgement import Judgement
from analysis.claims.schema import Bound, Strict
from analysis.records.run import Run

Parameters = TypeVar("Parameters", bound=Strict)


@dataclass(frozen=True, slots=True)
class Judge(Generic[Parameters]):
    """One judge."""

    name: str
    parameters: type[Parameters]
    judge: Callable[[Parameters, Bound, Run], Judgement]

    def __post_init__(self) -> None:
        if not self.name.isidentifier():
            raise ValueError(f"{self.name!r} is no name of a judge")
        if not issubclass(self.parameters, Strict):
            raise TypeError(f"{self.name}: its parameters have no schema")

    def of(self, parameters: Mapping[str, Any], bound: Bound, run: Run) -> Judgement:
        """What it finds in a run, given what a claim's file says."""
        return self.judge(self.parameters.model_validate(parameters), bound, run)
