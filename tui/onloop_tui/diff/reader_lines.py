"""The title of the reader: the change, the file in hand, where in it one is, and what is hidden."""

from __future__ import annotations

from onloop.gates.repository.file_changes import FileChange
from onloop.views.changes import PatchPage
from onloop_tui.diff.change_in_view import ChangeInView
from onloop_tui.model.drawing.text_line import Line, Span, Tone, hanging
from onloop_tui.model.sheet.patch_lines import place_words


def reader_title(
    view: ChangeInView,
    file: FileChange | None,
    page: PatchPage | None,
    window: tuple[int, int],
    alike: int,
    notice: tuple[str, Tone],
    width: int,
) -> tuple[Line, ...]:
    """The lines above files and patch; `window` is the first row in sight and how many there are."""
    same = f" · the same in {alike} tasks of the row" if alike > 1 else ""
    comments = view.comment_count
    said = f" · ✎ {comments}, which a rejection takes along" if comments else ""
    words, tone = notice
    told = hanging((), words, width, tone) if words else ()
    return (
        *hanging((), f"{view.words()}{same}{said}", width, Tone.STRONG),
        *((_file_line(view, file, page, window),) if file is not None else ()),
        *told,
    )


def _file_line(view: ChangeInView, file: FileChange, page: PatchPage | None, window: tuple[int, int]) -> Line:
    sign = view.sign(file)
    if fold := view.fold(file.path):
        place = f"folded: {fold}"
    elif page is None:
        place = "reading …"
    elif not page.total and not page.is_counting:
        place = "only white space changes here" if view.without_space else "nothing to show"
    else:
        place = place_words(page, window[0] - 1, window[1]) + (" so far" if page.is_counting else "")
        place += "; no room to keep them: each page takes as long as all" if page.is_slow else ""
    hidden = " · white space left out" if view.without_space else ""
    return (sign.span(), Span(f"  {view.name(file.path)}", Tone.UNTRUSTED), Span(f" · {place}{hidden}"))
