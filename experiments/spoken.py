"""The options of every command that a pipeline may ask, those of the analysis included."""

from __future__ import annotations

from collections.abc import Callable

import click


def spoken(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say how a command answers."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document."),
        click.option("--quiet", is_flag=True, help="Say nothing but errors."),
    ):
        command = option(command)
    return command
