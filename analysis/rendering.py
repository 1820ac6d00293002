"""Templates of pages, and text that cannot act as markup in them."""

from __future__ import annotations

import re
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from contract.literal import visible

TEMPLATES = Path(__file__).parent / "templates"
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
SIGNS = "\\|`*_[]#~$"
AT_THE_START = re.compile(r"(\d{1,9}(?=[.)](?:\s|$)))|(?=[-+](?:\s|$))|(?=[=-]+$)")
"""A list, a line across, or a heading by the line below it."""
ADDRESS = re.compile(r"://|(?<=www)\.", re.IGNORECASE)
"""What a code host makes a link of."""


def environment() -> Environment:
    """HTML is escaped by the file's name; Markdown through the filter `md`."""
    found = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    found.filters["md"] = markdown
    return found


def markdown(value: object) -> str:
    """Text for a Markdown line or table cell: nothing in it acts as markup."""
    line = visible(" ".join(str(value).split()))
    line = "".join(ENTITIES.get(letter) or _escaped(letter) for letter in line)
    line = ADDRESS.sub(lambda found: found[0].translate({58: "&#58;", 46: "&#46;"}), line)
    start = AT_THE_START.match(line)
    return f"{start[0]}\\{line[start.end() :]}" if start else line


def _escaped(letter: str) -> str:
    return f"\\{letter}" if letter in SIGNS else letter


def _shown(value: object) -> object:
    """What a template shows; markup of the lab's own is left alone."""
    return visible(value) if type(value) is str else value
