"""`python -m servers NAME` runs a server, `list` lists them, `check` tells which can run here."""

from __future__ import annotations

import os
import runpy
import sys

from contract.exits import ServerExit
from servers.core.events import EventLog
from servers.core.exits import StartError, UnavailableError
from servers.core.settings import SettingsError, parse
from servers.registry import load, names, table


def main() -> ServerExit:
    """Run the command line; return how it ended."""
    try:
        name, settings = parse(sys.argv[1:], os.environ, names())
    except SettingsError as wrong:
        print("\n".join(f"error: {line}" for line in wrong.errors), file=sys.stderr)
        return ServerExit.USAGE
    if name == "list":
        print(table())
        return ServerExit.OK
    if name == "check":
        runpy.run_module("servers.check", run_name="__main__")  # what it imports, no server needs
        return ServerExit.OK
    try:
        load(name).serve(settings, EventLog(name))
    except StartError as error:
        print(f"error: {error}", file=sys.stderr)
        return ServerExit.UNAVAILABLE if isinstance(error, UnavailableError) else ServerExit.FAILED
    return ServerExit.OK


if __name__ == "__main__":
    sys.exit(main())
