"""What `onloop hook doctor` prints."""

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
