"""Pages from templates, in HTML and Markdown, and text that cannot act as markup in them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from analysis import wording
from analysis.charts.palette import css_variables
from contract.exits import LabError
from contract.literal import visible

TEMPLATES = Path(__file__).parent / "templates"
ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
SIGNS = "\\|`*_[]#~$"
AT_THE_START = re.compile(r"(\d{1,9}(?=[.)](?:\s|$)))|(?=[-+](?:\s|$))|(?=[=-]+$)")
"""The start of a list, of a line across, or of a line that makes the one above a heading."""
ADDRESS = re.compile(r"://|(?<=www)\.", re.IGNORECASE)
"""Code hosts turn these into links."""


@contextmanager
def write_errors() -> Iterator[None]:
    """Names the file that cannot be written, in a LabError."""
    try:
        yield
    except OSError as error:
        raise LabError(f"{error.filename}: cannot be written: {error.strerror}") from None


def write_pages(
    name: str, folder: Path, page: Mapping[str, object], template: str = ""
) -> tuple[Path, Path]:
    """Write NAME.html and NAME.md into `folder`, from the templates of these names or others."""
    templates = environment()
    html, plain = folder / f"{name}.html", folder / f"{name}.md"
    for path in (html, plain):
        content = templates.get_template(f"{template or name}{path.suffix}.j2").render(page)
        path.write_text(content, encoding="utf-8")
    return html, plain


@cache
def environment() -> Environment:
    """The templates, each compiled once. HTML is escaped by the file's name; Markdown by the filter
    `md`."""
    templates = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(("html.j2",)),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    templates.filters["md"] = markdown
    templates.globals.update(text=wording, symbols=wording.SYMBOLS, colours=css_variables())
    return templates


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
    """A value as a template shows it; markup of the lab's own stays as it is."""
    return visible(value) if type(value) is str else value
