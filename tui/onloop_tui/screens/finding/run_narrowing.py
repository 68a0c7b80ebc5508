"""The part of the main screen that narrows every view to one run, and lifts that."""

from __future__ import annotations

from onloop_tui.bindings import Where
from onloop_tui.model.finding.run_rows import EVERY_RUN
from onloop_tui.model.ground.run_scope import RunScope, title_of
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.ground.subject import Subject, SubjectKind
from onloop_tui.screens.finding.run_picker import RunPicker
from onloop_tui.screens.main_part import MainPart
from onloop_tui.screens.view import View

LONGEST_TITLE = 60


class RunNarrowing(MainPart):
    """Holds the snapshot of the whole store, of which `snapshot` is the part that is shown."""

    unaware: set[View]
    """Views that have to look at everything anew when they come to the front."""

    def see(self, whole: Snapshot) -> None:
        """Take what is known of the store; a run that is gone is not narrowed to any longer."""
        self.whole = self.session.seen(whole)
        if self.whole.is_whole and self.narrowing.run and self.narrowing.run not in self.whole.tasks:
            self.narrowing = RunScope()
            self.unaware.update(self.views)
        self.snapshot = self.narrowing.of(self.whole)

    def narrow(self, run: str) -> None:
        """Narrow every view to a run; an empty one lifts that. The cursor stays on its subject, where it is shown."""
        if run == self.narrowing.run:
            return
        subject = self.view.subject()
        self.narrowing = RunScope(run)
        self.snapshot = self.narrowing.of(self.whole)
        self.unaware.update(self.views)
        self.show_front()
        kept = subject if subject is not None and self._is_shown(subject) else None
        if kept is not None or run:
            self.view.go_to(kept or Subject(SubjectKind.RUN, run, (run,)))
        where = f"run {run}: {title_of(self.whole.tasks, run)[:LONGEST_TITLE]} · O or Esc shows every run again"
        self.say(f"only {where}" if run else "every run is shown")

    def widen(self) -> bool:
        """Show every run again; whether only one was shown."""
        was_narrow = bool(self.narrowing.run)
        self.narrow("")
        return was_narrow

    def _is_shown(self, subject: Subject) -> bool:
        if subject.kind is SubjectKind.CAUSE:
            return self.snapshot.group(subject.id) is not None
        return any(task in self.snapshot.tasks for task in subject.tasks)

    def can_show(self) -> bool:
        """Whether enough was read for the view in front: the Inbox needs only what needs somebody."""
        return self.whole.is_whole or self.view.where is Where.INBOX

    def show_front(self) -> None:
        """Give the snapshot to the view in front, if it is enough for it."""
        if not self.can_show():
            return
        self.view.take(self.snapshot, anew=self.view in self.unaware)
        self.unaware.discard(self.view)

    def take_anew(self) -> None:
        """Have the view in front apply its order, frozen or not."""
        if self.can_show():
            self.view.take(self.snapshot, anew=True)

    def look_anew(self) -> None:
        """Show what the scope has changed."""
        self.see(self.whole)
        self.take_anew()

    def action_runs(self) -> None:
        """Open the list of runs; lift the narrowing to one."""
        if self.sheet.is_open:
            self.say("Esc closes the sheet first")
        elif self.narrowing.run:
            self.narrow("")
        else:
            picker = RunPicker(lambda: self.whole, self.session.clock, self.narrowing.run)
            self.view.app.push_screen(picker, self._picked)

    def _picked(self, run: str | None) -> None:
        if run:
            self.narrow("" if run == EVERY_RUN else run)
