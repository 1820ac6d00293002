"""Requests in an experiment file, from its lines to the load's form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from contract.exits import LabError
from contract.request import Request, parse_requests
from experiments.plan.experiment_file import read
from experiments.plan.foreign_server import Foreign
from experiments.plan.schema import Experiment
from experiments.plan.trials import Trial, points
from experiments.run.load_form import load_form
from experiments.run.server_under_test import server_under_test
from loadgen.option_checks import parse
from tests.support.fakes import FakeImages

BUY = {"method": "POST", "path": "/buy", "headers": {"Host": "shop", "X-Page": 2}, "body": "{}"}
SHOP = {"image": "shop:1", "requests": {"browse": {"path": "/b"}, "buy": BUY}}
SWEEP = "question: '?'\nsweeps: [{name: s}]\nservers:\n  - image: shop:1\n"


def forms(entry: dict[str, Any], **sweep: Any) -> list[dict[str, Any]]:
    """What the load of each trial of the server is asked."""
    document = {"question": "?", "servers": [entry], "sweeps": [{"name": "s", **sweep}]}
    found = []
    for point in points(Experiment.model_validate(document)):
        if point.foreign:
            trial = Trial(point, 1, 1, 1)
            server = server_under_test(trial, FakeImages(), {"shop": "sha256:1"})
            found.append(load_form(trial, server))
    return found


def asked(form: dict[str, Any]) -> dict[str, Request]:
    """What the load understands of it, by kind."""
    options = parse({name: str(value) for name, value in form.items()}, form["host"])
    return dict(zip((kind.path for kind in options.kinds), options.asked, strict=True))


def test_one_request_is_what_is_asked_of_the_server_and_of_no_other() -> None:
    (form,) = forms({"image": "shop:1", "request": BUY})
    assert asked(form) == {
        "/buy": Request(
            method="POST",
            path="/buy",
            headers=(("Host", "shop"), ("X-Page", "2")),
            body="{}",
        )
    }


def test_the_path_of_a_trial_takes_the_place_of_the_request_s_own() -> None:
    first, second = forms({"image": "shop:1", "request": BUY}, axes={"path": ["/x", "/y 1, /z 3"]})
    assert [one.path for one in asked(first).values()] == ["/x"]
    assert [(one.method, one.path) for one in asked(second).values()] == [
        ("POST", "/y"),
        ("POST", "/z"),
    ]


def test_named_requests_are_asked_alike_or_by_the_shares_of_a_mix() -> None:
    (form,) = forms(SHOP)
    assert form["path"] == "browse, buy"
    assert [one.method for one in asked(form).values()] == ["GET", "POST"]
    (form,) = forms({**SHOP, "path": "browse 95, buy 5, /db/10 1"})
    assert [one.path for one in asked(form).values()] == ["/b", "/buy", "/db/10"]
    assert parse_requests(form["requests"])["buy"].body == "{}"
    (form,) = forms(SHOP, settings={"path": "buy", "server": "shop"})
    assert list(asked(form)) == ["buy"]


def test_a_plain_server_is_asked_as_before() -> None:
    (form,) = forms({"image": "shop:1"})
    plain = {"path": "/", "method": "GET", "headers": "", "body": "", "requests": ""}
    assert {name: form[name] for name in plain} == plain


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("    request: {method: get}", "servers.0.request.method: method is 'get'"),
        ("    request: {headers: {Connection: close}}", "Connection cannot be set"),
        ('    request: {headers: {A: "x\\ny"}}', "the value of A holds '\\n'"),
        ("    request: {pth: /}", "unknown key 'servers.0.request.pth'; did you mean 'path'?"),
        ("    requests: {buy: {metod: GET}}", "did you mean 'method'?"),
        ("    requests: {Buy: {}}", "Buy"),
        ("    requests: {buy: {path: x}}", "servers.0.requests.buy.path"),
        ("    request: {}\n    requests: {buy: {}}", "request and requests are given"),
        ("    path: /x\n    request: {path: /y}", "path is given here and in request; keep one"),
        (
            "    path: bye\n    requests: {buy: {}}",
            "'bye' is not a path, nor the name of a request",
        ),
        ("    path: buy", "shop has none under `requests`"),
    ],
)
def test_faults_are_told_with_their_place(lines: str, words: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(SWEEP + lines + "\n")
    with pytest.raises(LabError) as caught:
        read(file)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{file}:")
    assert int(str(caught.value).removeprefix(f"{file}:").partition(":")[0]) >= 4


@pytest.mark.parametrize(
    ("entry", "sweep", "words"),
    [
        (SHOP, {"settings": {"load": "open_loop", "rate_per_s": 9.0}}, "several paths are for"),
        (SHOP, {"settings": {"path": "browse"}}, None),
        (SHOP, {"axes": {"server": ["poll", "shop"], "path": ["buy"]}}, "poll has none under"),
        ({"image": "shop:1", "request": BUY}, {"axes": {"pipeline_depth": [4]}}, "not idempotent"),
    ],
)
def test_what_a_server_cannot_be_asked_is_told_when_the_plan_is_made(
    entry: dict[str, Any], sweep: dict[str, Any], words: str | None
) -> None:
    if words is None:
        sweep["settings"]["server"] = "shop"
        assert forms(entry, **sweep)
        return
    with pytest.raises(ValueError, match=words):
        forms(entry, **sweep)


def test_a_request_is_part_of_what_tells_points_apart() -> None:
    one, other = ({"image": "shop:1", "request": {**BUY, "body": body}} for body in ("{}", "{1}"))
    names = [
        point.name
        for entry in (one, other)
        for point in points(
            Experiment.model_validate(
                {"question": "?", "servers": [entry], "sweeps": [{"name": "s"}]}
            )
        )
        if point.foreign
    ]
    assert len(set(names)) == 2
    assert Foreign.model_validate(one).named == {}
