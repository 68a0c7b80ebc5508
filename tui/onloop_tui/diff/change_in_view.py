"""A change as somebody reads it: what it is compared with, its files, which are folded, and how rows of it are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial

from onloop.errors import OnloopError
from onloop.gates.repository.file_changes import FileChange
from onloop.text import safe
from onloop.views.changes import PageWanted, PatchPage, budget_words
from onloop.views.dossier import Dossier
from onloop_tui.model.diff.comparisons import WHOLE, Comparison, comparisons
from onloop_tui.model.diff.file_tree import in_tree_order
from onloop_tui.model.diff.finding import HitRow, Sought, next_found
from onloop_tui.model.diff.folded_files import fold_reason
from onloop_tui.model.diff.line_comments import LineComment
from onloop_tui.model.drawing.signs import Sign
from onloop_tui.model.sheet.change_lines import totals
from onloop_tui.model.sheet.patch_lines import sign_of_file
from onloop_tui.session import Session

WIDEST = 4_000
"""How wide a row may be that a search or another program gets."""
MOST_HANDED = 32 * 1_048_576
"""The characters of a patch that another program gets."""

ReadPage = Callable[[int, int, int], PatchPage]
"""Reads rows of a patch: the first, how many, and how wide they may be."""


class ChangeInView:
    """One task's change for one reader; what reads is made here and called in threads."""

    def __init__(self, session: Session, dossier: Dossier, looked_at: str = "") -> None:
        self._session, self.dossier, self._looked_at = session, dossier, looked_at
        self._unfolded: set[str] = set()
        self._known: Mapping[str, Sequence[FileChange]] = {"": dossier.files}
        self.comparisons: tuple[Comparison, ...] = (WHOLE,)
        self.comparison = WHOLE
        self.without_space = False

    @property
    def files(self) -> tuple[FileChange, ...]:
        """The files in the order of the tree."""
        return in_tree_order(self._known.get(self.comparison.since, ()))

    def file(self, path: str | None) -> FileChange | None:
        """The file with that path."""
        return next((file for file in self.files if file.path == path), None)

    def step(self, path: str | None, step: int) -> FileChange | None:
        """The next (1) or the previous (-1) file; None at the end."""
        paths = [file.path for file in self.files]
        at = paths.index(path) + step if path in paths else 0
        return self.files[at] if 0 <= at < len(paths) else None

    # -- what was shown

    @property
    def shows_all(self) -> bool:
        """Whether what is read now is all that the submission changes, and nothing is hidden."""
        return self.comparison is WHOLE and not self.without_space

    def note_opened(self, path: str, page: PatchPage, *, is_all: bool) -> str:
        """A patch is read: its file counts as opened, if it was shown with all in it; else what is wrong with it."""
        work = self.dossier.task.submission
        if work is None or page.head != work.head:
            return f"this is of {page.head[:12]}, which was submitted since: read the sheet again"
        if is_all and not self.fold(path):
            self._session.looks.open(self.dossier, path)
        return ""

    def sign(self, file: FileChange) -> Sign:
        """How much of a file was shown."""
        looks = self._session.looks
        return sign_of_file(file, looks.opened(self.dossier), diff_shown=looks.has_shown(self.dossier))

    def fold(self, path: str) -> str:
        """Why the patch of that file is folded; empty if it is not."""
        file = self.file(path)
        return fold_reason(file) if file is not None and path not in self._unfolded else ""

    def unfold(self, path: str) -> None:
        """Somebody wants to see it."""
        self._unfolded.add(path)

    # -- comments

    def comments(self, path: str) -> Mapping[tuple[int, bool], LineComment]:
        """What was said about lines of a file; lines of another comparison are other lines."""
        return self._session.comments.on(self.dossier.task, path) if self.comparison is WHOLE else {}

    def comment(self, comment: LineComment) -> str:
        """Keep a comment; what is wrong with it, if anything is."""
        return self._session.comments.put(self.dossier.task, comment)

    @property
    def comment_count(self) -> int:
        """How many comments there are on the change."""
        return len(self._session.comments.of(self.dossier.task))

    # -- reading, in threads

    def reading(self, path: str) -> ReadPage:
        """What reads rows of the patch of a file as it is to be shown now, whatever is chosen later."""
        return partial(self._read, self.comparison.since, self.without_space, path)

    def _read(self, since: str, without_space: bool, path: str, first: int, count: int, columns: int) -> PatchPage:
        wanted = PageWanted(path, first, count, columns, since, without_space, soon=True)
        return self._session.place.pages(self.dossier.task, wanted)

    def finding(self, path: str, row: int, step: int, text: str, columns: int) -> Callable[[], HitRow]:
        """What finds the next row with the text, or the next hunk, in rows of that width."""
        read = partial(self._read, self.comparison.since, self.without_space)
        paths = tuple(file.path for file in self.files)

        def read_rows(path: str, first: int, count: int) -> PatchPage:
            return read(path, first, count, columns)

        return partial(next_found, paths, path, row, step, Sought(text), read_rows)

    @staticmethod
    def whole_text(read: ReadPage) -> str:
        """A whole patch as text, safe to show; what is too long says so at its end."""
        rows: list[str] = []
        room, first = MOST_HANDED, 1
        while room > 0:
            page = read(first, 2_000, WIDEST)
            rows += page.rows
            room -= sum(map(len, page.rows))
            first += len(page.rows)
            if not page.is_counting and (not page.rows or first > page.total):
                return "\n".join(rows)
        return "\n".join((*rows, f"[the rest is left out: more than {MOST_HANDED:,} characters]"))

    def learn_rounds(self) -> None:
        """Find out with what it can be compared."""
        task = self.dossier.task
        self.comparisons = comparisons(task, self._session.place.rounds(task.id), self._looked_at)

    def compared(self, step: int) -> Comparison:
        """The comparison after this one, or before it, round and round."""
        at = self.comparisons.index(self.comparison) if self.comparison in self.comparisons else 0
        return self.comparisons[(at + step) % len(self.comparisons)]

    def learn_files(self, wanted: Comparison) -> str:
        """Find out which files differ from that; what is wrong, if it cannot be."""
        if wanted.since not in self._known:
            try:
                found = self._session.place.since(self.dossier.task, wanted.since)
            except OnloopError as problem:
                return f"{problem.message}; {problem.hint}"
            if found.trouble:
                return found.trouble
            self._known = {**self._known, wanted.since: found.files}
        return ""

    # -- words

    def words(self) -> str:
        """What is read: the task, the size of the change, how much of it the sheet shows."""
        task, files = self.dossier.task.id, self.files
        if self.comparison is not WHOLE:
            return f"{task}: {totals(files)} {self.comparison.words}"
        shown = budget_words(files) or "the sheet shows all of it"
        return f"{task}: {totals(files)}; {shown}"

    def name(self, path: str) -> str:
        """A path for a title."""
        return safe(path, 200)
