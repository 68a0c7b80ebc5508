"""What a commit changes, beside the sheet: its diff, its files, and each file's whole patch."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.screen import Screen

from onloop.gates.repository.file_changes import FileChange
from onloop.views.changes import PageWanted, PatchPage, budget_words
from onloop.views.dossier import Dossier
from onloop_tui.bindings import CHANGE, FILES, Key, bindings_of, key_piece
from onloop_tui.model.drawing.row_index import FlatRows
from onloop_tui.model.drawing.signs import Sign
from onloop_tui.model.drawing.text_line import Line, Tone, flowed, hanging
from onloop_tui.model.sheet.change_lines import totals
from onloop_tui.model.sheet.patch_lines import file_row, place_words, sign_of_file
from onloop_tui.model.sheet.sections import change_lines
from onloop_tui.session import Session
from onloop_tui.theme import COMPONENTS
from onloop_tui.widgets.bar import Bar
from onloop_tui.widgets.line_view import LineView
from onloop_tui.widgets.patch_view import PatchView
from onloop_tui.widgets.row_view import RowView

_CSS = """
ChangeScreen, FilesScreen, PatchScreen { layout: vertical; background: $background; }
#change-title, #change-keys { background: $panel; padding: 0 1; }
#change-body { height: 1fr; }
"""


class _Beside(Screen[None]):
    """A title, a body that scrolls, and the keys."""

    COMPONENT_CLASSES = COMPONENTS
    BINDINGS: ClassVar[list[BindingType]] = bindings_of(FILES)
    DEFAULT_CSS = _CSS
    keys: ClassVar[tuple[Key, ...]] = FILES

    def __init__(self, session: Session, dossier: Dossier) -> None:
        super().__init__()
        self.session = session
        self.dossier = dossier

    def compose(self) -> ComposeResult:
        """The title, the body, and the keys."""
        yield Bar(self.title_lines, id="change-title")
        yield self.body()
        yield Bar(self._key_lines, id="change-keys")

    def body(self) -> LineView | RowView | PatchView:
        """The part that scrolls."""
        raise NotImplementedError

    @property
    def scrolls(self) -> LineView | RowView | PatchView:
        """The part that scrolls, as it is on the screen."""
        found = self.query_one("#change-body")
        assert isinstance(found, LineView | RowView | PatchView)  # noqa: S101 - see body
        return found

    def title_lines(self, width: int) -> tuple[Line, ...]:
        """What is shown."""
        raise NotImplementedError

    def on_mount(self) -> None:
        """Show it, once the parts know their size."""
        self.scrolls.focus()
        self.call_after_refresh(self.draw)

    def on_resize(self) -> None:
        """Draw for the new width."""
        self.call_after_refresh(self.draw)

    def draw(self) -> None:
        """Draw title and keys again."""
        for bar in self.query(Bar):
            bar.renew()

    def action_back(self) -> None:
        """Esc: close it."""
        self.dismiss(None)

    def action_move(self, rows: int) -> None:
        """Rows down."""
        self.scrolls.move(rows)

    def action_page(self, direction: int) -> None:
        """A page down or up."""
        self.scrolls.page(direction)

    def action_edge(self, direction: int) -> None:
        """To the beginning or the end."""
        self.scrolls.edge(direction)

    def _key_lines(self, width: int) -> tuple[Line, ...]:
        pieces = [key_piece(key) for key in self.keys if key.footer]
        return flowed(pieces, width, 1)


class ChangeScreen(_Beside):
    """One change as the sheet shows it, for a list of decisions; whoever opens it was shown its diff."""

    BINDINGS: ClassVar[list[BindingType]] = bindings_of(CHANGE)
    keys = CHANGE

    def body(self) -> LineView:
        """The files and the diff."""
        return LineView(id="change-body")

    def title_lines(self, width: int) -> tuple[Line, ...]:
        """The task, and how large its change is."""
        words = f"{self.dossier.task.id} {self.dossier.task.repo or ''} · {totals(self.dossier.files)}"
        return hanging((), words, width, Tone.STRONG)

    def draw(self) -> None:
        """Draw the change for the width."""
        view = self.scrolls
        if isinstance(view, LineView):
            view.show(change_lines(self.dossier, view.room))
        self.session.looks.showed(self.dossier)
        super().draw()

    def action_files(self) -> None:
        """Open the list of files."""
        self.app.push_screen(FilesScreen(self.session, self.dossier))


class FilesScreen(_Beside):
    """Every file of a change, in reading order, with how much of it was shown; Enter opens one whole."""

    def body(self) -> RowView:
        """The files."""
        return RowView(id="change-body")

    @property
    def rows(self) -> RowView:
        """The files."""
        return self.query_one("#change-body", RowView)

    def on_mount(self) -> None:
        """Show the files, and begin at the first that was not shown whole."""
        super().on_mount()
        self.draw()
        first = next((file.path for file in self.dossier.files if not file.is_whole), None)
        if first is not None:
            self.rows.go_to(first)

    def title_lines(self, width: int) -> tuple[Line, ...]:
        """How much of the change the sheet shows."""
        words = budget_words(self.dossier.files) or "the sheet shows all of it"
        return hanging((), f"{self.dossier.task.id}: {totals(self.dossier.files)}; {words}", width, Tone.STRONG)

    def on_screen_resume(self) -> None:
        """Show which were opened meanwhile."""
        self.draw()

    def draw(self) -> None:
        """Draw the files again."""
        files = {file.path: file for file in self.dossier.files}
        looks = self.session.looks

        def sign(path: str) -> Sign:
            shown = looks.has_shown(self.dossier)
            return sign_of_file(files[path], looks.opened(self.dossier), diff_shown=shown)

        def row(path: str, width: int) -> Line:
            return file_row(files[path], sign(path), width)

        self.rows.show(FlatRows(tuple(files)), row, sign)
        super().draw()

    def action_go(self) -> None:
        """Enter: open the file under the cursor, whole."""
        file = next((file for file in self.dossier.files if file.path == self.rows.cursor), None)
        if file is not None:
            self.app.push_screen(PatchScreen(self.session, self.dossier, file))


class PatchScreen(_Beside):
    """One file's whole patch; once it is on the screen, the file counts as opened."""

    def __init__(self, session: Session, dossier: Dossier, file: FileChange) -> None:
        super().__init__(session, dossier)
        self._file = file
        self._problem = ""

    def body(self) -> PatchView:
        """The patch."""
        return PatchView(self._read, id="change-body")

    @property
    def view(self) -> PatchView:
        """The patch."""
        return self.query_one("#change-body", PatchView)

    def _read(self, first: int, count: int, columns: int) -> PatchPage:
        return self.session.place.pages(self.dossier.task, PageWanted(self._file.path, first, count, columns))

    def on_patch_view_came(self, event: PatchView.Came) -> None:
        """A page is there: the file was opened, if it is still of the commit that the sheet shows."""
        submission, page = self.dossier.task.submission, event.page
        self._problem = event.problem
        if page is not None and submission is not None and page.head == submission.head:
            self.session.looks.open(self.dossier, self._file.path)
        elif page is not None:
            self._problem = f"this is of {page.head[:12]}, which was submitted since: read the sheet again"
        self.draw()

    def title_lines(self, width: int) -> tuple[Line, ...]:
        """The file, and where in it one is."""
        page = self.view.last
        place = place_words(page, self.view.top, self.view.size.height) if page is not None else "reading …"
        told = hanging((), f"✗ {self._problem}", width, Tone.BAD) if self._problem else ()
        return (*hanging((), f"{self._file.path} of {self.dossier.task.id} · {place}", width, Tone.STRONG), *told)

    def action_move(self, rows: int) -> None:
        """Rows down."""
        super().action_move(rows)
        self.call_after_refresh(self.draw)

    def action_page(self, direction: int) -> None:
        """A page down or up."""
        super().action_page(direction)
        self.call_after_refresh(self.draw)

    def action_edge(self, direction: int) -> None:
        """To the beginning or the end."""
        super().action_edge(direction)
        self.call_after_refresh(self.draw)
