"""The command line. Commands are found by file: every module here has one, `command`."""

from __future__ import annotations

import importlib
import pkgutil
import sys

import click

from contract.console import echo
from contract.exits import Exit, LabError


class Commands(click.Group):
    """A command is imported when it is wanted: none needs what the others are made of."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's
        return [module.name for module in pkgutil.iter_modules(__path__)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in self.list_commands(ctx):
            return None
        found: click.Command = importlib.import_module(f"{__name__}.{cmd_name}").command
        return found


@click.group(cls=Commands)
def cli() -> None:
    """From the records of a run to verdicts, figures and a report."""


def run() -> None:
    """Run the command line; an error that a person can mend ends with a named exit code."""
    try:
        cli.main(standalone_mode=False)
    except LabError as error:
        echo(str(error), err=True)
        sys.exit(error.exit)
    except click.UsageError as error:
        error.show()
        sys.exit(Exit.USAGE)
    except click.Abort:
        sys.exit(Exit.INTERRUPTED)
