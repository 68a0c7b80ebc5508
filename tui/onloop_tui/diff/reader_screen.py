"""What the reader of a change shows: the files as a tree, and beside them, or instead, the patch of the one in hand."""

from __future__ import annotations

import asyncio
from functools import partial

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.screen import Screen
from textual.timer import Timer

from onloop.errors import OnloopError
from onloop.views.dossier import Dossier
from onloop_tui.background import in_background
from onloop_tui.bindings import FILES, key_piece
from onloop_tui.diff.change_in_view import ChangeInView
from onloop_tui.diff.colours import Colours
from onloop_tui.diff.patch_pane import PatchPane
from onloop_tui.diff.reader_lines import reader_title
from onloop_tui.model.diff.entry_lines import BESIDE_FROM
from onloop_tui.model.diff.file_tree import TreeRow, tree_line, tree_rows
from onloop_tui.model.diff.folded_files import fold_lines, folder_lines
from onloop_tui.model.diff.patch_row import PatchRow
from onloop_tui.model.drawing.row_index import FlatRows
from onloop_tui.model.drawing.text_line import Line, Tone, flowed
from onloop_tui.session import Session
from onloop_tui.theme import COMPONENTS
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.row_view import RowView

WIDE = 110
"""From so many columns on, files and patch stand beside each other."""
PREVIEW_S = 0.15
"""How long the cursor rests on a file before its patch is shown beside it."""


class ReaderScreen(Screen[None]):
    """Shows one change; its keys are those of whoever inherits it.

    A file counts as opened once its patch is there and one is in it: what stands beside the tree is a look.
    """

    COMPONENT_CLASSES = COMPONENTS
    DEFAULT_CSS = """
    ReaderScreen { layout: vertical; background: $background; }
    #diff-title, #diff-keys { background: $panel; padding: 0 1; }
    #diff-middle { height: 1fr; }
    #diff-files { width: 34%; min-width: 36; border-right: solid $panel; }
    #diff-patch { width: 1fr; }
    .entry { height: 1; padding: 0 1; background: $surface; }
    ReaderScreen.-narrow #diff-files, ReaderScreen.-narrow #diff-patch { width: 100%; border-right: none; }
    ReaderScreen.-narrow.-in-files #diff-patch, ReaderScreen.-narrow.-in-patch #diff-files { display: none; }
    """

    def __init__(self, session: Session, dossier: Dossier, looked_at: str = "", alike: int = 0) -> None:
        super().__init__(classes="-in-files")
        self.dossier = dossier
        self.view = ChangeInView(session, dossier, looked_at)
        self._alike = alike
        self._colours = Colours()
        self._rows: dict[str, TreeRow] = {}
        self._shut: set[str] = set()
        self._path = ""
        """The file whose patch is shown."""
        self._is_all = True
        """Whether what is shown of it hides nothing."""
        self._beside: bool | None = None
        """Whether old and new stand beside each other, if somebody has said so."""
        self._notice: tuple[str, Tone] = ("", Tone.DIM)
        self._rest: Timer | None = None

    def compose(self) -> ComposeResult:
        """The title, the files and the patch, and the keys."""
        yield Bar(self._title_lines, id="diff-title")
        with Horizontal(id="diff-middle"):
            yield RowView(id="diff-files")
            yield PatchPane(id="diff-patch")
        yield Bar(self._key_lines, id="diff-keys")

    @property
    def file_list(self) -> RowView:
        """The files."""
        return self.query_one("#diff-files", RowView)

    @property
    def patch(self) -> PatchPane:
        """The patch."""
        return self.query_one(PatchPane)

    @property
    def is_in_patch(self) -> bool:
        """Whether the keys are the patch's."""
        return self.has_class("-in-patch")

    # -- what is shown

    def on_mount(self) -> None:
        """Show the files, begin at the first not shown whole, or the first of all, and learn of earlier rounds."""
        self._fit()
        self.set_focus(self.file_list)
        self._draw_tree()
        files = self.view.files
        first = next((file for file in files if not file.is_whole), files[0] if files else None)
        if first is not None:
            self.file_list.go_to(first.path)
        self.call_after_refresh(self._preview)
        in_background(self, self._learn, group="rounds")

    def on_unmount(self) -> None:
        """Nobody needs the colours any more."""
        self._colours.close()

    def on_resize(self) -> None:
        """Fit the new size."""
        self._fit()
        self.call_after_refresh(self._fitted)

    def _fit(self) -> None:
        width = self.app.size.width
        self.set_class(width < WIDE, "-narrow")
        self.patch.beside = self._beside if self._beside is not None else width >= BESIDE_FROM

    def _fitted(self) -> None:
        self._draw_tree()
        self.draw()

    def draw(self) -> None:
        """Draw title and keys again."""
        for bar in self.query(Bar):
            bar.renew()

    def _draw_tree(self) -> None:
        self._rows = {row.row_id: row for row in tree_rows(self.view.files, self._shut)}

        def line(row_id: str, width: int) -> Line:
            row = self._rows[row_id]
            return tree_line(row, self.view.sign, self.view.fold(row_id), width)

        def version(row_id: str) -> object:
            row = self._rows[row_id]
            return row if row.file is None else (row, self.view.sign(row.file), self.view.fold(row_id))

        self.file_list.show(FlatRows(tuple(self._rows)), line, version)
        self.draw()

    def _title_lines(self, width: int) -> tuple[Line, ...]:
        pane = self.patch
        file = self.view.file(self._path)
        return reader_title(self.view, file, pane.last, (pane.top, pane.size.height), self._alike, self._notice, width)

    def _key_lines(self, width: int) -> tuple[Line, ...]:
        return flowed([key_piece(key) for key in FILES if key.footer], width, 2)

    def _say(self, words: str, tone: Tone = Tone.WARN) -> None:
        self._notice = words, tone
        self.draw()

    # -- one file

    def _show(self, path: str, at: int = 1, near: PatchRow | None = None) -> None:
        """Show the patch of a file, or that it is folded."""
        file = self.view.file(path)
        if file is None:
            return
        self._path, self._is_all = path, self.view.shows_all
        if reason := self.view.fold(path):
            self.patch.tell(fold_lines(file, reason, max(20, self.patch.size.width - 1)))
        else:
            self.patch.open(self.view.reading(path), partial(self._colours.dressings, path), at, near)
            self.patch.say(self.view.comments(path))
        self._say("")

    def _preview(self) -> None:
        """Show the patch of the file under the cursor beside it, or of a folder its files; without room, nothing."""
        row = self._rows.get(self.file_list.cursor or "")
        if row is None or self.has_class("-narrow"):
            return
        if row.file is None:
            self._path = ""
            self.patch.tell(folder_lines(row, max(20, self.patch.size.width - 1)))
            self.draw()
        elif row.row_id != self._path:
            self._show(row.row_id)

    def _enter(self, path: str, at: int = 1) -> None:
        """Go into the patch of a file."""
        self.file_list.go_to(path)
        if self._path != path or at != 1:
            self._show(path, at)
        self.remove_class("-in-files").add_class("-in-patch")
        self.set_focus(self.patch)
        self._note_opened()

    def _leave_patch(self) -> None:
        self.remove_class("-in-patch").add_class("-in-files")
        self.set_focus(self.file_list)
        self._draw_tree()

    def _unfold(self, path: str) -> None:
        if self.view.fold(path):
            self.view.unfold(path)
            self._show(path)
            self._draw_tree()

    def _reveal(self, path: str) -> None:
        """Open the folders that a file is in."""
        shut = {folder for folder in self._shut if not path.startswith(folder)}
        if shut != self._shut:
            self._shut = shut
            self._draw_tree()

    def _note_opened(self) -> None:
        page = self.patch.last
        if self.is_in_patch and page is not None and page.path == self._path and not self.view.fold(self._path):
            problem = self.view.note_opened(self._path, page, is_all=self._is_all)
            if problem:
                self._notice = f"✗ {problem}", Tone.BAD
            self._draw_tree()

    def on_patch_pane_came(self, event: PatchPane.Came) -> None:
        """A page is there, or is not: if one is in the patch, its file was opened."""
        if event.page is None:
            self._notice = f"✗ {event.problem}", Tone.BAD
        self._note_opened()
        self.draw()

    def on_patch_pane_moved(self) -> None:
        """Say where one is."""
        self.draw()

    def on_row_view_moved(self) -> None:
        """Another file is under the cursor: show it once the cursor rests."""
        if self._rest is not None:
            self._rest.stop()
        self._rest = self.set_timer(PREVIEW_S, self._preview)

    # -- rounds

    async def _learn(self) -> None:
        try:
            await asyncio.to_thread(self.view.learn_rounds)
        except OnloopError as problem:
            self._say(f"earlier rounds cannot be read: {problem.message}")
