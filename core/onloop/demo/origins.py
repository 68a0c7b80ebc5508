"""The demo's origins: a bare repository for each program, with a history by several authors."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from onloop.demo import programs
from onloop.demo.demo_git import git
from onloop.records import Record

BRANCH = "main"

_PEOPLE = (
    "Mara Lindqvist <mara@example.org>",
    "Kofi Mensah <kofi@example.org>",
    "Yuki Tanabe <yuki@example.org>",
    "Pilar Ortega <pilar@example.org>",
    "Jonas Weber <jonas@example.org>",
)
_FIRST_COMMIT = 1_756_108_800  # 25 August 2025, 08:00 UTC
_DAY = 24 * 60 * 60


class Origin(Record):
    """A program's bare repository, and a description of the program in one line."""

    name: str
    path: Path
    about: str


class _Commit(Record):
    message: str
    author: str
    at: int
    files: Mapping[str, str]


def make_origins(folder: Path, names: Sequence[str]) -> tuple[Origin, ...]:
    """The origins of the named programs in `folder`. Missing ones are created; existing ones are left alone.

    If this is killed, each origin is complete or absent. The same program always has the same commits.
    """
    folder.mkdir(parents=True, exist_ok=True)
    return tuple(_origin(folder, name, number) for number, name in enumerate(names))


def vendored_version(origin: Path, branch: str = BRANCH) -> str:
    """The version of the library that the origin's `branch` vendors."""
    return git(origin, "show", f"refs/heads/{branch}:{programs.LIBRARY}/VERSION").strip()


def holds(origin: Path, commit: str, branch: str = BRANCH) -> bool:
    """Whether the origin's `branch` contains the commit."""
    return commit in git(origin, "rev-list", f"refs/heads/{branch}").split()


def _origin(folder: Path, name: str, number: int) -> Origin:
    program = programs.program(name)
    path = folder / f"{name}.git"
    if not path.exists():
        _make(path, tuple(_history(program, number)))
    return Origin(name, path, program.about)


def _make(path: Path, history: tuple[_Commit, ...]) -> None:
    half_made = Path(tempfile.mkdtemp(prefix=f".making-{path.stem}-", dir=path.parent))
    try:
        git(half_made, "init", "--quiet", "--bare", "--template=", f"--initial-branch={BRANCH}")
        git(half_made, "fast-import", "--quiet", "--done", stdin=_stream(history))
        half_made.rename(path)
    except OSError:
        if not path.exists():
            raise
    finally:
        shutil.rmtree(half_made, ignore_errors=True)


def _history(program: programs.Archive, number: int) -> Iterator[_Commit]:
    first, second = _PEOPLE[number % len(_PEOPLE)], _PEOPLE[(number + 2) % len(_PEOPLE)]
    start = _FIRST_COMMIT + number * _DAY
    words = {path: text for path, text in program.files.items() if path == "README.md"}
    code = {path: text for path, text in program.files.items() if path not in words}
    if program.vendors:
        yield _Commit(f"Vendor kvlite {programs.FLAWED}", first, start, programs.library(programs.FLAWED).files)
    yield _Commit(program.about, first, start + _DAY, code)
    yield _Commit("Say what it is and how to test it", second, start + 9 * _DAY, words)


def _stream(history: tuple[_Commit, ...]) -> bytes:
    """The history in the format of `git fast-import`: one process instead of a handful for every commit."""
    parts: list[bytes] = []
    for commit in history:
        stamp = f"{commit.author} {commit.at} +0000"
        parts.append(f"commit refs/heads/{BRANCH}\nauthor {stamp}\ncommitter {stamp}\n".encode())
        parts.append(_data(commit.message + "\n"))
        for path, text in commit.files.items():
            parts.append(f"M 100644 inline {path}\n".encode() + _data(text))
    return b"".join(parts) + b"done\n"


def _data(text: str) -> bytes:
    content = text.encode()
    return b"data %d\n%s\n" % (len(content), content)
