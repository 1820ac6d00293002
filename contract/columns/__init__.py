"""The record format: the columns of `trials.csv`, in order, with their meaning.

The runner writes a row per trial, analysis reads it, and both take the names
from here. Values that were not measured are empty. Bump FORMAT_VERSION when a
column, or a detail beside the CSV, changes its meaning; a new one, with `added`, does not need it.
The columns stand in a module per subject; their order here is their order in the file.
"""

from __future__ import annotations

from contract.columns.answers import ANSWERS, MOST_TREND
from contract.columns.bad_clients import BAD_CLIENTS
from contract.columns.column import Column
from contract.columns.deploying import DEPLOYING
from contract.columns.identity import IDENTITY
from contract.columns.machine import MACHINE
from contract.columns.server import SERVER
from contract.columns.times import TIMES
from contract.settings.setting import declared
from contract.settings.trial import Settings

__all__ = [
    "COLUMNS",
    "FIRST_NAMES",
    "FORMAT_VERSION",
    "MOST_TREND",
    "NAMES",
    "REFERENCE_SWEEP",
    "SETTINGS",
]

FORMAT_VERSION = 2
REFERENCE_SWEEP = "reference"
"""Value of `sweep` of the reference trials."""

COLUMNS: tuple[Column, ...] = (
    *IDENTITY,
    *ANSWERS,
    *TIMES,
    *BAD_CLIENTS,
    *SERVER,
    *DEPLOYING,
    Column(
        "coverage", "float", "share of active connections with a response in the window", maximum=1
    ),
    Column("littles_law_ratio", "float", "throughput x mean time / requests under way; 1 is exact"),
    *MACHINE,
)


NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)
FIRST_NAMES = tuple(column.name for column in COLUMNS if not column.added)
"""Columns that every run of this format version has."""
SETTINGS = tuple(name for name, one in declared(Settings).items() if one.identifies)
"""Columns of settings that tell points apart."""
