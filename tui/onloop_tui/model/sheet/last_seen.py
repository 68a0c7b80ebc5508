"""What a person has looked at in this session: opened again, a sheet says what has changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from onloop.attention.groups import age
from onloop.views.dossier import Dossier
from onloop_tui.model.sheet.sections import differences

MOST = 200
"""So many tasks are remembered; of more, the one that was looked at longest ago is forgotten."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a sheet showed, and until when (ms)."""

    dossier: Dossier
    at: int


@dataclass(frozen=True, slots=True)
class LastSeen:
    """The last look at each task, the latest last."""

    last: Mapping[str, Look] = field(default_factory=dict)

    def after(self, dossier: Dossier, now: int) -> LastSeen:
        """The looks with this one as the last at its task. Diff and artefacts are not kept."""
        kept = {task: look for task, look in self.last.items() if task != dossier.task.id}
        kept[dossier.task.id] = Look(_lightened(dossier), now)
        return LastSeen(dict(list(kept.items())[-MOST:]))

    def changes(self, dossier: Dossier, now: int) -> str:
        """What has changed since the task was looked at, in a sentence; empty if nothing, or if it never was."""
        look = self.last.get(dossier.task.id)
        found = differences(look.dossier, dossier) if look is not None else ()
        return f"changed since you looked {age(now - look.at)} ago: {'; '.join(found)}" if look and found else ""


def _lightened(dossier: Dossier) -> Dossier:
    return Dossier(dossier.task, dossier.lease, dossier.asked, dossier.gates, (), "", dossier.trouble, ())
