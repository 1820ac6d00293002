"""The lab's images in the engine: find, pull, import, build, tag, remove."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import IO, Any, Final

from contract.exits import LabError
from experiments.docker.driver import AbsentError, DriverError, InUseError
from experiments.docker.engine import Engine
from experiments.docker.messages import explain
from experiments.docker.ownership import LABEL, LABEL_NAME, LABEL_OWNER
from experiments.hashes import short_hash
from experiments.images import build_notes
from experiments.images.build_notes import BuildNote, noted
from experiments.images.image import (
    ARROW,
    LABEL_FETCHED,
    LABEL_SOURCE,
    Image,
    latest_of,
    made_by,
    of_one_recipe,
    own_tags,
    read_image,
    repository,
)

OUTPUT_LINES: Final = 30
COLOUR: Final = re.compile(r"\x1b\[[0-9;]*m")


class BuildFailedError(LabError):
    """A step of a build failed; the message ends with the last lines of its output."""


class ImageStore:
    """The images of one engine; what a build leaves beside its image is removed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, reference: str) -> Image | None:
        """The image that `reference` (NAME:TAG, NAME@DIGEST or an id) names, or None.

        By inspection: a list that is asked for one name leaves out all others, digests included.
        """
        api = self._engine.api
        try:
            with self._engine.guard(f"looking for image {reference}"):
                inspect: Callable[[str], Mapping[str, Any]] = api.inspect_image  # untyped there
                return read_image(inspect(reference))
        except AbsentError:
            return None

    def owned(self, *, everyone: bool = False) -> list[Image]:
        """The lab's images, newest first, with the tags that the lab gave them and no others;
        of this owner or of everyone on this engine."""
        wanted = [f"{LABEL}=1"]
        if not everyone:
            wanted.append(f"{LABEL_OWNER}={self._engine.owner}")
        api = self._engine.api
        with self._engine.guard("listing the lab's images"):
            labelled = [read_image(one) for one in api.images(filters={"label": wanted})]
        return [replace(one, tags=tags) for one in labelled if (tags := own_tags(one))]

    def newest(self, target: str) -> str | None:
        """The name of this owner's newest image of `target` (server, load ...), or None."""
        names = (one.tags[0] for one in self.owned())
        return next((name for name in names if name.startswith(f"{repository(target)}:")), None)

    def pull(self, reference: str) -> Image:
        """Pull from its registry. DriverError when none answers or it has no such image."""
        api = self._engine.api
        with self._engine.guard(f"pulling {reference}"):
            for event in api.pull(reference, stream=True, decode=True):
                if "error" in event:
                    raise DriverError(f"pulling {reference}: {event['error']}")
        image = self.find(reference)
        if image is None:
            raise DriverError(f"pulling {reference}: the engine does not have it after the pull")
        return image

    def import_tar(self, stream: IO[bytes], reference: str, labels: Mapping[str, str]) -> Image:
        """A root file system as an image of one layer."""
        name, _, tag = reference.rpartition(":")
        changes = ['CMD ["python3"]', label_step(labels)]
        with self._engine.patient() as api, self._engine.guard(f"importing {reference}"):
            answer = str(api.import_image_from_stream(stream, name, tag, changes))
        image = self.find(reference)
        if image is None:
            raise DriverError(explain(f"importing {reference}", answer, self._engine.where))
        return image

    def build(
        self,
        context: IO[bytes],
        reference: str,
        *,
        target: str | None = None,
        arguments: Mapping[str, str] | None = None,
    ) -> Image:
        """Build from a tar with its own Dockerfile, and tag it with the name that goes into it.

        What a build that fails has made by then is removed; of one that is killed,
        `clear_unfinished` does it.
        """
        with noted(self._whose()) as note:
            try:
                image = self._build(context, reference, target, arguments or {}, note)
            except BaseException:
                with suppress(DriverError):  # what is to be told is why the build failed
                    self._clear(note)
                raise
            note.forget()
        return image

    def _build(
        self,
        context: IO[bytes],
        reference: str,
        target: str | None,
        arguments: Mapping[str, str],
        note: BuildNote,
    ) -> Image:
        output: list[str] = []
        with self._engine.patient() as api, self._engine.guard(f"building {reference}"):
            events: Iterator[dict[str, Any]] = api.build(
                fileobj=context,
                custom_context=True,
                tag=reference,
                target=target,
                buildargs=dict(arguments),
                labels={LABEL_NAME: reference},  # a step for each
                rm=True,
                forcerm=True,
                decode=True,
            )
            for event in events:
                text = COLOUR.sub("", str(event.get("stream", "")))
                output += [line for line in text.splitlines() if line.strip()]
                if ARROW in text:
                    note.add(made_by(output))
                if "error" in event:
                    raise self._failed(reference, output, str(event["error"]))
        image = self.find(reference)
        if image is None:
            raise self._failed(reference, output, "no image came out of it")
        return image

    def _whose(self) -> str:
        """This owner on this engine, for a file's name."""
        engine = str(self._engine.info().get("ID"))
        return f"{self._engine.owner}-{short_hash(engine)}"

    def clear_unfinished(self) -> None:
        """Remove what this owner's killed builds left, as far as nothing stands on it by now."""
        for note in build_notes.left(self._whose()):
            self._clear(note)

    def _clear(self, note: BuildNote) -> None:
        """Remove what a build made that did not come to its end. The note is kept as long as some
        of it is there: what another build has found in the cache, or a container still uses."""
        made = self._there(note)
        if made and not any(image.tags for image in made):
            self._discard([*self._standing_on(made[0]), *(image.id for image in made)])
            made = self._there(note)
        if not made or any(image.tags for image in made):
            note.forget()

    def _there(self, note: BuildNote) -> list[Image]:
        """What is left of what it made, newest first."""
        return [image for one in reversed(note.made) if (image := self.find(one))]

    def _standing_on(self, last: Image) -> list[str]:
        """Ids of what this owner has without a name on the last image whose id a build told: it may
        be killed between its next step and the id of that."""
        api, wanted = self._engine.api, [f"{LABEL}=1", f"{LABEL_OWNER}={self._engine.owner}"]
        with self._engine.guard("listing what a build left"):
            listed = [read_image(one) for one in api.images(all=True, filters={"label": wanted})]
        return [image.id for image in listed if image.parent == last.id and not image.tags]

    def _failed(self, reference: str, output: list[str], error: str) -> BuildFailedError:
        tail = "\n".join(f"  | {line}" for line in output[-OUTPUT_LINES:])
        why = explain(f"building {reference}", error, self._engine.where)
        return BuildFailedError(f"{why}. Its last output:\n{tail}")

    def save(self, reference: str) -> Iterator[bytes]:
        """The whole image, as `docker save` gives it."""
        api = self._engine.api
        with self._engine.guard(f"saving {reference}"):
            yield from api.get_image(reference)

    def load(self, saved: Iterator[bytes], reference: str) -> Image:
        """The image of this name, from what another engine saved. Raises DriverError."""
        with self._engine.patient() as api, self._engine.guard(f"loading {reference}"):
            send: Callable[[Iterator[bytes]], Iterator[dict[str, Any]]] = api.load_image  # untyped
            told = "".join(str(event.get("stream", event)) for event in send(saved))
        image = self.find(reference)
        if image is None:
            answer = told.strip() or "it is not there"
            raise DriverError(explain(f"loading {reference}", answer, self._engine.where))
        return image

    def point_latest(self, reference: str) -> bool:
        """Let `latest` of its repository name it too; False if somebody else's image has that."""
        latest = latest_of(reference)
        there = self.find(latest)
        if there is not None and not own_tags(there):
            return False
        name, _, tag = latest.rpartition(":")
        api = self._engine.api
        with self._engine.guard(f"tagging {latest}"):
            api.tag(reference, name, tag)
        return True

    def untag(self, reference: str) -> bool:
        """Take the tag away, and the image with it when nothing else needs it.

        False when it stays, because a container runs or was made from it.
        """
        api = self._engine.api
        try:
            with self._engine.guard(f"removing image {reference}"):
                api.remove_image(reference, noprune=True)
        except InUseError:
            return False
        return True

    def supersede(self, repository: str, keep: str) -> None:
        """Remove this owner's other images of `repository`, and what their builds left.

        One that a container still uses stays until the next time.
        """
        for image in self.owned():
            if image.tags[0].startswith(f"{repository}:") and image.tags[0] != keep:
                self._remove(image)

    def remove_all(self) -> list[str]:
        """Remove every image of this owner that no container uses; returns the tags."""
        self.clear_unfinished()
        return [tag for image in self.owned() for tag in self._remove(image)]

    def _remove(self, image: Image) -> list[str]:
        """Take the lab's tags from its image, its name last; returns those taken.

        When the image goes with them, so does what the lab left without a tag below it.
        """
        below = list(self._below(image))
        gone = [tag for tag in reversed(image.tags) if self.untag(tag)]
        if self.find(image.id) is None:
            self._discard(below)
        return gone

    def _below(self, image: Image) -> Iterator[str]:
        """Ids of what the lab's builds left below its image, down to what they began with.

        A base may stand on that of another owner, who has taken his name off it since: it goes with
        the last that stands on it.
        """
        owner, source = image.labels.get(LABEL_OWNER), image.labels.get(LABEL_SOURCE)
        parent = image.parent
        while parent:
            one = self.find(parent)
            if one is None:
                return
            if one.id == source:
                if image.labels.get(LABEL_FETCHED) == "yes":
                    yield one.id
                elif not one.tags and of_one_recipe(one, image):
                    yield one.id
                    yield from self._below(one)
                return
            if one.tags or one.labels.get(LABEL_OWNER) != owner:
                return
            yield one.id
            parent = one.parent

    def _discard(self, images: Iterable[str]) -> None:
        """Remove these, each the child of the next, down to one that has a name or is needed."""
        api = self._engine.api
        for image in images:
            there = self.find(image)
            if there is None:
                continue
            if there.tags or there.digests:
                return
            try:
                with self._engine.guard(f"removing image {image}"):
                    api.remove_image(there.id, noprune=True)
            except InUseError:
                return


def label_step(labels: Mapping[str, str]) -> str:
    """All labels in one instruction: each step of a build costs."""
    return " ".join(["LABEL", *(f'"{name}"="{value}"' for name, value in labels.items())])
