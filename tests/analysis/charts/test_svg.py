"""Pictures in the page: colours follow the theme, and stay where styles are forbidden."""

from __future__ import annotations

import pytest

from analysis.charts.palette import VARIABLES
from analysis.charts.svg import inline

KNOWN, NAME = next(iter(VARIABLES.items()))


@pytest.mark.parametrize(
    ("style", "attributes"),
    [
        ("fill: none; stroke-width: 1.5", 'fill="none" stroke-width="1.5"'),
        ("fill: #123456", 'fill="#123456"'),
        (
            f"fill: {KNOWN}; text-anchor: end",
            f'fill="{KNOWN}" text-anchor="end" style="fill: var(--{NAME})"',
        ),
        ("font-family: 'Segoe UI', serif", "font-family=\"'Segoe UI', serif\""),
    ],
)
def test_what_a_style_says_is_said_in_attributes(style: str, attributes: str) -> None:
    made = inline(f'<svg viewBox="0 0 1 1"><path id="a" style="{style}"/></svg>', "rate", "label")
    assert f'<path id="rate-a" {attributes}/>' in made


def test_text_that_looks_like_a_style_is_left() -> None:
    text = f'style="fill: {KNOWN}"'
    made = inline(f'<svg viewBox="0 0 1 1"><text>{text}</text></svg>', "rate", "label")
    assert f"<text>{text}</text>" in made
