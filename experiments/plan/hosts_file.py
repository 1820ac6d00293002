"""`HOSTS=hosts.yaml`: the engine that runs the server, and those that run the load."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from contract.exits import Exit, LabError
from experiments.plan.hosts import Host, Hosts
from experiments.plan.yaml_file import explain, line_of, parse, refusal


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
    faults += [(line_of(node, loc), fault) for loc, fault in hosts.twice]
    if faults:
        raise refusal(path, faults)
    return hosts


def _keys(parents: tuple[int | str, ...]) -> list[str]:
    return sorted((Host if parents else Hosts).model_fields)
