"""The connection to the Docker engine; the only module that imports `docker`.

It speaks the SDK's low-level API. The SDK's client is not thread-safe, so every thread has its
own. Whatever the engine answers becomes a DriverError, or a LabError(Exit.NO_DOCKER) when nobody
answers, and says what to do.
"""

from __future__ import annotations

import os
import shutil
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from http import HTTPStatus
from typing import Any, Final, Self

import docker
import requests
import urllib3
from docker.errors import APIError, DockerException

from experiments.docker.address import Address, engine_address
from experiments.docker.driver import AbsentError, DriverError, InUseError
from experiments.docker.messages import explain, unreachable, with_engine
from experiments.docker.ownership import owner_id

ANSWER_S: Final = 60
UNAME: Final = {"amd64": "x86_64", "arm64": "aarch64"}
SLOW_ANSWER_S: Final = 1_800


def as_uname(architecture: str) -> str:
    """Its name in the words of `uname -m`, as Docker has it; podman tells Go's."""
    return UNAME.get(architecture, architecture)


@contextmanager
def sdk_errors_told(doing: str, where: str = "") -> Iterator[None]:
    """Turn the SDK's errors into the lab's. `doing` says what was going on, `where` what leads to
    the engine, if that is not this machine's own."""
    try:
        yield
    except APIError as error:
        raise _refusal(error)(explain(doing, str(error.explanation or error), where)) from error
    except (requests.exceptions.RequestException, urllib3.exceptions.TimeoutError) as error:
        if not _is_timeout(error):
            raise unreachable(error, where or _usual()) from error
        doing = with_engine(where, doing)
        raise DriverError(
            f"{doing}: the engine did not answer in time; see whether `docker ps` answers"
        ) from error
    except (DockerException, OSError, urllib3.exceptions.HTTPError) as error:
        raise unreachable(error, where or _usual()) from error


def _usual() -> str:
    return os.environ.get("DOCKER_HOST", "the local socket")


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
    """Thread-safe. `owner` is this user, host and checkout; `address` leads to an engine that is
    not the one which `docker` finds here, and is told as `where`."""

    def __init__(
        self, owner: str | None = None, address: Address | None = None, where: str = ""
    ) -> None:
        self._address = address
        self.where = where
        self.owner = owner or owner_id()
        self._local = threading.local()
        self._lock = threading.Lock()
        self._clients: list[docker.APIClient] = []
        self._version: str | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def guard(self, doing: str) -> AbstractContextManager[None]:
        """Turn the SDK's errors into the lab's. `doing` says what was going on."""
        return sdk_errors_told(doing, self.where)

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
            with self.guard("reaching the Docker engine"):
                address = self._address or engine_address()
                _knock(address.url)
                client = docker.APIClient(
                    version=self._version or "auto", timeout=ANSWER_S, **address.arguments
                )
            missing = leave_out_missing_helpers(vars(client)["_auth_configs"])
            self._local.client = client
            with self._lock:
                self._version = client.api_version
                told = bool(self._clients)
                self._clients.append(client)
            for helper in () if told else missing:
                print(
                    f"note: the Docker client's configuration names {helper}, which is not "
                    "installed: going on without its passwords",
                    file=sys.stderr,
                )
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
        with self.guard("asking for the engine's version"):
            return dict(api.version())

    def info(self) -> dict[str, Any]:
        """The engine's answer to GET /info: cores, architecture, cgroup version, storage."""
        api = self.api
        with self.guard("asking for the engine's state"):
            said = dict(api.info())
        return said | {"Architecture": as_uname(str(said.get("Architecture", "")))}


def leave_out_missing_helpers(configured: Any) -> list[str]:
    """Take credential helpers that are not installed out of an AuthConfig, and return them.

    The SDK asks every one of them for a build of local images, and fails where one is missing.
    """
    helpers: dict[str, str] = configured.cred_helpers or {}
    absent = {
        name
        for name in (configured.creds_store, *helpers.values())
        if name and not shutil.which(f"docker-credential-{name}")
    }
    if configured.creds_store in absent:
        configured.pop("credsStore")
    if helpers:
        configured["credHelpers"] = {
            registry: name for registry, name in helpers.items() if name not in absent
        }
    return sorted(f"docker-credential-{name}" for name in absent)


def _knock(address: str) -> None:
    """Connect once and close: the SDK leaks a socket when nobody listens there."""
    scheme, _, path = address.partition("://")
    if scheme in ("unix", "http+unix"):
        with socket.socket(socket.AF_UNIX) as attempt:
            attempt.settimeout(ANSWER_S)
            attempt.connect("/" + path.lstrip("/"))
