"""What a submission changes, as a person is shown it: files in reading order, a diff within a budget, what is left."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import TYPE_CHECKING

from onloop.errors import OnloopError, UnknownThing
from onloop.gates.repository.file_changes import FileChange
from onloop.machine.flags import FLAG_WORDS, FlagKind
from onloop.machine.rules.flagging import flags_of
from onloop.machine.task import Artefact, Task
from onloop.records import Record, replace
from onloop.text import safe
from onloop.views.risk import in_reading_order, is_generated

if TYPE_CHECKING:
    from onloop.gates.repository.git import Git
    from onloop.gates.repository.mirror import Mirror
    from onloop.views.kept_patches import KeptPatches

MOST_UNSEEN = 20
"""How many files that were not shown are named, one by one."""


class Changes(Record):
    """What a submission changes, by file and as a diff within a budget; or why that is not shown.

    `content` is the digest of all that changes, whatever the commits: equal ones change the same paths between the
    same objects.
    """

    files: tuple[FileChange, ...] = ()
    diff: str = ""
    trouble: str = ""
    content: str = ""


NOT_ASKED = Changes()
"""Where nobody asked what changes."""


def changes_of(task: Task, mirror_of: Callable[[str], Mirror], since: str = "") -> Changes:
    """What the task's submission changes, read from the mirror of its repository, and not where that contradicts it.

    With `since`, an earlier commit of the task's, the files that differ from that one; their diff is then left out.
    """
    # here: whoever only looks at a list starts no git
    from onloop.gates.repository.patches import bounded_patch
    from onloop.gates.repository.provenance import check_provenance
    from onloop.gates.repository.shown import content_digest

    submission = task.submission
    if submission is None or task.origin is None:
        return NOT_ASKED
    try:
        mirror = mirror_of(task.origin)
        check_provenance(mirror, submission, task.target)
        base, head = _base_of(task, mirror, since), submission.head
        files = in_reading_order(with_flags(task, mirror.diff_stat(base, head)))
        files = _with_marks(files, mirror.git, submission.base)
        if since:
            return Changes(files)
        generated = {file.path for file in files if is_generated(file)}
        patch = bounded_patch(mirror.git, base, head, files, generated)
        return Changes(patch.files, patch.text, content=content_digest(mirror.git, base, head))
    except OnloopError as problem:
        return Changes(trouble=f"the diff cannot be shown: {problem.message}")


class PatchPage(Record):
    """Rows of one file's whole patch from number `first` on, safe to show, out of `total`; `hunk` is the first `@@`.

    `head` is the commit that it is about. `old` and `new` are the numbers that the first row's line has in the two
    files, 0 outside of a hunk, and `went_on` are the places in `rows` of those that continue the line before. While it
    `is_counting`, `total` is what there is so far. `is_slow` says that there is no room to keep it: git makes it anew
    for every page. These are given only to who asked for a page `soon`.
    """

    head: str
    path: str
    rows: tuple[str, ...]
    first: int
    total: int
    hunk: int = 0
    old: int = 0
    new: int = 0
    went_on: tuple[int, ...] = ()
    is_counting: bool = False
    is_slow: bool = False

    @property
    def following(self) -> int | None:
        """The first row of the next page; None where this is the last."""
        after = self.first + len(self.rows)
        return after if self.rows and after <= self.total else None


class PageWanted(Record):
    """Which rows of which file's patch are wanted, and how wide they may be.

    `since` is an earlier commit of the task's, with which the submitted one is compared instead of its base.
    `without_space` leaves out what only changes white space. `soon` asks for what is there while git makes the rest.
    """

    path: str
    first: int
    count: int
    columns: int
    since: str = ""
    without_space: bool = False
    soon: bool = False


def patch_page(task: Task, mirror_of: Callable[[str], Mirror], wanted: PageWanted, kept: KeptPatches) -> PatchPage:
    """A page of the patch of one file that the task's submission changes; UnknownThing names the files there are."""
    # here: whoever only looks at a list starts no git
    from onloop.gates.repository.patch_pages import PatchSource
    from onloop.gates.repository.provenance import check_provenance

    submission = task.submission
    if submission is None or task.origin is None:
        raise UnknownThing(f"{task.id} has submitted no commit", hint=f"onloop show {task.id}")
    mirror = mirror_of(task.origin)
    if wanted.first == 1 or not wanted.soon:
        check_provenance(mirror, submission, task.target)
    base, head = _base_of(task, mirror, wanted.since), submission.head
    files = kept.files(mirror.git, base, head)
    file = next((file for file in files if file.paths[-1] == wanted.path), None)
    if file is None:
        known = ", ".join(safe(file.paths[-1], _LONGEST_PATH) for file in files[:MOST_UNSEEN]) or "nothing"
        raise UnknownThing(
            f"{task.id} does not change {safe(wanted.path, _LONGEST_PATH)!r}", hint=f"it changes {known}"
        )
    source = PatchSource(base, head, file, wanted.columns, wanted.without_space)
    found = kept.page(mirror.git, source, wanted.first, wanted.count, soon=wanted.soon)
    page = PatchPage(head, wanted.path, found.rows, wanted.first, found.total, found.hunk)
    if not wanted.soon:
        return page
    old, new = found.place
    return replace(page, old=old, new=new, went_on=found.went_on, is_counting=found.is_counting, is_slow=found.is_slow)


def _base_of(task: Task, mirror: Mirror, since: str) -> str:
    """What the submission is compared with: its base, or an earlier commit that the same task has handed in."""
    if task.submission is None or not since:
        return task.submission.base if task.submission is not None else ""
    listed = mirror.git.text("for-each-ref", "--format=%(objectname)", f"refs/onloop/tasks/{task.id}/")
    if since not in listed.split("\n"):
        raise UnknownThing(f"{task.id} has handed in no {safe(since, 12)!r}", hint=f"onloop show {task.id}")
    return since


def with_flags(task: Task, files: Iterable[FileChange]) -> tuple[FileChange, ...]:
    """The files, those that are flagged before the others, and with the reason; a new test is nothing to warn of."""
    flags = tuple(flag for flag in flags_of(task) if flag.kind is not FlagKind.TEST_ADDED)
    places = {flag.path: place for place, flag in reversed(list(enumerate(flags)))}
    found = [(min(places.get(f.path, len(flags)), places.get(f.previous or "", len(flags))), f) for f in files]
    ordered = sorted(found, key=lambda pair: pair[0])
    return tuple(
        dataclasses.replace(file, flag=FLAG_WORDS[flags[place].kind]) if place < len(flags) else file
        for place, file in ordered
    )


def _with_marks(files: Sequence[FileChange], git: Git, base: str) -> tuple[FileChange, ...]:
    """The files with what the base says of them; of one that was renamed, only what it says of both its names."""
    from onloop.gates.changes.base_attributes import base_marks  # here: as above

    marks = base_marks(git, base, [path for file in files for path in (file.path, file.previous) if path])
    return tuple(
        dataclasses.replace(file, marked=said)
        if (said := marks.get(file.path, "")) and marks.get(file.previous or file.path) == said
        else file
        for file in files
    )


def budget_words(files: Sequence[FileChange]) -> str:
    """How much of the change its diff shows; empty where it shows all of it."""
    if all(file.is_whole for file in files):
        return ""
    shown = [file for file in files if file.is_whole or file.lines_shown]
    lines = sum(file.lines if file.lines_shown is None else file.lines_shown for file in files)
    counts = (
        f"shown {len(shown):,} of {len(files):,} files",
        f"{lines:,} of {sum(file.lines for file in files):,} lines",
    )
    short = sum(not file.is_whole for file in shown)
    binary = sum(file.added is None for file in files)
    words = (f"{short:,} {_files(short)} shortened" if short else "", f"{binary:,} binary" if binary else "")
    return "; ".join((", ".join(counts), *filter(None, words)))


def unseen(files: Iterable[FileChange], opened: Collection[str] = (), *, diff_shown: bool = True) -> tuple[str, ...]:
    """What of a change a person was not shown, file by file: neither by its diff nor because they `opened` it whole.

    No diff shows a binary file. After MOST_UNSEEN files, the rest is counted.
    """
    missing = [file for file in files if not (file.is_whole and diff_shown) and file.path not in opened]
    named = tuple(unseen_words(file if diff_shown else _not_shown(file)) for file in missing[:MOST_UNSEEN])
    left = len(missing) - len(named)
    return (*named, f"and {left:,} more {_files(left)}") if left else named


def handed_words(artefacts: Iterable[Artefact]) -> tuple[str, ...]:
    """Artefacts that were handed over and not shown."""
    return tuple(f"{each.name} (handed over, {each.size:,} bytes)" for each in artefacts)


def _not_shown(file: FileChange) -> FileChange:
    return dataclasses.replace(file, lines_shown=0)


def unseen_words(file: FileChange) -> str:
    """One file that was not shown whole, and how much of it was not."""
    path = file.path if len(file.path) <= _LONGEST_PATH else f"…{file.path[-_LONGEST_PATH:]}"
    if file.added is None:
        return f"{path} (binary)"
    left = file.lines - (file.lines_shown or 0)
    if not file.lines:
        return f"{path} ({file.status.value})"
    of = f" of {file.lines:,}" if file.lines_shown else ""
    return f"{path} ({left:,}{of} line{'s' if file.lines != 1 else ''})"


def _files(count: int) -> str:
    return "file" if count == 1 else "files"


_LONGEST_PATH = 200
