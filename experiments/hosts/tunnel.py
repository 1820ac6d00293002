"""One OpenSSH connection to a host, which forwards the socket of its engine.

The Docker SDK's own way over ssh logs in for every request. Keys, agents, jumps and the keys of
hosts are OpenSSH's own, as ~/.ssh/config has them; nothing is asked at the terminal.
"""

from __future__ import annotations

import ctypes
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from contract.exits import Exit, LabError

SOCKET: Final = "/var/run/docker.sock"
PR_SET_PDEATHSIG: Final = 1
LOOPBACK: Final = "127.0.0.1"
CONNECT_S: Final = 15.0
END_S: Final = 3.0
LOOK_S: Final = 0.02
OPTIONS: Final = {
    "BatchMode": "yes",
    "ConnectTimeout": "10",
    "ControlPath": "none",
    "ExitOnForwardFailure": "yes",
    "ServerAliveInterval": "5",
    "ServerAliveCountMax": "3",
    "StreamLocalBindMask": "0177",
}
"""A connection that is gone ends within 15 s, and the socket is its user's alone. It is shared with
no other `ssh` (ControlMaster), whose connection would keep the forwarded ports after this one."""
ADVICE: Final = (
    (
        "Address already in use",
        "another program has that port here, perhaps `make ui`; end it",
    ),
    (
        "Permission denied",
        "a key or an agent has to let you in there: the lab asks for no password",
    ),
    (
        "Host key verification failed",
        "log in once by hand, and look at the key that the host shows",
    ),
    ("Could not resolve hostname", "mend the name, or tell it to ~/.ssh/config"),
    ("Connection refused", "nobody listens for ssh there; see the host and the port"),
    ("timed out", "the host does not answer; see whether it is up, and what stands between"),
)
"""By what OpenSSH says."""
NOT_PASSED_ON: Final = "open failed"
"""What ssh says when it reached the host, and nobody listens at the forwarded address."""


@dataclass(frozen=True, slots=True)
class Destination:
    """Where an ssh:// address leads; `socket` is the engine's there."""

    host: str
    user: str | None = None
    port: int | None = None
    socket: str = SOCKET

    @property
    def words(self) -> list[str]:
        """As `ssh` takes them."""
        user = ["-l", self.user] if self.user else []
        port = ["-p", str(self.port)] if self.port else []
        return [*user, *port, "--", self.host]


def destination(url: str) -> Destination:
    """Raises LabError for an address that ssh cannot use."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise LabError(f"{url}: {error}", Exit.BAD_INPUT) from None
    if not host:
        raise LabError(f"{url}: it names no host", Exit.BAD_INPUT)
    if parts.password is not None:
        raise LabError(
            f"ssh://{host}: a password has no place in an address; use a key or an agent",
            Exit.BAD_INPUT,
        )
    return Destination(host, parts.username, port, parts.path.rstrip("/") or SOCKET)


def _end_with_us() -> None:
    """In a child: it ends when its parent is killed, where the kernel can do that."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


class Tunnel:
    """Open from `with` to its end. Raises LabError(NO_DOCKER) where nobody lets it in."""

    def __init__(self, url: str) -> None:
        self._to = destination(url)
        self._folder = Path(tempfile.mkdtemp(prefix="c10k-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._before = 0
        """Lines that were said before it was seen to be open."""

    @property
    def url(self) -> str:
        """The engine's address on this side."""
        return f"unix://{self._socket}"

    @property
    def _forward(self) -> str:
        """What is forwarded, as `ssh -L` takes it."""
        return f"{self._socket}:{self._to.socket}"

    def _is_there(self) -> bool:
        """Whether somebody listens: the file is there a moment before."""
        with socket.socket(socket.AF_UNIX) as attempt, suppress(OSError):  # a path that is too long
            return attempt.connect_ex(str(self._socket)) == 0
        return False

    @property
    def _socket(self) -> Path:
        return self._folder / "docker.sock"

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _open(self) -> None:
        options = [word for name, value in OPTIONS.items() for word in ("-o", f"{name}={value}")]
        forward = ["-N", "-L", self._forward]
        with self._said.open("wb") as said:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - fixed words and a checked address
                    ["ssh", *options, *forward, *self._to.words],  # noqa: S607 - the user's own
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=said,
                    start_new_session=True,  # Ctrl-C is for the lab, which closes this at its end
                    preexec_fn=_end_with_us,
                )
            except FileNotFoundError:
                raise LabError(
                    "there is no `ssh`, which the address of a host asks for; install OpenSSH",
                    Exit.NOT_READY,
                ) from None
        deadline = time.monotonic() + CONNECT_S
        while not self._is_open():
            if (ended := self._process.poll()) is not None:
                raise LabError(self._why(f"ended with {ended}", self._lines()), Exit.NO_DOCKER)
            if time.monotonic() > deadline:
                late = f"was not there within {CONNECT_S:.0f} s"
                raise LabError(self._why(late, self._lines()), Exit.NO_DOCKER)
            time.sleep(LOOK_S)

    def _is_open(self) -> bool:
        self._before = len(self._lines())
        return self._is_there()

    @property
    def _said(self) -> Path:
        return self._folder / "ssh.log"

    def broken(self) -> str:
        """Why the connection is not there any more; empty while it is.

        Closed doors behind it are no reason: who looks for the master meets one before it listens.
        """
        ended = self._process.poll() if self._process else None
        if ended is None:
            return ""
        since = self._lines()[self._before :]
        return self._why(f"ended with {ended}", [one for one in since if NOT_PASSED_ON not in one])

    def refused(self) -> str:
        """What the other side said when it would not reach the engine's socket; empty if nothing.

        The connection stands all the same: only what goes through it meets a closed door.
        """
        lines = self._lines()
        return next((line for line in reversed(lines) if NOT_PASSED_ON in line), "")

    def _lines(self) -> list[str]:
        text = self._said.read_text(encoding="utf-8", errors="replace")
        return [line.strip() for line in text.splitlines() if line.strip()]

    def _why(self, what: str, said: list[str]) -> str:
        """The last line is told, and what to do by the last one that is known."""
        told = f"ssh to {self._to.host} {what}{': ' + said[-1] if said else ''}"
        known = (text for line in reversed(said) for word, text in ADVICE if word in line)
        advice = next(known, "")
        return f"{told}; {advice}" if advice else told

    def close(self) -> None:
        """End the connection; nothing of it stays. Idempotent."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            with suppress(subprocess.TimeoutExpired):
                process.wait(END_S)
            if process.poll() is None:
                process.kill()
                process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)


class PortTunnel(Tunnel):
    """A port of the host's loopback, on this machine's."""

    def __init__(self, url: str, port: int) -> None:
        super().__init__(url)
        self._port = port

    @property
    def _forward(self) -> str:
        return f"{LOOPBACK}:{self._port}:{LOOPBACK}:{self._port}"

    def _is_there(self) -> bool:
        with socket.socket() as attempt:
            return attempt.connect_ex((LOOPBACK, self._port)) == 0
