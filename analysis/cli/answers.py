"""What commands answer: one JSON document on standard output, or words on a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import click
import numpy as np
import pandas as pd

from analysis.wording import SYMBOLS
from contract.columns.csv_check import LeftOut
from contract.exits import LabError

COLOURS = {"reproduced": "green", "refuted": "red", "inconclusive": "yellow", "not run": "dim"}


@contextmanager
def errors(as_json: bool) -> Iterator[None]:
    """With `as_json`, an error is a document as well; its exit code stays."""
    try:
        yield
    except LabError as error:
        if not as_json:
            raise
        document({"exit": int(error.exit), "error": str(error)})
        sys.exit(error.exit)


def document(content: dict[str, Any]) -> None:
    """Write the document; numbers that are not known are null."""
    click.echo(json.dumps(content, allow_nan=False))


def left_out(spoiled: Sequence[LeftOut]) -> list[dict[str, Any]]:
    """The rows left out: line, trial, column, value and what was expected."""
    return [one._asdict() for one in spoiled]


def rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A frame as rows, None where a number is not known."""
    unknown = table.isna() | table.isin([np.inf, -np.inf])
    plain: Any = table.astype(object).mask(unknown, None)
    found: list[dict[str, Any]] = plain.to_dict("records")
    return found


def coloured(verdict: str) -> str:
    """A verdict with its sign, for rich."""
    return f"[{COLOURS[verdict]}]{SYMBOLS[verdict]} {verdict}[/{COLOURS[verdict]}]"
