"""What is wrong with a file that pydantic checked, for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import ValidationError


def schema_faults(path: Path, error: ValidationError, *above: str) -> list[str]:
    """A line per fault: the file, the key by its path below `above`, and why."""
    return [
        f"{path}: {'.'.join((*above, *map(str, fault['loc']))) or 'file'}: {fault['msg']}"
        for fault in error.errors()
    ]
