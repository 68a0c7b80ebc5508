"""What `onloop store …` prints."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from onloop.machine.state import State
from onloop.records import Record, field


class VerifyJson(Record):
    """Whether the log and the state that follows from it agree."""

    ok: bool
    events: int
    tasks: int
    runs: int
    problems: Sequence[str]


class ExportJson(Record):
    """An export that was written."""

    file: str
    events: int


class ImportJson(Record):
    """A store that was made of an export."""

    store: str
    events: int
    tasks: int


class CopyJson(Record):
    """A store that was made of all that another one held, and verified."""

    source: str
    store: str
    events: int
    tasks: int


class LeftoverJson(Record):
    """Files and folders that nobody needs any more."""

    kind: str
    name: Annotated[str, Meta(description="A task's id, or the key of a cached folder.")]
    places: Sequence[str]
    size: Annotated[int, Meta(description="In bytes.")]
    since: Annotated[int, Meta(description="When it was last needed, in ms.")]


class GcJson(Record):
    """What was removed, or with --dry-run, what would be."""

    dry_run: bool
    count: int
    size: Annotated[int, Meta(description="Of all of them, in bytes.")]
    kept: Annotated[int, Meta(description="How many are in use, or could not be removed.")]
    leftovers: Sequence[LeftoverJson]


class ArchiveJson(Record):
    """Finished runs that were moved to a file."""

    file: str
    runs: Sequence[str]
    events: int


class NothingArchivedJson(Record):
    """That no run ended before the day that was given."""

    runs: Annotated[Sequence[str], Meta(max_length=0)]


class ArchivedTaskJson(Record):
    """A task in an archive."""

    task: str
    run: str
    state: State
    title: str


class ArchivedJson(Record):
    """What is in an archive."""

    events: int
    tasks: Sequence[ArchivedTaskJson]


class MigrateJson(Record):
    """From which schema version to which a store was brought."""

    before: int = field(name="from")
    after: int = field(name="to")
    backup: Annotated[
        str | UnsetType, Meta(description="The store as it was; left out where there was nothing to do.")
    ] = UNSET


class AttestationJson(Record):
    """A signed statement about a task; `envelope` is left out where it was written to a file."""

    task: str
    commit: str
    merged: bool
    keyid: str
    file: str | None
    envelope: Annotated[str | None, Meta(description="The DSSE envelope, as its file would hold it.")]


class AttestationKeyJson(Record):
    """The public key with which attestations of this store are verified."""

    keyid: str
    public_key: Annotated[str, Meta(description="PEM.")]


class AttestationCheckedJson(Record):
    """What a statement says whose signature is good."""

    keyid: str
    task: str
    repository: str
    commit: str
    merged: bool
    approved: Sequence[str]
    bypassed: Annotated[Sequence[str], Meta(description="Gates that did not pass and were let past.")]
