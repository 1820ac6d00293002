"""All that is asked of a server, one thing after the other, so that one that serves a client at a
time can answer."""

from __future__ import annotations

import time
from dataclasses import replace

from contract.habits.cases import PLAIN
from contract.request import Request
from contract.result.habits import CaseSeen, Habits
from loadgen.habits.conversation import Conversation, converse
from loadgen.habits.scripts import Script, pipelined, plain, scripts
from loadgen.habits.silences import watch

MOST_REQUESTS = 1_200
"""On one connection: nginx ends it after 1,000."""
KEEPING_S = 10.0
TAKES_NONE = (TimeoutError, ConnectionRefusedError, ConnectionResetError)
"""What a server does; a client that has no port or way left has not asked it."""
CASES_S = 60.0
"""For all cases together."""


def ask(address: tuple[str, int], asked: Request, silence_s: float) -> Habits:
    """Never raises for what the server does; why it was not asked all is in the reason."""
    found = Habits(pipelined=pipelined(asked))
    try:
        found = _cases(found, address, asked)
        usual = found.cases.get(PLAIN)
        if found.reason or usual is None:
            return found
        found = _on_one_connection(found, address, asked, usual.final)
        return _silences(found, address, asked, silence_s, stays=usual.ending == "kept")
    except OSError as error:
        return _unasked(found, address, error)


def _unasked(found: Habits, address: tuple[str, int], error: OSError, after: str = "") -> Habits:
    """With what kept us from asking more: it takes nobody, or this was of one connection."""
    if refusal := _refusal(address):
        reason = f"it takes no connection any more{after}: {error}"
        return replace(found, reason=reason, deaf=isinstance(refusal, TAKES_NONE))
    return replace(found, reason=f"it was not asked all{after}: {error}")


def _refusal(address: tuple[str, int]) -> OSError | None:
    """Why one more connection is not taken, if it is not."""
    try:
        with Conversation(address):
            return None
    except OSError as error:
        return error


def _cases(found: Habits, address: tuple[str, int], asked: Request) -> Habits:
    bodiless, seen = asked.method == "HEAD", dict[str, CaseSeen]()
    began_s, usual_s, last = time.monotonic(), 0.0, ""
    for name, script in scripts(asked):
        if time.monotonic() - began_s > CASES_S:
            return replace(found, cases=seen, reason=f"the cases took longer than {CASES_S:g} s")
        try:
            if name == PLAIN:
                usual_s = _usual_s(address, script, bodiless)
            seen[name] = converse(address, script, plain(asked), bodiless=bodiless, usual_s=usual_s)
        except OSError as error:
            after = f" after the case `{last}`" if last else ""
            return _unasked(replace(found, cases=seen), address, error, after)
        if name == PLAIN and not seen[name].final:
            return replace(found, reason="the plain request was not answered")
        last = name
    return replace(found, cases=seen)


def _usual_s(address: tuple[str, int], script: Script, bodiless: bool) -> float:
    """How long the plain request takes. Raises OSError."""
    with Conversation(address, bodiless=bodiless) as one:
        began_s = time.monotonic()
        one.say(script.first)
        one.hear(1)
        return time.monotonic() - began_s


def _on_one_connection(
    found: Habits, address: tuple[str, int], asked: Request, usual: int
) -> Habits:
    """One request after the other until the server closes, or answers otherwise than with the usual
    status, or not in time; or until that is enough."""
    request, began_s, sent = plain(asked), time.monotonic(), 0
    answered, status, left_open = 0, 0, False
    with Conversation(address, bodiless=asked.method == "HEAD") as one:
        while sent < MOST_REQUESTS and time.monotonic() - began_s < KEEPING_S:
            one.say(request)
            sent += 1
            if not one.hear(sent):
                left_open = one.ending is None
                break
            if one.answers.statuses[-1] != usual:
                status = one.answers.statuses[-1]
                break
            answered += 1
    return replace(
        found,
        requests_asked=sent,
        requests_answered=answered,
        requests_status=status,
        requests_open=left_open,
    )


def _silences(
    found: Habits, address: tuple[str, int], asked: Request, silence_s: float, *, stays: bool
) -> Habits:
    crowded, silences = watch(address, asked, silence_s, stays=stays)
    return replace(found, watched_s=silence_s, crowded=crowded, silences=silences)
