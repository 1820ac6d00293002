"""A server that is not a file of servers/variants/: somebody's image, or a reference.

It gets the same pod, cores and limits as the lab's own, and is verified before
load like them. What it cannot be told, such as our backlog, stays its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, Field, WithJsonSchema, model_validator

from contract.mix import PATTERN, parse_mix, unknown_names
from contract.origins import FOREIGN, REFERENCE, REFERENCE_SERVERS
from contract.ports import SERVER_PORT
from contract.request import Request
from contract.settings.load_settings import SERVER_NAME
from experiments.plan.container_keys import ContainerKeys
from experiments.plan.expect import Expect, Ready
from experiments.plan.http_request import NAME_FORM, HttpRequest, RequestName, Word
from experiments.plan.strict import Shaped

ServerName = Annotated[str, Shaped(SERVER_NAME, NAME_FORM)]
Port = Annotated[int, Field(ge=1, le=65_535)]
Mix = Annotated[
    str,
    AfterValidator(lambda text: parse_mix(text) and text),
    WithJsonSchema({"pattern": PATTERN, "type": "string"}),
]
TAKEN: Final = ("server", "pod", "client", "probe", "habits", "master", "localhost")
"""Names of the lab's own containers in a network and of their logs; with `load-2`, `db-watch`."""
FIRST: Final = ("name", "image", "port", "command", "environment", "path", "expect")
"""Keys that every entry has had."""


def _free(name: str) -> str:
    if name in TAKEN or name.startswith("load") or name.endswith("-watch"):
        raise ValueError(f"the lab has a container {name!r} of its own; take another name")
    return name


NeedName = Annotated[
    str,
    Shaped(
        r"^[a-z][a-z0-9_-]{0,62}$",
        "a name of small letters, digits, - and _, a letter first, 63 at most",
    ),
    AfterValidator(_free),
]


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
    def _waited_for(self) -> Self:
        if self.port is None and not self.health:
            raise ValueError(
                "needs a `port` or a `health` command: by it the lab knows it is ready"
            )
        return self


class Foreign(ContainerKeys):
    """One entry of `servers:`; only `image` is needed."""

    name: ServerName = Field(description="Its name in sweeps and reports; of the image if absent")
    port: Port = Field(SERVER_PORT, description="Where it listens (TCP)")
    path: Mix | None = Field(
        None, description="What is asked for; or a mix of paths and of names of `requests`"
    )
    request: HttpRequest | None = Field(
        None, description="How it is asked, where that is not by a plain GET"
    )
    requests: dict[RequestName, HttpRequest] = Field(
        default_factory=dict,
        description="Requests that a mix names; all of them alike if `path` is absent",
    )
    expect: Expect = Field(default_factory=Expect, description="What it has to answer")
    check: Literal["auto", "exact", "framing"] = Field(
        "auto",
        description="Whether every byte of an answer is compared, or its framing and what is "
        "expected; auto: the strictest that the first answers bear",
    )
    ready: Ready = Field(default_factory=Ready, description="When it may be loaded")
    needs: dict[NeedName, Need] = Field(
        default_factory=dict,
        description="Containers beside it, by the host name under which it reaches each; started "
        "in this order before it, fresh for each trial",
    )

    @model_validator(mode="before")
    @classmethod
    def _named(cls, given: Any) -> Any:
        """Where the image itself is a fault, that one alone is told."""
        if isinstance(given, dict) and "name" not in given:
            image = given.get("image")
            return {**given, "name": name_of(image if isinstance(image, str) else "")}
        return given

    @model_validator(mode="after")
    def _asked_in_one_way(self) -> Self:
        if self.request and self.requests:
            raise ValueError(
                "request and requests are given; name the one in requests too, and leave it out"
            )
        if self.path and self.request and "path" in self.request.model_fields_set:
            raise ValueError("path is given here and in request; keep one")
        for fault in unknown_names(self.asked, self.requests, self.name):
            raise ValueError(fault)
        return self

    @property
    def asked(self) -> str:
        """What is asked for where a trial does not say it: a path, or a mix."""
        usual = self.request.path if self.request else "/"
        return self.path or ", ".join(self.requests) or usual

    @property
    def plain(self) -> Request:
        """What is sent to a path."""
        return self.request.request if self.request else Request()

    @property
    def named(self) -> Mapping[str, Request]:
        """What is sent by name."""
        return {name: one.request for name, one in self.requests.items()}

    @property
    def origin(self) -> str:
        """The column of that name in the records."""
        return REFERENCE if self.name in REFERENCE_SERVERS else FOREIGN

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
    """A server's name from its image's: `registry:5000/team/my-app:1.2` is `my_app`; one that is
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
