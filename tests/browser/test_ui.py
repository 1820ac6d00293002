"""Loading by hand in a browser: the form, a load of one server, what the tables show, stop."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
import yaml

from experiments.containers import LOCUST, WEB_PORT
from loadgen.options import LIMITS, LOADS, Options
from tests.browser.web_ui import WebUI, words

if TYPE_CHECKING:
    from experiments.images.build import Images
    from tests.browser.browser import Browser
    from tests.browser.conftest import Start

pytestmark = [pytest.mark.browser, pytest.mark.docker]
COMPOSE = yaml.safe_load((Path(__file__).parents[2] / "docker-compose.yml").read_text())
ENVIRONMENT: Final = COMPOSE["services"]["master"]["environment"]
SERVER: Final = "epoll_level"
OF_A_SWEEP: Final = {"host", "port", "window_s", "listen_s", "trial", "probe"}
"""What no person sets: the target is chosen by name, the rest a sweep sets for its trials."""
USERS, IDLE = 8, 5


@pytest.fixture(scope="module")
def ui(browser: Browser, start: Start, images: Images) -> WebUI:
    """A master, a worker and one server, as in the compose file."""
    start("master", image=images.load, command=(*LOCUST, "--master"), environment=ENVIRONMENT)
    start(
        "worker",
        image=images.load,
        command=(*LOCUST, "--worker", "--master-host", "master"),
        environment=ENVIRONMENT,
    )
    start(SERVER, image=images.server, command=("python3", "-m", "servers", SERVER))
    found = WebUI(browser, f"http://master:{WEB_PORT}")
    found.wait_for_a_worker()
    return found


def test_the_form_offers_every_server_and_every_knob(ui: WebUI) -> None:
    ui.open_form()
    assert ui.choices(words("server")) == ENVIRONMENT["C10K_SERVERS"].split()
    assert ui.choices(words("load")) == list(LOADS)
    knobs = {field.name for field in fields(Options)} - OF_A_SWEEP
    labels = ui.fields()
    for knob in {"server", *knobs}:
        assert any(label.startswith(words(knob)) for label in labels), knob


def test_a_wrong_value_is_answered_with_what_is_allowed(ui: WebUI) -> None:
    ui.open_form()
    ui.fill({words("idle_connections"): -1, words("path"): "nowhere"})
    ui.press("Start")
    low, high = LIMITS["idle_connections"]
    assert f"idle_connections is -1; it must be from {low:g} to {high:g}" in ui.answer()
    assert "path: 'nowhere' is not a path" in ui.answer()


def test_a_load_is_started_watched_and_stopped(ui: WebUI, browser: Browser) -> None:
    ui.open_form()
    ui.fill({"Number of users": USERS, "Ramp up": USERS})
    ui.fill({words("server"): SERVER, words("idle_connections"): IDLE})
    ui.press("Start")
    before = ui.until(lambda: requests(ui), "the first requests")
    ui.until(lambda: requests(ui) > before, "more requests")
    assert ui.row("Name", "Aggregated")["# Fails"] == "0"
    ui.show("Connections")
    ui.until(lambda: connections(ui).get("Active established") == str(USERS), "all connections")
    assert connections(ui)["Idle established"] == str(IDLE)
    assert connections(ui)["Errors"] == "0"
    ui.press("Stop")
    ui.until(lambda: connections(ui)["Phase"] == "stopped", "the stop")
    ui.show("Statistics")
    counted = ui.until(lambda: requests(ui), "the table of a load that has ended")
    assert counted > before
    assert browser.console() == []


def requests(ui: WebUI) -> int:
    return int(ui.row("Name", "Aggregated").get("# Requests", "0").replace(",", ""))


def connections(ui: WebUI) -> dict[str, str]:
    return ui.row("Trial or server", SERVER)
