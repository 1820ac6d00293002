"""A credential helper that is not installed keeps nothing from going on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from docker.auth import AuthConfig
from docker.credentials.errors import StoreError

from experiments.docker.engine import leave_out_missing_helpers


def configured(**entries: object) -> Any:
    return AuthConfig(dict(entries))


def test_those_that_are_missing_are_left_out_and_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "docker-credential-there").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    configs = configured(
        credsStore="desktop", credHelpers={"a.example": "there", "b.example": "gone"}
    )
    assert leave_out_missing_helpers(configs) == [
        "docker-credential-desktop",
        "docker-credential-gone",
    ]
    assert configs.creds_store is None
    assert configs.cred_helpers == {"a.example": "there"}
    assert leave_out_missing_helpers(configs) == []


def test_those_that_are_there_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "docker-credential-there").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    configs = configured(credsStore="there")
    assert leave_out_missing_helpers(configs) == []
    assert configs.creds_store == "there"


def test_a_build_asks_none_where_all_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What ended it with a traceback before."""
    monkeypatch.setenv("PATH", "")
    configs = configured(credsStore="desktop")
    with (
        pytest.warns(UserWarning, match="not installed"),
        pytest.raises(StoreError),
    ):
        configs.get_all_credentials()
    leave_out_missing_helpers(configs)
    assert configs.get_all_credentials() == {}
