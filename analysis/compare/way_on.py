"""How to go on where two runs cannot tell: both servers side by side in one run."""

from __future__ import annotations

from shlex import quote

from analysis.compare.comparison import RunComparison
from analysis.records.run import Run
from contract.exits import Exit

DIGITS = 12
"""Digits of an image's id that stand for it."""


def way_on(made: RunComparison) -> str:
    """A sentence with the command; '' unless more repeats of two runs could tell."""
    if made.exit is not Exit.CANNOT_TELL or len(made.runs) != 2 or not len(made.unknown):
        return ""
    words = _servers(*made.runs) or "A=IMAGE:1 B=IMAGE:2"
    name = made.runs[0].name
    return (
        "Where both servers are still there, one run of both goes on until it can tell: make ab "
        f"{words} EXPERIMENT={quote(name)}"
    )


def _servers(base: Run, run: Run) -> str:
    """Those of the runs, where each is of one server of somebody's, under one port."""
    entries = [list(one.manifest.servers.values()) for one in (base, run)]
    if not all(len(one) == 1 and not one[0].get("needs") for one in entries):
        return ""
    (mine,), (theirs,) = entries
    images = [str(one.get("image") or "") for one in (mine, theirs)]
    if images[0] == images[1]:  # a name that was given to another image meanwhile
        images = [
            str(one.get("id") or "").removeprefix("sha256:")[:DIGITS] for one in (mine, theirs)
        ]
    if not all(images) or mine.get("port") != theirs.get("port"):
        return ""
    port = mine.get("port")
    told = " ".join(f"{key}={quote(image)}" for key, image in zip("AB", images, strict=True))
    return f"{told} PORT={port}" if port else told
