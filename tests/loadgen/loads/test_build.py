"""One kind of load for every combination of options, each described in a file of its own."""

from __future__ import annotations

import pkgutil
from dataclasses import replace
from importlib import import_module

import pytest

from contract.loads import CLIENT_LOADS
from loadgen import loads
from loadgen.engine.engine import Engine
from loadgen.loads.build import KINDS, kind_of, make_engine
from loadgen.loads.connection_per_request import ConnectionPerRequest
from loadgen.loads.keep_alive import KeepAlive
from loadgen.loads.kind import KindOfLoad
from loadgen.loads.mixed import Mixed
from loadgen.loads.open_connections import OpenConnections
from loadgen.loads.open_loop import OpenLoop
from loadgen.loads.pipelined import Pipelined
from loadgen.option_checks import parse
from loadgen.options import Options
from loadgen.worker.probe_client import TrialVoid
from tests.support.loopback import answer_for_ever, answer_once, serving, unused_address

ASKED: list[tuple[type[Engine], dict[str, object]]] = [
    (KeepAlive, {}),
    (Pipelined, {"pipeline_depth": 8}),
    (Mixed, {"path": "/ 95, /b 5"}),
    (ConnectionPerRequest, {"load": "connection_per_request"}),
    (OpenLoop, {"load": "open_loop", "rate_per_s": 100.0}),
    (OpenConnections, {"load": "open_connections", "rate_per_s": 100.0}),
]


def options(address: tuple[str, int], **changes: object) -> Options:
    return parse(changes, f"http://{address[0]}:{address[1]}")


@pytest.mark.parametrize(("engine", "asked"), ASKED)
def test_options_lead_to_their_engine(engine: type[Engine], asked: dict[str, object]) -> None:
    closes = engine in (ConnectionPerRequest, OpenConnections)
    with serving(answer_once if closes else answer_for_ever) as address:
        made = make_engine(options(address, **asked))
    assert type(made) is engine
    made._close_all()


def test_every_load_has_a_kind_and_every_description_is_listed() -> None:
    assert {kind.load for kind in KINDS} == set(CLIENT_LOADS)
    names = [module.name for module in pkgutil.iter_modules(loads.__path__)]
    described = (getattr(import_module(f"loadgen.loads.{name}"), "LOAD", None) for name in names)
    assert {id(kind) for kind in described if kind} == {id(kind) for kind in KINDS}


def test_kind_of_a_load_that_no_option_has_is_refused() -> None:
    with pytest.raises(ValueError, match="load 'flood': not one of keep_alive"):
        KindOfLoad(load="flood", build=KINDS[0].build)


def test_server_that_is_not_there_makes_the_trial_void() -> None:
    asked = replace(options(unused_address()), ready_s=0.0)
    assert kind_of(asked) in KINDS
    with pytest.raises(TrialVoid, match="no response from 127"):
        make_engine(asked)
