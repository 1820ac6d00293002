"""The master's side: collects results, answers the sweep, and shows it in the UI.

Routes, all on the web UI's own address:
  GET /c10k/worker/NAME     waits until that worker alone is ready; 200, or 202
  GET /c10k/result/TRIAL    waits up to ?wait= seconds; 200 with the result, or 202
The UI gets a tab, *Connections*, with what Locust's own tables cannot show:
established connections by worker, and the last trials of a running sweep.
"""

from __future__ import annotations

import json
import time
from collections import deque
from typing import Any

import gevent
from flask import Blueprint, Response, jsonify, request
from gevent.event import Event
from locust.env import Environment
from locust.runners import STATE_INIT, STATE_STOPPED, MasterRunner

from loadgen.options import OptionsError, parse
from loadgen.session import PROGRESS, RESULT

TAB = "connections"
SHOWN_TRIALS = 30
COLUMNS = {
    "trial": "Trial or server",
    "phase": "Phase",
    "idle": "Idle established",
    "active": "Active established",
    "wanted": "Active wanted",
    "rate": "Requests/s",
    "p50": "p50 (us)",
    "p99": "p99 (us)",
    "errors": "Errors",
}


class Board:
    """Lives as long as the master."""

    def __init__(self, environment: Environment, runner: MasterRunner) -> None:
        self._environment = environment
        self._runner = runner
        self._results: dict[str, dict[str, Any]] = {}
        self._arrived: dict[str, Event] = {}
        self._rows: dict[str, dict[str, Any]] = {}
        self._target = ""
        self._finished: deque[dict[str, Any]] = deque(maxlen=SHOWN_TRIALS)
        runner.register_message(PROGRESS, self._on_progress)
        runner.register_message(RESULT, self._on_result)
        self._extend_ui()

    def _on_progress(self, msg: Any, **_kwargs: Any) -> None:
        self._rows[msg.node_id] = msg.data

    def _on_result(self, msg: Any, **_kwargs: Any) -> None:
        """Keep it for the sweep, and let the worker go: each trial has a fresh one."""
        trial = msg.data["trial"]
        self._results[trial] = msg.data
        self._rows.pop(msg.node_id, None)
        self._finished.appendleft(_row(msg.data))
        self._arrived.setdefault(trial, Event()).set()
        # Its container is about to be removed: forget it now, not after missed heartbeats.
        self._runner.stop(send_stop_to_client=False)
        del self._runner.clients[msg.node_id]
        self._runner.check_stopped()

    def _extend_ui(self) -> None:
        web_ui = self._environment.web_ui
        if web_ui is None:
            return
        web_ui.template_args["extended_tabs"] = [{"title": "Connections", "key": TAB}]
        structure = [{"key": key, "title": title} for key, title in COLUMNS.items()]
        web_ui.template_args["extended_tables"] = [{"key": TAB, "structure": structure}]
        routes = Blueprint("c10k", __name__)
        routes.add_url_rule("/c10k/worker/<name>", view_func=self.worker)
        routes.add_url_rule("/c10k/result/<trial>", view_func=self.result)
        routes.before_app_request(self._check_form)
        routes.after_app_request(self._complete)
        app: Any = web_ui.app
        app.register_blueprint(routes)

    def worker(self, name: str) -> tuple[Response, int]:
        """The worker on host `name` is there, and no other: users would be shared with it."""
        deadline = time.monotonic() + _wait_s()
        while True:
            workers = {worker.id: worker.state for worker in self._runner.clients.values()}
            alone = [worker.rpartition("_")[0] for worker in workers] == [name]
            if alone and self._runner.state in (STATE_INIT, STATE_STOPPED):
                return jsonify(workers=workers), 200
            if time.monotonic() > deadline:
                return jsonify(workers=workers, state=self._runner.state), 202
            gevent.sleep(0.01)

    def result(self, trial: str) -> tuple[Response, int]:
        """The long poll keeps the hub asleep while a window is open."""
        event = self._arrived.setdefault(trial, Event())
        if not event.wait(timeout=_wait_s()):
            return jsonify(trial=trial), 202
        self._arrived.pop(trial, None)
        return jsonify(self._results.pop(trial)), 200

    def _check_form(self) -> Response | None:
        """Answer a faulty form with what is wrong, before Locust takes it over."""
        if request.path != "/swarm" or request.method != "POST":
            return None
        self._target = ""
        options: Any = self._environment.parsed_options
        values = {**vars(options), "trial": "", "probe": "", **request.form.to_dict()}
        try:
            checked = parse(values, request.form.get("host") or self._environment.host)
        except OptionsError as error:
            return jsonify(success=False, message=str(error), host=self._environment.host)
        # A sweep names its trial in every form; a person's form has none.
        options.trial = options.probe = ""
        self._target = f"http://{checked.host}:{checked.port}"
        return None

    def _complete(self, response: Response) -> Response:
        if request.path == "/stats/requests" and response.is_json:
            data = response.get_json()
            rows = [*self._rows.values(), *self._finished]
            data["extended_stats"] = [{"key": TAB, "data": rows}]
            response.set_data(json.dumps(data))
        elif request.path == "/swarm" and response.is_json and self._target:
            # The form's server wins over its host: show what is really loaded.
            self._environment.host = self._target
            response.set_data(json.dumps({**response.get_json(), "host": self._target}))
        return response


def _wait_s() -> float:
    return min(request.args.get("wait", 0.0, type=float), 60.0)


def _row(result: dict[str, Any]) -> dict[str, Any]:
    window, gauges = result["window"] or {}, result["gauges"] or {}
    seconds = window.get("window_s")
    return {
        "trial": result["trial"],
        "phase": result["reason"] or "done",
        "idle": gauges.get("idle_established"),
        "active": gauges.get("active_established"),
        "wanted": gauges.get("active_wanted"),
        "rate": round(window["requests"] / seconds) if seconds else None,
        "p50": window.get("response_p50_us"),
        "p99": window.get("response_p99_us"),
        "errors": sum(window.get("errors", {}).values()),
    }
