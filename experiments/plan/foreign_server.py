"""A server that is not a file of servers/variants/: somebody's image, or a reference.

It gets the same pod, cores and limits as the lab's own, and is verified before
load like them. What it cannot be told, such as our backlog, stays its own.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from contract.origins import REFERENCE_SERVERS
from contract.ports import SERVER_PORT
from contract.settings.load_settings import SERVER_NAME
from experiments.plan.expect import Expect, Path, Ready
from experiments.plan.strict import Strict

ServerName = Annotated[str, Field(pattern=SERVER_NAME)]


def _word(value: object) -> object:
    """Numbers are words on a command line: `[--port, 8000]` needs no quotes."""
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


Word = Annotated[str, BeforeValidator(_word)]


class Foreign(Strict):
    """One entry of `servers:`; only `image` is needed."""

    name: ServerName = Field(description="Its name in sweeps and reports; of the image if absent")
    image: Annotated[str, Field(pattern=r"^[^\s:@-][^\s]*$")] = Field(
        description="NAME:TAG or NAME@DIGEST, in the engine or in a registry"
    )
    port: Annotated[int, Field(ge=1, le=65_535)] = Field(
        SERVER_PORT, description="Where it listens (TCP)"
    )
    command: list[Word] = Field(
        default_factory=list, description="Words after the image's entry point; its own if absent"
    )
    environment: dict[str, Word] = Field(default_factory=dict, description="Variables for it")
    path: Path = Field("/", description="What is asked for")
    expect: Expect = Field(default_factory=Expect, description="What it has to answer")
    check: Literal["auto", "exact", "framing"] = Field(
        "auto",
        description="Whether every byte of an answer is compared, or its framing and what is "
        "expected; auto: the strictest that the first answers bear",
    )
    ready: Ready = Field(default_factory=Ready, description="When it may be loaded")

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        if isinstance(given, dict) and "name" not in given and isinstance(given.get("image"), str):
            return {**given, "name": name_of(given["image"])}
        return given

    @property
    def origin(self) -> str:
        """The column of that name in the records."""
        return "reference" if self.name in REFERENCE_SERVERS else "foreign"


def name_of(image: str) -> str:
    """A server's name from its image's: `registry:5000/team/My-App:1.2` is `my_app`."""
    last = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    name = re.sub(r"[^a-z0-9]+", "_", last.lower()).strip("_")
    if not name[:1].isalpha() or name in REFERENCE_SERVERS:
        return f"image_{name}"
    return name
