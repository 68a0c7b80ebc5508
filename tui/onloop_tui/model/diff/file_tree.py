"""The files of a change as a tree: folders with one child are one row with it, and what deserves a look comes first."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field

from onloop.gates.repository.file_changes import FileChange
from onloop.views.risk import risk_of
from onloop.views.work_warnings import WorkWarning
from onloop_tui.model.drawing.signs import Sign
from onloop_tui.model.drawing.terminal_text import safe
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, spread
from onloop_tui.model.drawing.warning_lines import warning_mark, warning_text
from onloop_tui.model.sheet.change_lines import LONGEST_PATH, counts_words, shown_words

DEEPEST = 24
"""Folders below that depth are part of the name."""
_ROOMY, _SIGN = 70, 11
_DEEPEST_INDENT = 12


@dataclass(frozen=True, slots=True)
class TreeRow:
    """A folder, or a file; `row_id` is its path, which ends with a slash where it is a folder."""

    row_id: str
    name: str
    depth: int
    files: tuple[FileChange, ...]
    is_shut: bool = False

    @property
    def file(self) -> FileChange | None:
        """The file, where it is one."""
        return None if self.row_id.endswith("/") else self.files[0]


@dataclass(slots=True)
class _Folder:
    name: str
    folders: dict[str, _Folder] = field(default_factory=dict)
    parts: list[_Folder | FileChange] = field(default_factory=list)

    def files(self) -> Iterator[FileChange]:
        for part in self.parts:
            if isinstance(part, _Folder):
                yield from part.files()
            else:
                yield part


def tree_rows(files: Sequence[FileChange], shut: Collection[str] = ()) -> tuple[TreeRow, ...]:
    """The rows from top to bottom, by the order in which the files are read; not those below folders in `shut`."""
    return tuple(_rows(_planted(files), "", 0, frozenset(shut)))


def in_tree_order(files: Sequence[FileChange]) -> tuple[FileChange, ...]:
    """The files as they follow each other in the tree."""
    return tuple(_planted(files).files())


def _planted(files: Sequence[FileChange]) -> _Folder:
    root = _Folder("")
    for file in {file.path: file for file in files}.values():
        here = root
        for name in file.path.split("/", DEEPEST)[:-1]:
            if name not in here.folders:
                here.folders[name] = _Folder(name)
                here.parts.append(here.folders[name])
            here = here.folders[name]
        here.parts.append(file)
    return root


def _rows(folder: _Folder, path: str, depth: int, shut: frozenset[str]) -> Iterator[TreeRow]:
    for part in folder.parts:
        if not isinstance(part, _Folder):
            yield TreeRow(part.path, part.path.removeprefix(path), depth, (part,))
            continue
        name = part.name
        while len(part.parts) == 1 and isinstance(only := part.parts[0], _Folder):
            part, name = only, f"{name}/{only.name}"
        whole = f"{path}{name}/"
        is_shut = whole in shut
        yield TreeRow(whole, f"{name}/", depth, tuple(part.files()), is_shut)
        if not is_shut:
            yield from _rows(part, whole, depth + 1, shut)


def tree_line(row: TreeRow, sign_of: Callable[[FileChange], Sign], folded: str, width: int) -> Line:
    """A row of the tree: how much was read, whether it deserves a look, its name, its size; then why, as there is room.

    `folded` says why its patch is folded.
    """
    indent = Span(" " * min(2 * row.depth, _DEEPEST_INDENT))
    if row.file is None:
        risky = sum(risk_of(file) is not None for file in row.files)
        mark = warning_mark(WorkWarning.LOOK_FIRST, "look" if risky and row.is_shut else None)
        shape = Span("▸ " if row.is_shut else "▾ ", Tone.DIM)
        told = f"{len(row.files)} files" if row.is_shut else ""
        name = Span(safe(row.name, LONGEST_PATH), Tone.UNTRUSTED)
        return fitted((_blank(width), mark, indent, shape, name, Span(f"  {told}", Tone.DIM)), width)
    sign, risk = sign_of(row.file), risk_of(row.file)
    shown = sign.span(_SIGN) if width >= _ROOMY else Span(f"{sign.shape} ", sign.tone)
    mark = warning_mark(WorkWarning.LOOK_FIRST, risk)
    name = Span(safe(row.name, LONGEST_PATH), Tone.UNTRUSTED)
    left = (shown, mark, indent, name)
    if width < _ROOMY:
        return spread(left, (Span(_size_words(row.file), Tone.DIM),), width)
    cut = f"  {shown_words(row.file)}" if row.file.lines_shown is not None else ""
    why = (Span("  "), *warning_text(WorkWarning.LOOK_FIRST, risk)) if risk else ()
    fold = (Span(f"  folded: {folded}", Tone.DIM),) if folded else ()
    return fitted((*left, Span(f"  {counts_words(row.file)}{cut}"), *why, *fold), width)


def _blank(width: int) -> Span:
    return Span(" " * (_SIGN if width >= _ROOMY else 2))


def _size_words(file: FileChange) -> str:
    return "binary" if file.added is None else f"+{file.added} −{file.removed}"
