"""Several requests at once on a connection, as pipelining sends them.

A server that reads a buffer and looks for one request in it loses those behind. Under load nobody
would see that: the answers that come are right, there is always a request under way, and only the
times are those of other requests.
"""

from __future__ import annotations

import socket

from loadgen.answers.meaning import Meaning
from loadgen.answers.response import Response
from loadgen.answers.wrong import FramingError
from loadgen.verification import one_answer
from loadgen.verification.errors import VerificationError
from loadgen.verification.one_answer import RECV_BYTES


def ask_together(address: tuple[str, int], request: bytes, meaning: Meaning, depth: int) -> None:
    """Raises VerificationError if a connection stays and not all requests are answered on it. One
    that the server ends proves nothing: what it has not answered is sent again under load."""
    bodiless, answered = request.startswith(b"HEAD "), 0
    with socket.create_connection(address, timeout=one_answer.TIMEOUT_S) as sock:
        one_answer.take(sock, request, meaning)
        sock.sendall(request * depth)
        response = Response(bodiless=bodiless, keeps_body=False)
        while answered < depth:
            try:
                piece = sock.recv(RECV_BYTES)
            except TimeoutError:
                raise VerificationError(
                    f"the server answered {answered} of {depth} requests that were sent at once "
                    f"within {one_answer.TIMEOUT_S:g} s; only `pipeline_depth: 1` can be asked of "
                    "it"
                ) from None
            except OSError:  # a reset ends it too
                return
            if not piece:
                return
            at = 0
            while at < len(piece):
                at = _feed(response, piece, at)
                if response.whole:
                    answered += 1
                    response = Response(bodiless=bodiless, keeps_body=False)


def _feed(response: Response, piece: bytes, at: int) -> int:
    try:
        return response.feed(piece, at)
    except FramingError as error:
        raise VerificationError(str(error)) from error
