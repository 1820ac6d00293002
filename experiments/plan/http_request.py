"""A request as an experiment file describes it, of a server that is somebody else's."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from contract.mix import REQUEST_NAME
from contract.request import Request, check_method
from experiments.plan.expect import Path
from experiments.plan.strict import Shaped, Strict


def _word(value: object) -> object:
    """Numbers are words: `[--port, 8000]` and `X-Page: 2` need no quotes. Raises ValueError."""
    if isinstance(value, bool):
        raise ValueError(f"YAML reads {value} there: put the word in quotes")
    return str(value) if isinstance(value, int | float) else value


Word = Annotated[str, BeforeValidator(_word)]
NAME_FORM = "a name of small letters, digits and _, a letter first"
RequestName = Annotated[str, Shaped(f"^{REQUEST_NAME}$", NAME_FORM)]


class HttpRequest(Strict):
    """What is sent; of the head, the lab adds Host, where it is not among them, and the length."""

    method: Annotated[str, AfterValidator(check_method)] = Field(
        "GET", description="GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS or one of the server's own"
    )
    path: Path = Field("/", description="What is asked for")
    headers: dict[str, Word] = Field(
        default_factory=dict, description="Headers by name; `Host` is c10k-lab if absent"
    )
    body: str = Field("", description="Body, sent as it stands")

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        _ = self.request  # raises what is wrong
        return self

    @property
    def request(self) -> Request:
        """The same in the words of the load. Raises RequestError."""
        return Request(
            method=self.method,
            path=self.path,
            headers=tuple(self.headers.items()),
            body=self.body,
        )
