"""Judging functions, found by file: each module here has NAME, `judge` and `Parameters`.

A judge takes a claim and a run and returns a Judgement; it raises NotRunError
when the run has no such trial, NoValidTrialError when all of them are void.
`Parameters` is the schema of what a claim gives its judge.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from pydantic import BaseModel

from contract.exits import Exit, LabError

if TYPE_CHECKING:
    from analysis.claims.claim import Claim
    from analysis.claims.judgement import Judgement
    from analysis.records.run import Run

Judge = Callable[["Claim", "Run"], "Judgement"]


@dataclass(frozen=True, slots=True)
class Judging:
    """A judging function, and the schema of the parameters that it needs."""

    judge: Judge
    parameters: type[BaseModel]


@cache
def all_judges() -> dict[str, Judging]:
    """Every judging function by its name."""
    modules = [
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
        if not found.name.startswith("_")
    ]
    return {module.NAME: Judging(module.judge, module.Parameters) for module in modules}


def find_judge(name: str) -> Judging:
    """The judging function of that name; LabError lists the known ones."""
    judges = all_judges()
    if name not in judges:
        known = ", ".join(sorted(judges))
        raise LabError(f"no judge is named {name!r}: expected one of {known}", Exit.BAD_INPUT)
    return judges[name]
