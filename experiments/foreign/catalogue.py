"""Servers that everybody knows, as points of reference: one worker each, logs off.

They run confined like the lab's own and send the same 13 bytes. Connections are
kept alive for an hour and without a limit on requests, or the idle ones would be
closed while a trial goes on. gunicorn's sync worker never keeps one alive: it can
only be loaded with a connection per request, and says so when it is verified.
"""

from __future__ import annotations

from typing import Final

from contract.ports import SERVER_PORT
from contract.response import BODY
from experiments.images.image import repository
from experiments.plan.expect import Expect
from experiments.plan.foreign_server import Foreign

IMAGE: Final = repository("references")
FOLDER: Final = "/opt/references"
KEEP_S: Final = "3600"
CONNECTIONS: Final = "60000"
ADDRESS: Final = "0.0.0.0"  # noqa: S104 - the pod's own namespace; nothing is published
PORT: Final = str(SERVER_PORT)
GUNICORN: Final = (
    *("python3", "-m", "gunicorn", "wsgi:app", "--bind", f"{ADDRESS}:{PORT}"),
    *("--workers", "1", "--worker-tmp-dir", "/tmp", "--log-level", "warning"),  # noqa: S108
    *("--keep-alive", KEEP_S, "--worker-connections", CONNECTIONS),
)


def _reference(name: str, *command: str) -> Foreign:
    return Foreign(
        name=name,
        image=IMAGE,
        port=SERVER_PORT,
        command=list(command),
        expect=Expect(body=BODY.decode()),
        check="exact",
    )


REFERENCES: Final[tuple[Foreign, ...]] = (
    _reference("nginx", "nginx", "-c", f"{FOLDER}/nginx.conf"),
    _reference("gunicorn_sync", *GUNICORN, "--worker-class", "sync"),
    _reference("gunicorn_gthread", *GUNICORN, "--worker-class", "gthread", "--threads", "8"),
    _reference("gunicorn_gevent", *GUNICORN, "--worker-class", "gevent"),
    _reference(
        "uvicorn",
        *("python3", "-m", "uvicorn", "asgi:app", "--host", ADDRESS, "--port", PORT),
        *("--no-access-log", "--log-level", "warning", "--timeout-keep-alive", KEEP_S),
        *("--loop", "uvloop", "--http", "httptools", "--lifespan", "off"),
    ),
    _reference(
        "granian",
        *("python3", "-m", "granian", "asgi:app", "--interface", "asginl"),
        *("--host", ADDRESS, "--port", PORT, "--workers", "1", "--http", "1", "--no-ws"),
        *("--log-level", "warning"),
    ),
)
