"""In whose name a person's command is spoken."""

from __future__ import annotations

from dataclasses import dataclass

from onloop.machine.definition import Assurance


@dataclass(frozen=True, slots=True)
class Voice:
    """A person as the gateway knows them: name, groups, and what was proved about them, when (ms), and by which user.

    `decided` counts what was decided under the same proof before.
    """

    person: str
    groups: tuple[str, ...]
    assurance: Assurance
    email: str = ""
    proved_at: int | None = None
    decided: int = 0
    uid: int | None = None
