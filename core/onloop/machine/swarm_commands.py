"""Requests about children, and what agents tell each other."""

from __future__ import annotations

from typing import Annotated

from onloop.machine.definition import Isolation
from onloop.machine.limits import Address, Brief, Bytes, Digest, Id, Items, Number, Path, Percent, Title, Words
from onloop.machine.messages import Message, MessageKind
from onloop.machine.task import Submission
from onloop.records import Record


class Judge(Record):
    """The holder of a review step judges the work; `email` is the address under which it would commit."""

    agent: Id
    epoch: Number
    passes: bool
    reason: Words
    email: Address = ""


class Spawn(Record):
    """The holder of a step that may spawn makes a child, in an `environment` of its own kind where one is asked for."""

    agent: Id
    epoch: Number
    title: Title
    brief: Brief = ""
    environment: Isolation | None = None
    after: Annotated[tuple[Title, ...], Items(100)] = ()
    """Children that it waits for: their ids, or their titles."""


class Dismiss(Record):
    """A child is no longer needed: the join of its parent has enough."""

    reason: Words


class FinishFunnel(Record):
    """Hand in what the children's commits became."""

    id: Id
    submission: Submission


class ReportConflict(Record):
    """The commit of `child` could not be merged after those before it; `paths` is where."""

    id: Id
    child: Id
    paths: Annotated[tuple[Path, ...], Items(100_000)]


class Tell(Record):
    """The holder tells another task of its run (an id, `parent` or `children`) the text stored under `digest`."""

    agent: Id
    epoch: Number
    to: Id
    kind: MessageKind
    digest: Digest
    size: Bytes


class Deliver(Record):
    """A task of `run` was told this."""

    message: Message
    run: Id


class MarkShown(Record):
    """The holder was shown its messages up to number `upto`; that they were read is said by what it does next."""

    agent: Id
    epoch: Number
    upto: Number


class SaveCheckpoint(Record):
    """The holder leaves the text stored under `digest` for whoever goes on after it."""

    agent: Id
    epoch: Number
    digest: Digest
    size: Bytes


class Handoff(Record):
    """The holder gives the step to `to`: a role, `agent:NAME`, or, if empty, anyone in the step's role."""

    agent: Id
    epoch: Number
    to: Id
    why: Words
    open: Annotated[tuple[Words, ...], Items(100)] = ()


class ReportContext(Record):
    """The holder says how much of its context is in use, in per cent."""

    agent: Id
    epoch: Number
    percent: Percent
