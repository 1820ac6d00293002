"""`python -m analysis COMMAND`: see commands.py."""

from __future__ import annotations

import gc
import sys

from analysis.charts.painters import Painters


def main() -> None:
    """Run the command line. A helper that is to save pictures starts first: both import at once."""
    # The process ends with its one command: collecting cycles would only take time.
    gc.disable()
    with Painters(helped=sys.argv[1:2] in (["report"], ["compare"])) as painters:
        from analysis.cli.commands import run

        run(painters)


if __name__ == "__main__":
    main()
