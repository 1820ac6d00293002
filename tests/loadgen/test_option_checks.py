"""The form's answers: checked together, and no address but the lab's own is loaded."""

from __future__ import annotations

import pytest

from contract.request import Request
from loadgen.option_checks import OptionsError, parse

LOOPBACK = "http://127.0.0.1:8080"


def test_a_trial_on_loopback() -> None:
    options = parse({"trial": "t1", "idle_connections": "10", "window_s": "2"}, LOOPBACK)
    assert (options.host, options.port, options.settings.load) == ("127.0.0.1", 8080, "keep_alive")
    assert (options.settings.idle_connections, options.settings.window_s) == (10, 2.0)
    assert options.is_trial


def test_a_server_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("C10K_SERVERS", "poll epoll_level")
    assert parse({"server": "poll"}, LOOPBACK).host == "poll"
    with pytest.raises(OptionsError, match="server is 'pol'; choose one of poll, epoll_level"):
        parse({"server": "pol"}, LOOPBACK)


@pytest.mark.parametrize(
    "host", ["", "http://example.org", "http://10.1.2.3:8080", "127.0.0.1:8080"]
)
def test_any_other_address_is_refused(host: str) -> None:
    with pytest.raises(OptionsError, match="only its own servers"):
        parse({}, host)


def test_all_faults_at_once() -> None:
    with pytest.raises(OptionsError) as caught:
        parse({"load": "flood", "idle_connections": "-1", "window_s": "long"}, "http://a.example")
    message = str(caught.value)
    for part in ("load is 'flood'", "idle_connections is -1", "window_s is 'long'", "host is"):
        assert part in message


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"load": "open_loop"}, "open_loop needs a rate_per_s above 0"),
        ({"load": "open_connections", "rate_per_s": "0"}, "needs a rate_per_s"),
        ({"rate_per_s": "100"}, "rate_per_s is for open_loop and open_connections"),
        ({"load": "connection_per_request", "pipeline_depth": "4"}, "pipeline_depth above 1"),
        ({"path": "/ 9, /db/1 1", "pipeline_depth": "4"}, "pipeline_depth above 1"),
        ({"path": "/ 9, /db/1 1", "load": "connection_per_request"}, "several paths are for"),
        ({"path": "db"}, "'db' is not a path"),
        ({"method": "get"}, "^method is 'get'; it must be one in capitals"),
        ({"headers": "Host: a\nConnection: close"}, "Connection cannot be set"),
        ({"headers": "nonsense"}, "'nonsense' is no `Name: value`"),
        ({"body": "x" * 20_000}, "at most 16,384 are sent at once"),
        ({"method": "POST", "pipeline_depth": "2"}, "POST is not idempotent"),
        ({"requests": "{"}, "requests: no JSON of named requests"),
        ({"arrivals": "now"}, "arrivals is 'now'; choose one of fixed, poisson"),
        ({"idle": "busy"}, "idle is 'busy'; choose one of after_one, silent"),
        (
            {"churn_per_s": "11", "idle_connections": "1"},
            "churn_per_s is 11; it must be from 0 to 10",
        ),
        ({"trickle_per_s": "1"}, "are for idle_connections above 0"),
        ({"slow_readers": "0.5"}, "slow_readers is 0.5; it must be a whole number"),
    ],
)
def test_what_does_not_go_together(values: dict[str, str], words: str) -> None:
    with pytest.raises(OptionsError, match=words):
        parse(values, LOOPBACK)


def test_every_kind_of_load() -> None:
    options = parse({"load": "open_loop", "rate_per_s": "99.5", "seed": "7"}, LOOPBACK)
    settings = options.settings
    assert (settings.load, settings.rate_per_s, options.seed) == ("open_loop", 99.5, 7)
    assert options.persistent
    assert not parse({"load": "connection_per_request"}, LOOPBACK).persistent


def test_half_a_connection_is_refused() -> None:
    with pytest.raises(OptionsError, match="whole number"):
        parse({"idle_connections": "1.5"}, LOOPBACK)


def test_what_is_asked_is_what_the_form_says() -> None:
    form = {"path": "/a 3, /b 1", "method": "PUT", "headers": "Host: x\r\nA: 1", "body": "é"}
    options = parse(form, LOOPBACK)
    assert [one.path for one in options.asked] == ["/a", "/b"]
    assert options.asked[1].encoded("1.1") == (
        b"PUT /b HTTP/1.1\r\nHost: x\r\nA: 1\r\nContent-Length: 2\r\n\r\n\xc3\xa9"
    )
    assert parse({}, LOOPBACK).asked == (Request(),)


def test_the_answer_to_a_head_has_no_body_and_others_keep_theirs() -> None:
    assert parse({}, LOOPBACK).terms.expected.body == "Hello, world!"
    assert parse({"method": "HEAD"}, LOOPBACK).terms.expected.body == ""
    assert parse({"headers": "Host: shop"}, LOOPBACK).terms.ready.host == "shop"
