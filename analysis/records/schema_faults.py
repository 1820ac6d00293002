"""What is wrong with a file that pydantic checked, for people."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from contract.model_faults import model_faults


def schema_faults(path: Path, error: ValidationError, *above: str) -> list[str]:
    """A line per fault: the file, the key by its path below `above`, and why."""
    return [f"{path}: {fault}" for fault in model_faults(error.errors(), *above)]
