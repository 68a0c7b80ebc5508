"""The part of the main screen that goes to what was found."""

from __future__ import annotations

from collections.abc import Mapping

from onloop_tui.bindings import Where
from onloop_tui.model.filter.filter_terms import Value
from onloop_tui.model.finding.search_index import FoundKind, FoundRow
from onloop_tui.model.ground.subject import Subject, SubjectKind
from onloop_tui.screens.finding.search_screen import SearchScreen
from onloop_tui.screens.main_part import MainPart

_BY_FILTER: Mapping[FoundKind, tuple[Where, str, str]] = {
    FoundKind.REPOSITORY: (Where.TREE, "repo", ""),
    FoundKind.LABEL: (Where.TREE, "label", ""),
    FoundKind.PERSON: (Where.LOG, "by", "human:"),
}
"""Where all that belongs to something is shown: the view, and the field of its filter."""
_BY_CURSOR: Mapping[FoundKind, tuple[Where, SubjectKind]] = {
    FoundKind.CAUSE: (Where.INBOX, SubjectKind.CAUSE),
    FoundKind.RUN: (Where.TREE, SubjectKind.TASK),
    FoundKind.TASK: (Where.TREE, SubjectKind.TASK),
    FoundKind.EVENT: (Where.LOG, SubjectKind.EVENT),
}
"""Where the cursor is put on what was found."""


class Searching(MainPart):
    """Opens the search, and shows what was chosen in the view that it belongs to, with the cursor on it."""

    def action_find(self) -> None:
        """Search over everything that has a name, and the events."""
        self.view.app.push_screen(SearchScreen(self.session, lambda: self.whole), self._found)

    def _found(self, row: FoundRow | None) -> None:
        if row is not None:
            self.go_to_found(row)

    def go_to_found(self, row: FoundRow) -> None:
        """Show it where it belongs; what would hide it there, a filter or the narrowing to a run, is lifted."""
        if self.sheet.is_open:
            self.sheet.put_away()
        if row.kind in _BY_FILTER:
            where, name, before = _BY_FILTER[row.kind]
            self._show_only(where, name, f"{before}{row.id}")
        elif row.kind is FoundKind.AGENT:
            held = tuple(task for task, lease in self.whole.leases.items() if lease.agent == row.id)
            self._show_in(Where.AGENTS, Subject(SubjectKind.TASK, held[0] if held else "", held))
        else:
            where, kind = _BY_CURSOR[row.kind]
            self._show_in(where, Subject(kind, row.id, (row.id,) if kind is SubjectKind.TASK else ()))
        self.renew_lines()

    def _show_in(self, where: Where, subject: Subject) -> None:
        tasks = subject.tasks or (subject.id,)
        if self.narrowing.run and not any(task in self.snapshot.tasks for task in tasks):
            self.narrow("")
        self._bring(where)
        self.apply_filter("")
        self.view.go_to(subject)
        found = self.view.subject()
        if found is not None and (found.id == subject.id or subject.task in found.tasks):
            self.say(f"{subject.kind.value} {subject.id}")

    def _show_only(self, where: Where, name: str, value: str) -> None:
        if self.narrowing.run:
            self.narrow("")
        self._bring(where)
        query = f"{name}:{Value(value)}"
        self.say(self.apply_filter(query) or f"only {query}")

    def _bring(self, where: Where) -> None:
        self.action_view(where.name.lower())
