"""The variants, found by the files in servers/variants/: a new file is a new server."""

from __future__ import annotations

import importlib
import pkgutil

from servers import variants
from servers.core.variant import Group, Variant

HEADINGS = ("NAME", "GROUP", "WORKERS", "SINCE", "IDEA", "IGNORES")


def names() -> list[str]:
    """Return the names of all variants: their file names."""
    return sorted(module.name for module in pkgutil.iter_modules(variants.__path__))


def load(name: str) -> Variant:
    """Import a variant. Raises TypeError if its file does not describe one."""
    found = getattr(importlib.import_module(f"{variants.__name__}.{name}"), "VARIANT", None)
    if not isinstance(found, Variant):
        raise TypeError(f"servers/variants/{name}.py has no VARIANT = Variant(...)")
    return found


def table() -> str:
    """Return a table with a line per variant, by group."""
    rows = [HEADINGS]
    every = [(name, load(name)) for name in names()]
    for name, variant in sorted(every, key=lambda pair: list(Group).index(pair[1].group)):
        ignores = ", ".join(sorted(variant.ignores)) or "-"
        rows.append(
            (name, variant.group.value, variant.workers, variant.since, variant.idea, ignores)
        )
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
