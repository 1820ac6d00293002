"""In the place of `ssh -N -L HERE:THERE ...`: passes on what comes HERE to THERE, as it is seen in
the network namespace that C10K_TEST_NETNS names. Listens before it goes there, as ssh does."""

from __future__ import annotations

import ctypes
import os
import socket
import sys
from contextlib import suppress
from threading import Thread

CLONE_NEWNET = 0x40000000
BYTES = 65_536


def ends(forward: str) -> tuple[str | tuple[str, int], str | tuple[str, int]]:
    """Both addresses: two paths, or two hosts with ports."""
    words = forward.split(":")
    if len(words) == 2:
        return words[0], words[1]
    return (words[0], int(words[1])), (words[2], int(words[3]))


def family(address: object) -> socket.AddressFamily:
    return socket.AF_UNIX if isinstance(address, str) else socket.AF_INET


def pass_on(source: socket.socket, sink: socket.socket) -> None:
    """Until one of them ends; then the other learns of it."""
    with suppress(OSError):
        while some := source.recv(BYTES):
            sink.sendall(some)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def main(forward: str) -> None:
    here, there = ends(forward)
    with socket.socket(family(here)) as listener:
        if not isinstance(here, str):
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(here)
        listener.listen(64)
        with open(os.environ["C10K_TEST_NETNS"], "rb") as namespace:
            if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
                raise OSError(ctypes.get_errno(), "setns")
        while True:
            one, _ = listener.accept()
            other = socket.socket(family(there))
            try:
                other.connect(there)
            except OSError:  # nobody listens there yet
                one.close()
                other.close()
                continue
            for pair in ((one, other), (other, one)):
                Thread(target=pass_on, args=pair, daemon=True).start()


if __name__ == "__main__":
    main(sys.argv[sys.argv.index("-L") + 1])
