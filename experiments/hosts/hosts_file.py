"""`HOSTS=hosts.yaml`: the engine that runs the server, and those that run the load."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, ValidationError

from contract.exits import Exit, LabError
from experiments.plan.strict import Shaped, Strict
from experiments.plan.yaml_file import explain, line_of, parse, refusal

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


class Hosts(Strict):
    """Who runs the server, and who loads it."""

    server: Host = Field(description="The host of the server")
    load: Annotated[list[Host], Field(min_length=1)] = Field(
        description="The hosts of the load workers"
    )

    @property
    def named(self) -> dict[str, Host]:
        """All of them, by what they are called in messages."""
        loads = {f"load {number}": host for number, host in enumerate(self.load, 1)}
        return {"server": self.server, **loads}


def read_hosts(path: Path) -> Hosts:
    """Raises LabError with all faults, each with its line."""
    if not path.is_file():
        raise LabError(f"HOSTS={path}: no such file", Exit.BAD_INPUT)
    document, node, faults = parse(path)
    try:
        hosts = Hosts.model_validate(document)
    except ValidationError as error:
        faults += [
            (line_of(node, one["loc"]), explain(one, _keys(one["loc"][:-1])))
            for one in error.errors()
        ]
        raise refusal(path, faults) from None
    faults += [(line_of(node, loc), fault) for loc, fault in _twice(hosts)]
    if faults:
        raise refusal(path, faults)
    return hosts


def _keys(parents: tuple[int | str, ...]) -> list[str]:
    return sorted((Host if parents else Hosts).model_fields)


def _twice(hosts: Hosts) -> list[tuple[tuple[int | str, ...], str]]:
    """Engines that have two parts, by their place."""
    found: list[tuple[tuple[int | str, ...], str]] = []
    known = {hosts.server.docker: "the server's host"}
    for place, host in enumerate(hosts.load):
        if host.docker in known:
            found.append(
                (("load", place), f"{host.docker} is {known[host.docker]} already; name it once")
            )
        known.setdefault(host.docker, f"load host {place + 1}")
    return found
