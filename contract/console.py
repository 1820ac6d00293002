"""What every command that a pipeline may ask has in common, those of the analysis included: its
options, and words on a terminal, in which nothing that came from outside acts.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import click

from contract.literal import visible

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def spoken(command: Callable[..., None]) -> Callable[..., None]:
    """The options that say how a command answers."""
    for option in (
        click.option("--json", "as_json", is_flag=True, help="Answer with one JSON document."),
        click.option("--quiet", is_flag=True, help="Say nothing but errors."),
    ):
        command = option(command)
    return command


def echo(text: str, *, err: bool = False) -> None:
    """Write lines of text to standard output, or to standard error."""
    click.echo(visible(text), err=err)


def say(console: Console, text: str) -> None:
    """The same where a console may be quiet, or has a bar below the lines."""
    console.print(visible(text), markup=False, highlight=False, soft_wrap=True)


def cell(text: str) -> Text:
    """Text for a table on a terminal."""
    from rich.text import Text

    return Text(visible(text))
