"""`python -m loadgen.tools.habits`: what one server does with single requests, some of them broken.

Runs beside the server, at a pace of one connection at a time, for a minute or so. Prints one line
of JSON: what was seen, no verdict.
"""

from __future__ import annotations

import argparse
import json

from contract.request import ASKED, parse_requests
from contract.result.document import to_json
from loadgen.habits.asking import ask


def main() -> None:
    """Ask, and print."""
    parser = argparse.ArgumentParser(prog="python -m loadgen.tools.habits", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--request", required=True, help="JSON, as contract/request.py has it")
    parser.add_argument("--silence", type=float, required=True, help="seconds, at most")
    given = parser.parse_args()
    asked = parse_requests(given.request)[ASKED]
    print(json.dumps(to_json(ask((given.host, given.port), asked, given.silence))), flush=True)


if __name__ == "__main__":
    main()
