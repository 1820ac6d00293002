"""A client that has no memory left has not asked the server, as one without ports has not."""

from __future__ import annotations

import errno

import pytest

from loadgen.engine.sockets import error_kind
from loadgen.worker.connect_wait import _not_established_by


@pytest.mark.parametrize("code", [errno.EMFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS, errno.ENOMEM])
def test_what_the_load_lacks_is_not_the_servers_doing(code: int) -> None:
    kind = error_kind(code)
    assert kind.startswith("out_of_")
    assert _not_established_by({kind: 3}) == "load"
    assert _not_established_by({f"idle_{kind}": 3}) == "load"


def test_a_refusal_is() -> None:
    assert _not_established_by({error_kind(errno.ECONNREFUSED): 3}) == "server_starved"
