"""What the verbs about environments print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from onloop.cli.json_models.envelope import AtMs
from onloop.records import Record


class ImageJson(Record):
    """An image of a virtual machine on this machine."""

    name: str
    recipe: Annotated[str, Meta(description="The digest of what it was made from.")]
    digest: Annotated[str, Meta(description="Of kernel and root together, as they were when it was made.")]
    kernel: Annotated[str, Meta(description="The kernel's version.")]
    kernel_digest: str
    root_digest: str
    made_at: AtMs
    packages: Sequence[str]


class ImageBuiltJson(Record):
    """An image that was made, or was there already."""

    image: ImageJson
    is_new: bool


class ImagesJson(Record):
    """The images that there are."""

    images: Sequence[ImageJson]


class ImageRemovedJson(Record):
    """An image that was removed."""

    name: str
    count: Annotated[int, Meta(description="How many of that name there were.")]


class EnteredJson(Record):
    """A person's stay in a task's environment."""

    task: str
    session: str
    place: str
    lasted_ms: int
    how: Annotated[str, Meta(description="How the shell ended.")]
    transcript: Annotated[str | None, Meta(description="The digest of what it showed, where that was kept.")]
