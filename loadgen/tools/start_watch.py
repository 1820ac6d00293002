"""`python -m loadgen.tools.start_watch FORM`: watches a server start, from beside it.

FORM is that of a load (experiments/run/load_form.py), as JSON. It runs in the network namespace of
the server before there is one and says so, with a line of JSON. It sees in the kernel's table when
somebody listens on the server's port, and then asks until it is answered: first what says that the
server is ready, where there is such a request, then what the load asks first. Prints a line of JSON
with both moments, and ends.
"""

from __future__ import annotations

import json
import re
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from contract.expected import ANY, Expected
from contract.request import Request
from contract.result.document import to_json
from contract.result.start import StartSeen
from loadgen.option_checks import parse
from loadgen.options import Options
from loadgen.verification.asking import Client
from loadgen.verification.errors import NotReadyError, VerificationError
from loadgen.verification.verify import keep_alive_request

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
PAUSE_S = 0.001
HOST = "127.0.0.1"


def listens(port: int) -> bool:
    """Whether a socket of this network namespace listens on the port."""
    listening = re.compile(rf":{port:04X} \w+:0000 0A ")
    return any(path.exists() and listening.search(path.read_text()) for path in TABLES)


def watch(options: Options) -> StartSeen:
    """The moments at which it listened and at which it had answered. Raises VerificationError when
    that takes too long."""
    ends = time.monotonic() + options.terms.ready.within_s
    while not listens(options.port):
        if time.monotonic() > ends:
            raise VerificationError(f"nobody listened on port {options.port} in time")
        time.sleep(PAUSE_S)
    listening_s = time.time()
    for client, passing in clients(options):
        while not answered(client, passing, ends):
            time.sleep(PAUSE_S)
    return StartSeen(listening_s=listening_s, answered_s=time.time())


def answered(client: Client, passing: type[VerificationError], ends: float) -> bool:
    """Raises VerificationError for what will not pass, or is not answered after `ends`."""
    try:
        client.ask_once()
    except passing:
        if time.monotonic() > ends:
            raise
        return False
    return True


def clients(options: Options) -> Iterator[tuple[Client, type[VerificationError]]]:
    """Clients of what says that it is ready, if there is such a request, and of the load's first,
    and what a server that is starting may do to each."""
    asked, terms = options.asked[0], options.terms
    address = (HOST, options.port)
    if terms.ready.asks:
        own = Request(path=terms.ready.path or asked.path, headers=(("Host", terms.ready.host),))
        expected = Expected(statuses=terms.ready.statuses or (200,), body_is=ANY)
        yield Client(address, keep_alive_request(own), expected), VerificationError
    yield Client(address, keep_alive_request(asked), terms.expected), NotReadyError


def main() -> None:
    """Watch the server that the command line tells of."""
    form = json.loads(sys.argv[1])
    options = parse(form, form["host"])
    print(json.dumps({"event": "watching"}), flush=True)
    print(json.dumps(to_json(watch(options))), flush=True)


if __name__ == "__main__":
    main()
