"""Read an experiment file; report every fault at once, with file, line and a way out."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from contract.exits import Exit, LabError
from contract.model_faults import message, model_faults, place
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
    document, node, twice = _parse(path)
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
            faults.append((_line(node, ("compare",)), f"compare: no sweep has both {both}"))
        points(experiment)
    except ConflictError as error:
        faults.append((_line(node, ()), str(error)))
    except ValidationError as error:
        faults += [(_line(node, one["loc"]), _explain(one)) for one in error.errors()]
    if faults or experiment is None:
        raise _refusal(path, faults)
    return experiment


def read_server(path: Path) -> Foreign:
    """An entry of `servers` in a file of its own. Raises LabError with all faults."""
    document, node, faults = _parse(path)
    if "image" not in document and document.keys() & EXPERIMENT_S:
        raise LabError(f"{path}: it looks like an experiment: EXPERIMENT={path}", Exit.BAD_INPUT)
    try:
        server = Foreign.model_validate(document, context={"folder": path.parent})
    except ValidationError as error:
        faults += [(_line(node, one["loc"]), _explain(one, Foreign)) for one in error.errors()]
        raise _refusal(path, faults) from None
    if server.name in {*servers(), *REFERENCE_SERVERS}:
        faults.append((_line(node, ("name",)), _taken(server.name)))
    if faults:
        raise _refusal(path, faults)
    return server


def _parse(path: Path) -> tuple[dict[str, Any], yaml.Node, list[tuple[int, str]]]:
    """The document, its lines, and keys that stand twice. Raises LabError."""
    try:
        text = path.read_text(encoding="utf-8")
        document = yaml.safe_load(text)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        twice = _twice(node) if node is not None else []
    except RecursionError:
        raise LabError(f"{path}: nested too deeply, or in itself", Exit.BAD_INPUT) from None
    except (yaml.YAMLError, ValueError, OSError) as error:
        raise LabError(f"{path}: not valid YAML: {error}", Exit.BAD_INPUT) from error
    if node is None or not isinstance(document, dict):
        raise LabError(f"{path}:1: expected keys and values at the top level", Exit.BAD_INPUT)
    return document, node, twice


def _refusal(path: Path, faults: list[tuple[int, str]]) -> LabError:
    lines = [f"{path}:{line}: {text}" for line, text in sorted(set(faults))]
    return LabError("\n".join(lines), Exit.BAD_INPUT)


def _unknown_parts(
    included: list[str], inside: tuple[Path, ...], node: yaml.Node
) -> list[tuple[int, str]]:
    """Names that no experiment has, and those that would include themselves."""
    open_ones = {path.stem for path in inside}
    others = [name for name in names() if name not in open_ones]
    return [
        (
            _line(node, ("include", place)),
            f"{name!r} would include itself"
            if name in open_ones
            else f"no experiment named {name!r}; {nearest(name, others)}",
        )
        for place, name in enumerate(included)
        if name not in others
    ]


def nearest(name: str, known: list[str]) -> str:
    """What was probably meant, or all there is."""
    close = difflib.get_close_matches(name, known, n=1)
    return f"did you mean {close[0]!r}?" if close else f"there are: {', '.join(known) or 'none'}"


def _twice(node: yaml.Node) -> list[tuple[int, str]]:
    """Keys that stand twice in one place: YAML would let the last one win."""
    found: list[tuple[int, str]] = []
    children: list[yaml.Node] = []
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                found.append((key.start_mark.line + 1, f"the key {key.value!r} stands twice"))
            seen.add(key.value)
            children.append(value)
    elif isinstance(node, yaml.SequenceNode):
        children = node.value
    return found + [fault for child in children for fault in _twice(child)]


def _line(node: yaml.Node, loc: tuple[int | str, ...]) -> int:
    """The line of the deepest part of `loc` that the file holds."""
    line = node.start_mark.line
    for part in loc:
        child: yaml.Node | None = None
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == str(part):
                    child, line = value, key.start_mark.line
        elif isinstance(node, yaml.SequenceNode) and part in range(len(node.value)):
            child = node.value[int(part)]
            line = child.start_mark.line
        if child is None:
            break
        node = child
    return line + 1


def _explain(details: ErrorDetails, top: type[BaseModel] = Experiment) -> str:
    where = place(details)
    if details["type"] == "extra_forbidden":
        key = str(details["loc"][-1])
        return f"unknown key {where!r}; {nearest(key, _keys(details['loc'][:-1], top))}"
    if details["type"] == "missing":
        return f"{where!r} is missing; it is required"
    given = details.get("input")
    is_new = isinstance(given, str | int | float | bool) and repr(given) not in message(details)
    return model_faults([details])[0] + (f", not {given!r}" if is_new else "")


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
            _line(node, ("servers", index)),
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
        (_line(node, loc), f"unknown server {server!r}; {nearest(server, known)}")
        for loc, server in found
        if isinstance(server, str) and server not in known
    ]
