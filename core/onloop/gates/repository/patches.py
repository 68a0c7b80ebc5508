"""The patch between two commits within a budget: each file gets its share, and what is left out is counted.

Patches are computed from objects alone: no attributes, no textconv, no replacements.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

from onloop.gates.repository.file_changes import LITERAL, SHOWN, FileChange, RawChange, Status, raw_changes

if TYPE_CHECKING:  # code that only shows changes does not load git
    from onloop.gates.repository.git import Git

_ALONE = 40
"""How many large files are looked into; each takes a run of git."""
_AT_ONCE = 500
FORMAT = ("--patch", "-M", "--full-index", "--submodule=short", "--src-prefix=a/", "--dst-prefix=b/")
HEADER = "diff --git "


@dataclass(frozen=True, slots=True)
class PatchBudget:
    """How many lines of a patch are shown: in all, of a file, and of a file that a program wrote; and of its bytes.

    No file gets less than `least` while there are lines left.
    """

    lines: int = 3_000
    of_file: int = 400
    of_generated: int = 40
    least: int = 20
    bytes: int = 200_000
    bytes_of_file: int = 32_000


@dataclass(frozen=True, slots=True)
class BoundedPatch:
    """A patch within a budget, its files in the order asked for, each with how many of its lines are shown."""

    files: tuple[FileChange, ...]
    text: str


class _Section(NamedTuple):
    """One file's part of a patch; not `complete` where git was stopped before its end."""

    rows: tuple[str, ...]
    complete: bool


def bounded_patch(
    git: Git,
    base: str,
    head: str,
    files: Sequence[FileChange],
    generated: Collection[str] = (),
    budget: PatchBudget | None = None,
) -> BoundedPatch:
    """The patch of these files, in their order, as far as the budget goes. What programs wrote is cut shortest.

    So nobody can hide a line behind a file that is too long to show, and a file that is cut says so.
    """
    budget = budget or PatchBudget()
    sections = _sections(git, base, head, files, budget)
    most = [budget.of_generated if file.path in generated else budget.of_file for file in files]
    wanted = [min(most[place], _height(sections.get(file.path))) for place, file in enumerate(files)]
    shown: list[FileChange] = []
    texts: list[str] = []
    room = budget.bytes
    for file, share in zip(files, shares(wanted, budget.lines, budget.least), strict=True):
        text, told = _trimmed(file, sections.get(file.path), share, min(room, budget.bytes_of_file))
        room -= len(text)
        shown.append(told)
        texts.append(text)
    return BoundedPatch(tuple(shown), "".join(texts))


def shares(wanted: Sequence[int], total: int, least: int) -> tuple[int, ...]:
    """What each gets of `total`: what small ones leave goes to the others, equally, but no less than `least` each.

    Where there is not enough for that, the first get it.
    """
    level, left = 0, total
    for place, want in enumerate(sorted(wanted)):
        level = left // (len(wanted) - place)
        if want > level:
            break
        left -= want
        level = max(level, want)
    level, left, given = max(level, least), total, []
    for want in wanted:
        given.append(min(want, level, left))
        left -= given[-1]
    return tuple(given)


def _height(section: _Section | None) -> int:
    return len(section.rows) if section is not None else 0


def _trimmed(file: FileChange, section: _Section | None, lines: int, room: int) -> tuple[str, FileChange]:
    """As much of a file's section as fits, with a last line that says what is missing."""
    if section is None or lines == 0:
        return "", replace(file, lines_shown=0)
    rows: list[str] = []
    for row in section.rows[:lines]:
        room -= len(row) + 1
        if room < 0:
            break
        rows.append(row)
    if len(rows) == len(section.rows) and section.complete:
        return "".join(f"{row}\n" for row in rows), file
    if not rows:
        return "", replace(file, lines_shown=0)
    told = replace(file, lines_shown=min(_changed(rows), file.lines))
    return "".join(f"{row}\n" for row in (*rows, shortened_words(told))), told


def shortened_words(file: FileChange) -> str:
    """The line at the end of a section that is cut; no line of git's begins like it."""
    return f"[shortened: {file.lines_shown or 0:,} of {file.lines:,} changed lines are shown]"


def _changed(rows: Sequence[str]) -> int:
    inside, count = False, 0
    for row in rows:
        inside = row.startswith("@@") or (inside and not row.startswith(HEADER))
        count += inside and row[:1] in {"+", "-"}
    return count


def _sections(
    git: Git, base: str, head: str, files: Sequence[FileChange], budget: PatchBudget
) -> Mapping[str, _Section]:
    """The patch of each file by its path: read at once, and where that is too long, small files before large ones."""
    found = _read(git, base, head, (), 8 * budget.bytes)
    if all(file.path in found and found[file.path].complete for file in files):
        return found
    sizes = _sizes(git, base, head)
    small = [file for file in files if sizes.get(file.path, 0) <= budget.bytes_of_file][: budget.lines]
    for first in range(0, len(small), _AT_ONCE):
        some = small[first : first + _AT_ONCE]
        found |= _read(git, base, head, [path for file in some for path in paths_of(file)], 8 * budget.bytes)
    missing = [file for file in files if file.path not in found or not found[file.path].complete]
    for file in missing[:_ALONE]:
        alone = _read(git, base, head, paths_of(file), 2 * budget.bytes_of_file)
        found |= {path: section for path, section in alone.items() if path == file.path}
    return found


def paths_of(file: FileChange) -> tuple[str, ...]:
    """The paths under which git finds the change of a file: of a renamed one, both."""
    return (file.previous, file.path) if file.previous else (file.path,)


def _read(git: Git, base: str, head: str, paths: Sequence[str], max_bytes: int) -> dict[str, _Section]:
    """The patches under these paths. Paths in a patch are quoted, so they are told by their place in git's own list."""
    raws = raw_changes(git, base, head, tuple(paths))
    words = (*FORMAT, *SHOWN, "--end-of-options", base, head, "--", *paths)
    output = git.run("diff-tree", "-r", *words, max_bytes=max_bytes, variables=LITERAL)
    parts = list(_split(output.stdout.decode("utf-8", "backslashreplace")))
    owners = [raw for raw in raws for _ in range(2 if raw.status is Status.RETYPED else 1)]
    if len(parts) > len(owners) or (len(parts) < len(owners) and not output.cut):
        return {}  # git's list and its patch tell of different files: none of it is shown
    found: dict[str, _Section] = {}
    for place, rows in enumerate(parts):
        path = owners[place].paths[-1]
        before = found.get(path, _Section((), complete=True))
        found[path] = _Section((*before.rows, *rows), not (output.cut and place == len(parts) - 1))
    return _without_half(found, owners, len(parts))


def _without_half(found: dict[str, _Section], owners: Sequence[RawChange], count: int) -> dict[str, _Section]:
    """The same; what was cut between the two sections of a file that changed its type is not complete."""
    if 0 < count < len(owners) and owners[count - 1] is owners[count]:
        path = owners[count].paths[-1]
        found[path] = found[path]._replace(complete=False)
    return found


def _split(patch: str) -> Iterator[tuple[str, ...]]:
    """The rows of each file's section; no line of content begins as a section does."""
    rows: list[str] = []
    for row in patch.removesuffix("\n").split("\n") if patch else ():
        if row.startswith(HEADER) and rows:
            yield tuple(rows)
            rows = []
        rows.append(row)
    if rows:
        yield tuple(rows)


def _sizes(git: Git, base: str, head: str) -> Mapping[str, int]:
    """The size in bytes of the larger of each changed file's two objects."""
    raws = raw_changes(git, base, head)
    ids = "".join(f"{one}\n" for raw in raws for one in raw.ids).encode()
    listed = git.run("cat-file", "--batch-check=%(objectsize)", stdin=ids).text.split("\n")
    sizes = [int(word) if word.isdecimal() else 0 for word in listed]
    return {raw.paths[-1]: max(sizes[2 * n : 2 * n + 2], default=0) for n, raw in enumerate(raws)}
