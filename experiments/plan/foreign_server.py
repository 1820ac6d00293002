"""A server that is not a file of servers/variants/: somebody's image, or a reference.

It gets the same pod, cores and limits as the lab's own, and is verified before
load like them. What it cannot be told, such as our backlog, stays its own.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Final

from pydantic import AfterValidator, Field, model_validator

from contract.origins import REFERENCE_SERVERS
from contract.ports import SERVER_PORT
from contract.settings.load_settings import SERVER_NAME
from experiments.plan.container_keys import ContainerKeys, Word
from experiments.plan.strict import Strict

ServerName = Annotated[str, Field(pattern=SERVER_NAME)]
Port = Annotated[int, Field(ge=1, le=65_535)]
TAKEN: Final = ("server", "pod", "client", "probe", "master", "localhost")
"""Names of the lab's own containers in a network and of their logs; with `load-2`, `db-watch`."""
FIRST: Final = ("name", "image", "port", "command", "environment", "path", "expect")
"""Keys that every entry has had."""


def _free(name: str) -> str:
    if name in TAKEN or name.startswith("load") or name.endswith("-watch"):
        raise ValueError(f"the lab has a container {name!r} of its own; take another name")
    return name


NeedName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,62}$"), AfterValidator(_free)]


class Expect(Strict):
    """What the server has to answer; the rest of its answer is learned."""

    status: Annotated[int, Field(ge=200, le=599)] = Field(200, description="HTTP status")
    body: Annotated[str, Field(min_length=1)] | None = Field(
        None, description="The whole body; any that stays the same if absent"
    )


class Need(ContainerKeys):
    """A container beside a server, such as its database; it has `port`, `health` or both."""

    port: Port | None = Field(
        None, description="Where it listens (TCP), which the server's start waits for"
    )
    health: list[Word] = Field(
        default_factory=list,
        description="A command in it that ends with 0 once it is ready, which is waited for",
    )

    @model_validator(mode="after")
    def _waited_for(self) -> Need:
        if self.port is None and not self.health:
            raise ValueError(
                "needs a `port` or a `health` command: by it the lab knows it is ready"
            )
        return self


class Foreign(ContainerKeys):
    """One entry of `servers:`; only `image` is needed."""

    name: ServerName = Field(description="Its name in sweeps and reports; of the image if absent")
    port: Port = Field(SERVER_PORT, description="Where it listens (TCP)")
    path: Annotated[str, Field(pattern=r"^/[!-+\--~]*$")] = Field(
        "/", description="What is asked for"
    )
    expect: Expect = Field(default_factory=Expect, description="What it has to answer")
    needs: dict[NeedName, Need] = Field(
        default_factory=dict,
        description="Containers beside it, by the host name under which it reaches each; started "
        "in this order before it, fresh for each trial",
    )

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

    def described(self) -> dict[str, Any]:
        """Its keys as plain data. Later ones are left out where they are not given: they change
        nothing of a server that does without."""
        absent = {
            name
            for name, field in Foreign.model_fields.items()
            if name not in FIRST
            and getattr(self, name) == field.get_default(call_default_factory=True)
        }
        return self.model_dump(mode="json", exclude=absent)


def name_of(image: str) -> str:
    """A server's name from its image's: `registry:5000/team/My-App:1.2` is `my_app`; one that is
    named by its id has the start of that."""
    if identity := id_of(image):
        return f"image_{identity[:12]}"
    last = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    name = re.sub(r"[^a-z0-9]+", "_", last.lower()).strip("_")
    if not name[:1].isalpha() or name in REFERENCE_SERVERS:
        return f"image_{name}"
    return name


def id_of(image: str) -> str:
    """The hex digits of an image's id, whole or its first twelve; empty for a name."""
    found = re.fullmatch(r"(?:sha256:)?([0-9a-f]{12}|[0-9a-f]{64})", image)
    return found[1] if found else ""
