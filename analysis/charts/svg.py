"""An SVG of matplotlib's to put into an HTML page.

It takes its colours from CSS variables, so that it follows the reader's theme, and carries ids of
its own, so that several fit on one page. All else is said in attributes, the colours too: a page
that comes from a strict server (Content-Security-Policy without inline styles) keeps its pictures.
"""

from __future__ import annotations

import re

from analysis.charts.palette import VARIABLES
from analysis.charts.picture import TAG

STYLE = re.compile(r'\bstyle="([^"]*)"')
COLOUR = re.compile(r"#[0-9a-fA-F]{6}\b")


def inline(svg: str, name: str, label: str) -> str:
    """An SVG document as an element for an HTML page; `label` is its text for
    those who cannot see it, and has to be escaped already."""
    body = svg[svg.index("<svg") :]
    body = re.sub(r"<metadata>.*?</metadata>", "", body, flags=re.DOTALL)
    # Tags alone: what stands between them is text, and may look like anything.
    body = TAG.sub(lambda tag: _of_its_own(tag[0], name), body)
    opening = re.search(r'viewBox="[^"]*"', body)
    box = opening.group(0) if opening else ""
    element = (
        f'<svg xmlns="http://www.w3.org/2000/svg" '
        f'xmlns:xlink="http://www.w3.org/1999/xlink" {box} role="img" aria-label="{label}">'
    )
    return re.sub(r"<svg[^>]*>", lambda _: element, body, count=1)


def _of_its_own(tag: str, name: str) -> str:
    tag = re.sub(r'\bid="', f'id="{name}-', tag)
    tag = re.sub(r'href="#', f'href="#{name}-', tag)
    tag = re.sub(r"url\(#", f"url(#{name}-", tag)
    return STYLE.sub(_attributes, tag)


def _attributes(style: re.Match[str]) -> str:
    """The declarations as attributes; those with a colour of the palette as a style as well, which
    goes before them where it is heeded."""
    pairs = [one.split(": ", 1) for one in style[1].split("; ")]
    words = [f'{name}="{value}"' for name, value in pairs]
    themed = [
        f"{name}: {variable}"
        for name, value in pairs
        if (variable := COLOUR.sub(_variable, value)) != value
    ]
    return " ".join([*words, f'style="{"; ".join(themed)}"'] if themed else words)


def _variable(found: re.Match[str]) -> str:
    """A colour of the palette as its CSS variable; any other stays."""
    name = VARIABLES.get(found.group().lower())
    return f"var(--{name})" if name else found.group()
