"""The judges, found by file: each module here has a JUDGE."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from analysis.claims.judge import Judge
from contract.exits import Exit, LabError


@cache
def all_judges() -> dict[str, Judge[Any]]:
    """Every judge by its name."""
    found: dict[str, Judge[Any]] = {}
    for module in pkgutil.iter_modules(__path__):
        judge = importlib.import_module(f"{__name__}.{module.name}").JUDGE
        if not isinstance(judge, Judge) or judge.name in found:
            raise TypeError(f"judges/{module.name}.py: JUDGE is none, or its name is taken")
        found[judge.name] = judge
    return found


def find_judge(name: str) -> Judge[Any]:
    """The judge of that name; LabError lists the known ones."""
    judges = all_judges()
    if name not in judges:
        known = ", ".join(sorted(judges))
        raise LabError(f"no judge is named {name!r}: expected one of {known}", Exit.BAD_INPUT)
    return judges[name]
