"""Changed paths that can influence a verdict on the change, each with the reason."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from onloop.machine.limits import Path
from onloop.records import Record


class FlagKind(StrEnum):
    """Why a changed path matters to a verdict, worst first."""

    SHADOW = "shadow"
    PLUGIN = "plugin"
    REACHES = "reaches"
    COMMAND = "command"
    LEADS_OUT = "leads_out"
    OPENED = "opened"
    CONFIGURATION = "configuration"
    TEST_DELETED = "test_deleted"
    TEST_CHANGED = "test_changed"
    TEST_ADDED = "test_added"
    BUILD = "build"
    DEPENDENCIES = "dependencies"
    CI = "ci"


TESTS = frozenset({FlagKind.TEST_DELETED, FlagKind.TEST_CHANGED, FlagKind.TEST_ADDED})
"""The kinds that concern test files."""

FLAG_WORDS: Mapping[FlagKind, str] = {
    FlagKind.SHADOW: "takes the place of a standard module or of the test runner",
    FlagKind.PLUGIN: "runs inside the interpreter or the test runner",
    FlagKind.REACHES: "is no test, and names the test runner or ends its process",
    FlagKind.COMMAND: "is run by a gate's own command",
    FlagKind.LEADS_OUT: "is a symbolic link that leads out of the repository",
    FlagKind.OPENED: "runs programs for whoever opens its folder",
    FlagKind.CONFIGURATION: "configures the tests",
    FlagKind.TEST_DELETED: "a test file is deleted",
    FlagKind.TEST_CHANGED: "a test file is changed",
    FlagKind.TEST_ADDED: "a test file is new",
    FlagKind.BUILD: "says how it is built or run",
    FlagKind.DEPENDENCIES: "says what is installed",
    FlagKind.CI: "runs in CI, or says who owns what",
}
"""Each kind in words, for after the path."""

BESIDE = frozenset({FlagKind.TEST_ADDED, FlagKind.CI, FlagKind.LEADS_OUT, FlagKind.OPENED})
"""The kinds that a person is shown, and that change nothing of how the work was judged, such as new tests."""

_RANK = {kind: rank for rank, kind in enumerate(FlagKind)}
_MOST_NAMED = 6
_LONGEST_PATH = 120


class Flag(Record):
    """A changed path that influences what a gate says of the change."""

    path: Path
    kind: FlagKind


def in_order(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    """Each flag once, the worst kind first, then by path."""
    return tuple(sorted(set(flags), key=lambda flag: (_RANK[flag.kind], flag.path)))


def flag_words(flags: Iterable[Flag]) -> str:
    """The worst of the flags by path and kind, and how many more there are; the paths are foreign text."""
    ordered = in_order(flags)
    named = [f"{flag.path[:_LONGEST_PATH]} ({FLAG_WORDS[flag.kind]})" for flag in ordered[:_MOST_NAMED]]
    left = len(ordered) - len(named)
    return ", ".join((*named, f"and {left} more") if left else named)


def judging(flags: Iterable[Flag]) -> tuple[Flag, ...]:
    """The flags of what was changed and decides what a gate says, the worst first."""
    return tuple(flag for flag in in_order(flags) if flag.kind not in BESIDE)


def of_kind(flags: Iterable[Flag], kind: FlagKind) -> tuple[Flag, ...]:
    """The flags of one kind, by path."""
    return tuple(flag for flag in in_order(flags) if flag.kind is kind)


def flagged_clauses(flags: Iterable[Flag]) -> tuple[str, ...]:
    """What a flagged change does, each as the end of a sentence that begins with `it`; nothing without flags."""
    every = in_order(flags)
    kinds = (
        ("changes what judged it", judging(every)),
        ("leads out of the repository", of_kind(every, FlagKind.LEADS_OUT)),
        ("runs programs for whoever opens a folder", of_kind(every, FlagKind.OPENED)),
        ("adds tests", of_kind(every, FlagKind.TEST_ADDED)),
        ("changes what CI does", of_kind(every, FlagKind.CI)),
    )
    return tuple(f"{clause}: {flag_words(found)}" for clause, found in kinds if found)
