"""Questions to the probe: lost and late datagrams."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import TYPE_CHECKING

import pytest

from contract.probe_question import parsed
from contract.result.document import to_json
from contract.result.server_side import ProbeSample
from loadgen.worker import probe_client
from loadgen.worker.probe_client import Probe, TrialVoid
from tests.support.results import a_sample

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ANSWER_S = 0.1
QUESTIONS = 8


@pytest.fixture
def probe(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Probe]]:
    """Makes the asking side of a probe that takes `slow_s` for each answer, one after the other,
    and is deaf to the first `lost` of QUESTIONS at most."""
    monkeypatch.setattr(probe_client, "PROBE_ANSWER_S", ANSWER_S)
    sockets: list[socket.socket | Probe] = []
    threads: list[threading.Thread] = []

    def answer(sock: socket.socket, slow_s: float, lost: int) -> None:
        for place in range(QUESTIONS):
            try:
                question, peer = sock.recvfrom(256)
            except OSError:
                return
            word, number, _, _ = question.decode().split()
            if place >= lost:
                time.sleep(slow_s)
                sample = to_json(a_sample("", 0.0, 0.0, worker_cpu_ns={word: 1}))
                sock.sendto(json.dumps({**sample, "asked": int(number)}).encode(), peer)

    def make(slow_s: float = 0.0, lost: int = 0) -> Probe:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(ANSWER_S * 5)
        sockets.append(sock)
        threads.append(threading.Thread(target=answer, args=(sock, slow_s, lost)))
        threads[-1].start()
        made = Probe(f"127.0.0.1:{sock.getsockname()[1]}")
        sockets.append(made)
        return made

    yield make
    for thread in threads:
        thread.join()
    for one in sockets:
        one.close()


def said(sample: ProbeSample) -> str:
    """The question that this answers."""
    (word,) = sample.worker_cpu_ns
    return word


def test_a_lost_question_is_asked_again(probe: Callable[..., Probe]) -> None:
    heard = probe(lost=2).ask("open")
    assert (heard.label, said(heard)) == ("open", "open")


def test_a_probe_that_is_slower_than_a_question_lasts_is_heard(
    probe: Callable[..., Probe],
) -> None:
    """It would be as late for each of the questions."""
    assert said(probe(slow_s=ANSWER_S * 1.4).ask("gate")) == "gate"


def test_a_question_that_takes_longer_is_asked_once(probe: Callable[..., Probe]) -> None:
    """And the next one is not waited for as long."""
    asking = probe(slow_s=ANSWER_S * 1.4)
    assert said(asking.ask("gate", longer_s=ANSWER_S * 3)) == "gate"
    assert asking._asked == 1
    asking.ask("open")
    assert asking._asked > 2


def test_what_is_late_for_one_question_is_no_answer_to_the_next(
    probe: Callable[..., Probe],
) -> None:
    asking = probe(slow_s=ANSWER_S * 1.2)
    asking.ask("gate")
    assert said(asking.ask("open")) == "open"


def test_each_question_says_which_answer_was_kept_last(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lost one was not, nor one that was only looked at."""
    monkeypatch.setattr(probe_client, "PROBE_ANSWER_S", ANSWER_S)
    heard: list[tuple[str, int, int]] = []

    def answer(sock: socket.socket) -> None:
        for place in range(5):
            question, peer = sock.recvfrom(256)
            heard.append(parsed(question, b""))
            number = int(question.split()[1])
            if place != 1:
                document = {**to_json(a_sample("", 0.0, 0.0)), "asked": number}
                sock.sendto(json.dumps(document).encode(), peer)

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(ANSWER_S * 5)
        thread = threading.Thread(target=answer, args=(sock,))
        thread.start()
        asking = Probe(f"127.0.0.1:{sock.getsockname()[1]}")
        asking.ask("open")
        asking.ask("second")
        asking.look()
        asking.ask("close")
        thread.join()
        asking.close()
    assert heard == [
        *(("open", 1, 0), ("second", 2, 1), ("second", 3, 1)),
        *(("look", 4, 3), ("close", 5, 3)),
    ]


def test_silence_ends_the_trial(probe: Callable[..., Probe]) -> None:
    with pytest.raises(TrialVoid, match="did not answer 'close'"):
        probe(lost=QUESTIONS).ask("close")
