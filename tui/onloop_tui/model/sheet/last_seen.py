"""What a person has looked at in this session, so that a sheet opened again shows what has changed since."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from onloop.attention.groups import age
from onloop.views.dossier import Dossier
from onloop.views.work_warnings import WorkWarning
from onloop_tui.model.drawing.warning_lines import Remark, warning_remarks
from onloop_tui.model.sheet.sections import differences

MOST = 200
"""The most tasks that are remembered; after that, the one looked at longest ago is forgotten."""


@dataclass(frozen=True, slots=True)
class Look:
    """What a sheet showed, and when it was last shown (ms)."""

    dossier: Dossier
    at: int


@dataclass(frozen=True, slots=True)
class LastSeen:
    """The last look at each task, most recent last."""

    last: Mapping[str, Look] = field(default_factory=dict)

    def after(self, dossier: Dossier, now: int) -> LastSeen:
        """The looks with this one added. Diffs and artefacts are not kept."""
        kept = {task: look for task, look in self.last.items() if task != dossier.task.id}
        kept[dossier.task.id] = Look(_lightened(dossier), now)
        return LastSeen(dict(list(kept.items())[-MOST:]))

    def other_head(self, dossier: Dossier) -> str:
        """The commit that the person looked at last, if the task has handed in another since; else empty."""
        look, now = self.last.get(dossier.task.id), dossier.task.submission
        seen = look.dossier.task.submission if look is not None else None
        return seen.head if seen is not None and now is not None and seen.head != now.head else ""

    def changes(self, dossier: Dossier, now: int) -> tuple[Remark, ...]:
        """What has changed since the last look at the task, in a sentence; nothing if nothing has."""
        look = self.last.get(dossier.task.id)
        changes = differences(look.dossier, dossier, now) if look is not None else ()
        when = f"you looked {age(now - look.at)} ago" if look is not None else ""
        return warning_remarks(WorkWarning.CHANGED, when, changes)


def _lightened(dossier: Dossier) -> Dossier:
    return Dossier(dossier.task, dossier.lease, dossier.asked, dossier.gates, (), "", dossier.trouble, ())
