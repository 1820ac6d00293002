"""`hosts`: the machines of an experiment, each by its engine."""

from __future__ import annotations

from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import Field

from experiments.hosts.sides import LOAD, SERVER, in_words, loading
from experiments.plan.strict import Shaped, Strict

ENGINE: Final = Shaped(
    r"(unix|tcp|ssh)://\S+|[a-zA-Z0-9][a-zA-Z0-9_.+-]*",
    "what `docker -H` takes (ssh://USER@HOST, tcp://HOST:PORT, unix:///PATH), or a context's name",
)


class Host(Strict):
    """A machine, by its engine."""

    docker: Annotated[str, ENGINE] = Field(
        description="The engine, as `docker -H` has it (ssh, tcp, unix), or the name of a context"
    )
    cores: int | None = Field(
        None, ge=1, le=8_192, description="Cores that the lab may use there; all if absent"
    )
    address: str | None = Field(
        None,
        min_length=1,
        description="Of the server's host: where the load reaches it, an address or a name; the "
        "host in `docker` if absent",
    )

    @property
    def reached_at(self) -> str | None:
        """Where others reach it; None where nothing tells."""
        return self.address or urlsplit(self.docker).hostname


class Hosts(Strict):
    """Who runs the server, and who loads it."""

    server: Host = Field(description="The host of the server")
    load: Annotated[list[Host], Field(min_length=1)] = Field(
        description="The hosts of the load workers"
    )

    @property
    def named(self) -> dict[str, Host]:
        """All of them, by what they are called."""
        return {SERVER: self.server, **self.loads}

    @property
    def loads(self) -> dict[str, Host]:
        """Those that load, by what they are called: by numbers, if there are several."""
        return dict(zip(loading(len(self.load)), self.load, strict=True))

    @property
    def twice(self) -> list[tuple[tuple[int | str, ...], str]]:
        """Engines that have two parts, each by its place, and what is wrong with it."""
        found: list[tuple[tuple[int | str, ...], str]] = []
        known = {self.server.docker: in_words(SERVER)}
        for place, host in enumerate(self.load):
            if host.docker in known:
                told = f"{host.docker} is {known[host.docker]} already; name it once"
                found.append(((LOAD, place), told))
            known.setdefault(host.docker, f"load host {place + 1}")
        return found
