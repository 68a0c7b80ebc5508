"""Where an agent works, as its launcher attests it: what was made, where it is, and how far it is separated."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from onloop.machine.definition import Isolation
from onloop.machine.limits import Digest, Id, Items, Millis, Number, Path, Text, Words
from onloop.records import Record

MOST_DETAILS = 24
Detail = Annotated[str, Text(300, foreign=True)]


class EnvironmentKind(StrEnum):
    """What a worker can give its agents."""

    NONE = "none"
    CLONE = "clone"
    BOX = "box"
    CONTAINER = "container"
    DEVCONTAINER = "devcontainer"
    VM = "vm"
    TEMPLATE = "template"
    """Made by the command line of another platform."""


ISOLATION: Mapping[EnvironmentKind, Isolation] = {
    EnvironmentKind.NONE: Isolation.NONE,
    EnvironmentKind.CLONE: Isolation.CLONE,
    EnvironmentKind.BOX: Isolation.BOX,
    EnvironmentKind.CONTAINER: Isolation.CONTAINER,
    EnvironmentKind.DEVCONTAINER: Isolation.CONTAINER,
    EnvironmentKind.VM: Isolation.VM,
    EnvironmentKind.TEMPLATE: Isolation.CLONE,
}
"""How far each kind separates; a template's own file says so of each platform."""

_ORDER = tuple(Isolation)


def reaches(given: Isolation, demanded: Isolation) -> bool:
    """Whether what is given separates at least as far as what is demanded."""
    return _ORDER.index(given) >= _ORDER.index(demanded)


def weaker(one: Isolation, other: Isolation) -> Isolation:
    """The weaker of two."""
    return min(one, other, key=_ORDER.index)


class MadeEnvironment(Record):
    """An environment that the launcher `by` made for a task's holder under `epoch`, on the machine `host`.

    `isolation` is what counts: what was made, and no more than the launcher may attest and a probe inside saw. `image`
    and `digest` say from what it was made, `details` what it shows and limits, `trust` who vouches for the launcher.
    """

    id: Id
    kind: EnvironmentKind
    isolation: Isolation
    host: Id = ""
    image: Path = ""
    digest: Digest = ""
    details: Annotated[tuple[Detail, ...], Items(MOST_DETAILS)] = ()
    by: Id = ""
    trust: Words = ""
    epoch: Number = 0
    at: Millis = 0


class EnvironmentMade(Record):
    """The launcher of the task's holder made the environment in which the holder works."""

    made: MadeEnvironment


class ReportEnvironment(Record):
    """A launcher made an environment for `agent`, whose task it claimed under `epoch`."""

    agent: Id
    epoch: Number
    made: MadeEnvironment
