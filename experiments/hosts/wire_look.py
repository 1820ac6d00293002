"""Runs in a container on the load's host: looks at the path to `wire_echo.py`, and prints JSON.

`wire_look.py ADDRESS UDP_PORT TCP_PORT...`; ends with UNREACHED, and why, where nobody answers at
one of the ports. The rate is that of the first of TCP.
"""

from __future__ import annotations

import json
import socket
import sys
import time

UNREACHED = 3
LOOKS = 20
SIZE_BYTES = 8
"""Before what is given stands how much that is."""
PATIENCE_S = 10.0
"""It may not listen yet."""
ANSWER_S = 2.0
RATE_S = 10.0
"""At most, for what is given: a slow path has its rate by then."""


def connected(address: str, port: int) -> socket.socket:
    """Raises OSError."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        try:
            sock = socket.create_connection((address, port), ANSWER_S)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.sendall(b"e")  # what passes a port on may accept before it has reached anybody
            if sock.recv(1):
                return sock
            raise ConnectionResetError("it was closed")
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def round_trips_us(sock: socket.socket) -> list[float]:
    """Round trips of those answered. Each has its number: what is late for one is no answer to the
    next."""
    found = []
    for number in range(LOOKS):
        began, question = time.perf_counter(), bytes([number])
        sock.send(question)
        try:
            while sock.recv(64) != question:
                pass
        except OSError:
            continue
        found.append((time.perf_counter() - began) * 1e6)
    return found


def mbit_per_s(address: str, port: int) -> float:
    """Raises OSError."""
    with connected(address, port) as sock:
        sock.sendall(b"g")
        began, came = time.perf_counter(), 0
        size = int.from_bytes(sock.recv(SIZE_BYTES, socket.MSG_WAITALL), "big")
        while time.perf_counter() < began + RATE_S:
            if not (some := sock.recv(2**18)):
                break
            came += len(some)
        took_s = time.perf_counter() - began
        if not size or (came < size and took_s < RATE_S):
            raise ConnectionResetError(f"it ended after {came:,} of {size:,} bytes")
        return came * 8 / 1e6 / took_s


def main(address: str, udp: int, *tcp: int) -> None:
    what, trips = "", []
    try:
        for port in tcp:
            what = f"TCP port {port}"
            with connected(address, port) as sock:
                trips += round_trips_us(sock)
        what = f"TCP port {tcp[0]}"
        rate = mbit_per_s(address, tcp[0])
        what = f"UDP port {udp}"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.settimeout(ANSWER_S / LOOKS)
            sock.connect((address, udp))
            by_probe = round_trips_us(sock)
        if not by_probe:
            raise TimeoutError("no datagram came back")
    except OSError as error:
        print(f"{what} of {address} is not reached: {error}")
        sys.exit(UNREACHED)
    found = {
        "round_trip_us": round(min(trips), 1),
        "probe_round_trip_us": round(min(by_probe), 1),
        "probe_lost": LOOKS - len(by_probe),
        "mbit_per_s": round(rate, 1),
    }
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1], *map(int, sys.argv[2:]))
