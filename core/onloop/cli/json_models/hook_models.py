"""What `onloop hook doctor` and `onloop instruct` print."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from onloop.records import Record


class HookPlaceJson(Record):
    """One file that holds, or could hold, a vendor's hook."""

    scope: Annotated[str, Meta(description="project, user or managed.")]
    file: str
    events: Annotated[Sequence[str], Meta(description="The events for which it has our hook.")]
    trouble: Annotated[str, Meta(description="Why it cannot be read, or who could change it.")] = ""


class HookDoctorJson(Record):
    """What the hooks that are installed hold an agent to: tried, without what a worker would bring along."""

    agent: str
    version: str
    places: Sequence[HookPlaceJson]
    fires: Annotated[bool, Meta(description="Whether it calls our hook at the end of a turn.")]
    denies: Annotated[bool, Meta(description="Whether it was refused a push and a change of onloop's files.")]
    level: Annotated[str, Meta(description="L0 to L3, as the guide to agents says.")]


class InstructionJson(Record):
    """A file that an agent reads by itself."""

    file: str
    changed: Annotated[bool, Meta(description="Whether this call changed it.")]
    text: Annotated[str, Meta(description="What belongs into it: a block of a page, or the whole file.")] = ""


class InstructionsJson(Record):
    """What an agent is told of how to work with the gateway, and where."""

    agent: str
    files: Sequence[InstructionJson]
