"""docs/failures.md tells every reason that a trial can end with, and no other."""

from __future__ import annotations

import re

import pytest

from contract.void_causes import SPOILED_BY
from experiments.paths import ROOT
from tests.support.reasons import made, patterns

TEXT = (ROOT / "docs" / "failures.md").read_text(encoding="utf-8")
MODULES = (
    "contract/reasons.py",
    "experiments/hosts/relay.py",
    "experiments/records/container_hints.py",
    "loadgen/answers/exact.py",
    "loadgen/answers/head.py",
    "loadgen/answers/meaning.py",
    "loadgen/answers/response.py",
    "loadgen/answers/same_answer.py",
    "loadgen/answers/status_hint.py",
    "loadgen/clients/background_clients.py",
    "loadgen/loads/build.py",
    "loadgen/master/coordinator.py",
    "loadgen/verification/alike.py",
    "loadgen/verification/asking.py",
    "loadgen/verification/one_answer.py",
    "loadgen/verification/readiness.py",
    "loadgen/verification/together.py",
    "loadgen/verification/verify.py",
    "loadgen/worker/aftermath.py",
    "loadgen/worker/barrier.py",
    "loadgen/worker/connect_wait.py",
    "loadgen/worker/engine_call.py",
    "loadgen/worker/probe_client.py",
    "loadgen/worker/server_observer.py",
    "loadgen/worker/session.py",
    "loadgen/worker/stop_phase.py",
    "loadgen/worker/trial_conductor.py",
    "experiments/records/columns/link.py",
    "experiments/records/pins.py",
    "experiments/records/rate_trend.py",
    "experiments/records/columns/traced.py",
    "experiments/records/remarks.py",
    "experiments/records/trial_row.py",
    "experiments/records/validity.py",
    "experiments/run/loaded_trial.py",
    "experiments/run/shaped_path.py",
    "experiments/run/locust_client.py",
    "experiments/run/master_container.py",
    "experiments/run/microbenchmark.py",
    "experiments/run/needs.py",
    "experiments/run/unreached.py",
    "experiments/run/watched_start.py",
)
"""All that is said in them is a reason, or in NONE."""
FUNCTIONS = {
    "experiments/docker/engine.py": ("sdk_errors_told",),
    "experiments/docker/messages.py": ("explain",),
    "experiments/docker/container_options.py": ("quota_us",),
    "experiments/link/container.py": ("why_not_shaped", "_advice"),
    "experiments/records/row_contract.py": ("within_format",),
}
"""Modules of which these alone make reasons."""
EXCEPTIONS = frozenset(
    (
        *("TrialVoid", "TrialError", "MasterError", "WrongAnswerError", "FramingError"),
        *("VerificationError", "NotReadyError", "SilentError", "EndedError", "BusyError"),
        "OldVersionError",
    )
)
"""They carry a reason to a trial's end."""
NONE = frozenset(
    (
        # Parts of reasons.
        "the server closes … after …",
        *(
            "load worker",
            "load worker …",
            "its program ended",
            "the benchmark",
            "the server",
            "cores … and …",
        ),
        *("a CPU quota of … cores", "no CPU quota", "of the container"),
        "(its own log, …, took the engine … cores, which are not among them)",
        "(or have the server print less: its own log, …, is copied by the engine, and what that "
        "takes is among them)",
        *("counting load workers", "making it ready", "starting the load"),
        *("waiting for load workers", "waiting for the result"),
        *("Connection: close", "`Connection: close`", "… to … requests, median …"),
        *("; the first: …", "; requests sent again: …", "no end of its head", "no size of a chunk"),
        *("no end of its trailers", "a chunk that does not end where its size says"),
        "; servers answer so to a Host that they do not know: `headers` of the key `request` can "
        "name one",
        "; those that speak TLS answer 400 to plain HTTP, in which the lab asks",
        "; it wants to know who asks: `request: {headers: {Authorization: ...}}` can say so",
        "; it limits how often it is asked: lift that limit, or take such answers as right ones "
        "with `expect: {status: […]}`",
        "; it redirects to …",
        "…, and the lab does not speak TLS: have it serve plain HTTP, or, where it believes a "
        "proxy, `request: {headers: {X-Forwarded-Proto: https}}`",
        "…, which `path: …` asks for",
        # What is compared, as a trial that counts has it beside its figures.
        *("the whole body of … bytes", "that the body … …"),
        # What to do, behind the reason.
        "…; only `load: connection_per_request` can be asked of it",
        "…; only `load: connection_per_request` can be asked of the server",
        "The engine does not let a container have … in a network namespace of its own, which "
        "delay_ms, loss and rate_mbit need: use one that does, or leave them out",
        "The kernel of the engine's machine has no …, which …: load it there (`modprobe …`; some "
        "systems have it in a package of its own, kernel-modules-extra or linux-modules-extra), "
        "use a kernel that has it, or leave them out",
        *("delay_ms and loss need (rate_mbit alone does without it)",),
        *("delay_ms, loss and rate_mbit need", "its first command"),
        ", or set `network: pod`",
        "; of a script, `entrypoint: [sh, PATH]` may help",
        "`files` are read only, … among them",
        "`user: …` and",
        "by IPv4",
        "by IPv4 to …",
        "from another container",
        "it has no such capability: …`capabilities: […]` may help",
        "it runs as user 10001: `user: image` may help",
        "its file system is read only: `writable: […]` may help, or `writable: all` where "
        "what the image has there is needed",
        "its file system is read only: `writable` may help",
        "its program is for another processor, or a script without #! at its start…",
        "its program may have file capabilities (`getcap` shows them), without which it is "
        "not started: `capabilities` with these may help",
        "nothing in /tmp can be executed: `writable: [/tmp]` may help",
        "…: have it listen on 0.0.0.0…",
        "…: set `port: …`",
        "…: set `port`",
        # Said by hand, where there is no trial, or in a log.
        *("the trial failed", "the load failed", "no last counts from …", "…\n(started anew: …)"),
        "this load worker has no user to send its share of the rate; give the load at least … "
        "users, one for each worker",
        "stopped before the load began",
        "… came when the load had been shared out; start it again",
        # They end the run, or are a fault of the lab's that its one row tells.
        "the Locust master does not answer at …",
        "…, and does in its container; …",
        "… of … load workers reached the Locust master at ……",
        "what the trial asked of the engine was not recorded",
        "not a row of the record format: …",
        # A program, and patterns.
        "import http.client as h; c = h.HTTPConnection('127.0.0.1', …, timeout=5); "
        "c.request('GET', '/'); c.getresponse()",
        "the server closes .*?connections.*? after ([\\d.]+) s",
        "the server ended with exit code …\\b",
        'exec: "|executable file .* not found',
        "(?<![\\w/.])/tmp/|failed to map segment|noexec",
        "exec format error",
        "failed to map segment|\\bnoexec\\b",
        "operation not permitted|\\bEPERM\\b",
        "permission denied|\\bEACCES\\b",
        "read-only file ?system|\\bEROFS\\b",
    )
)


def said() -> dict[str, str]:
    """By reason, a module that gives it."""
    wanted = {**dict.fromkeys(MODULES, ()), **FUNCTIONS}
    return {
        text: name
        for name, functions in wanted.items()
        for text in patterns(ROOT / name, functions)
    }


def rows() -> list[list[str]]:
    """The table's cells."""
    lines = TEXT[TEXT.index("| reason |") :].split("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines]


def told() -> list[str]:
    return [row[0].strip().removeprefix("`").removesuffix("`") for row in rows()]


def test_every_reason_is_told() -> None:
    missing = {text: name for text, name in said().items() if text not in {*told(), *NONE}}
    assert not missing, f"docs/failures.md has no row for these reasons: {missing}"


def test_no_reason_is_told_that_nothing_gives() -> None:
    assert len(told()) == len(set(told()))
    assert not set(told()) - set(said())
    assert not NONE - set(said()), "these are no longer said anywhere"


def test_whoever_can_end_a_trial_is_looked_at() -> None:
    known = {*MODULES, *FUNCTIONS}
    found = {
        str(path.relative_to(ROOT))
        for room in ("loadgen", "experiments")
        for path in (ROOT / room).rglob("*.py")
        if made(path) & EXCEPTIONS and "tools" not in path.parts
    }
    assert found <= known


@pytest.mark.parametrize("row", rows(), ids=told())
def test_each_names_who_is_to_blame_its_evidence_and_what_to_do(row: list[str]) -> None:
    _, blame, evidence, advice = row
    words = re.findall(r"`(\w+)`", blame)
    assert blame == "counts" or (words and set(words) <= set(SPOILED_BY))
    assert len(evidence.split()) >= 3
    assert len(advice.split()) >= 2
