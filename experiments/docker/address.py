"""Where the engine is: the same one for the SDK, the builds and Compose."""

from __future__ import annotations

import os
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urlsplit

from docker.constants import DEFAULT_UNIX_SOCKET
from docker.context import ContextAPI
from docker.errors import DockerException
from docker.utils import kwargs_from_env

from contract.exits import Exit, LabError

LOCAL: Final = ("unix", "http+unix", "npipe")


@dataclass(frozen=True, slots=True)
class Address:
    """`arguments` are for the SDK's client; `said_by` is what names the engine.

    Raises LabError(BAD_INPUT) for one whose host or port nobody can make out.
    """

    url: str
    arguments: dict[str, Any]
    said_by: str

    def __post_init__(self) -> None:
        try:
            urlsplit(self.url).port  # noqa: B018 - it is read for its errors
        except ValueError as error:
            raise LabError(
                f"{self.url}: no address of an engine: {error}; `docker -H` takes ssh://USER@HOST, "
                "tcp://HOST:PORT or unix:///PATH",
                Exit.BAD_INPUT,
            ) from None

    @property
    def elsewhere(self) -> bool:
        """Whether the engine is on another machine, as far as its address tells."""
        parts = urlsplit(self.url)
        if parts.scheme in LOCAL:
            return False
        host = parts.hostname or ""
        try:
            return not ip_address(host).is_loopback
        except ValueError:
            return host != "localhost"

    @property
    def variables(self) -> dict[str, str]:
        """What leads another client to the same engine; with TLS, it finds the way as we did."""
        return {} if self.arguments.get("tls") else {"DOCKER_HOST": self.url}


def engine_address() -> Address:
    """As `docker` finds it: DOCKER_HOST, else DOCKER_CONTEXT, else the current context.

    Raises LabError(NO_DOCKER) for a context that cannot be used.
    """
    try:
        given = kwargs_from_env()
    except (DockerException, OSError, ValueError) as error:
        raise LabError(f"DOCKER_HOST cannot be read: {error}", Exit.NO_DOCKER) from error
    if "base_url" in given:
        return Address(given["base_url"], {**given}, "DOCKER_HOST")
    named = os.environ.get("DOCKER_CONTEXT") or None
    return _of_context(named, f" {named!r} that DOCKER_CONTEXT names" if named else "")


def named_address(given: str) -> Address:
    """The engine that `docker -H` reaches by this (unix://, tcp://, ssh://), or `docker` by the
    context of this name. TLS is a context's: its certificates are there.

    Raises LabError(NO_DOCKER) for a context that cannot be used.
    """
    if "://" in given:
        return Address(given, {"base_url": given}, "itself")
    return _of_context(given, f" {given!r}")


def _of_context(named: str | None, told: str) -> Address:
    """The current one if None; `told` names it in a message."""
    try:
        context = ContextAPI.get_context(named)
        if context is None:
            raise LabError(
                f"the Docker context{told} is not there; `docker context ls` lists those that are",
                Exit.NO_DOCKER,
            )
        found = ContextAPI.kwargs_from_context(named)
    except (DockerException, OSError, ValueError, KeyError) as error:
        raise LabError(f"the Docker context cannot be read: {error}", Exit.NO_DOCKER) from error
    url = found.get("base_url") or DEFAULT_UNIX_SOCKET
    return Address(url.removeprefix("http+"), {**found}, f"the context {context.Name!r}")
