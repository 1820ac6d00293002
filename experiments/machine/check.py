"""A finding about this machine: for `make doctor`, and for a run before it begins."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "warn", "fail"]


@dataclass(frozen=True, slots=True)
class Check:
    """`seen` is what was found; `advice`, when there is a shortfall, what to do."""

    name: str
    status: Status
    seen: str
    advice: str = ""
