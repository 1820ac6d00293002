"""Containers and networks out of an engine: gone when the call returns, whoever removes them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Final

from experiments.docker.driver import AbsentError, DriverError, InUseError
from experiments.docker.engine import Engine
from experiments.docker.messages import with_engine

REMOVERS: Final = 8
REMOVAL_S: Final = 30.0
"""A busy engine whose file system is a program has taken more than three."""
LOOK_S: Final = 0.05
ATTEMPTS: Final = 5
"""To remove a network that a container which is just ending may leave a moment later."""
AGAIN_S: Final = 0.2


class Removal:
    """Thread-safe. What is gone already is no error."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._removers: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Wait for the removals that are under way, and end their threads."""
        with self._lock:
            removers, self._removers = self._removers, None
        if removers is not None:
            removers.shutdown()

    def containers(self, containers: Iterable[str]) -> None:
        """Kill and remove, side by side."""
        doomed = list(containers)
        if len(doomed) == 1:
            return self._container(doomed[0])
        with self._lock:
            if self._removers is None:
                self._removers = ThreadPoolExecutor(REMOVERS, thread_name_prefix="remove")
            pending = [self._removers.submit(self._container, one) for one in doomed]
        failed = [error for future in pending if (error := future.exception()) is not None]
        if failed:
            raise failed[0]
        return None

    def _container(self, container: str) -> None:
        api = self._engine.api
        with suppress(AbsentError):
            try:
                with self._engine.guard(f"removing container {container[:12]}"):
                    api.remove_container(container, v=True, force=True)
            except InUseError as error:
                if "already in progress" not in str(error):
                    raise
                self._await(container)

    def _await(self, container: str) -> None:
        """Somebody removes it already: what hangs on it can only go after it."""
        api = self._engine.api
        deadline = time.monotonic() + REMOVAL_S
        while time.monotonic() < deadline:  # ends by AbsentError
            with self._engine.guard(f"looking at container {container[:12]}"):
                api.inspect_container(container)
            time.sleep(LOOK_S)
        late = f"container {container[:12]} is still being removed after {REMOVAL_S:.0f} s"
        raise DriverError(with_engine(self._engine.where, late))

    def network(self, name: str) -> None:
        """By name or id."""
        api = self._engine.api
        with suppress(AbsentError), self._engine.guard(f"removing network {name}"):
            api.remove_network(name)

    def could_remove_network(self, name: str) -> bool:
        """Remove it; whether that could be done."""
        for _ in range(ATTEMPTS):
            try:
                self.network(name)
            except InUseError:
                time.sleep(AGAIN_S)
            else:
                return True
        return False
