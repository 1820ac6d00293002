"""Figures as files: PNG and SVG, and an SVG to put into an HTML page.

The SVG inside the page takes its colours from CSS variables, so that it follows
the reader's theme, and carries ids of its own, so that several fit on one page.
"""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING, Any

from matplotlib import rc_context
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis.charts.layout import arrange
from analysis.charts.palette import VARIABLES
from contract.literal import visible

if TYPE_CHECKING:
    from pathlib import Path

PNG_DPI = 144
RC: Any = {"svg.fonttype": "none", "text.parse_math": False}
TAG = re.compile(r"<[^<>]*>")
FONTS = re.compile(r"'DejaVu Sans'(, [a-zA-Z' -]+)*")
FONT = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"


def save(figure: Figure, folder: Path, name: str) -> str:
    """Write NAME.png and NAME.svg into `folder`; returns the SVG's text.

    The files are the same for the same figure: ids are salted with the name, and
    no date is written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    figure.set_dpi(PNG_DPI)  # so that layout and PNG measure each text once
    with rc_context(RC | {"svg.hashsalt": f"c10k-lab {name}"}):
        _make_literal(figure)
        arrange(figure)
        figure.savefig(
            folder / f"{name}.png",
            dpi=PNG_DPI,
            metadata={"Software": None},
            pil_kwargs={"compress_level": 1},
        )
        FigureCanvasSVG(figure)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    text = TAG.sub(lambda tag: FONTS.sub(FONT, tag[0]), buffer.getvalue())
    (folder / f"{name}.svg").write_text(text, encoding="utf-8")
    return text


def _make_literal(figure: Figure) -> None:
    """A path with two dollars is no formula, and what cannot be seen is no picture."""
    for one in figure.findobj(Text):
        if isinstance(one, Text):
            one.set_parse_math(False)
            one.set_text(visible(one.get_text()))
    for panel in figure.axes:
        for axis in (panel.xaxis, panel.yaxis):
            places = axis.get_majorticklocs()
            labels = axis.get_major_formatter().format_ticks(list(places))
            if (shown := [visible(label) for label in labels]) != labels:
                axis.set_ticks(list(places), shown)


def warm_up() -> None:
    """Load what a first picture takes beside its own time: projections, fonts, both formats."""
    figure = Figure()
    figure.subplots().plot([1, 2], marker="o")
    for kind in ("png", "svg"):
        figure.savefig(io.BytesIO(), format=kind)


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
    return re.sub(r"#[0-9a-fA-F]{6}\b", _variable, tag)


def _variable(found: re.Match[str]) -> str:
    """A colour of the palette as its CSS variable; any other stays."""
    name = VARIABLES.get(found.group().lower())
    return f"var(--{name})" if name else found.group()
