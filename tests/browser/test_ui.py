"""Loading by hand in a browser: the form and its answers, every tab, what is taken away, stop."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest
import yaml
from hdrh.histogram import HdrHistogram
from selenium.webdriver.support.select import Select

from contract.loads import CLIENT_LOADS
from contract.ports import PROBE_PORT, SERVER_PORT, WEB_PORT
from contract.settings.load_settings import MOST_IDLE
from experiments.paths import ROOT
from experiments.run.trial_containers import LOCUST, PROBE
from loadgen.options import knobs
from tests.browser.web_ui import WebUI, words

if TYPE_CHECKING:
    from experiments.docker.docker_driver import DockerDriver
    from experiments.images.build import Images
    from tests.browser.browser import Browser
    from tests.browser.conftest import Start

pytestmark = [pytest.mark.browser, pytest.mark.docker, pytest.mark.lockless]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
FORBIDDEN: Final = "io_uring"
REASON: Final = "io_uring cannot be used here (Operation not permitted): it is forbidden"
ENVIRONMENT: Final = {
    **COMPOSE["services"]["master"]["environment"],
    "C10K_UNAVAILABLE": json.dumps({FORBIDDEN: REASON}),
}
SERVER: Final = "poll"
"""Not the first of the list, which is loaded when nothing is chosen."""
KNOBS: Final = [name for name, one in knobs().items() if one.form]
"""What a person sets, beside the server."""
USERS, IDLE, RATE = 8, 5, 200
SHOWN_HOST: Final = f"http://{SERVER}:{SERVER_PORT}"
ALLOWED: Final = [
    ("Number of users", "99999999", "the number of users is '99999999'; it must be a whole number"),
    ("Number of users", "0", "from 1 to 60,000"),
    ("Ramp up", "0", "the ramp up is '0'; it must be from 0.01 to 100,000 users/s"),
    ("Run time", "-5", "the run time is '-5'; write it like 90, 90s, 5m or 1h30m, from 1s to 24h"),
    ("Run time", "99999999999h", "from 1s to 24h"),
    (words("idle_connections"), "1e3", "idle_connections is 1e3; it must be a whole number, in"),
    (words("idle_connections"), "abc", "idle_connections is 'abc'; give a number from 0 to"),
    (
        words("idle_connections"),
        "-1",
        f"idle_connections is -1; it must be from 0 to {MOST_IDLE:,}",
    ),
    (words("warm_up_s"), "nan", "warm_up_s is nan; it must be from 0 to 600"),
    (words("path"), "nowhere", "path: 'nowhere' is not a path"),
    (words("method"), "get", "method is 'get'; it must be one in capitals"),
    (words("headers"), "A: 1\nConnection: close", "headers: Connection cannot be set"),
    (words("expect_status"), " ", "expect_status: '' is no status; write it like 200"),
]


@pytest.fixture(scope="module")
def ui(browser: Browser, start: Start, images: Images) -> WebUI:
    """A master, a worker, a server and its probe, as in the compose file."""
    start("master", image=images.load, command=(*LOCUST, "--master"), environment=ENVIRONMENT)
    worker(start, images, "worker")
    server = start(SERVER, image=images.server, command=("python3", "-m", "servers", SERVER))
    start(
        "probe",
        image=images.server,
        command=(*PROBE, str(SERVER_PORT)),
        network=f"container:{server}",
        pid_of=server,
        aliases=(),
    )
    found = WebUI(browser, f"http://master:{WEB_PORT}")
    found.wait_for_workers(1)
    return found


def worker(start: Start, images: Images, name: str) -> None:
    command = (*LOCUST, "--worker", "--master-host", "master")
    start(name, image=images.load, command=command, environment=ENVIRONMENT)


def begin(ui: WebUI, **knobs: object) -> None:
    """Start a load of the server, a light one, and wait for its first requests."""
    ui.open_form()
    given = {"server": SERVER, "load": "open_loop", "rate_per_s": RATE, **knobs}
    ui.fill({"Number of users": USERS, "Ramp up": USERS})
    ui.fill({words(knob): value for knob, value in given.items()})
    ui.submit("Start")
    ui.show("Connections")  # until then the page shows the load before
    ui.until(lambda: ui.row(Phase="window"), "the start of the load")
    ui.show("Statistics")
    ui.until(lambda: requests(ui), "the first requests")


def end(ui: WebUI) -> None:
    """Stop the load; what the page shows afterwards is final."""
    ui.press("Stop")
    ui.until(lambda: ui.header("Status").lower() == "stopped", "the stop")


def requests(ui: WebUI) -> int:
    return int(ui.row(Name="Aggregated").get("# Requests", "0").replace(",", ""))


def test_the_form_offers_every_server_and_every_knob_in_groups(ui: WebUI) -> None:
    ui.open_form()
    assert ui.choices(words("server")) == ENVIRONMENT["C10K_SERVERS"].split()
    assert ui.choices(words("load")) == list(CLIENT_LOADS)
    labels = ui.fields()
    for knob in ("server", *KNOBS):
        assert any(label.startswith(words(knob)) for label in labels), knob
    groups = ui.headings()
    assert groups.pop("Cannot run here") == []
    assert list(groups) == ["Request", "Load", "Schedule", "Idle connections", "Bad clients"]
    assert groups["Schedule"] == ["ratePerS", "arrivals", "seed"]
    assert sum(map(len, groups.values())) == len(KNOBS)


@pytest.mark.parametrize(("field", "value", "answer"), ALLOWED)
def test_a_wrong_value_is_answered_with_what_is_allowed(
    ui: WebUI, field: str, value: str, answer: str
) -> None:
    ui.open_form()
    if field == "Run time":
        ui.unfold("Advanced options")
    ui.fill({field: value})
    ui.press("Start")
    assert answer in ui.answer()


def test_a_server_that_cannot_run_is_shown_with_its_reason_and_cannot_be_chosen(
    ui: WebUI,
) -> None:
    ui.open_form()
    assert ui.note("Cannot run here") == f"{FORBIDDEN}: {REASON}"
    disabled = {
        option.get_dom_attribute("value"): option.get_dom_attribute("label")
        for option in Select(ui.field(words("server"))).options
        if not option.is_enabled()
    }
    assert disabled == {FORBIDDEN: f"{FORBIDDEN} (cannot run here)"}
    ui.fill({"Number of users": USERS})  # what the form says stays when it is drawn anew
    assert ui.note("Cannot run here") == f"{FORBIDDEN}: {REASON}"


def test_a_server_that_has_ended_is_answered_in_the_form(
    ui: WebUI, start: Start, driver: DockerDriver, images: Images
) -> None:
    name = "iterative"
    container = start(name, image=images.server, command=("python3", "-m", "servers", name))
    driver.stop(container, 1.0)
    ui.open_form()
    ui.fill({words("server"): name})
    ui.press("Start")
    assert ui.answer().startswith(f"{name} does not run: it has ended")


def test_several_wrong_values_are_answered_together(ui: WebUI) -> None:
    ui.open_form()
    ui.fill({words("idle_connections"): -1, words("rate_per_s"): 5, words("path"): "nowhere"})
    ui.press("Start")
    told = ui.answer()
    assert "idle_connections is -1" in told
    assert "path: 'nowhere'" in told


def test_a_load_is_started_watched_and_stopped(ui: WebUI, browser: Browser) -> None:
    begin(ui, load="keep_alive", rate_per_s=0, idle_connections=IDLE)
    assert ui.header("Host") == SHOWN_HOST
    before = requests(ui)
    ui.until(lambda: requests(ui) > before, "more requests")
    assert ui.row(Name="Aggregated")["# Fails"] == "0"
    ui.show("Connections")
    ui.until(
        lambda: ui.row(Trial_or_server=SERVER).get("Active established") == str(USERS),
        "all connections",
    )
    connections = ui.row(Trial_or_server=SERVER)
    assert (connections["Idle established"], connections["Errors"]) == (str(IDLE), "0")
    ui.show("Response time")
    response = ui.until(lambda: ui.row(Time="Response time", Over="the last 5 s"), "responses")
    assert response["Counted from"].startswith("the send")
    end(ui)
    ui.show("Connections")
    assert ui.row(Trial_or_server=SERVER)["Phase"] == "stopped"
    ui.show("Statistics")
    assert requests(ui) > before
    assert browser.console() == []


def test_every_tab_moves_while_a_load_runs(ui: WebUI) -> None:
    begin(ui)
    ui.show("Time to connect")
    ui.until(lambda: ui.row(Time="Time to connect", Over="the whole load"), "times to connect")
    connected = ui.row(Time="Time to connect", Over="the whole load")
    assert int(connected["Count"]) == USERS
    assert 0 < int(connected["p50 (us)"]) <= int(connected["Max (us)"])
    ui.show("Response time")
    counted = {
        "Response time (corrected)": "the moment when it was due",
        "Service time (uncorrected)": "the send",
    }
    for time, start in counted.items():
        row = ui.until(partial(ui.row, Time=time, Over="the whole load"), time)
        assert row["Counted from"] == start
        assert int(row["Count"]) > 0
    ui.show("Server")
    whole = ui.until(lambda: ui.row(Over="the whole load"), "the probe's samples")
    assert whole["Trial or server"] == SERVER
    assert float(whole["CPU (% of a core)"]) > 0
    assert float(whole["CPU per request (us)"]) > 0
    assert (whole["SYNs dropped"], whole["Processes"]) == ("0", "1")
    ui.until(lambda: len(ui.rows()) > 2, "a second of the server")
    end(ui)


def test_only_the_users_of_a_running_load_can_be_changed(ui: WebUI) -> None:
    begin(ui)
    ui.edit()
    assert not ui.field(words("server")).is_enabled()
    ui.fill({"Number of users": "60001"})
    assert ui.complaint("Number of users") == "from 1 to 60,000"
    ui.fill({"Number of users": USERS + 1})
    ui.submit("Update")
    ui.show("Connections")
    ui.until(
        lambda: ui.row(Trial_or_server=SERVER).get("Active established") == str(USERS + 1),
        "another connection",
    )
    assert ui.header("Host") == SHOWN_HOST
    end(ui)


def test_the_histograms_can_be_taken_away(ui: WebUI) -> None:
    begin(ui)
    end(ui)
    ui.show("Download Data")
    taken = json.loads(ui.download("Download histograms (JSON)"))
    assert (taken["load"], taken["workers"]) == (SERVER, 1)
    response, connect = taken["histograms"]["response"], taken["histograms"]["connect"]
    # Requests under way as the load ended are in the histogram by their age, and counted apart.
    counted = response["count"] + response["censored"]
    assert HdrHistogram.decode(response["encoded"]).get_total_count() == counted
    assert connect["count"] == USERS
    log = ui.download("Download histograms (HdrHistogram log)").splitlines()
    assert response["encoded"] in next(line for line in log if line.startswith("Tag=response,"))
    ui.show("Statistics")
    assert requests(ui) == response["count"]


def test_several_workers_are_added_up(ui: WebUI, start: Start, images: Images) -> None:
    worker(start, images, "second")
    ui.wait_for_workers(2)
    begin(ui)
    ui.show("Connections")
    ui.until(lambda: ui.row(Worker="all 2").get("Active established") == str(USERS), "both workers")
    assert len(ui.rows()) == 3
    end(ui)
    ui.show("Time to connect")
    assert ui.row(Time="Time to connect", Over="the whole load")["Count"] == str(USERS)


def test_a_server_without_a_probe_says_so(ui: WebUI, start: Start, images: Images) -> None:
    start("select", image=images.server, command=("python3", "-m", "servers", "select"))
    ui.open_form()
    ui.fill({"Number of users": USERS, words("server"): "select"})
    ui.submit("Start")
    ui.show("Server")
    told = ui.until(lambda: ui.row(Trial_or_server="select").get("Over"), "a word about it")
    assert told == f"no probe answers beside the server, at select:{PROBE_PORT}"
    end(ui)
