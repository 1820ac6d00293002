"""`python -m analysis COMMAND`: see cli/commands.py."""

from __future__ import annotations

from analysis.cli.commands import run

if __name__ == "__main__":
    run()
