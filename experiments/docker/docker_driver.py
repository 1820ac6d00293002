"""The Docker engine behind the `Driver` interface; the only module that imports `docker`.

It speaks the low-level API: a start is one create and one start request, where
the object layer of the SDK inspects in between. The SDK's client is not
thread-safe, so every thread has its own. Whatever the engine answers becomes a
DriverError, or a LabError(Exit.NO_DOCKER) when nobody answers, and says what to do.
"""

from __future__ import annotations

import math
import os
import socket
import threading
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final, Self

import docker
import requests
import urllib3
from docker.constants import DEFAULT_UNIX_SOCKET
from docker.errors import APIError, DockerException, NotFound
from docker.utils import kwargs_from_env

from experiments.docker.container_options import host_settings, settings
from experiments.docker.driver import (
    AbsentError,
    ContainerSpec,
    ContainerState,
    DriverError,
    InUseError,
)
from experiments.docker.ownership import found, labels, owner_id, sweep
from experiments.images.messages import explain, unreachable
from experiments.images.store import ImageStore
from experiments.images.tool import nofile_limit
from experiments.machine.shortfalls import DiscardedError, discarded, is_told_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

LOG_BYTES: Final = 256 * 1024
ANSWER_S: Final = 60
SLOW_ANSWER_S: Final = 1_800
REMOVERS: Final = 8
REMOVAL_S: Final = 3.0


@contextmanager
def guard(doing: str) -> Iterator[None]:
    """Turn the SDK's errors into the lab's. `doing` says what was going on."""
    try:
        yield
    except APIError as error:
        raise _refusal(error)(explain(doing, str(error.explanation or error))) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.TimeoutError) as error:
        if not _is_timeout(error):
            raise unreachable(error, os.environ.get("DOCKER_HOST", "the local socket")) from error
        raise DriverError(
            f"{doing}: the engine did not answer in time; see whether `docker ps` answers"
        ) from error
    except (DockerException, OSError, urllib3.exceptions.HTTPError) as error:
        raise unreachable(error, os.environ.get("DOCKER_HOST", "the local socket")) from error


def _refusal(error: APIError) -> type[DriverError]:
    """What kind of refusal it is; a network in use is a forbidden one to the engine."""
    if error.status_code == HTTPStatus.NOT_FOUND:
        return AbsentError
    if error.status_code == HTTPStatus.CONFLICT or "active endpoints" in str(error):
        return InUseError
    return DriverError


def _is_timeout(error: Exception) -> bool:
    """A timeout after the first bytes is a lost connection to requests, with its cause inside."""
    kinds = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)
    return isinstance(error, kinds) or any(isinstance(cause, kinds) for cause in error.args)


class DockerDriver:
    """Thread-safe. `run` labels what it starts; `owner` is this user, host and checkout."""

    guard = staticmethod(guard)

    def __init__(self, run: str | None = None, owner: str | None = None) -> None:
        self.owner = owner or owner_id()
        self._run = run
        self._local = threading.local()
        self._lock = threading.Lock()
        self._clients: list[docker.APIClient] = []
        self._warnings: dict[str, None] = {}
        self._version: str | None = None
        self._nofile: int | None = None
        self._removers: ThreadPoolExecutor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of all threads; the driver may not be used after it."""
        with self._lock:
            removers, self._removers = self._removers, None
        if removers is not None:  # its threads may want the lock for a client of their own
            removers.shutdown()
        with self._lock:
            for client in self._clients:
                client.close()
            self._clients.clear()

    @property
    def api(self) -> docker.APIClient:
        """This thread's client. Raises LabError(Exit.NO_DOCKER)."""
        client: docker.APIClient | None = getattr(self._local, "client", None)
        if client is None:
            with guard("reaching the Docker engine"):
                address = _address()
                _knock(address.get("base_url", DEFAULT_UNIX_SOCKET))
                client = docker.APIClient(
                    version=self._version or "auto", timeout=ANSWER_S, **address
                )
            self._local.client = client
            with self._lock:
                self._version = client.api_version
                self._clients.append(client)
        return client

    @contextmanager
    def patient(self) -> Iterator[docker.APIClient]:
        """This thread's client, waiting longer: a build is silent for minutes."""
        client = self.api
        client.timeout, before = SLOW_ANSWER_S, client.timeout
        try:
            yield client
        finally:
            client.timeout = before

    def version(self) -> dict[str, Any]:
        """The engine's answer to GET /version."""
        api = self.api
        with guard("asking for the engine's version"):
            return dict(api.version())

    def info(self) -> dict[str, Any]:
        """The engine's answer to GET /info: cores, architecture, cgroup version, storage."""
        api = self.api
        with guard("asking for the engine's state"):
            return dict(api.info())

    def nofile_limit(self, image: str) -> int:
        """Descriptors per process that the engine can grant; asked once."""
        if self._nofile is None:
            self._nofile = nofile_limit(self, image)
        return self._nofile

    def start(self, spec: ContainerSpec) -> str:
        """Create and start; returns the id. A container that does not start is removed.

        Raises DiscardedError when the engine would leave out a limit that was asked for.
        """
        api = self.api
        with guard(f"creating container {spec.name}"):
            made = api.create_container(
                host_config=api.create_host_config(**host_settings(spec)),
                labels=labels(self.owner, spec.role, self._run or "tool", spec.name),
                **settings(spec),
            )
        container = str(made["Id"])
        try:
            self._heed(spec, made.get("Warnings") or [])
            with guard(f"starting container {spec.name}"):
                api.start(container)
        except BaseException:
            self.remove([container])
            raise
        return container

    @property
    def warnings(self) -> list[str]:
        """What else the engine warned of when it created containers, each once."""
        with self._lock:
            return list(self._warnings)

    def _heed(self, spec: ContainerSpec, warnings: list[str]) -> None:
        if found := discarded(spec, warnings):
            raise DiscardedError(f"creating container {spec.name}", found)
        with self._lock:
            self._warnings.update(dict.fromkeys(one for one in warnings if not is_told_of(one)))

    def state(self, container: str) -> ContainerState:
        api = self.api
        with guard(f"looking at container {container[:12]}"):
            state = api.inspect_container(container)["State"]
        running = bool(state["Running"])
        ended = not running and state.get("Status") != "created"
        return ContainerState(
            running=running,
            exit_code=int(state["ExitCode"]) if ended else None,
            oom_killed=bool(state["OOMKilled"]),
        )

    def logs(self, container: str) -> str:
        api = self.api
        kept: deque[bytes] = deque()
        size = 0
        with guard(f"reading the log of container {container[:12]}"):
            for chunk in api.logs(container, stdout=True, stderr=True, stream=True, follow=False):
                kept.append(chunk)
                size += len(chunk)
                while size - len(kept[0]) >= LOG_BYTES:
                    size -= len(kept.popleft())
        return b"".join(kept)[-LOG_BYTES:].decode(errors="replace")

    def stop(self, container: str, grace_s: float) -> None:
        api = self.api
        with guard(f"stopping container {container[:12]}"):
            api.stop(container, timeout=math.ceil(grace_s))

    def wait(self, container: str, timeout_s: float) -> int:
        """Wait for its end; returns the exit code. DriverError when it goes on running."""
        api = self.api
        with guard(f"waiting for container {container[:12]}"):
            return int(api.wait(container, timeout=math.ceil(timeout_s))["StatusCode"])

    def remove(self, containers: Iterable[str]) -> None:
        doomed = list(containers)
        if len(doomed) == 1:
            return self._remove_one(doomed[0])
        with self._lock:
            if self._removers is None:
                self._removers = ThreadPoolExecutor(REMOVERS, thread_name_prefix="remove")
            pending = [self._removers.submit(self._remove_one, one) for one in doomed]
        failed = [error for future in pending if (error := future.exception()) is not None]
        if failed:
            raise failed[0]
        return None

    def _remove_one(self, container: str) -> None:
        api = self.api
        with guard(f"removing container {container[:12]}"), suppress(NotFound):
            try:
                api.remove_container(container, v=True, force=True)
            except APIError as error:
                if error.status_code != 409 or "already in progress" not in str(error):
                    raise
                self._await_removal(api, container)

    def _await_removal(self, api: docker.APIClient, container: str) -> None:
        """Somebody removes it already: what hangs on it can only go after it."""
        deadline = time.monotonic() + REMOVAL_S
        while time.monotonic() < deadline:  # ends by NotFound
            api.inspect_container(container)
            time.sleep(0.05)

    def create_network(self, name: str) -> str:
        api = self.api
        with guard(f"creating network {name}"):
            made = api.create_network(
                name,
                driver="bridge",
                labels=labels(self.owner, "network", self._run or "tool", name),
            )
        return str(made["Id"])

    def remove_network(self, name: str) -> None:
        """By name or id; one that is gone already is no error."""
        api = self.api
        with guard(f"removing network {name}"), suppress(NotFound):
            api.remove_network(name)

    def sweep(self) -> list[str]:
        """Call it only while holding the run lock: it spares no run of this owner."""
        return sweep(self, of_runs=True)

    def remove_all(self) -> list[str]:
        """All that this owner's lab has in the engine, images included; their names."""
        return [*sweep(self, of_runs=False), *ImageStore(self).remove_all()]

    def left(self) -> list[str]:
        """The names of all that this owner's lab has in the engine."""
        things = [name for group in found(self, of_runs=False).values() for _, name in group]
        return [*things, *(tag for image in ImageStore(self).owned() for tag in image.tags)]


def _address() -> dict[str, Any]:
    """Where the engine is: DOCKER_HOST, else the context that `docker` itself uses."""
    known: dict[str, Any] = {**kwargs_from_env()}
    if "base_url" not in known:
        context = docker.context.ContextAPI.get_current_context()
        if context is not None and context.Name != "default" and context.Host:
            known["base_url"] = context.Host
    return known


def _knock(address: str) -> None:
    """Connect once and close: the SDK leaks a socket when nobody listens there."""
    scheme, _, path = address.partition("://")
    if scheme in ("unix", "http+unix"):
        with socket.socket(socket.AF_UNIX) as attempt:
            attempt.settimeout(ANSWER_S)
            attempt.connect("/" + path.lstrip("/"))
