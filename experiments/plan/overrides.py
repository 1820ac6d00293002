"""`SERVER=...`, `REPEATS=...`: an experiment asked of one server, or more often."""

from __future__ import annotations

import difflib
import re
from dataclasses import replace
from pathlib import Path

import yaml
from pydantic import ValidationError

from contract.exits import Exit, LabError
from contract.model_faults import model_faults
from contract.origins import REFERENCE_SERVERS
from contract.request import RequestError
from contract.settings.conflicts import ConflictError
from experiments.plan.axes import Axes, PartialSettings
from experiments.plan.experiment_file import find, read, read_server, servers
from experiments.plan.foreign_server import Foreign
from experiments.plan.given_files import KEPT
from experiments.plan.hosts_file import read_hosts
from experiments.plan.schema import Experiment
from experiments.plan.source import Source
from experiments.plan.trials import points

ALIKE = 0.8
"""Likeness by difflib from which a word is meant: `epol_level` for `epoll_level`, not `pool` for
`poll`."""


def choose(
    name: str,
    server: str = "",
    port: int | None = None,
    references: bool = False,
    repeats: int | None = None,
    hosts: Path | None = None,
) -> Source:
    """The experiment `name`, as it stands or with this server alone; LabError if it cannot be.

    `server` is one of the lab's by name, an image that listens on `port`, or a file with an entry
    of `servers`; `repeats` takes the place of the experiment's own.
    """
    if port is not None and not server:
        raise LabError(
            f"PORT={port}: it is the port of an image: give SERVER=NAME:TAG as well",
            Exit.BAD_INPUT,
        )
    path = find(name)
    source = read_source(path, path.stem)
    changed, words = source.experiment, []
    notes: list[str] = []
    if server:
        changed, notes = askable(only(changed, server, port), f"SERVER={server}")
        words += [f"SERVER={server}", *([f"PORT={port}"] if port else [])]
    if references:
        changed = changed.model_copy(update={"references": True})
        words.append("REFERENCES=1")
    if repeats:
        changed = changed.model_copy(update={"repeats": repeats})
        words.append(f"REPEATS={repeats}")
    if hosts:
        changed = over_hosts(changed, hosts)
        words.append(f"HOSTS={hosts}")
    if not words:
        return source
    text = written(f"# {path.name} with {' '.join(words)}", changed)
    return Source(path.stem, text, changed, tuple(notes))


def over_hosts(experiment: Experiment, path: Path) -> Experiment:
    """The same on the machines of this file. Raises LabError for what does not go with them."""
    changed = experiment.model_copy(update={"hosts": read_hosts(path)})
    try:
        points(changed)
    except ConflictError as error:
        raise LabError(f"HOSTS={path}: {error}", Exit.BAD_INPUT) from error
    return changed


def with_hosts(source: Source, path: Path | None) -> Source:
    """What was asked for on the command line, on the machines of this file, if one is given. Raises
    LabError."""
    if path is None:
        return source
    changed = over_hosts(source.experiment, path)
    asked = source.text.partition("\n")[0]
    return replace(source, text=written(f"{asked} HOSTS={path}", changed), experiment=changed)


def read_source(path: Path, name: str) -> Source:
    """The experiment in the file. Raises LabError.

    Its text is the file's, but for one that includes others: what these say may change later.
    """
    experiment = read(path)
    if experiment.questions:
        return Source(name, written(f"# {path.name} with what it includes", experiment), experiment)
    return Source(name, path.read_text(encoding="utf-8"), experiment)


def kept_source(path: Path, name: str) -> Source:
    """The experiment that a run's folder keeps, word for word. Raises LabError."""
    experiment = read(path, folder=path.parent / KEPT)
    return Source(name, path.read_text(encoding="utf-8"), experiment)


def written(heading: str, experiment: Experiment) -> str:
    """An experiment as the text of a file, with a comment above it."""
    document = experiment.model_dump(mode="json", exclude_unset=True, exclude_none=True)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
    return f"{heading}\n{text}"


def only(experiment: Experiment, server: str, port: int | None) -> Experiment:
    """The same sweeps, all with `server` in the place of those that they name."""
    found = resolved(server, port)
    if isinstance(found, str):
        return asked_of(experiment, [found], [])
    return asked_of(experiment, [found.name], [found])


def resolved(server: str, port: int | None, option: str = "SERVER") -> Foreign | str:
    """The name of one of the lab's servers, or what the image or the file is that `option` names.
    Raises LabError."""
    if server not in {*servers(), *REFERENCE_SERVERS}:
        return _described(server, port, option) or _foreign(server, port, option)
    if port is not None:
        raise LabError(
            f"PORT={port}: {server} is one of the lab's own servers and has its port; "
            "leave PORT out",
            Exit.BAD_INPUT,
        )
    return server


def asked_of(experiment: Experiment, names: list[str], foreign: list[Foreign]) -> Experiment:
    """The same sweeps, all with the servers of these names in the place of those that they name;
    `foreign` are the ones of them that are none of the lab's own."""
    sweeps = [
        sweep.model_copy(
            update={
                "axes": Axes(**{**sweep.axes.model_dump(exclude_unset=True), "server": names}),
                "settings": _without_server(sweep.settings),
            }
        )
        for sweep in experiment.sweeps
    ]
    return experiment.model_copy(
        update={
            "servers": foreign,
            "settings": _without_server(experiment.settings),
            "sweeps": sweeps,
        }
    )


def askable(experiment: Experiment, asked: str) -> tuple[Experiment, list[str]]:
    """The experiment without the sweeps that its requests do not go with, as a pipeline of POSTs,
    and why each is left out. Raises LabError, which begins with what was `asked`, where nothing is
    left, or for any other conflict: not every load is for every server."""
    sweeps, notes = [], []
    for sweep in experiment.sweeps:
        try:
            points(experiment.model_copy(update={"sweeps": [sweep]}))
        except ConflictError as error:
            if not isinstance(error.__cause__, RequestError):
                raise LabError(f"{asked}: {error}", Exit.BAD_INPUT) from error
            notes.append(f"{error}")
        else:
            sweeps.append(sweep)
    if not sweeps:
        raise LabError("\n  ".join([f"{asked}:", *notes]), Exit.BAD_INPUT)
    return experiment.model_copy(update={"sweeps": sweeps}), [f"left out: {one}" for one in notes]


def _described(file: str, port: int | None, option: str) -> Foreign | None:
    """The server in this file; None if it is none. Raises LabError."""
    path = Path(file)
    if path.is_dir():
        raise LabError(
            f"{option}={file}: it is a folder; give a file in it that describes a server, or an "
            "image by NAME:TAG",
            Exit.BAD_INPUT,
        )
    if path.suffix not in (".yaml", ".yml"):
        return None
    if not path.is_file():
        raise LabError(f"{option}={file}: no such file", Exit.BAD_INPUT)
    if port is not None:
        raise LabError(
            f"PORT={port}: {file} says where its server listens; leave PORT out", Exit.BAD_INPUT
        )
    return read_server(path)


def _foreign(image: str, port: int | None, option: str) -> Foreign:
    """Raises LabError, also for what may be a slip of the pen: it is no image to be pulled."""
    if meant := _meant(image):
        raise LabError(
            f"{option}={image}: did you mean {meant}? An image of that name is "
            f"{option}={image}:latest",
            Exit.BAD_INPUT,
        )
    given = {"image": image} | ({} if port is None else {"port": port})
    try:
        foreign = Foreign.model_validate(given)
    except ValidationError as error:
        told = "; ".join(model_faults(error.errors()))
        raise LabError(f"{option}={image}: {told}", Exit.BAD_INPUT) from error
    if foreign.name in servers():
        return foreign.model_copy(update={"name": f"image_{foreign.name}"})
    return foreign


def _meant(image: str) -> str:
    """The lab's servers whose names begin so, or one whose name is nearly that; empty where there
    is none, or where a tag or a registry says that it is an image."""
    if not re.fullmatch(r"[\w-]+", image):
        return ""
    known = [*servers(), *REFERENCE_SERVERS]
    family = sorted(name for name in known if name.startswith(f"{image}_"))
    close = difflib.get_close_matches(image, known, n=1, cutoff=ALIKE)
    return " or ".join(map(repr, family or close))


def _without_server(settings: PartialSettings) -> PartialSettings:
    return PartialSettings(**settings.model_dump(exclude_unset=True, exclude={"server"}))
