"""The manifest of a run: under which conditions its records were made.

Only `format_version` is needed; every other key may be missing, and a key that
this version does not know is kept and shown.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, field_validator

from analysis.records.file_text import file_text
from analysis.records.schema_faults import schema_faults
from contract.columns import COLUMNS, FORMAT_VERSION, SETTINGS
from contract.compared import Compared
from contract.exits import Exit, LabError
from contract.more_blocks import MoreBlock, claim_name

KINDS = {"text": (str,), "flag": (bool,), "int": (int,), "float": (int, float)}


class Kernel(BaseModel):
    """The kernel that served the trials, seen from inside a container."""

    model_config = ConfigDict(extra="allow")
    release: str | None = None


class Placement(BaseModel):
    """Which of its cores serves, which one loads, and what spoke for them or is wrong with them."""

    model_config = ConfigDict(extra="allow")
    server: str | None = None
    loads: list[str] = []
    why: str = ""
    unlike: bool = False
    beside_load: str = ""
    """In runs recorded before there were `load_hosts`: server and load were on two hosts."""
    load_hosts: list[dict[str, Any]] = []

    @property
    def on_several_hosts(self) -> bool:
        """Whether server and load were on different hosts."""
        return bool(self.beside_load or self.load_hosts)


class Wire(BaseModel):
    """The path between a host that loads and the server's, before the first trial."""

    model_config = ConfigDict(extra="allow")
    round_trip_us: float
    mbit_per_s: float


class Host(BaseModel):
    """One of the machines of a run that had several."""

    model_config = ConfigDict(extra="allow")
    docker: str
    address: str | None = None
    kernel: str | None = None
    cores: int | None = None
    path: Wire | None = None


class Cpu(BaseModel):
    """The processor of the machine."""

    model_config = ConfigDict(extra="allow")
    model: str | None = None
    cores: int | None = None
    placement: Placement = Placement()


class Docker(BaseModel):
    """The container engine."""

    model_config = ConfigDict(extra="allow")
    engine: str | None = None
    api: str | None = None


class Manifest(BaseModel):
    """`manifest.json`; `raw` holds the whole of it, as written."""

    model_config = ConfigDict(extra="allow")
    format_version: int
    experiment: str | None = None
    question: str | None = None
    questions: dict[str, str] = {}
    hosts: dict[str, Host] = {}
    run: str | None = None
    seed: int | None = None
    started_at: str | None = None
    git_commit: str | None = None
    git_dirty: bool | None = None
    repeats: int | None = None
    budget_s: float = 0.0
    more_blocks: list[MoreBlock] = []
    trials: int | None = None
    window_s: float | None = None
    memory_bytes: int | None = None
    cgroup_version: int | str | None = None
    bridge_nf_call_iptables: bool | int | str | None = None
    clock_source: str | None = None
    kernel: Kernel = Kernel()
    cpu: Cpu = Cpu()
    docker: Docker = Docker()
    images: dict[str, Any] = {}
    servers: dict[str, dict[str, Any]] = {}
    sysctls: dict[str, Any] = {}
    ulimits: dict[str, Any] = {}
    claims: list[int] | None = None
    figures: list[str] | None = None
    thresholds: list[str] = []
    compare: Compared | None = None
    usual: dict[str, str | bool | int | float | None] = {}
    raw: dict[str, Any] = {}

    @field_validator("more_blocks", mode="before")
    @classmethod
    def _named(cls, blocks: Any) -> Any:
        """In the first runs that went on, only claims were open, and a block had the number."""
        if not isinstance(blocks, list):
            return blocks
        return [
            {"question": claim_name(one["claim"])}
            | {key: value for key, value in one.items() if key != "claim"}
            if isinstance(one, dict) and "claim" in one
            else one
            for one in blocks
        ]

    @field_validator("usual")
    @classmethod
    def _of_their_kind(cls, usual: dict[str, Any]) -> dict[str, Any]:
        """A setting of another kind would select no trial, as if none had been run."""
        for column in COLUMNS:
            value, kinds = usual.get(column.name), KINDS[column.kind]
            if column.name in SETTINGS and value is not None and type(value) not in kinds:
                raise ValueError(f"{column.name} is {value!r}: expected {column.kind}")
        return usual


def read_manifest(path: Path) -> Manifest:
    """Read and check a manifest; LabError(BAD_INPUT) names file and key."""
    try:
        raw = json.loads(file_text(path))
    except FileNotFoundError:
        raise LabError(
            f"{path}: no such file: is {path.parent} the folder of a run?", Exit.BAD_INPUT
        ) from None
    except OSError as error:
        raise LabError(f"{path}: cannot be read: {error.strerror}", Exit.BAD_INPUT) from None
    except UnicodeDecodeError as error:
        raise LabError(f"{path}: not UTF-8 text (byte {error.start})", Exit.BAD_INPUT) from None
    except json.JSONDecodeError as error:
        where = f"{path}, line {error.lineno}, column {error.colno}"
        raise LabError(f"{where}: not valid JSON: {error.msg}", Exit.BAD_INPUT) from None
    except (ValueError, RecursionError) as error:  # a number or a nesting without end
        raise LabError(f"{path}: cannot be read: {error}", Exit.BAD_INPUT) from None
    if not isinstance(raw, dict):
        raise LabError(f"{path}: expected a JSON object", Exit.BAD_INPUT)
    version = raw.get("format_version")
    if version != FORMAT_VERSION:
        said = "no format_version" if version is None else f"format_version {version!r}"
        raise LabError(
            f"{path}: {said}, and this lab reads version {FORMAT_VERSION}: "
            "use the version of the lab that made the run, or run the experiment again",
            Exit.BAD_INPUT,
        )
    try:
        return Manifest.model_validate({**raw, "raw": raw})
    except ValidationError as error:
        raise LabError("\n".join(schema_faults(path, error)), Exit.BAD_INPUT) from None
