"""Triggers as data: which event from outside begins, tells or ends what; adopted by people for the store.

They come from a file of a repository, and count only once an approver has adopted exactly what it says: a commit alone
changes none.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from onloop.machine.limits import Brief, Digest, Id, Items, Path, Text, Words
from onloop.records import Record

MOST_TRIGGERS = 100
"""How many triggers may be adopted at a time."""

Template = Annotated[str, Text(4_000)]
"""A text with paths in braces, such as `{event.issue.title}`, each of which stands for a value of the event."""


class ActKind(StrEnum):
    """What a trigger does."""

    START = "start"
    SIGNAL = "signal"
    CANCEL = "cancel"
    ANSWER = "answer"


class InputFile(Record):
    """A file that the agents of a started task are given: its name, and its content as a template."""

    name: Id
    content: Template


class TriggerAct(Record):
    """What a trigger does: begin a task under a pinned workflow, or tell, end or answer the one of its subject.

    `text` is what is told, answered, or the reason. A `repository` that the event names must begin with one of
    `within`.
    """

    kind: ActKind
    text: Template = ""
    workflow: Id = ""
    definition: Digest = ""
    title: Template = ""
    brief: Brief = ""
    repository: Path = ""
    within: Annotated[tuple[Path, ...], Items(50)] = ()
    branch: Template = ""
    labels: Annotated[tuple[Id, ...], Items(20)] = ()
    inputs: Annotated[tuple[InputFile, ...], Items(20)] = ()
    check_base: bool = False


class Trigger(Record):
    """What happens on which event: of the hook `source`, with one of the names `on`, where `when` is true.

    Events with one `subject` share one task; of that subject, `revision` says which state it is in.
    """

    id: Id
    source: Id
    on: Annotated[tuple[Id, ...], Items(50)]
    subject: Template
    do: TriggerAct
    when: Template = ""
    revision: Template = ""


class TriggersAdopted(Record):
    """From now on these triggers count, and no others; `digest` is that of the file with what it names."""

    triggers: Annotated[tuple[Trigger, ...], Items(MOST_TRIGGERS)]
    digest: Digest
    by: Id
    reason: Words
