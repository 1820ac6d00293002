"""Images name the signal that ends them in several ways."""

from __future__ import annotations

import signal

import pytest

from contract.stop_signal import USUAL_SIGNAL, number_of


@pytest.mark.parametrize("text", ["SIGQUIT", "QUIT", "3", "sigquit", "quit"])
def test_a_name_and_a_number_are_the_same(text: str) -> None:
    assert number_of(text) == signal.SIGQUIT


def test_the_usual_one_and_a_real_time_one() -> None:
    assert number_of(USUAL_SIGNAL) == signal.SIGTERM
    assert number_of("SIGRTMIN+3") == signal.SIGRTMIN + 3
    assert number_of("RTMAX-3") == signal.SIGRTMAX - 3
    assert number_of(str(signal.SIGRTMIN + 3)) == signal.SIGRTMIN + 3


@pytest.mark.parametrize("text", ["SIGNONE", "", "0", "99", "SIGTERM;ls", "RTMIN+31"])
def test_what_is_no_signal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="no signal"):
        number_of(text)
