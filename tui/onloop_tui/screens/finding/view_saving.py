"""The part of the main screen that keeps how it is now under a name, and goes back to it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace

from onloop.errors import BadInput, OnloopError
from onloop.machine.task import Kind
from onloop.plain_file import plain_bytes
from onloop.workflow.positioned_tree import LARGEST
from onloop_tui.background import in_background
from onloop_tui.bindings import Where
from onloop_tui.model.columns.arrangement import arrangement_of
from onloop_tui.model.drawing.terminal_text import safe
from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.model.filter.filters import Filter, parse
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.screens.main_part import MainPart
from onloop_tui.settings import FIRST_TAB, MOST_TABS, MOST_VIEWS, SavedView

_FILTERED = frozenset({Where.INBOX, Where.TREE, Where.FLEET, Where.AGENTS})
"""The views whose filter is about tasks, which can be counted."""


class ViewSaving(MainPart):
    """Saved views are a file beside the settings; the first of them are tabs, with how many tasks fit them now."""

    saved_counts: Mapping[str, int]
    counted_at: int

    def view_now(self, name: str) -> SavedView:
        """How it is now, under that name."""
        where, chosen = self.view.where, self.view.arrangement
        filtered = self.filters.get(where, "")
        columns = " ".join(chosen.columns)
        return SavedView(name, where, filtered, self.narrowing.run, self.session.scope, columns, chosen.order)

    def save_view(self, name: str) -> str:
        """Keep how it is now; returns why not, or an empty text."""
        from onloop_tui.saved_views import name_fault  # here: a start without files needs no YAML or pydantic

        wrong = name_fault(name) or (name in self.session.settings.filters and (f":{name} is a filter", "take another"))
        if wrong:
            return ": ".join(wrong)

        def with_this(views: Sequence[SavedView]) -> Sequence[SavedView]:
            others = [view for view in views if view.name != name]
            if len(others) >= MOST_VIEWS:
                raise BadInput(f"{MOST_VIEWS} views are saved already; :forget NAME removes one", hint="")
            return (*others, self.view_now(name))

        return self._keep(with_this, f"saved as :{name}; :forget {name} removes it")

    def forget_view(self, name: str) -> str:
        """Remove a saved view; returns why not, or an empty text."""

        def without_it(views: Sequence[SavedView]) -> Sequence[SavedView]:
            left = tuple(view for view in views if view.name != name)
            if len(left) == len(views):
                known = ", ".join(view.name for view in views) or "none is saved; :save NAME saves one"
                raise BadInput(f"there is no saved view {name[:40]!r}; {known}", hint="")
            return left

        return self._keep(without_it, f":{name} is forgotten")

    def _keep(self, changed: Callable[[Sequence[SavedView]], Sequence[SavedView]], done: str) -> str:
        from onloop_tui.saved_views import load_views, write_views  # here: as above

        file, views = self.session.views_file, self.session.settings.views
        try:
            if file is not None and file.exists():  # another dashboard may have saved one; what is broken is never lost
                views = load_views(plain_bytes(file, LARGEST), file.name)
            views = tuple(changed(views))
            if file is None:
                return "there is no settings folder here to save a view in"
            write_views(file, views)
        except OSError as problem:
            return safe(f"{file}: {problem.strerror}")
        except OnloopError as problem:
            return safe(problem.message.partition("\n")[0])
        self.session.settings = replace(self.session.settings, views=views)
        self._count()
        self.say(f"✓ {done}")
        return ""

    def action_saved(self, number: int) -> None:
        """Go to the saved view with that number, from 0."""
        views = self.session.settings.views
        if number < len(views):
            self.show_saved(views[number])
        else:
            self.say(f":save NAME keeps how it is now as a tab of its own, with the key {FIRST_TAB + len(views)}")

    def show_saved(self, saved: SavedView) -> None:
        """Show a saved view; a run that is gone is said."""
        if saved.run and saved.run not in self.whole.tasks:
            self.say(f"its run {saved.run} is gone; :forget {saved.name} removes the view", Tone.WARN)
            return
        if self.session.scope is not saved.scope:
            self.session.scope = saved.scope
            self.look_anew()
        self.narrow(saved.run)
        self.action_view(saved.view.name.lower())
        wanted = arrangement_of(saved.columns, saved.sort)
        if self.view.usual_columns and self.view.arrangement != wanted:
            self.view.show_arranged(wanted)
        problem = self.apply_filter(saved.filter)
        self.say(problem or f"view {saved.name}", Tone.WARN if problem else Tone.DIM)

    def saved_tabs(self) -> tuple[tuple[str, bool], ...]:
        """The label of each saved view with a key, and whether it is what is shown now."""
        views = self.session.settings.views[:MOST_TABS]
        return tuple(
            (f"{FIRST_TAB + number} {view.name}{_counted(self.saved_counts, view)}", self.view_now(view.name) == view)
            for number, view in enumerate(views)
        )

    def count_saved(self) -> None:
        """Count anew what fits the tabs, aside, if anything has happened since."""
        if self.session.settings.views and self.counted_at != self.whole.seq:
            self._count()

    def _count(self) -> None:
        self.counted_at = self.whole.seq
        in_background(self.view, self._count_aside, group="saved", exclusive=True)

    async def _count_aside(self) -> None:
        views = self.session.settings.views[:MOST_TABS]
        self.saved_counts = await asyncio.to_thread(_counts, views, self.whole, self.session.clock())
        self.renew_lines()


def _counted(counts: Mapping[str, int], view: SavedView) -> str:
    return f" {counts[view.name]}" if view.name in counts else ""


def _counts(views: Sequence[SavedView], snapshot: Snapshot, now: int) -> Mapping[str, int]:
    """How many tasks fit each view that is about tasks."""
    causes = {item.task: group.cause for group in snapshot.groups for item in group.members}
    listed: Mapping[Where, Iterable[str]] = {Where.INBOX: causes, Where.AGENTS: snapshot.leases}
    found: dict[str, int] = {}
    for view in views:
        wanted = parse(view.filter)
        if view.view not in _FILTERED or not isinstance(wanted, Filter):
            continue
        only = listed.get(view.view, snapshot.tasks)
        tasks = (snapshot.tasks[name] for name in only if name in snapshot.tasks)
        found[view.name] = sum(
            task.kind is Kind.WORK and view.run in {"", task.run} and wanted.matches(task, now, causes.get(task.id, ""))
            for task in tasks
        )
    return found
