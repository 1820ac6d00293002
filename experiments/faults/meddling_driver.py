"""A driver that harms one container of a trial, some time after it was started."""

from __future__ import annotations

import threading
from contextlib import suppress
from dataclasses import replace
from typing import Final

from experiments.docker.docker_driver import DockerDriver
from experiments.docker.driver import ContainerSpec, DriverError
from experiments.faults.endings import Ending

SHORT_PAUSE_S: Final = 12.0
"""Longer than Locust waits for a heartbeat."""


class MeddlingDriver(DockerDriver):
    """`arm` it before a trial, and `disarm` it after."""

    def __init__(self, run: str, owner: str) -> None:
        super().__init__(run, owner)
        self._ending: Ending | None = None
        self._delay_s = 0.0
        self._master = ""
        self._timers: list[threading.Timer] = []

    def arm(self, ending: Ending, delay_s: float) -> None:
        """Let the next trial end so; a container is harmed `delay_s` after its start."""
        self._ending, self._delay_s = ending, delay_s

    def disarm(self) -> None:
        """Cancel what has not happened yet."""
        self._ending = None
        for timer in self._timers:
            timer.cancel()
            timer.join()
        self._timers = []

    def start(self, spec: ContainerSpec) -> str:
        """Start it; one that is to be harmed has not long to live."""
        ending = self._ending
        if ending and spec.role == "server":
            spec = replace(spec, memory_bytes=ending.memory_bytes)
        container = super().start(spec)
        if spec.role == "master":
            self._master = container
        elif ending and spec.role == ending.role:
            self._harm_later(container, ending.action)
        elif ending and ending.role == "master" and spec.role == "pod":
            self._harm_later(self._master, ending.action)
        return container

    def _harm_later(self, container: str, action: str) -> None:
        self._later(self._delay_s, action.partition("_")[0], container)
        if action.endswith("_s"):
            self._later(self._delay_s + SHORT_PAUSE_S, "unpause", container)

    def _later(self, delay_s: float, action: str, container: str) -> None:
        timer = threading.Timer(delay_s, self._harm, (action, container))
        self._timers.append(timer)
        timer.start()

    def _harm(self, action: str, container: str) -> None:
        api = self.api
        with suppress(DriverError), self.guard(f"{action} of container {container[:12]}"):
            getattr(api, action)(container)  # one that has ended by itself refuses: too late
