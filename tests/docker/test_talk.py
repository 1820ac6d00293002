"""A command in a container is talked to, against a real engine."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from experiments.docker.docker_driver import DockerDriver
    from tests.docker.conftest import Start

pytestmark = [pytest.mark.docker, pytest.mark.lockless]

TALKING = """
from glob import glob
print(sum(b"to be heard" in open(one, "rb").read() for one in glob("/proc/[0-9]*/cmdline")))
"""
TALKS = """
import os, sys
print("to be heard", file=sys.stderr, flush=True)
while some := os.read(0, 65536):
    os.write(1, some.upper())
"""


def test_a_command_is_talked_to_until_its_input_ends(driver: DockerDriver, start: Start) -> None:
    container = start()
    talk = driver.talk_to(container, ("python3", "-c", TALKS))
    told = b"".join(b"%07d" % n for n in range(30_000)) + b"z"
    with ThreadPoolExecutor(1) as pool:
        said = pool.submit(talk.say, told)
        heard = b""
        while len(heard) < len(told):
            some = talk.hear()
            assert some
            heard += some
        said.result()
    assert heard == told.upper()
    assert talk.complaint == "to be heard"
    other = driver.talk_to(container, ("python3", "-c", "print('by itself')"))
    assert b"".join(iter(other.hear, b"")) == b"by itself\n"
    for one in (talk, other):
        one.close()
    deadline = time.monotonic() + 10
    while driver.execute(container, ("python3", "-c", TALKING)).output != "1\n":  # itself
        assert time.monotonic() < deadline, "it has not ended"
        time.sleep(0.05)
