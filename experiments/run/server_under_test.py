"""The server that a trial measures: one of the lab's own, traced or not, or somebody else's.

All get the same pod, cores and limits. What differs between them stands here, and nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Protocol

from contract.expected import EXACT, Expected
from contract.ports import SERVER_PORT
from contract.request import Request
from contract.response import BODY
from contract.settings.server_flags import arguments
from contract.settings.trial import Settings
from experiments.plan.expect import Ready
from experiments.plan.foreign_server import Foreign
from experiments.plan.trials import Trial
from experiments.probe.tracing import STRACE

LISTEN_S: Final = 10.0
"""A server of the lab listens within this, or not at all."""


@dataclass(frozen=True, slots=True)
class Exchange:
    """What the load asks, and what it has to get."""

    path: str
    expected: Expected
    check: str = EXACT
    """How strictly that is checked."""
    plain: Request = field(default_factory=Request)
    """What is sent to a path."""
    named: Mapping[str, Request] = field(default_factory=dict)
    """What is sent by a name in `path`."""


@dataclass(frozen=True, slots=True)
class ServerUnderTest:
    """What the containers and the load of a trial need to know of its server."""

    image: str
    command: tuple[str, ...]
    exchange: Exchange
    port: int = SERVER_PORT
    ready: Ready = field(default_factory=lambda: Ready(timeout_s=LISTEN_S))
    described: Foreign | None = None
    """The entry of another's server. Its log need not say why it ended: that it did is all there is
    to wait for."""

    def checked(self, check: str) -> ServerUnderTest:
        """The same, with answers checked in this way."""
        return replace(self, exchange=replace(self.exchange, check=check))


class Images(Protocol):
    """References of the images of the lab's own servers; `traced` is there if a trial is."""

    @property
    def server(self) -> str: ...

    @property
    def traced(self) -> str: ...


def server_under_test(trial: Trial, images: Images, pinned: Mapping[str, str]) -> ServerUnderTest:
    """The server of a trial; `pinned` has the image id of each foreign one by name, as a tag may
    move while a run goes on."""
    settings, foreign = trial.point.settings, trial.point.foreign
    if foreign:
        return foreign_server(settings, foreign, pinned[foreign.name])
    if settings.traced:
        return traced_server(settings, images.traced)
    return lab_server(settings, images.server)


def lab_server(settings: Settings, image: str) -> ServerUnderTest:
    """A file of servers/variants/, started as a person would. The body is the usual one, unless
    its length is set."""
    path = settings.path or "/"
    longer = settings.response_bytes is not None or "/bytes/" in path
    return ServerUnderTest(
        image=image,
        command=(
            *own_command(settings.server),
            *("--backlog", str(settings.backlog)),
            *arguments(settings),
        ),
        exchange=Exchange(path, Expected(body="" if longer else BODY.decode())),
    )


def traced_server(settings: Settings, image: str) -> ServerUnderTest:
    """The same below strace, which counts its system calls."""
    server = lab_server(settings, image)
    return replace(server, command=(*STRACE, *server.command))


def foreign_server(settings: Settings, foreign: Foreign, image: str) -> ServerUnderTest:
    """Somebody's image, or a reference, as the experiment describes it."""
    return ServerUnderTest(
        image=image,
        command=(),
        exchange=Exchange(
            settings.path or foreign.asked,
            foreign.expect.expected,
            foreign.check,
            foreign.plain,
            foreign.named,
        ),
        port=foreign.port,
        ready=foreign.ready,
        described=foreign,
    )


def own_command(server: str) -> tuple[str, ...]:
    """How a server of the lab is started in its image."""
    return ("python3", "-m", "servers", server, "--port", str(SERVER_PORT))
