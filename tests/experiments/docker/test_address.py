"""The engine is the one that `docker` itself would use."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from contract.exits import Exit, LabError
from experiments.docker.address import Address, engine_address, named_address


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration of Docker's client with a context `far`, which is the current one, and
    `near`."""
    folder = tmp_path / "a config"
    for name, host in (("far", "ssh://lab@far"), ("near", "unix:///run/near.sock")):
        meta = folder / "contexts" / "meta" / hashlib.sha256(name.encode()).hexdigest()
        meta.mkdir(parents=True)
        endpoints = {"docker": {"Host": host, "SkipTLSVerify": False}}
        (meta / "meta.json").write_text(
            json.dumps({"Name": name, "Metadata": {}, "Endpoints": endpoints})
        )
    (folder / "config.json").write_text(json.dumps({"currentContext": "far"}))
    monkeypatch.setenv("DOCKER_CONFIG", str(folder))
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"):
        monkeypatch.delenv(name, raising=False)
    return folder


def test_the_current_context_names_it(config: Path) -> None:
    assert config.is_dir()
    found = engine_address()
    assert (found.url, found.said_by) == ("ssh://lab@far", "the context 'far'")
    assert found.elsewhere


def test_a_context_of_the_environment_wins(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.is_dir()
    monkeypatch.setenv("DOCKER_CONTEXT", "near")
    found = engine_address()
    assert found.url == "unix:///run/near.sock"
    assert found.variables == {"DOCKER_HOST": "unix:///run/near.sock"}
    assert not found.elsewhere


def test_an_address_of_the_environment_wins_over_both(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config.is_dir()
    monkeypatch.setenv("DOCKER_CONTEXT", "near")
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    found = engine_address()
    assert (found.url, found.said_by) == ("tcp://127.0.0.1:2375", "DOCKER_HOST")
    assert not found.elsewhere


def test_a_context_that_is_not_there_is_named(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert config.is_dir()
    monkeypatch.setenv("DOCKER_CONTEXT", "lost")
    with pytest.raises(LabError, match="'lost' that DOCKER_CONTEXT names is not there") as caught:
        engine_address()
    assert caught.value.exit is Exit.NO_DOCKER


def test_without_a_configuration_it_is_the_local_socket(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(config / "none"))
    found = engine_address()
    assert found.url == "unix:///var/run/docker.sock"
    assert not found.elsewhere


@pytest.mark.parametrize(
    ("url", "elsewhere"),
    [
        ("tcp://10.0.0.7:2376", True),
        ("https://docker:2376", True),
        ("tcp://localhost:2375", False),
        ("tcp://[::1]:2375", False),
        ("npipe:////./pipe/docker_engine", False),
    ],
)
def test_another_machine_is_told_by_its_address(url: str, elsewhere: bool) -> None:
    assert Address(url, {}, "DOCKER_HOST").elsewhere is elsewhere


def test_with_tls_the_other_client_finds_the_way_as_we_did() -> None:
    assert Address("tcp://far:2376", {"tls": object()}, "DOCKER_HOST").variables == {}


@pytest.mark.parametrize("given", ["ssh://lab@b", "tcp://10.0.0.2:2376", "unix:///run/x.sock"])
def test_an_address_leads_where_it_says_whatever_the_environment(
    config: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    assert config.is_dir()
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    assert named_address(given).url == given


def test_a_name_is_that_of_a_context(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert config.is_dir()
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:2375")
    found = named_address("near")
    assert (found.url, found.said_by) == ("unix:///run/near.sock", "the context 'near'")
    with pytest.raises(LabError, match="the Docker context 'nowhere' is not there") as raised:
        named_address("nowhere")
    assert raised.value.exit == Exit.NO_DOCKER


@pytest.mark.parametrize("url", ["tcp://10.0.0.2:99999", "tcp://10.0.0.2:port", "tcp://[::1"])
def test_an_address_that_nobody_can_make_out_is_refused(
    config: Path, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    assert config.is_dir()
    monkeypatch.setenv("DOCKER_HOST", url)
    for find in (engine_address, lambda: named_address(url)):
        with pytest.raises(LabError, match=r"tcp://.*: no address of an engine: ") as raised:
            find()
        assert raised.value.exit == Exit.BAD_INPUT
