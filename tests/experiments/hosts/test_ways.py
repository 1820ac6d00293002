"""Who can load, and where the load finds the server."""

from __future__ import annotations

import pytest

from contract.exits import Exit, LabError
from experiments.docker.address import Address
from experiments.hosts import ways
from experiments.hosts.ways import check_loads, engines, server_address
from experiments.plan.hosts import Host, Hosts

HERE = "unix:///var/run/docker.sock"
NO_NAMES = ("10.0.0..2", ".shop", "x" * 64)


def hosts(server: Host, *load: str) -> Hosts:
    return Hosts(server=server, load=[Host(docker=one) for one in load])


@pytest.mark.parametrize("load", [("ssh://lab@b",), (HERE,), ("ssh://lab@b", HERE, "ssh://c")])
def test_hosts_that_can_load(load: tuple[str, ...]) -> None:
    check_loads(hosts(Host(docker="ssh://lab@a"), *load))


@pytest.mark.parametrize(
    ("load", "told"),
    [
        (("tcp://10.0.0.2:2375",), "10.0.0.2:2375 loads: .* by ssh alone; write ssh://USER@HOST"),
        (("ssh://b", "tcp://10.0.0.3:2375"), "10.0.0.3:2375 loads: .* by ssh alone"),
        (("ssh://[b",), r"ssh://\[b: no address of an engine: Invalid IPv6 URL"),
    ],
)
def test_a_host_that_cannot_load(load: tuple[str, ...], told: str) -> None:
    with pytest.raises(LabError, match=told) as refused:
        check_loads(hosts(Host(docker="ssh://a"), *load))
    assert refused.value.exit is Exit.BAD_INPUT


@pytest.mark.parametrize(
    ("server", "address"),
    [
        (Host(docker="ssh://lab@127.0.0.7:2222"), "127.0.0.7"),
        (Host(docker="tcp://127.0.0.8:2376"), "127.0.0.8"),
        (Host(docker=HERE, address="127.0.0.9"), "127.0.0.9"),
        (Host(docker="ssh://lab@a", address="127.0.0.9"), "127.0.0.9"),
    ],
)
def test_where_the_load_finds_the_server(server: Host, address: str) -> None:
    assert server_address(hosts(server, "ssh://b")) == address


@pytest.mark.parametrize(
    ("server", "told"),
    [
        (Host(docker=HERE), "nothing tells where the load reaches unix"),
        (Host(docker="ssh://[::1]"), "has no IPv4 address"),
        (Host(docker="ssh://lab@[::1"), "no address of an engine"),
        *((Host(docker="ssh://a", address=one), "no IPv4 address: .*label") for one in NO_NAMES),
    ],
)
def test_a_server_that_nobody_would_find(server: Host, told: str) -> None:
    with pytest.raises(LabError, match=told) as refused:
        server_address(hosts(server, "ssh://b"))
    assert refused.value.exit is Exit.BAD_INPUT


def test_a_load_host_may_be_a_context_that_leads_over_ssh(monkeypatch: pytest.MonkeyPatch) -> None:
    found = Address("ssh://lab@b", {}, "the context 'far'")
    monkeypatch.setattr(ways, "named_address", lambda _: found)
    check_loads(hosts(Host(docker="ssh://a"), "far"))


def test_where_the_server_is_reached_is_looked_at_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # no `ssh` is called for it
    with (
        pytest.raises(LabError, match="no IPv4 address"),
        engines("run", hosts(Host(docker="ssh://a", address=".shop"), "ssh://b")),
    ):
        pass
