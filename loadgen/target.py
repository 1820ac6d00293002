"""Learn and verify what a server answers, before any load.

The engine compares every response with these exact bytes, so a wrong answer in
a window is an error of its own and never a fast success.
"""

from __future__ import annotations

import socket
import time

from loadgen.measures import Exchange

BODY = b"Hello, world!"
KEEP_ALIVE_REQUEST = b"GET / HTTP/1.1\r\nHost: c10k-lab\r\n\r\n"
CLOSING_REQUEST = b"GET / HTTP/1.0\r\nHost: c10k-lab\r\n\r\n"
TIMEOUT_S = 5.0


class VerificationError(Exception):
    """The server does not answer, or not with what the contract asks."""


def learn(address: tuple[str, int], request: bytes, body: bytes = BODY) -> Exchange:
    """Ask once and check status, length and body. Raises VerificationError."""
    try:
        with _connect(address) as sock:
            sock.sendall(request)
            response = _receive(sock)
    except OSError as error:
        raise VerificationError(f"no response from {address[0]}:{address[1]}: {error}") from error
    head, _, received = response.partition(b"\r\n\r\n")
    status = head.split(b"\r\n", 1)[0]
    if b" 200 " not in status + b" ":
        raise VerificationError(f"expected status 200, received {status[:80]!r}")
    if received != body:
        raise VerificationError(f"expected the body {body!r}, received {received[:80]!r}")
    return Exchange(request, response)


def _connect(address: tuple[str, int]) -> socket.socket:
    """Give a server that has just been started the time to listen."""
    deadline = time.monotonic() + TIMEOUT_S
    while True:
        try:
            return socket.create_connection(address, timeout=TIMEOUT_S)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _receive(sock: socket.socket) -> bytes:
    """One whole response, by Content-Length."""
    data = b""
    while True:
        chunk = sock.recv(65_536)
        if not chunk:
            return data
        data += chunk
        head, found, body = data.partition(b"\r\n\r\n")
        if found and len(body) >= _content_length(head):
            return data


def _content_length(head: bytes) -> int:
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    raise VerificationError(f"the response has no Content-Length: {head[:80]!r}")
