"""The reader of a change, with its keys: what they do to what is shown, and what is written about lines."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import ClassVar

from textual.binding import BindingType
from textual.containers import Horizontal

from onloop.errors import OnloopError
from onloop.views.dossier import Dossier
from onloop_tui.background import in_background
from onloop_tui.bindings import FILES, bindings_of
from onloop_tui.diff.change_in_view import ReadPage
from onloop_tui.diff.outside_programs import in_editor, in_pager
from onloop_tui.diff.reader_screen import ReaderScreen
from onloop_tui.model.diff.comparisons import Comparison
from onloop_tui.model.diff.finding import LONGEST, HitRow
from onloop_tui.model.diff.line_comments import comment_on
from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.model.form.fields import FormField
from onloop_tui.session import Session
from onloop_tui.widgets.form_entry import Entered, LineEntry
from onloop_tui.widgets.row_view import RowChosen


class DiffScreen(ReaderScreen):
    """Reads one change, and keeps what is written about its lines; it decides nothing."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(FILES)

    def __init__(self, session: Session, dossier: Dossier, looked_at: str = "", alike: int = 0) -> None:
        super().__init__(session, dossier, looked_at, alike)
        self._answered: Callable[[str], None] | None = None
        """What is done with the words in the entry."""

    def on_row_chosen(self, event: RowChosen) -> None:
        """A click on the file under the cursor opens it."""
        event.stop()
        self.action_go()

    def action_go(self) -> None:
        """Enter: open the file under the cursor, fold or unfold a folder, or unfold the patch."""
        if self.is_in_patch:
            self._unfold(self._path)
            return
        row = self._rows.get(self.file_list.cursor or "")
        if row is None:
            return
        if row.file is None:
            self._shut ^= {row.row_id}
            self._draw_tree()
        else:
            self._unfold(row.row_id)
            self._enter(row.row_id)

    def action_back(self) -> None:
        """Esc: give up what is typed, go back to the files, or close the reader."""
        if self._answered is not None:
            self._close_entry()
        elif self.is_in_patch:
            self._leave_patch()
        else:
            self.dismiss(None)

    def action_other(self) -> None:
        """Tab: from the files to the patch, and back."""
        if self.is_in_patch:
            self._leave_patch()
        elif (row := self._rows.get(self.file_list.cursor or "")) is not None and row.file is not None:
            self._enter(row.row_id)

    def action_file(self, step: int) -> None:
        """The next or the previous file."""
        cursor = self._path if self.is_in_patch else self.file_list.cursor
        file = self.view.step(cursor, step)
        if file is None:
            self._say("that was the last file" if step > 0 else "that was the first file", Tone.DIM)
        elif self.is_in_patch:
            self._enter(file.path)
        else:
            self._reveal(file.path)
            self.file_list.go_to(file.path)

    def action_hunk(self, step: int) -> None:
        """The next or the previous hunk, or place of what is searched for."""
        path = self._path or (self.view.files[0].path if self.view.files else "")
        if path:
            here = self.patch.cursor if self._path else 0
            self._say("looking …", Tone.DIM)
            in_background(self, partial(self._find, path, here, step), group="find", exclusive=True)

    async def _find(self, path: str, row: int, step: int) -> None:
        searched, columns, place = self.patch.searched, self.patch.columns, self._place
        try:
            found = await asyncio.to_thread(self.view.finding(path, row, step, searched, columns))
        except OnloopError as problem:
            self._say(f"✗ {problem.message}; {problem.hint}", Tone.BAD)
            return
        if place == self._place:  # else the person has gone somewhere else meanwhile, and stays there
            self._found(found, searched or "a hunk")

    @property
    def _place(self) -> tuple[str, int, bool]:
        return self._path, self.patch.cursor, self.is_in_patch

    def _found(self, found: HitRow, wanted: str) -> None:
        if not found.row:
            ended = "anywhere" if found.is_all else f"in {found.looked_at:,} rows"
            more = "" if found.is_all else "; n goes on from there"
            self._say(f"{wanted!r} is not found {ended}{more}")
            return
        self.view.unfold(found.path)
        self._reveal(found.path)
        if found.path == self._path and self.patch.last is not None:
            self._enter(found.path)
            self.patch.go(found.row)
        else:
            self._enter(found.path, found.row)
        self._say("")

    def action_beside(self) -> None:
        """Old and new beside each other, or in one column."""
        near, at = self.patch.under_cursor(), self.patch.cursor
        self._beside = not self.patch.beside
        self._fit()
        if self._path:
            self._show(self._path, at, near)

    def action_space(self) -> None:
        """Leave out what only changes white space, or show it again."""
        self.view.without_space = not self.view.without_space
        if self._path:
            self._show(self._path)
        self._draw_tree()

    # -- rounds

    def action_round(self, step: int) -> None:
        """Compare with what one looked at, with an earlier round, or with the base again."""
        if len(self.view.comparisons) < 2:
            self._say("there is no earlier round: this is the first that was submitted", Tone.DIM)
        else:
            wanted = self.view.compared(step)
            in_background(self, partial(self._compare, wanted), group="compare", exclusive=True)

    async def _compare(self, wanted: Comparison) -> None:
        problem = await asyncio.to_thread(self.view.learn_files, wanted)
        if problem:
            self._say(f"✗ {problem}", Tone.BAD)
            return
        self.view.comparison = wanted
        self._draw_tree()
        files = self.view.files
        if not files:
            self._path = ""
            self.patch.tell(())
            self._say("nothing changed since then", Tone.DIM)
        else:
            self._show(self._path if self.view.file(self._path) is not None else files[0].path)

    # -- what is typed

    async def action_search(self) -> None:
        """Ask what to search for."""
        await self._ask(
            "search all files for",
            FormField("words", "search", value=self.patch.searched, is_proposed=True),
            self._search,
        )

    def _search(self, words: str) -> None:
        self.patch.searched = words[:LONGEST]
        self.patch.renew()
        if self.patch.searched:
            self.action_hunk(1)

    async def action_comment(self) -> None:
        """Ask for words about the line under the cursor."""
        row = self.patch.under_cursor()
        if not self.is_in_patch or row is None:
            self._say("Tab goes into the patch; c there writes about the line under the cursor")
        elif not self.view.shows_all and not self.view.without_space:
            self._say("lines of another comparison have other numbers; I or i goes back to the whole change first")
        else:
            comment = comment_on(self._path, row, "")
            kept = self.view.comments(self._path).get((comment.line, comment.is_old))
            words = kept.words if kept is not None else ""
            told = f"what is to say about {self.view.name(comment.place)}; nothing takes it away"
            await self._ask(
                told, FormField("words", "comment", value=words), partial(self._comment, comment.line, row.number)
            )

    def _comment(self, line: int, number: int, words: str) -> None:
        row = self.patch.under_cursor()
        if row is None or (row.line, row.number) != (line, number):
            self._say("the line is another one by now: nothing was kept")
            return
        problem = self.view.comment(comment_on(self._path, row, words))
        self.patch.say(self.view.comments(self._path))
        self._say(problem or "a rejection in the sheet takes it along", Tone.BAD if problem else Tone.DIM)

    async def _ask(self, told: str, field: FormField, answered: Callable[[str], None]) -> None:
        self._close_entry()
        entry = LineEntry(field)
        entry.placeholder = field.label
        self._answered = answered
        await self.mount(Horizontal(entry, classes="entry"), before="#diff-keys")
        self.set_focus(entry)
        self._say(f"{told} · Enter goes on, Esc gives up", Tone.ACCENT)

    def on_entered(self, event: Entered) -> None:
        """Enter: take what was typed."""
        event.stop()
        answered = self._answered
        words = next((entry.words for entry in self.query(LineEntry)), "")
        self._close_entry()
        if answered is not None:
            answered(words)

    def _close_entry(self) -> None:
        self._answered = None
        self._say("")
        for entry in self.query(".entry"):
            entry.remove()
        self.set_focus(self.patch if self.is_in_patch else self.file_list)

    # -- other programs

    def action_pager(self) -> None:
        """The whole patch in the person's pager."""
        self._hand(lambda text: in_pager(self.app, text))

    def action_editor(self) -> None:
        """A copy of the whole patch in the person's editor."""
        self._hand(lambda text: in_editor(self.app, text, f"{self._path} of {self.dossier.task.id}"))

    def _hand(self, show: Callable[[str], str]) -> None:
        if not self._path:
            self._say("Enter opens a file first")
            return
        self._say("reading all of it …", Tone.DIM)
        in_background(self, partial(self._handed, self.view.reading(self._path), show), group="hand", exclusive=True)

    async def _handed(self, read: ReadPage, show: Callable[[str], str]) -> None:
        try:
            text = await asyncio.to_thread(self.view.whole_text, read)
        except OnloopError as problem:
            self._say(f"✗ {problem.message}; {problem.hint}", Tone.BAD)
            return
        self._say(show(text))

    # -- moving

    def action_move(self, rows: int) -> None:
        """Rows down."""
        (self.patch if self.is_in_patch else self.file_list).move(rows)

    def action_page(self, direction: int) -> None:
        """A page down or up."""
        (self.patch if self.is_in_patch else self.file_list).page(direction)

    def action_edge(self, direction: int) -> None:
        """To the beginning or the end."""
        (self.patch if self.is_in_patch else self.file_list).edge(direction)
