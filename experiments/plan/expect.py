"""What somebody's server has to answer, and when it is ready to."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from contract.expected import (
    ANY,
    CONTAINS,
    HEADER_NAME,
    HIGHEST_STATUS,
    LOWEST_STATUS,
    MATCHES,
    WHOLE,
    Expected,
    check_pattern,
)
from experiments.plan.strict import Shaped, Strict

READY_S, LONGEST_READY_S = 30.0, 600.0
"""Somebody's server may take long to start; one that has ended is not waited for."""
ONE_STATUS = {"type": "integer", "minimum": LOWEST_STATUS, "maximum": HIGHEST_STATUS}
Status = Annotated[int, Field(ge=LOWEST_STATUS, le=HIGHEST_STATUS)]
Statuses = Annotated[
    list[Status],
    Field(min_length=1),
    BeforeValidator(lambda given: given if isinstance(given, list) else [given]),
    WithJsonSchema({"anyOf": [ONE_STATUS, {"type": "array", "items": ONE_STATUS, "minItems": 1}]}),
]
Path = Annotated[
    str, Shaped(r"^/[!-+\--~]*$", "a path: / and what follows, without spaces and commas")
]
Text = Annotated[str, Field(min_length=1)]
Name = Annotated[str, Shaped(HEADER_NAME, "the name of a header, such as Content-Type")]
BODIES = {"body": WHOLE, "body_contains": CONTAINS, "body_matches": MATCHES}


class Expect(Strict):
    """What the server has to answer; the rest of its answer is learned."""

    status: Statuses = Field([200], description="HTTP status, or a list of them")
    body: Text | None = Field(
        None, description="The whole body; any that stays the same if none of its keys is there"
    )
    body_contains: Text | None = Field(None, description="A text in the body")
    body_matches: Annotated[Text, AfterValidator(check_pattern)] | None = Field(
        None, description="A regular expression (Python's) that is found in the body"
    )
    any_body: bool = Field(False, description="Whether any body will do, and another each time")
    headers: dict[Name, str] = Field(
        default_factory=dict, description="Headers that it has to have; an empty value is any"
    )

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        given = [name for name in (*BODIES, "any_body") if getattr(self, name)]
        if len(given) > 1:
            raise ValueError(f"{' and '.join(given)} are given; a body is checked in one way")
        return self

    @property
    def expected(self) -> Expected:
        """The same in the words of the load."""
        body, body_is = "", ANY if self.any_body else WHOLE
        for name, way in BODIES.items():
            if text := getattr(self, name):
                body, body_is = text, way
        headers = tuple(self.headers.items())
        return Expected(statuses=tuple(self.status), body=body, body_is=body_is, headers=headers)


class Ready(Strict):
    """When a server that has been started may be loaded."""

    path: Path | None = Field(
        None, description="Asked until it is answered as `status` says; what is loaded if absent"
    )
    status: Status | None = Field(
        None, description="200 beside a path; if both are absent, any but 502, 503 and 504"
    )
    timeout_s: Annotated[float, Field(ge=0, le=LONGEST_READY_S)] = Field(
        READY_S, description="How long that may take, in seconds"
    )
