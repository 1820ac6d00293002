"""What is right for each server of others under each load: regular expressions for outcomes.

Each says what the server's own manual does: how many requests it takes on a connection, how many
connections it holds, and whether it keeps any.
"""

from __future__ import annotations

from typing import Final

from tests.foreign.document import LOADS

MEASURED: Final = r"measured(: .*)?"
SERVERS: Final = (
    *("nginx_default", "apache2", "lighttpd", "caddy", "haproxy", "node_http", "puma", "php_s"),
    *("tomcat10", "gunicorn", "uvicorn_default", "hypercorn", "waitress", "tornado", "aiohttp"),
    "http_server",
)
OTHERWISE: Final[dict[tuple[str, str], str]] = {}
EXPECTED: Final = {(load, server): MEASURED for load in LOADS for server in SERVERS} | OTHERWISE
