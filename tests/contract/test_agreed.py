"""What stands in programs that run without the contract is what the contract says."""

from __future__ import annotations

import pytest

from contract.ports import SERVER_PORT
from contract.response import BODY
from experiments.paths import ROOT

ALONE = (
    *("experiments/foreign/asgi.py", "experiments/foreign/wsgi.py"),
    "experiments/faults/faulty_server.py",
)


@pytest.mark.parametrize("path", ALONE)
def test_a_server_without_the_contract_answers_the_same(path: str) -> None:
    assert f"BODY = {BODY!r}".replace("'", '"') in (ROOT / path).read_text()


def test_the_faulty_server_listens_where_a_server_does() -> None:
    assert f'"0.0.0.0", {SERVER_PORT}' in (ROOT / ALONE[-1]).read_text()
