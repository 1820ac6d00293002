"""The connection to the Docker engine; the only module that imports `docker`.

It speaks the SDK's low-level API. The SDK's client is not thread-safe, so every thread has its
own. Whatever the engine answers becomes a DriverError, or a LabError(Exit.NO_DOCKER) when nobody
answers, and says what to do.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http import HTTPStatus
from typing import Any, Final, Self

import docker
import requests
import urllib3
from docker.constants import DEFAULT_UNIX_SOCKET
from docker.errors import APIError, DockerException
from docker.utils import kwargs_from_env

from experiments.docker.driver import AbsentError, DriverError, InUseError
from experiments.docker.messages import explain, unreachable
from experiments.docker.ownership import owner_id

ANSWER_S: Final = 60
SLOW_ANSWER_S: Final = 1_800


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
    """The kind of error; a network in use is forbidden (403) to the engine."""
    if error.status_code == HTTPStatus.NOT_FOUND:
        return AbsentError
    if error.status_code == HTTPStatus.CONFLICT or "active endpoints" in str(error):
        return InUseError
    return DriverError


def _is_timeout(error: Exception) -> bool:
    """A timeout after the first bytes is a lost connection to requests, with its cause inside."""
    kinds = (requests.exceptions.Timeout, urllib3.exceptions.TimeoutError)
    return isinstance(error, kinds) or any(isinstance(cause, kinds) for cause in error.args)


class Engine:
    """Thread-safe. `owner` is this user, host and checkout."""

    guard = staticmethod(guard)

    def __init__(self, owner: str | None = None) -> None:
        self.owner = owner or owner_id()
        self._local = threading.local()
        self._lock = threading.Lock()
        self._clients: list[docker.APIClient] = []
        self._version: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections of all threads; none may be used after it."""
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
