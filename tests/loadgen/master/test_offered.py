"""Which servers the form offers, and why others cannot be loaded."""

from __future__ import annotations

import json
import socket

import gevent
import pytest

from loadgen.master import offered
from loadgen.option_checks import OptionsError, parse

REASON = 'it is forbidden, "by $POLICY"'
SERVERS = "io_uring poll epoll_level"


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("C10K_SERVERS", SERVERS)
    monkeypatch.setenv("C10K_UNAVAILABLE", json.dumps({"io_uring": REASON}))


def test_the_first_that_can_run_is_loaded_when_none_is_chosen() -> None:
    assert offered.known_servers() == SERVERS.split()
    assert offered.first() == "poll"


@pytest.mark.parametrize("without", ["", None])
def test_all_can_run_when_nothing_is_said(
    monkeypatch: pytest.MonkeyPatch, without: str | None
) -> None:
    monkeypatch.delenv("C10K_UNAVAILABLE")
    if without is not None:
        monkeypatch.setenv("C10K_UNAVAILABLE", without)
    assert offered.unavailable() == {}
    assert offered.first() == "io_uring"
    assert parse({"server": "io_uring"}, None).host == "io_uring"


def test_nobody_is_loaded_when_nobody_can_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("C10K_UNAVAILABLE", json.dumps(dict.fromkeys(SERVERS.split(), "no")))
    assert offered.first() == ""


@pytest.mark.parametrize("server", ["io_uring", ""])
def test_who_cannot_run_is_refused_with_the_reason(server: str) -> None:
    with pytest.raises(OptionsError) as refused:
        parse({"server": server, "idle_connections": "-1"}, "http://io_uring:8080")
    assert f"io_uring cannot run here: {REASON}" in str(refused.value)
    assert "idle_connections is -1" in str(refused.value)


@pytest.mark.parametrize("server", ["poll", ""])
def test_who_can_run_is_not(server: str) -> None:
    assert parse({"server": server}, "http://poll:8080").host == "poll"


def test_who_cannot_run_is_not_proposed() -> None:
    with pytest.raises(OptionsError, match="choose one of poll, epoll_level"):
        parse({"server": "pol"}, None)


def test_a_server_runs_while_its_name_leads_somewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "gethostbyname", lambda _name: "172.18.0.2")
    assert offered.absence("poll") == ""


def test_a_server_whose_name_leads_nowhere_has_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(name: str) -> str:
        raise socket.gaierror(socket.EAI_NONAME, f"{name} is not known")

    monkeypatch.setattr(socket, "gethostbyname", unknown)
    assert offered.absence("poll").startswith("poll does not run: it has ended, or was never")


def test_a_name_that_others_are_asked_about_in_vain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(offered, "RESOLVE_S", 0.01)
    monkeypatch.setattr(socket, "gethostbyname", lambda _name: gevent.sleep(3_600))
    assert offered.absence("poll").startswith("poll does not run")
