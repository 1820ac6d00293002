"""What is told of a run after its last trial."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence

import click

from contract.console import echo
from experiments.run.analysis import analyse
from experiments.run.loop import AfterwardsError


def report_before(error: AfterwardsError, options: Sequence[str]) -> int:
    """Report on the run, then tell the error; returns the report's exit code, or else the error's.

    A pipeline that wants one document gets one, with both.
    """
    as_json = "--json" in options
    done = analyse(("report", str(error.folder), *options), subprocess.PIPE if as_json else None)
    code = done.returncode or int(error.exit)
    if as_json:
        document = json.loads(done.stdout) if done.stdout else {}
        told = "; ".join(filter(None, [document.get("error"), str(error)]))
        click.echo(json.dumps({**document, "exit": code, "error": told}, ensure_ascii=False))
    echo(f"error: {error}", err=True)
    return code
