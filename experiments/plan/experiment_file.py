"""Read an experiment file; report every fault at once, with file, line and a way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from contract.exits import Exit, LabError
from contract.origins import REFERENCE_SERVERS
from contract.settings.conflicts import ConflictError
from experiments.paths import EXPERIMENTS
from experiments.plan.axes import Axes, PartialSettings
from experiments.plan.composition import merged
from experiments.plan.expect import Expect, Ready
from experiments.plan.foreign_server import Foreign, Need, name_of
from experiments.plan.http_request import HttpRequest
from experiments.plan.schema import Comparison, Experiment, Sweep
from experiments.plan.trials import pairs, points
from experiments.plan.yaml_file import explain, line_of, nearest, parse, refusal

FOLDER = EXPERIMENTS
TAKEN = (
    *("latest", "checkup", "bench-loadgen", "bench-servers", "bench-analysis", "crosscheck"),
    "hostile",
)
EXPERIMENT_S = {"question", "sweeps", "include"}
"""Keys of which an experiment has one, and no server any."""
VARIANTS = FOLDER.parent / "servers" / "variants"


def names() -> list[str]:
    """The experiments that there are, by file name."""
    return sorted(path.stem for path in FOLDER.glob("*.yaml"))


def servers() -> list[str]:
    """The server variants that there are, by file name: nothing of them is imported."""
    return sorted(path.stem for path in VARIANTS.glob("*.py") if not path.stem.startswith("_"))


def find(name: str) -> Path:
    """The file of an experiment: by name, or by path. Raises LabError."""
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise LabError(f"{name}: no such file", Exit.BAD_INPUT)
        if path.stem in TAKEN:
            raise LabError(f"{name}: results/{path.stem} is taken; rename the file", Exit.BAD_INPUT)
        return path
    path = FOLDER / f"{name}.yaml"
    if not path.is_file():
        raise LabError(f"no experiment named {name!r}; {nearest(name, names())}", Exit.BAD_INPUT)
    return path


def read(path: Path, inside: tuple[Path, ...] = (), folder: Path | None = None) -> Experiment:
    """Parse and validate. Raises LabError with all faults, each with its line.

    What it includes is read as well, and put in its place; `inside` are the files that do.
    `folder` is where the files are that it gives to containers, if not beside it.
    """
    document, node, twice = parse(path)
    if "image" in document and not document.keys() & EXPERIMENT_S:
        raise LabError(f"{path}: it looks like the file of a server: SERVER={path}", Exit.BAD_INPUT)
    faults = [*twice, *_taken_names(document, node), *_unknown_servers(document, node)]
    experiment: Experiment | None = None
    try:
        experiment = Experiment.model_validate(document, context={"folder": folder or path.parent})
        if experiment.include:
            faults += _unknown_parts(experiment.include, (*inside, path), node)
        if not faults:
            parts = {name: read(find(name), (*inside, path)) for name in experiment.include}
            experiment = merged(experiment, parts)
        if experiment.compare and not pairs(experiment, points(experiment)):
            both = f"{experiment.compare.a} and {experiment.compare.b}"
            faults.append((line_of(node, ("compare",)), f"compare: no sweep has both {both}"))
        points(experiment)
    except ConflictError as error:
        faults.append((line_of(node, ()), str(error)))
    except ValidationError as error:
        faults += [(line_of(node, one["loc"]), _explain(one)) for one in error.errors()]
    if faults or experiment is None:
        raise refusal(path, faults)
    return experiment


def read_server(path: Path) -> Foreign:
    """An entry of `servers` in a file of its own. Raises LabError with all faults."""
    document, node, faults = parse(path)
    if "image" not in document and document.keys() & EXPERIMENT_S:
        raise LabError(f"{path}: it looks like an experiment: EXPERIMENT={path}", Exit.BAD_INPUT)
    try:
        server = Foreign.model_validate(document, context={"folder": path.parent})
    except ValidationError as error:
        faults += [(line_of(node, one["loc"]), _explain(one, Foreign)) for one in error.errors()]
        raise refusal(path, faults) from None
    if server.name in {*servers(), *REFERENCE_SERVERS}:
        faults.append((line_of(node, ("name",)), _taken(server.name)))
    if faults:
        raise refusal(path, faults)
    return server


def _unknown_parts(
    included: list[str], inside: tuple[Path, ...], node: yaml.Node
) -> list[tuple[int, str]]:
    """Names that no experiment has, and those that would include themselves."""
    open_ones = {path.stem for path in inside}
    others = [name for name in names() if name not in open_ones]
    return [
        (
            line_of(node, ("include", place)),
            f"{name!r} would include itself"
            if name in open_ones
            else f"no experiment named {name!r}; {nearest(name, others)}",
        )
        for place, name in enumerate(included)
        if name not in others
    ]


def _explain(details: ErrorDetails, top: type[BaseModel] = Experiment) -> str:
    return explain(details, _keys(details["loc"][:-1], top))


def _keys(parents: tuple[int | str, ...], model: type[BaseModel]) -> list[str]:
    """The keys allowed at this place of a file of this model."""
    for part in parents:
        children: dict[Any, type[BaseModel]] = {
            "sweeps": Sweep,
            "settings": PartialSettings,
            "axes": Axes,
            "servers": Foreign,
            "expect": Expect,
            "needs": Need,
            "request": HttpRequest,
            "requests": HttpRequest,
            "ready": Ready,
            "compare": Comparison,
        }
        model = children.get(part, model)
    return sorted(model.model_fields)


def _foreign_names(document: dict[str, Any]) -> list[tuple[int, str]]:
    """(place in the list, name) of the entries of `servers`, as far as they can be named."""
    entries = document.get("servers")
    found: list[tuple[int, str]] = []
    for index, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, dict):
            image = entry.get("image")
            name = entry.get("name", name_of(image) if isinstance(image, str) else None)
            if isinstance(name, str):
                found.append((index, name))
    return found


def _taken_names(document: dict[str, Any], node: yaml.Node) -> list[tuple[int, str]]:
    """Foreign servers that are named like one of the lab's own."""
    taken = {*servers(), *REFERENCE_SERVERS}
    return [
        (
            line_of(node, ("servers", index)),
            _taken(name),
        )
        for index, name in _foreign_names(document)
        if name in taken
    ]


def _taken(name: str) -> str:
    return f"the lab has a server {name!r} of its own; give this one another `name`"


def _unknown_servers(document: dict[str, Any], node: yaml.Node) -> list[tuple[int, str]]:
    found: list[tuple[tuple[int | str, ...], Any]] = []
    settings = document.get("settings")
    if isinstance(settings, dict):
        found.append((("settings", "server"), settings.get("server")))
    compared = document.get("compare")
    if isinstance(compared, dict):
        found += [(("compare", key), compared.get(key)) for key in ("a", "b")]
    sweeps = document.get("sweeps")
    for index, sweep in enumerate(sweeps if isinstance(sweeps, list) else []):
        if not isinstance(sweep, dict):
            continue
        for section in ("settings", "axes"):
            part = sweep.get(section)
            value = part.get("server") if isinstance(part, dict) else None
            values = value if isinstance(value, list) else [value]
            for position, server in enumerate(values):
                found.append((("sweeps", index, section, "server", position), server))
    known = [*servers(), *REFERENCE_SERVERS, *(name for _, name in _foreign_names(document))]
    return [
        (line_of(node, loc), f"unknown server {server!r}; {nearest(server, known)}")
        for loc, server in found
        if isinstance(server, str) and server not in known
    ]
