"""Experiments of three sweeps: of two servers, of one, and of none by name."""

from __future__ import annotations

from typing import Any

from experiments.plan.schema import Experiment
from experiments.plan.trials import points

SWEEPS = [
    {"name": "idle", "axes": {"server": ["poll", "epoll_level"], "idle_connections": [0, 9]}},
    {"name": "about_one", "settings": {"server": "iterative"}, "axes": {"backlog": [5, 50]}},
    {"name": "open", "settings": {"active_connections": 7}},
]


def experiment(**changes: Any) -> Experiment:
    return Experiment.model_validate({"question": "?", "repeats": 1, "sweeps": SWEEPS, **changes})


def servers_by_sweep(asked: Experiment) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for point in points(asked):
        found.setdefault(point.sweep, set()).add(point.settings.server)
    return found
