"""The limits of the machine that a run began with, out of its manifest: its plan hangs on them."""

from __future__ import annotations

from dataclasses import fields

from contract.exits import Exit, LabError
from contract.run_files import MANIFEST
from experiments.plan.capacity import Limits
from experiments.records.run_folder import Store


def recorded_limits(store: Store) -> Limits:
    """Raises LabError for others than this lab knows."""
    found = store.manifest().get("limits", {})
    known = isinstance(found, dict) and found.keys() <= {one.name for one in fields(Limits)}
    if not known or not all(value is None or type(value) is int for value in found.values()):
        raise LabError(
            f"{store.folder / MANIFEST}: limits: {found!r} are none of this version of the lab; "
            "start a new run",
            Exit.BAD_INPUT,
        )
    return Limits(**found)
