"""The master's side: collects results, answers the sweep, and shows it in the UI.

Routes, all on the web UI's own address. The first three are the run's (see request_checks.py): 403
to anybody else, 400 to what cannot be answered. The second and third wait up to ?wait= seconds.
  POST /c10k/ready            gives up what goes on, forgets all workers; 200 when ready, or 503
  GET /c10k/worker/NAME       when ?count= workers of that host are ready 200, or 202
  GET /c10k/result/TRIAL      when the trial has ended 200 with the result, or 202
  GET /c10k/histograms        of the load that runs or ran last, as JSON; 404 before the first
  GET /c10k/histograms.hlog   the same as an HdrHistogram log
  GET /c10k/page/FILE         what Locust's page is extended by
Locust's page gets the tabs of tabs.py, the links to the histograms and a script of its own.
"""

from __future__ import annotations

import json
import time
from collections import deque
from collections.abc import Iterable
from typing import Any

import gevent
from flask import Blueprint, Response, current_app, jsonify, request
from gevent.event import Event
from locust.env import Environment
from locust.runners import (
    STATE_CLEANUP,
    STATE_INIT,
    STATE_MISSING,
    STATE_RUNNING,
    STATE_STOPPED,
    STATE_STOPPING,
    MasterRunner,
)

from contract.ports import SERVER_PORT
from contract.result.document import from_json, to_json
from contract.result.trial_result import TrialResult
from loadgen.locust_options import headings, several_lines
from loadgen.master.coordinator import Coordinator
from loadgen.master.form_check import SPAWN_RATES, USERS, FormCheck
from loadgen.master.histograms import LoadHistograms, as_json, as_log, of_counts, of_trial
from loadgen.master.live_totals import LiveTotals
from loadgen.master.offered import first, unavailable
from loadgen.master.request_checks import Caller, CallError, check_name, parameters
from loadgen.master.tabs import TABS, finished_row, tables
from loadgen.worker.session import PROGRESS
from loadgen.worker.standing import Standing

SHOWN_TRIALS = 30
NOTHING = "no load was started here yet: start one, and its histograms can be had"
SCRIPT = '<script type="module" src="c10k/page/form.js"></script>'


class MasterApi:
    """Lives as long as the master."""

    def __init__(self, environment: Environment, runner: MasterRunner) -> None:
        self._environment = environment
        self._runner = runner
        self._results: dict[str, TrialResult] = {}
        self._delivery = Event()
        """Set when the next result is there."""
        self._finished: deque[dict[str, Any]] = deque(maxlen=SHOWN_TRIALS)
        self._last_result: TrialResult | None = None
        self._last_ended_at_s = 0.0
        self._totals = LiveTotals()
        self._caller = Caller()
        self._form = FormCheck(environment, runner, self._caller)
        self._coordinator = Coordinator(environment, runner, self.deliver)
        if server := first():
            environment.host = f"http://{server}:{SERVER_PORT}"
        runner.register_message(PROGRESS, self._on_progress)
        self._extend_ui()

    def _on_progress(self, msg: Any, **_kwargs: Any) -> None:
        self._totals.tell(msg.node_id, from_json(Standing, msg.data))

    def deliver(self, result: TrialResult, workers: Iterable[str]) -> None:
        """Keep the result of a trial for the sweep, and show it in the place of its workers."""
        self._results[result.trial] = result
        for worker in workers:
            self._totals.leave(worker)
        self._finished.appendleft(finished_row(result))
        if result.window:
            self._last_result, self._last_ended_at_s = result, time.time()
        delivery, self._delivery = self._delivery, Event()
        delivery.set()

    def _extend_ui(self) -> None:
        web_ui = self._environment.web_ui
        if web_ui is None:
            return
        web_ui.template_args |= {
            "extended_tabs": [{"title": tab.title, "key": tab.key} for tab in TABS],
            "extended_tables": [
                {
                    "key": tab.key,
                    "structure": [
                        {"key": key, "title": title} for key, title in tab.columns.items()
                    ],
                }
                for tab in TABS
            ],
            "extended_csv_files": [
                {"href": "./c10k/histograms", "title": "Download histograms (JSON)"},
                {
                    "href": "./c10k/histograms.hlog",
                    "title": "Download histograms (HdrHistogram log)",
                },
            ],
            "c10k_headings": headings(),
            "c10k_several_lines": several_lines(),
            "c10k_limits": {"user_count": USERS, "spawn_rate": SPAWN_RATES},
            "c10k_port": SERVER_PORT,
            "c10k_unavailable": unavailable(),
        }
        routes = Blueprint("c10k", __name__, static_folder="page", static_url_path="/c10k/page")
        routes.add_url_rule("/c10k/ready", view_func=self.ready, methods=["POST"])
        routes.add_url_rule("/c10k/worker/<name>", view_func=self.worker)
        routes.add_url_rule("/c10k/result/<trial>", view_func=self.result)
        routes.add_url_rule("/c10k/histograms", view_func=self.histograms)
        routes.add_url_rule("/c10k/histograms.hlog", view_func=self.histogram_log)
        routes.before_app_request(self._check_form)
        routes.after_app_request(self._complete)
        app: Any = web_ui.app
        # The form's order is the order of the knobs; Jinja would sort them by name.
        app.jinja_env.policies["json.dumps_kwargs"] = {"sort_keys": False}
        app.register_blueprint(routes)

    def ready(self) -> tuple[Response, int]:
        """Whatever the load before left, the next one finds a master without load and workers."""
        if refused := self._caller.refusal():
            return refused
        self._coordinator.abandon()
        current_app.view_functions["locust.stop"]()  # ends a spawning under way, too
        self._runner.check_stopped()
        state = self._runner.state
        return jsonify(state=state), 200 if state in (STATE_INIT, STATE_STOPPED) else 503

    def worker(self, name: str) -> tuple[Response, int]:
        """The workers on host `name` are there, and no others: users would be shared with them.

        Others are of an earlier trial, whose containers are gone by now: they are forgotten.
        """
        if refused := self._caller.refusal():
            return refused
        try:
            check_name(name)
            asked = parameters(wait=0.0, count=1)
        except CallError as error:
            return jsonify(message=str(error)), 400
        deadline = time.monotonic() + asked["wait"]
        wanted = [name] * int(asked["count"])
        while True:
            idle = self._runner.state in (STATE_INIT, STATE_STOPPED)
            if idle:
                known = self._runner.clients
                self._coordinator.forget([one for one in known if one.rpartition("_")[0] != name])
            workers = {
                worker.id: worker.state
                for worker in self._runner.clients.values()
                if worker.state != STATE_MISSING
            }
            alone = [worker.rpartition("_")[0] for worker in workers] == wanted
            if alone and idle:
                self._results.clear()  # nobody asks for the results of earlier trials any more
                return jsonify(workers=workers), 200
            if time.monotonic() > deadline:
                return jsonify(workers=workers, state=self._runner.state), 202
            gevent.sleep(0.01)

    def result(self, trial: str) -> tuple[Response, int]:
        """The long poll keeps the hub asleep while a window is open. It takes nothing away: an
        answer that was lost on its way can be asked for again."""
        if refused := self._caller.refusal():
            return refused
        try:
            check_name(trial)
            wait_s = parameters(wait=0.0)["wait"]
        except CallError as error:
            return jsonify(message=str(error)), 400
        deadline = time.monotonic() + wait_s
        while trial not in self._results:
            left_s = deadline - time.monotonic()
            if left_s <= 0 or not self._delivery.wait(timeout=left_s):
                return jsonify(trial=trial), 202
        return jsonify(to_json(self._results[trial])), 200

    def histograms(self) -> Response:
        """To be saved as a file."""
        if (taken := self._taken()) is None:
            return Response(NOTHING, 404, mimetype="text/plain")
        return _file(json.dumps(as_json(taken), indent=1), f"{taken.file_name}.json")

    def histogram_log(self) -> Response:
        """To be saved as a file."""
        if (taken := self._taken()) is None:
            return Response(NOTHING, 404, mimetype="text/plain")
        return _file(as_log(taken), f"{taken.file_name}.hlog")

    def _taken(self) -> LoadHistograms | None:
        """By hand, what the workers told last, the final state included; else the last trial."""
        totals = self._totals
        if not totals.server:
            last = self._last_result
            return of_trial(last, self._last_ended_at_s) if last else None
        return LoadHistograms(
            load=totals.server,
            workers=len(totals.standings),
            started_at_s=totals.started_at_s,
            length_s=totals.length_s,
            histograms=of_counts(totals.times()),
            censored=of_counts(totals.censored()),
        )

    def _check_form(self) -> Response | None:
        refusal = self._form.check()
        options = self._form.options
        idle = self._runner.state in (STATE_INIT, STATE_STOPPED)  # else more or fewer users
        starts = request.method == "POST" and request.path == "/swarm" and refusal is None
        if starts and idle and options and not options.is_trial:
            self._totals.begin(options.host, scheduled=options.settings.open)
        return refusal

    def _complete(self, response: Response) -> Response:
        if request.path == "/stats/requests" and response.is_json:
            data = response.get_json()
            data["extended_stats"] = tables(self._totals, self._finished)
            if data["state"] in (STATE_STOPPING, STATE_CLEANUP):
                # The page asks no more once a load does not run, and would never see its end.
                data["state"] = STATE_RUNNING
            response.set_data(json.dumps(data))
        elif request.path == "/swarm" and response.is_json and response.get_json()["success"]:
            # The form's server wins over its host: show what is really loaded.
            self._environment.host = self._form.target
            response.set_data(json.dumps({**response.get_json(), "host": self._form.target}))
        elif request.endpoint == "locust.index" and response.mimetype == "text/html":
            page = response.get_data(as_text=True)
            response.set_data(page.replace("</body>", f"{SCRIPT}</body>"))
        return response


def _file(text: str, name: str) -> Response:
    kind = "application/json" if name.endswith(".json") else "text/plain"
    headers = {"Content-Disposition": f"attachment;filename={name}"}
    return Response(text, mimetype=kind, headers=headers)
