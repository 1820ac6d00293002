"""What the commands share: options, errors as exit codes, words."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from shlex import quote
from typing import NoReturn, ParamSpec

import click
from rich.console import Console

from contract.console import echo
from contract.exits import Exit, LabError
from experiments.docker.driver import DriverError
from experiments.paths import ROOT
from experiments.run.loop import Interrupted

console = Console(highlight=False)
P = ParamSpec("P")


def with_exit_codes(command: Callable[P, None]) -> Callable[P, None]:
    """A LabError becomes its message and its exit code, never a traceback."""

    @wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except LabError as error:
            ended(error.exit, noted(f"error: {error}", error))
        except DriverError as error:
            ended(Exit.FAILED, noted(f"error: Docker: {error}", error))
        except OSError as error:
            message = f"error: {error.filename or 'system'}: {error.strerror or error}"
            ended(Exit.FAILED, noted(message, error))
        except Interrupted as stopped:
            message = "\nstopped; " + _how_to_go_on(stopped.folder)
            ended(Exit.INTERRUPTED, noted(message, stopped))
        except KeyboardInterrupt:
            ended(Exit.INTERRUPTED, "\nstopped")

    return run


def noted(message: str, error: BaseException) -> str:
    """The message, and below it the notes of the error: what went wrong after it."""
    return "\n".join([message, *getattr(error, "__notes__", ())])


def ended(code: Exit, message: str) -> NoReturn:
    """End the process with this message; with --json as one document."""
    context = click.get_current_context(silent=True)
    if context and context.params.get("as_json"):
        click.echo(json.dumps({"exit": int(code), "error": message.strip()}))
    echo(message, err=True)
    sys.exit(code)


hosts_option = click.option(
    "--hosts", type=click.Path(path_type=Path), help="The machines, as a YAML file."
)


def choice_options(command: Callable[..., None]) -> Callable[..., None]:
    """Options that change the servers and the repeats of an experiment, and how long it goes on."""
    for option in (
        click.option("--budget", default="", help="Time for what is open after the plan, or 0."),
        click.option("--repeats", type=click.IntRange(1, 1_000), help="Blocks, not as it says."),
        hosts_option,
        click.option("--references", is_flag=True, help="Also nginx, gunicorn, uvicorn, granian."),
        click.option("--port", type=click.IntRange(1, 65_535), help="Where the image listens."),
        click.option(
            "--server", default="", help="Only this: a server's name, an image, or its file."
        ),
    ):
        command = option(command)
    return command


def output_of(quiet: bool, as_json: bool) -> tuple[Console, list[str]]:
    """The console for progress, and the options that the report is given."""
    options = ["--json"] if as_json else ["--quiet"] if quiet else []
    return (Console(quiet=True) if options else console), options


def _how_to_go_on(folder: Path | None) -> str:
    if folder is None:
        return "nothing was measured yet"
    return f"finished trials are kept. Go on with: make resume RUN={quote(str(relative(folder)))}"


def relative(path: Path) -> Path:
    """The path relative to the project's folder, where it lies inside."""
    return path.relative_to(ROOT) if path.is_relative_to(ROOT) else path
