"""What a person writes about lines of a change: kept until they leave, and put into the reason of a rejection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from onloop.machine.task import Task
from onloop.text import safe
from onloop_tui.model.diff.patch_row import PatchRow, RowKind
from onloop_tui.model.sheet.change_lines import LONGEST_PATH

MOST = 200
"""The most comments on one commit."""
LONGEST = 1_000
"""The most characters of one."""


@dataclass(frozen=True, slots=True)
class LineComment:
    """Words about a line of a file; `is_old` if the line is one that was removed, `row` is its row in the patch."""

    path: str
    line: int
    words: str
    is_old: bool = False
    row: int = 0

    @property
    def place(self) -> str:
        """The file and the line."""
        line = f":{self.line}" if self.line else ""
        return f"{safe(self.path, LONGEST_PATH)}{line}"

    @property
    def told(self) -> str:
        """The comment as the agent reads it: file, line, words."""
        return f"{self.place}:{' (removed)' if self.is_old else ''} {self.words}"


def comment_on(path: str, row: PatchRow, words: str) -> LineComment:
    """A comment on a row; one on a header is on the file."""
    return LineComment(path, row.line, words, row.kind is RowKind.REMOVED, row.number)


_Key = tuple[str, str]


class LineComments:
    """The comments of one run of the dashboard, by task and commit: on another commit, lines are others."""

    def __init__(self) -> None:
        self._kept: dict[_Key, dict[tuple[str, int, bool], LineComment]] = {}
        self._placed: dict[_Key, frozenset[str]] = {}

    def put(self, task: Task, comment: LineComment) -> str:
        """Keep it in the place of the one on the same line, which empty words remove; what is wrong, if anything is."""
        here = self._kept.setdefault(_key(task), {})
        place = comment.path, comment.line, comment.is_old
        if not comment.words.strip():
            here.pop(place, None)
        elif len(comment.words) > LONGEST:
            return f"a comment takes at most {LONGEST:,} characters, and this has {len(comment.words):,}"
        elif place not in here and len(here) >= MOST:
            return f"a commit takes at most {MOST} comments; reject it with those"
        else:
            here[place] = comment
        return ""

    def of(self, task: Task) -> Sequence[LineComment]:
        """The comments on what the task has submitted, in the order of files and lines."""
        found = self._kept.get(_key(task), {}).values()
        return sorted(found, key=lambda each: (each.path, each.line, each.is_old))

    def on(self, task: Task, path: str) -> Mapping[tuple[int, bool], LineComment]:
        """The comments on one file, by line and whether it is one that was removed."""
        return {(each.line, each.is_old): each for each in self.of(task) if each.path == path}

    def placed_in(self, task: Task, reason: str) -> str:
        """The reason with the comments that were not in it yet; those that the person took out stay out."""
        told = [each.told for each in self.of(task)]
        before = self._placed.get(_key(task), frozenset())
        self._placed[_key(task)] = frozenset(told)
        fresh = [words for words in told if words not in before and words not in reason]
        return "\n".join(filter(None, (reason.rstrip("\n"), *fresh)))

    def added_to(self, task: Task, reason: str) -> str:
        """The reason with all comments on what the task has submitted."""
        told = [each.told for each in self.of(task) if each.told not in reason]
        return "\n".join(filter(None, (reason.rstrip("\n"), *told)))

    def sent(self, task: Task) -> None:
        """They reached the agent."""
        self._kept.pop(_key(task), None)
        self._placed.pop(_key(task), None)


def _key(task: Task) -> _Key:
    return task.id, task.submission.head if task.submission is not None else ""
