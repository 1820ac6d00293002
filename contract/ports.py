"""TCP ports of the lab: those of a trial, in its own network namespace, and the web UI's."""

SERVER_PORT = 8080
PROBE_PORT = 8079
MASTER_PORT = 5557
"""Where Locust's master takes its workers. It has no password, and is published nowhere."""
WEB_PORT = 8089
