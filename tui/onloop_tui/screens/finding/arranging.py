"""The part of the main screen that lets a person choose the columns of a view, and the order of its rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

from onloop.views.task_columns import ColumnProblem, columns_named, order_named
from onloop_tui.command_words import USUAL, ColumnWords, OrderWords
from onloop_tui.model.columns.arrangement import RowArrangement, arrangement_of
from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.screens.finding.column_picker import ColumnPicker
from onloop_tui.screens.main_part import MainPart
from onloop_tui.screens.view import View


class Arranging(MainPart):
    """What a person chose is kept by its view; the settings' columns count where nobody chose any."""

    def action_columns(self) -> None:
        """`C`: open the list of columns."""
        if self._cannot_arrange():
            return
        view = self.view
        picker = ColumnPicker(view.where.name.capitalize(), view.arrangement.columns, view.usual_columns)
        view.app.push_screen(picker, partial(self._chosen, view))

    def action_sort(self) -> None:
        """`S`: apply the next order."""
        if not self._cannot_arrange():
            self._arrange(self.view, self.view.arrangement.after(self.view.usual_columns))

    def arrange_by(self, meaning: ColumnWords | OrderWords) -> str:
        """Do what `:columns …` or `:sort …` says; returns what is wrong with it."""
        if why_not := self.view.why_not_arranged():
            return why_not
        here, words = self.view.arrangement, meaning.words.strip().casefold()
        if isinstance(meaning, ColumnWords):
            columns = () if words == USUAL else columns_named(words)
            if isinstance(columns, ColumnProblem):
                return columns.words
            wanted = replace(here, columns=columns)
        else:
            order = "" if words == USUAL else order_named(words)
            if isinstance(order, ColumnProblem):
                return order.words
            wanted = here.by(order) if order else replace(here, order="")
        self._arrange(self.view, wanted)
        return ""

    def _cannot_arrange(self) -> bool:
        """Whether the rows in front are not a person's to arrange; says why."""
        why_not = "Esc closes the sheet first" if self.sheet.is_open else self.view.why_not_arranged()
        if why_not:
            self.say(why_not)
        return bool(why_not)

    def _chosen(self, view: View, columns: tuple[str, ...] | None) -> None:
        if columns is not None:
            self._arrange(view, replace(view.arrangement, columns=columns))

    def _arrange(self, view: View, wanted: RowArrangement) -> None:
        before = view.arrangement
        view.show_arranged(wanted)
        if wanted.order != before.order:
            self.say(f"rows stand {wanted.words}; R applies it again" if wanted.order else f"rows stand {wanted.words}")
        else:
            self.say(f"columns: {' '.join(wanted.columns)}" if wanted.columns else "columns: as usual", Tone.DIM)

    # -- what is remembered

    def arranged(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """The columns and the order of each view in which a person chose any."""
        views = {view.where.name.lower(): view.arrangement for view in self.views}
        columns = {name: " ".join(each.columns) for name, each in views.items() if each.columns}
        return columns, {name: each.order for name, each in views.items() if each.order}

    def arrange_again(self, columns: Mapping[str, str], orders: Mapping[str, str]) -> None:
        """Show what was remembered; columns that the settings name come before those."""
        settled = self.session.settings.columns
        for view in self.views:
            name = view.where.name.lower()
            named = " ".join(settled[name]) if name in settled else columns.get(name, "")
            wanted = arrangement_of(named, orders.get(name, ""))
            if wanted and view.usual_columns:
                view.show_arranged(wanted)
