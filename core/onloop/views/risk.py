"""Rules that say which changed files deserve the first look and which the last, by path or kind, never by content."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from onloop.gates.repository.file_changes import FileChange, FileKind, Status
from onloop.machine.flags import FLAG_WORDS, FlagKind


def _path(pattern: str) -> Callable[[FileChange], bool]:
    expression = re.compile(pattern, re.IGNORECASE)
    return lambda change: any(expression.search(path) for path in (change.path, change.previous) if path)


_TEST = re.compile(r"(^|/)(tests?|spec|__tests__)/|(^|/)test_[^/]*$|_test\.\w+$|\.(test|spec)\.\w+$", re.IGNORECASE)


def _is_test(path: str | None) -> bool:
    return path is not None and _TEST.search(path) is not None


def _test_gone(change: FileChange) -> bool:
    moved_out = change.previous is not None and _is_test(change.previous) and not _is_test(change.path)
    return moved_out or (change.status is Status.DELETED and _is_test(change.path))


def _test_shrinks(change: FileChange) -> bool:
    return _is_test(change.path) and (change.removed or 0) > (change.added or 0)


PINS = "pins dependencies"
OTHERS = "is somebody else's code"
_LOCK = r"(^|/)([\w.-]*\.lock|[\w.-]*lock\.(json|ya?ml)|go\.sum|npm-shrinkwrap\.json)$"
_FLAGGED = "decides what the gates said"
_RULES: Sequence[tuple[Callable[[FileChange], bool], str]] = (
    (lambda change: bool(change.flag), _FLAGGED),
    (_test_gone, "a test is removed"),
    (
        _path(
            r"^\.github/(workflows|actions)/|(^|/)(\.gitlab-ci|\.travis|azure-pipelines|bitbucket-pipelines)\.ya?ml$"
            r"|^\.(circleci|buildkite|ci|woodpecker)/|(^|/)Jenkinsfile"
        ),
        "runs in CI",
    ),
    (_path(r"(^|/)\.onloop/|(^|/)workflows?/[^/]*\.ya?ml$"), "says what the gates are"),
    (
        _path(
            r"(^|/)(AGENTS|CLAUDE|GEMINI)(\.local)?\.md$|(^|/)\.(claude|cursor|codex|gemini)/|(^|/)\.cursorrules$"
            r"|(^|/)copilot-instructions\.md$|(^|/)\.mcp\.json$"
        ),
        "instructs agents",
    ),
    (
        _path(r"(^|/)\.?(git)?hooks/|(^|/)\.husky/|(^|/)\.pre-commit-config\.yaml$|(^|/)lefthook\.ya?ml$"),
        "runs on commits",
    ),
    (_path(r"(^|/)\.git(attributes|modules|ignore)$"), "changes how git sees files"),
    (_path(r"(^|/)(site|user)customize\.py$|\.pth$"), "runs whenever Python starts"),
    (
        _path(
            r"(^|/)(conftest\.py|pytest\.ini|tox\.ini|setup\.cfg|noxfile\.py|\.coveragerc)$"
            r"|(^|/)(jest|vitest|karma|playwright)\.config\.\w+$"
        ),
        "configures the tests",
    ),
    (_path(r"(^|/)\.env(\.|$)|\.(pem|key|p12|pfx)$|(^|/)id_(rsa|ed25519|ecdsa)$|(^|/)\.netrc$"), "may hold secrets"),
    (lambda change: change.kind is FileKind.SYMLINK, "is a symbolic link"),
    (lambda change: change.kind is FileKind.SUBMODULE, "is another repository"),
    (lambda change: change.kind is FileKind.EXECUTABLE and change.status is not Status.MODIFIED, "becomes a program"),
    (
        _path(rf"{_LOCK}|(^|/)[\w.-]*requirements[\w.-]*\.txt$"),
        PINS,
    ),
    (
        _path(
            r"(^|/)(pyproject\.toml|setup\.py|package\.json|Cargo\.toml|go\.mod|Gemfile|pom\.xml|[\w.]*build\.gradle(\.kts)?"
            r"|CMakeLists\.txt|Makefile|justfile|Dockerfile[\w.]*|[\w.-]*compose[\w.-]*\.ya?ml)$"
        ),
        "says how it is built",
    ),
    (_path(r"(^|/)migrations?/"), "changes stored data"),
    (_test_shrinks, "a test loses lines"),
    (lambda change: change.added is None, "is binary: there is no diff to read"),
    (_path(r"(^|/)(vendor|third_party|node_modules)/"), OTHERS),
)


def risk_of(change: FileChange) -> str | None:
    """Why this file deserves the first look, in words; None if no rule applies."""
    if change.flag:
        return change.flag
    return next((words for fits, words in _RULES if fits(change)), None)


def in_reading_order(files: Iterable[FileChange]) -> tuple[FileChange, ...]:
    """The files by rule, then as given; code that programs write after other code, then prose, then lock files.

    What is left out is what comes last, so that no name puts code behind what nobody runs.
    """
    ranked = ((_weight(file), _rank(file), place, file) for place, file in enumerate(files))
    return tuple(file for *_, file in sorted(ranked, key=lambda each: each[:3]))


def _weight(change: FileChange) -> int:
    if risk_of(change) not in _MAY_BE_GENERATED:
        return 0
    if _WRITTEN_DATA.search(change.path):
        return 3
    if _PROSE.search(change.path) and change.kind is not FileKind.EXECUTABLE:
        return 2
    return 1 if _WRITTEN_CODE.search(change.path) else 0


def is_generated(change: FileChange) -> bool:
    """Whether a program writes the file, by its name; never for one that another rule wants read first."""
    is_written = _WRITTEN_DATA.search(change.path) or _WRITTEN_CODE.search(change.path)
    return risk_of(change) in _MAY_BE_GENERATED and is_written is not None


def may_be_folded(change: FileChange) -> bool:
    """Whether nothing asks for a look at the file but its size: what is flagged, or risky by its name, never may."""
    return not change.flag and risk_of(change) in {None, PINS, OTHERS}


def _rank(change: FileChange) -> int:
    return next((place for place, (fits, _) in enumerate(_RULES) if fits(change)), len(_RULES))


_WRITTEN_DATA = re.compile(rf"{_LOCK}|\.(js|css)\.map$|\.snap$", re.IGNORECASE)
_WRITTEN_CODE = re.compile(
    r"\.min\.(js|css)$|_pb2(_grpc)?\.pyi?$|\.pb\.go$|(^|/)(dist|generated|__generated__)/", re.IGNORECASE
)
_PROSE = re.compile(r"\.(md|rst|adoc|txt)$", re.IGNORECASE)
_MAY_BE_GENERATED = frozenset({None, PINS, FLAG_WORDS[FlagKind.DEPENDENCIES]})
