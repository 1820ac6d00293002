"""Servers with everyday habits, as a user brings them: measured, or void with the true reason."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pandas as pd
import pytest
import yaml

from experiments.images.context import build_context
from experiments.images.store import ImageStore
from experiments.paths import ROOT
from tests.foreign.habits.server import BUSY_S
from tests.foreign.sweep import differences, outcomes, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images

pytestmark = pytest.mark.docker

FOLDER = ROOT / "tests" / "foreign" / "habits"
UNANSWERED = r"\d+ requests? had no answer as the window closed[^;]*"
ALSO = rf"measured: ({UNANSWERED}; )?"
MEASURED = rf"measured(: {UNANSWERED})?"
"""A worker that waits for its core as the window closes has requests that are older than others."""
CLOSES_100 = (
    r"measured: the server closes a connection after 100 requests"
    rf"(; requests sent again[^;]*)?(; {UNANSWERED})?"
)
READ_ONLY = (
    r"void: the server ended before .*`writable: \[/srv/shop/cache\]` may help.*; "
    r"its log ends: .*Read-only file system: '/srv/shop/cache/state'"
)
DENIED = (
    r"void: the server ended before .*`user: image` may help; "
    r"its log ends: .*Permission denied: '/srv/shop/key'"
)
STEADY = rf"measured(: {UNANSWERED})?([:;] the rate (fell|rose) by [\d,]+% within the window.*)?"
"""Other programs may take the machine for a moment, and as much of it as there is: then it is told
truly. A server that was blamed for nothing would be so in each window: see `STEADY_ONES`."""
STEADY_ONES = ("plain", "by_id", "by_short_id")
"""The same server under three names: a moment's disturbance is not in all of their windows."""
TRENDS = ("slows", "quickens")
"""Whose trend a moment's disturbance may hide: it is told in one of WINDOWS."""
WINDOWS = 3
IDLE_3S = r"void: the server closes idle connections after 3 s; .*"
IPV6 = r"void: .*it listens on \[::\]:8080 \(IPv6 only\) alone, .* by IPv4.*"
LOOPBACK = r"void: .*it listens on 127\.0\.0\.1:8080 alone, .*set `network: pod`"
EXPECTED = {
    ("keep_alive", "plain"): MEASURED,
    ("keep_alive", "closes_said"): CLOSES_100,
    ("keep_alive", "closes_unsaid"): CLOSES_100,
    ("keep_alive", "body_differs"): MEASURED,
    ("keep_alive", "chunks_differ"): MEASURED,
    ("keep_alive", "header_length"): MEASURED,
    ("keep_alive", "first_miss"): MEASURED,
    ("keep_alive", "begins_503"): MEASURED,
    ("keep_alive", "begins_silent"): MEASURED,
    ("keep_alive", "begins_reset"): MEASURED,
    ("keep_alive", "wants_host"): r"void: .*status 200, received .*400 Bad Request.*`headers`.*",
    ("keep_alive", "told_host"): MEASURED,
    ("keep_alive", "only_1_1"): MEASURED,
    (
        "keep_alive",
        "until_close",
    ): r"void: .*ends with its connection; only `load: connection_per_r.*",
    ("keep_alive", "every_second"): r"void: .*answered on 1 connection, and not on the next: .*",
    ("keep_alive", "writes"): READ_ONLY,
    ("keep_alive", "may_write"): MEASURED,
    ("keep_alive", "own_user"): DENIED,
    ("keep_alive", "has_own_user"): MEASURED,
    ("keep_alive", "ipv6_alone"): IPV6,
    ("keep_alive", "loopback_alone"): MEASURED,
    ("keep_alive", "by_full_name"): MEASURED,
    ("keep_alive", "by_id"): MEASURED,
    ("keep_alive", "by_short_id"): MEASURED,
    ("connection_per_request", "plain"): MEASURED,
    ("connection_per_request", "only_1_1"): MEASURED,
    ("connection_per_request", "until_close"): MEASURED,
    ("connection_per_request", "body_differs"): MEASURED,
    ("connection_per_request", "closes_said"): MEASURED,
    ("warm_up", "slow_at_first"): MEASURED,
    **{("trend", name): STEADY for name in STEADY_ONES},
    (
        "trend",
        "slows",
    ): rf"{ALSO}the rate fell by [5-9]\d% within the window.*",
    (
        "trend",
        "quickens",
    ): rf"{ALSO}the rate rose by [\d,]+% within the window.*",
    ("idle", "plain"): STEADY,
    ("idle", "idle_3s"): IDLE_3S,
    ("log", "plain"): STEADY,
    ("log", "logs"): rf"{ALSO}its own log, \d.* MB/s, .*",
    ("bridge", "plain"): MEASURED,
    ("bridge", "ipv6_alone"): IPV6,
    ("bridge", "loopback_alone"): LOOPBACK,
}


@pytest.fixture
def image(engine: DockerDriver, images: Images) -> Iterator[dict[str, str]]:
    """Somebody's image, by its names in the experiment; gone after the test."""
    name = f"c10k-habits-test/{engine.owner}:1"
    files = {file: (FOLDER / file).read_bytes() for file in ("Dockerfile", "server.py")}
    with build_context(files) as context:
        made = ImageStore(engine).build(context, name, arguments={"BASE": images.server})
    short = made.id.removeprefix("sha256:")[:12]
    yield {"SHORT_ID": short, "IMAGE_ID": made.id, "IMAGE": name}
    engine.api.remove_image(name)  # as a user does it, with the steps that it was built in


def trend_alone(text: str, servers: list[str]) -> str:
    """The experiment with the sweep of that name alone, of these servers."""
    experiment = yaml.safe_load(text)
    experiment["servers"] = [one for one in experiment["servers"] if one["name"] in servers]
    (sweep,) = (one for one in experiment["sweeps"] if one["name"] == "trend")
    experiment["sweeps"] = [{**sweep, "axes": {"server": servers}}]
    return yaml.safe_dump(experiment)


def test_each_habit_is_measured_or_told(image: dict[str, str], results: Path) -> None:
    text = (FOLDER / "habits.yaml").read_text()
    for word, name in image.items():
        text = re.sub(rf"(image: (?:docker\.io/)?){word}\b", rf"\g<1>{name}", text)
    folder = run(text, results, "habits")
    found = outcomes(folder)
    for window in range(1, WINDOWS):
        hidden = [one for one in TRENDS if ("trend", one) in differences(found, EXPECTED)]
        if hidden:
            found |= outcomes(run(trend_alone(text, hidden), results, f"window_{window}"))
    assert differences(found, EXPECTED) == {}
    steady = [found["trend", name] for name in STEADY_ONES]
    assert any("the rate" not in one for one in steady), steady
    rates = pd.read_csv(folder / "trials.csv").set_index(["sweep", "server"])["requests_per_s"]
    warm = float(rates.loc["warm_up", "slow_at_first"])
    assert warm > 1 / BUSY_S, "it was measured while it still took its time for each request"
