"""`make ab A=shop:1 B=shop:2`: an experiment of which each trial is run for both servers."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from contract.compared import TOLERANCE
from contract.exits import Exit, LabError
from contract.origins import REFERENCE_SERVERS
from experiments.plan.experiment_file import find, servers
from experiments.plan.foreign_server import Foreign, id_of, name_of
from experiments.plan.overrides import askable, asked_of, read_source, resolved, written
from experiments.plan.schema import Comparison
from experiments.plan.source import Source
from experiments.plan.trials import pairs, points

USUAL: Final = "ab"
"""The experiment that is asked, where nobody says which."""


def choose_two(
    a: str,
    b: str,
    port: int | None = None,
    name: str = USUAL,
    repeats: int | None = None,
    tolerance: float | None = None,
) -> Source:
    """The experiment `name` asked of both servers, side by side; LabError if it cannot be.

    Each is one of the lab's by name, an image that listens on `port`, or a file with an entry of
    `servers`.
    """
    if not a or not b:
        lacking = " and ".join(key for key, given in (("A", a), ("B", b)) if not given)
        raise LabError(
            f"{lacking}: missing; two servers are compared: make ab A=shop:1 B=shop:2 PORT=8000 "
            "(images, files that describe servers, or names of the lab's own)",
            Exit.BAD_INPUT,
        )
    path = find(name)
    two = both_of(a, b, port)
    names = [_name(one) for one in two]
    asked, notes = askable(
        asked_of(
            read_source(path, path.stem).experiment.model_copy(update={"claims": []}),
            names,
            [one for one in two if isinstance(one, Foreign)],
        ),
        f"A={a} B={b}",
    )
    asked = asked.model_copy(
        update={"compare": Comparison(a=names[0], b=names[1], tolerance=tolerance or TOLERANCE)}
    )
    words = [f"A={a}", f"B={b}", *([f"PORT={port}"] if port else [])]
    if repeats:
        asked = asked.model_copy(update={"repeats": repeats})
        words.append(f"REPEATS={repeats}")
    if not pairs(asked, points(asked)):
        raise LabError(f"{name}: no trial of it can be run for both {a} and {b}", Exit.BAD_INPUT)
    text = written(f"# {path.name} with {' '.join(words)}", asked)
    return Source(path.stem, text, asked, tuple(notes))


def both_of(a: str, b: str, port: int | None) -> tuple[Foreign | str, Foreign | str]:
    """What both are, under two names: one of the lab's by its name, or what is described. `port` is
    that of those that are given as images. Raises LabError."""
    return _told_apart(*_resolved(a, b, port))


def _resolved(a: str, b: str, port: int | None) -> list[Foreign | str]:
    """What both are; `port` is that of those that are given as images. Raises LabError."""
    known = {*servers(), *REFERENCE_SERVERS}
    images = [one not in known and Path(one).suffix not in (".yaml", ".yml") for one in (a, b)]
    own = [port if is_image or not any(images) else None for is_image in images]
    found = [resolved(one, at, key) for key, one, at in zip("AB", (a, b), own, strict=True)]
    if found[0] == found[1] and isinstance(found[0], str):
        raise LabError(
            f"A and B are both {a}, a server that the lab has one of; for an A/A test give an "
            "image twice",
            Exit.BAD_INPUT,
        )
    return found


def _told_apart(a: Foreign | str, b: Foreign | str) -> tuple[Foreign | str, Foreign | str]:
    """The same; where both are named alike, each with the tag of its image in its name, or an
    `_a` and a `_b`."""
    if not (isinstance(a, Foreign) and isinstance(b, Foreign) and a.name == b.name):
        return a, b
    tags = [_tag(one) for one in (a, b)]
    endings = tags if all(tags) and tags[0] != tags[1] else ["a", "b"]
    if {f"{a.name}_{ending}" for ending in endings} & {*servers(), *REFERENCE_SERVERS}:
        endings = ["as_a", "as_b"]
    mine, theirs = (
        one.model_copy(update={"name": f"{one.name}_{ending}"})
        for one, ending in zip((a, b), endings, strict=True)
    )
    return mine, theirs


def _tag(server: Foreign) -> str:
    """The tag of its image as a part of a name; empty where it has none, or was named otherwise."""
    usual = name_of(server.image)
    if id_of(server.image) or server.name not in (usual, f"image_{usual}"):
        return ""
    tag = server.image.partition("@")[0].rpartition("/")[2].partition(":")[2]
    return re.sub(r"[^a-z0-9]+", "_", tag.lower()).strip("_")


def _name(server: Foreign | str) -> str:
    return server if isinstance(server, str) else server.name
