"""`make checkup SERVER=...`: the run of a check-up, from what its caller says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from contract.checkup.description import CHECK_UP, CLOSED, CROWD, IDLE, ComparedWith
from contract.checkup.rules import rules_of
from contract.compared import TOLERANCE
from contract.exits import Exit, LabError
from contract.mix import parse_mix
from contract.origins import REFERENCE_SERVERS
from contract.settings.conflicts import ConflictError
from experiments.checkup.search import MOST
from experiments.plan.axes import Axes
from experiments.plan.experiment_file import servers
from experiments.plan.foreign_server import Foreign
from experiments.plan.overrides import asked_of, only, written
from experiments.plan.schema import Comparison, Experiment, Sweep
from experiments.plan.source import Source
from experiments.plan.trials import points
from experiments.plan.two_servers import both_of

NAME: Final = "checkup"
"""Name of the experiment, and of the folder of its runs."""
BASELINE: Final = "epoll_level"
NGINX: Final = "nginx"
NOBODY: Final = "none"
EVERYBODY: Final = "all"
"""For BESIDE."""
FEW: Final = 8
"""Active connections beside the idle ones."""
WINDOW_S: Final = 2.0
QUICK_S: Final = 1.0
QUICK_MOST: Final = 8
WITH_IDLE: Final = frozenset(("idle", "clients"))
"""Questions that need idle connections: a flood is as large as the load that was had with them."""
ROUNDS: Final = 5
QUICK_ROUNDS: Final = 3
"""How often each trial but those of the search is made, in a check-up of two servers."""
QUICK_HABITS_S: Final = 8.0
"""Long enough for the five seconds of many servers."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The planned part of a check-up as an experiment, and what its manifest says of the rest."""

    source: Source
    known: dict[str, Any]


def choice_of(
    server: str,
    two: tuple[str, str],
    port: int | None,
    rules: dict[str, Any],
    beside: str,
    tolerance: float | None,
    references: Callable[[], bool],
    *,
    quick: bool,
) -> Choice:
    """A check-up of one server, or of `two`, by `rules` as plain data; `references` says whether
    their image is there. Raises LabError."""
    given = " ".join(f"{key}={one}" for key, one in zip("AB", two, strict=True) if one)
    if not given:
        if tolerance is not None:
            raise LabError(
                "TOLERANCE is for two servers (A=shop:1 B=shop:2); one alone is held to the limits "
                "and thresholds of RULES",
                Exit.BAD_INPUT,
            )
        others = beside_of(beside, bool(server) and references(), quick)
        return choose_checkup(server, port, rules, others, quick)
    if server:
        raise LabError(
            f"SERVER={server} beside {given}: a check-up is of one server, which SERVER names, or "
            "of two, A and B; leave SERVER out, or the other",
            Exit.BAD_INPUT,
        )
    if beside not in ("", NOBODY):
        raise LabError(
            f"BESIDE={beside}: {given} has its other server already; leave BESIDE out",
            Exit.BAD_INPUT,
        )
    return choose_two_checkups(*two, port, rules, quick, tolerance)


def choose_checkup(
    server: str,
    port: int | None,
    rules: dict[str, Any],
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
    if quick:
        rules = {**rules, "habits_s": min(rules["habits_s"], QUICK_HABITS_S)}
    planned = _planned(rules, quick)
    asked = only(planned, server, port)
    name = asked.sweeps[0].axes.model_dump()["server"][0]
    others, described = _beside(planned, beside, port, name)
    asked = asked.model_copy(update={"servers": [*asked.servers, *described]})
    asked = asked.model_copy(update={"sweeps": [_with(one, name, others) for one in asked.sweeps]})
    source = _source(asked, f"SERVER={server}", port)
    return Choice(source, {CHECK_UP: _told(name, others, rules, quick)})


def choose_two_checkups(
    a: str,
    b: str,
    port: int | None,
    rules: dict[str, Any],
    quick: bool,
    tolerance: float | None = None,
) -> Choice:
    """A check-up of `b` beside that of `a`, trial by trial; each as `SERVER`. Raises LabError."""
    if not a or not b:
        lacking, given = ("A", f"B={b}") if not a else ("B", f"A={a}")
        raise LabError(
            f"{lacking} is missing beside {given}: make checkup A=shop:1 B=shop:2 PORT=8000 sets "
            "two servers side by side; make checkup SERVER=shop:1 PORT=8000 asks one alone",
            Exit.BAD_INPUT,
        )
    two = both_of(a, b, port)
    base, name = (one if isinstance(one, str) else one.name for one in two)
    asked = asked_of(
        _planned(rules, quick), [base, name], [one for one in two if isinstance(one, Foreign)]
    )
    rounds = QUICK_ROUNDS if quick else ROUNDS
    share = TOLERANCE if tolerance is None else tolerance
    side_by_side = Comparison(a=base, b=name, tolerance=share)
    asked = asked.model_copy(update={"repeats": rounds, "compare": side_by_side})
    told = _told(name, [base], rules, quick)
    told["compared"] = asdict(ComparedWith(base, rounds, share))
    return Choice(_source(asked, f"A={a} B={b}", port), {CHECK_UP: told})


def _source(asked: Experiment, given: str, port: int | None) -> Source:
    """The planned part of a check-up, of what its caller has `given`. Raises LabError."""
    asked, notes = _of_one_request(asked)
    try:
        points(asked)
    except ConflictError as error:
        raise LabError(f"{given}: {error}", Exit.BAD_INPUT) from error
    said = f"# the plan of a check-up: {given}{f' PORT={port}' if port else ''}"
    return Source(NAME, written(said, asked), asked, notes)


def _told(server: str, beside: list[str], rules: dict[str, Any], quick: bool) -> dict[str, Any]:
    """What the manifest says of it."""
    most = QUICK_MOST if quick else MOST
    return {"server": server, "beside": beside, "most": most, "rules": rules}


def _planned(document: dict[str, Any], quick: bool) -> Experiment:
    """The trials that do not depend on others."""
    rules = rules_of(document)
    idle = {
        "name": IDLE,
        "axes": {"idle_connections": [0, rules.idle_connections]},
        "settings": {"active_connections": FEW},
    }
    crowd = {"load": "connection_per_request", "active_connections": rules.crowd}
    return Experiment.model_validate(
        {
            "question": "How does this server stand?",
            "repeats": 1,
            "reference": False,
            "settings": {"window_s": QUICK_S if quick else WINDOW_S},
            "sweeps": [
                {"name": CLOSED, "settings": {"active_connections": rules.connections}},
                *([idle] if WITH_IDLE & set(rules.questions) else []),
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
    """The servers that are asked the same: those that are given, with commas or spaces between, all
    of the lab's, or the baseline, and nginx where the image of the `references` is there."""
    if not text:
        return [BASELINE] if quick or not references else [BASELINE, NGINX]
    if text == NOBODY:
        return []
    if text == EVERYBODY:
        return servers()
    return list(dict.fromkeys(text.replace(",", " ").split()))
