"""The same bytes, the same responses: over the wire against `Conversation`, which is pure, and
against clients that others wrote.
"""

from __future__ import annotations

import http.client
from typing import TYPE_CHECKING

import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from servers.core.settings import Settings
from servers.http.responder import Conversation, Ending
from servers.http.routes import Routes
from tests.servers.http.test_framing import cut, fragments, places, valid_requests
from tests.support.peer import BODY, Peer

if TYPE_CHECKING:
    from tests.support.server_process import Server

ROUTES = Routes(Settings())
EXAMPLES = 60
LONG = "/bytes/200000"

garbage = st.lists(fragments, max_size=12).map(b"".join) | st.binary(max_size=200)
longer = st.sampled_from(
    [
        b"GET /bytes/70000 HTTP/1.1\r\n\r\n",
        b"HEAD /bytes/9 HTTP/1.1\r\n\r\n",
        b"GET /none HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
        b"GET / HTTP/1.0\r\n\r\n",
    ]
)


def expected(stream: bytes) -> tuple[bytes, bytes]:
    """Return as much of the stream as a server has to read, and its answer to that.

    What follows a request that closes is not read, and the reset that it meets may destroy the
    response: no client may send it.
    """
    conversation = Conversation(ROUTES)
    output = b""
    for place in range(len(stream)):
        conversation.feed(stream[place : place + 1])
        while conversation.more:
            answer, ending = conversation.answer()
            output += answer
            if ending is Ending.CLOSE:
                return stream[: place + 1], output
    return stream, output


@given(st.lists(valid_requests() | longer, max_size=5).map(b"".join), garbage, places)
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_stream_cut_anywhere_is_answered_as_the_oracle_does(
    server: Server, valid: bytes, garbage: bytes, where: list[int]
) -> None:
    stream, wanted = expected(valid + garbage)
    with server.connect() as peer:
        send_in_pieces(peer, cut(stream, where))
        assert peer.rest() == wanted


def send_in_pieces(peer: Peer, pieces: list[bytes]) -> None:
    for piece in pieces:
        peer.send(piece)
    peer.end_input()


def test_http_client_of_the_standard_library(server: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    try:
        connection.connect()
        first = connection.sock
        for method, body in (("GET", None), ("HEAD", None), ("POST", b"x" * 70_000), ("PUT", b"")):
            connection.request(method, "/", body)
            response = connection.getresponse()
            assert response.status == 200
            assert response.getheader("Content-Length") == str(len(BODY))
            assert response.read() == (b"" if method == "HEAD" else BODY)
        assert connection.sock is first, "the connection was kept alive"
        connection.request("GET", "/", headers={"Connection": "close"})
        response = connection.getresponse()
        assert (response.will_close, response.read()) == (True, BODY)
    finally:
        connection.close()


def test_requests_reuses_its_connection(server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}"
    with requests.Session() as session:
        session.trust_env = False  # a proxy of the environment's would stand in between
        assert session.get(url, timeout=10).content == BODY
        assert session.head(url, timeout=10).headers["Content-Length"] == str(len(BODY))
        assert session.post(url, data=b"x" * 70_000, timeout=10).content == BODY
        assert len(session.get(url + LONG, timeout=10).content) == 200_000
        assert session.get(url + "/none", timeout=10).status_code == 404
        pools = session.get_adapter(url).poolmanager.pools  # type: ignore[attr-defined]
        (pool,) = [pools[key] for key in pools.keys()]  # noqa: SIM118 - it is no mapping
        assert (pool.num_connections, pool.num_requests) == (1, 5)


def test_requests_without_persistence(server: Server) -> None:
    url = f"http://127.0.0.1:{server.port}"
    for _ in range(20):
        response = requests.get(url, headers={"Connection": "close"}, timeout=10)
        assert (response.content, response.headers["Connection"]) == (BODY, "close")
