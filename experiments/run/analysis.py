"""Runs `python -m analysis`, which gets folders and knows nothing of how they are made."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from contract.exits import Exit, LabError
from contract.more_blocks import OPEN, OpenQuestion
from experiments.paths import ROOT


def analyse(
    arguments: Sequence[str], output: int | None = None
) -> subprocess.CompletedProcess[str]:
    """Run `python -m analysis`; `output` is what its standard output leads to, if not to ours."""
    return subprocess.run(  # noqa: S603 - this interpreter, our own module
        [sys.executable, "-m", "analysis", *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=output,
        text=True,
        check=False,
    )


def open_questions(folder: Path) -> list[OpenQuestion]:
    """What of the run so far is open and more blocks may decide, the most promising first.

    Raises LabError, with what the analysis says of records that it cannot judge.
    """
    done = analyse(("open", str(folder), "--json"), subprocess.PIPE)
    try:
        answer = json.loads(done.stdout)
        if OPEN not in answer:
            raise LabError(str(answer["error"]), Exit(done.returncode))
        return [OpenQuestion(**{**one, "points": tuple(one["points"])}) for one in answer[OPEN]]
    except (ValueError, KeyError, TypeError) as error:
        raise LabError(
            f"{folder}: what is open could not be told: the analysis ended with "
            f"{done.returncode} and no answer; see: python -m analysis open {folder}"
        ) from error
