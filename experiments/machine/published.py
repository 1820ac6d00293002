"""Whether what the engine publishes on its 127.0.0.1 is reached from here.

It is not from a container that was given the engine's socket alone, as a development container is:
that has a 127.0.0.1 of its own.
"""

from __future__ import annotations

import secrets
import socket
import time
import uuid
from typing import Any, Final

from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import ContainerSpec
from experiments.docker.tool import running

PORT: Final = 8_000
GREETS: Final = f"""
import socket, sys
with socket.create_server(("", {PORT})) as server:
    while True:
        server.accept()[0].sendall(sys.argv[1].encode())
"""
PATIENCE_S: Final = 20.0
"""For its start, on a busy machine; one that is reached is known at once."""


def reached(driver: DockerDriver, image: str) -> bool:
    """Publish a port of a container, and see who answers there. Raises DriverError."""
    name, word = f"c10k-tool-{uuid.uuid4().hex[:12]}", secrets.token_hex()
    driver.create_network(name)
    spec = ContainerSpec(
        role="tool",
        name=name,
        image=image,
        command=("python3", "-c", GREETS, word),
        network=name,
        publish={PORT: 0},
    )
    try:
        with running(driver, spec) as container:
            with driver.guard("asking for a published port"):
                seen: dict[str, Any] = driver.api.inspect_container(container)
            (bound,) = seen["NetworkSettings"]["Ports"][f"{PORT}/tcp"]
            return _says(word.encode(), int(bound["HostPort"]))
    finally:
        driver.remove_network(name)


def _says(word: bytes, port: int) -> bool:
    """Whether that is what is heard on this port; the engine may take connections before who is
    to serve them."""
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline:
        try:
            with socket.create_connection(("127.0.0.1", port), timeout=1.0) as heard:
                if heard.recv(len(word), socket.MSG_WAITALL) == word:
                    return True
        except OSError:
            pass  # nobody yet, or nobody there
        time.sleep(0.05)
    return False
