"""`python -m servers NAME` runs a server, `list` lists them, `check` tells which can run here."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import sys
from typing import TYPE_CHECKING, Protocol, cast

from servers import variants
from servers.core.category import Group
from servers.core.check import check
from servers.core.events import EventLog
from servers.core.exits import Exit, StartError, UnavailableError
from servers.core.settings import Settings, SettingsError, parse

if TYPE_CHECKING:
    from collections.abc import Callable


class Variant(Protocol):
    """What a file in servers/variants/ offers."""

    IDEA: str  # the architecture in one line
    WORKERS: str  # the threads or processes that serve, in a few words
    GROUP: Group
    SINCE: str  # the first Linux that has what it needs
    IGNORES: frozenset[str]  # settings that mean nothing to it
    serve: Callable[[Settings, EventLog], None]  # returns when the server has been stopped


def names() -> list[str]:
    """Return the names of all variants: their file names."""
    return sorted(module.name for module in pkgutil.iter_modules(variants.__path__))


def load(name: str) -> Variant:
    """Import a variant."""
    return cast("Variant", importlib.import_module(f"{variants.__name__}.{name}"))


HEADINGS = ("NAME", "GROUP", "WORKERS", "SINCE", "IDEA", "IGNORES")


def table() -> str:
    """Return a table with a line per variant, by group."""
    rows = [HEADINGS]
    for name in sorted(names(), key=lambda name: list(Group).index(load(name).GROUP)):
        it = load(name)
        ignores = ", ".join(sorted(it.IGNORES)) or "-"
        rows.append((name, it.GROUP.value, it.WORKERS, it.SINCE, it.IDEA, ignores))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )


def main() -> Exit:
    """Run the command line; return how it ended."""
    try:
        name, settings = parse(sys.argv[1:], os.environ, names())
    except SettingsError as wrong:
        print("\n".join(f"error: {line}" for line in wrong.errors), file=sys.stderr)
        return Exit.USAGE
    if name == "list":
        print(table())
        return Exit.OK
    if name == "check":
        print(json.dumps(check(names())))
        return Exit.OK
    try:
        load(name).serve(settings, EventLog(name))
    except StartError as error:
        print(f"error: {error}", file=sys.stderr)
        return Exit.UNAVAILABLE if isinstance(error, UnavailableError) else Exit.FAILED
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main())
