"""What was decided last here, so that a key can take it back."""

from __future__ import annotations

from typing import Protocol

from onloop.machine.rules.people.taking_back import takeable
from onloop_tui.model.ground.acts import Act
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.ground.subject import Subject, SubjectKind
from onloop_tui.screens.view import View


class _Decides(Protocol):
    view: View
    snapshot: Snapshot
    decided: str


class LastDecisions:
    """The part of the main screen that knows which task a decision key is about."""

    def meant_by(self: _Decides, act: Act) -> Subject | None:
        """The subject under the cursor; to take something back where nothing is to, what was decided last here."""
        subject = self.view.subject()
        if act is not Act.TAKE_BACK:
            return subject
        here = self.snapshot.tasks.get(subject.task or "") if subject is not None else None
        last = self.snapshot.tasks.get(self.decided)
        if (here is None or not takeable(here)) and last is not None and takeable(last):
            return Subject(SubjectKind.TASK, last.id, (last.id,))
        return subject
