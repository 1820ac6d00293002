"""`make checkup SERVER=...`: the run of a check-up, from what its caller says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from contract.checkup.description import CLOSED, CROWD, IDLE, KEY
from contract.checkup.rules import rules_of
from contract.exits import Exit, LabError
from contract.mix import parse_mix
from contract.origins import REFERENCE_SERVERS
from contract.settings.conflicts import ConflictError
from experiments.checkup.rules_file import read_rules
from experiments.checkup.search import MOST
from experiments.plan.axes import Axes
from experiments.plan.experiment_file import servers
from experiments.plan.foreign_server import Foreign
from experiments.plan.overrides import only, written
from experiments.plan.schema import Experiment, Sweep
from experiments.plan.source import Source
from experiments.plan.trials import points

NAME: Final = "checkup"
"""Of the experiment, and of the folder of its runs."""
BASELINE: Final = "epoll_level"
NGINX: Final = "nginx"
NOBODY: Final = "none"
"""For BESIDE."""
FEW: Final = 8
"""Active connections beside the idle ones."""
WINDOW_S: Final = 2.0
QUICK_S: Final = 1.0
QUICK_MOST: Final = 8
QUICK_HABITS_S: Final = 8.0
"""Long enough for the five seconds of many servers."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The planned part of a check-up as an experiment, and what its manifest says of the rest."""

    source: Source
    known: dict[str, Any]


def choose_checkup(
    server: str,
    port: int | None,
    rules: Path | None,
    beside: Sequence[str],
    quick: bool,
) -> Choice:
    """A check-up of `server`: one of the lab's by name, an image that listens on `port`, or the
    file of a server; asked of those `beside` it as well. Raises LabError."""
    if not server:
        raise LabError(
            "SERVER is missing: make checkup SERVER=shop:1 PORT=8000, SERVER=shop.yaml, or a "
            "server of the lab such as SERVER=thread_pool",
            Exit.BAD_INPUT,
        )
    document = read_rules(rules)
    if quick:
        document = {**document, "habits_s": min(document["habits_s"], QUICK_HABITS_S)}
    planned = _planned(document, quick)
    asked = only(planned, server, port)
    name = asked.sweeps[0].axes.model_dump()["server"][0]
    others, described = _beside(planned, beside, port, name)
    asked = asked.model_copy(update={"servers": [*asked.servers, *described]})
    asked, notes = _of_one_request(asked)
    asked = asked.model_copy(update={"sweeps": [_with(one, name, others) for one in asked.sweeps]})
    try:
        points(asked)
    except ConflictError as error:
        raise LabError(f"SERVER={server}: {error}", Exit.BAD_INPUT) from error
    said = f"# the plan of a check-up: SERVER={server}{f' PORT={port}' if port else ''}"
    source = Source(NAME, written(said, asked), asked, notes)
    told = {
        "server": name,
        "beside": others,
        "most": QUICK_MOST if quick else MOST,
        "rules": document,
    }
    return Choice(source, {KEY: told})


def _planned(document: dict[str, Any], quick: bool) -> Experiment:
    """The trials that do not depend on others."""
    rules = rules_of(document)
    crowd = {"load": "connection_per_request", "active_connections": rules.crowd}
    return Experiment.model_validate(
        {
            "question": "How does this server stand?",
            "repeats": 1,
            "reference": False,
            "settings": {"window_s": QUICK_S if quick else WINDOW_S},
            "sweeps": [
                {"name": CLOSED, "settings": {"active_connections": rules.connections}},
                {
                    "name": IDLE,
                    "axes": {"idle_connections": [0, rules.idle_connections]},
                    "settings": {"active_connections": FEW},
                },
                {"name": CROWD, "settings": crowd},
            ],
        }
    )


def _beside(
    planned: Experiment, beside: Sequence[str], port: int | None, name: str
) -> tuple[list[str], list[Foreign]]:
    """The names of those beside the server of this name, and the entries of those that are none of
    the lab's. Another image of the same name has another one here. Raises LabError."""
    names, described = list[str](), list[Foreign]()
    for one in beside:
        if one in (*servers(), *REFERENCE_SERVERS):
            names += [one] if one not in (name, *names) else []
            continue
        of_a_file = Path(one).suffix in (".yaml", ".yml")
        (other,) = only(planned, one, None if of_a_file else port).servers
        while other.name in (name, *names):
            other = other.model_copy(update={"name": f"{other.name}_b"})
        names.append(other.name)
        described.append(other)
    return names, described


def _with(sweep: Sweep, server: str, others: Sequence[str]) -> Sweep:
    axes = {**sweep.axes.model_dump(exclude_unset=True), "server": [server, *others]}
    return sweep.model_copy(update={"axes": Axes(**axes)})


def _of_one_request(asked: Experiment) -> tuple[Experiment, tuple[str, ...]]:
    """With the first request of a server that is described with a mix: an open loop sends one."""
    notes, changed = [], []
    for one in asked.servers:
        first, *more = parse_mix(one.asked)
        changed.append(_asked_for(one, first.path) if more else one)
        if more:
            notes.append(f"{one.name} is described with a mix; its check-up asks for {first.path}")
    return asked.model_copy(update={"servers": changed}), tuple(notes)


def _asked_for(server: Foreign, path: str) -> Foreign:
    return server.model_copy(update={"path": path})


def beside_of(text: str, references: bool, quick: bool) -> list[str]:
    """The servers that are asked the same: those that are given, with commas or spaces between, or
    the baseline, and nginx where the image of the `references` is there."""
    if not text:
        return [BASELINE] if quick or not references else [BASELINE, NGINX]
    if text == NOBODY:
        return []
    return list(dict.fromkeys(text.replace(",", " ").split()))
