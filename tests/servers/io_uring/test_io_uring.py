"""What is special to io_uring: buffers that run out, pieces that come at once, and no io_uring."""

from __future__ import annotations

import contextlib
import errno
import subprocess

import pytest

from contract.exits import ServerExit
from experiments.paths import ROOT
from servers.io_uring.buffers import FEWEST
from servers.variants.io_uring import explain
from tests.support.forbidden_call import without_io_uring
from tests.support.peer import CLOSING, GET, GET_CLOSE, PATIENCE_S, PERSISTENT
from tests.support.server_process import command, environment, eventually, running

BUSY = b"GET /cpu/200000 HTTP/1.1\r\n\r\n"
SMALL_BUFFER_BYTES = 4096
BEYOND = 5 * FEWEST


def test_more_input_at_once_than_there_are_buffers() -> None:
    with (
        running("io_uring", "--recv-bytes", "1048576") as server,
        contextlib.ExitStack() as stack,
    ):
        peers = [stack.enter_context(server.connect()) for _ in range(BEYOND)]
        assert all(peer.ask() for peer in peers)
        for _ in range(3):
            with server.connect() as other:
                other.send(BUSY)  # meanwhile the input of all others comes
                for peer in peers:
                    peer.send(GET)
                assert all(peer.take(len(PERSISTENT)) == PERSISTENT for peer in peers)
        assert server.log() == []


def test_requests_that_are_received_at_once_one_by_one() -> None:
    with running("io_uring", "--recv-bytes", str(len(GET))) as server, server.connect() as peer:
        for _ in range(3):
            peer.send(GET * 200)
            assert peer.take(200 * len(PERSISTENT)) == PERSISTENT * 200
        peer.send(GET * 200 + GET_CLOSE)
        assert peer.rest() == PERSISTENT * 200 + CLOSING


def test_nothing_overtakes_a_response_that_leaves_in_parts() -> None:
    with (
        running("io_uring", "--recv-bytes", str(len(GET))) as server,
        server.connect(SMALL_BUFFER_BYTES) as peer,
    ):
        whole, part = divmod(peer.send_until_stuck(GET, server.is_asleep), len(GET))
        peer.widen()
        assert peer.take(whole * len(PERSISTENT)) == PERSISTENT * whole
        assert peer.ask(GET[part:])


def test_reset_that_comes_with_the_last_piece() -> None:
    with running("io_uring", "--recv-bytes", "300") as server, server.connect() as other:
        assert other.ask()
        before = server.descriptors()
        for _ in range(10):
            other.send(BUSY)
            peer = server.connect()
            peer.send(b"POST / HTTP/1.1\r\nContent-Length: 999999\r\n\r\n" + b"x" * 100_000)
            peer.reset()
            assert other.take(len(PERSISTENT)) == PERSISTENT
        eventually(lambda: server.descriptors() <= before, "the connections are closed")


def test_response_to_a_request_that_came_with_the_signal() -> None:
    with running("io_uring") as server, server.connect() as peer, server.connect() as other:
        assert peer.ask()
        other.send(BUSY)
        peer.send(GET)
        assert server.stop() == 0
        assert peer.rest() == PERSISTENT


@pytest.mark.parametrize("error", [errno.EPERM, errno.ENOSYS])
def test_refuses_to_start_where_it_is_forbidden(error: int) -> None:
    wanted = command("io_uring", "--host", "127.0.0.1", "--port", "0")
    done = subprocess.run(  # noqa: S603 - this repository's own command, no shell
        without_io_uring(error, *wanted),
        cwd=ROOT,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert done.returncode == ServerExit.UNAVAILABLE, done.stderr
    assert done.stdout == ""
    assert done.stderr.startswith("error: io_uring cannot be used here")
    assert "seccomp" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (errno.EINVAL, "Linux 6.1 does"),
        (errno.ENOMEM, "ulimit -l"),
        (errno.ETIMEDOUT, "its self-test has failed"),
    ],
)
def test_says_what_is_missing(error: int, words: str) -> None:
    assert words in explain(OSError(error, "as the kernel puts it"))
