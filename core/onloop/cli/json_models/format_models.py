"""What `workflow import` and `workflow export` print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from onloop.interop.formats.losses import LossKind
from onloop.records import Record


class LossJson(Record):
    """Something that did not come along as it was."""

    kind: LossKind
    file: str
    line: int
    column: int
    what: str
    why: str


class ImportedJson(Record):
    """A workflow that was made of a file of others; the exit code is 0 where nothing was lost, else 10."""

    imported: Annotated[str, Meta(description="The format of the file.")]
    source: Annotated[str, Meta(description="YAML, which validate accepts.")]
    losses: Sequence[LossJson]


class ExportedJson(Record):
    """A workflow as a text of others; the exit code is 0 where that says all of it, else 10."""

    exported: Annotated[str, Meta(description="The format of the text.")]
    text: str
    losses: Sequence[LossJson]
