"""The demo's programs and the library they vendor, as text archives: one `.txtar` file each.

An archive starts with a line that describes it; each file follows a line `-- path --`. The programs are flawed on
purpose, so they are archives: this repository must not import, check or test them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from onloop.records import Record

LIBRARY = "vendor/kvlite"
FLAWED = "1.4.2"
FIXED = "2.0.1"
ADVISORY = "KVL-2026-0417"
"""An invented advisory for an invented library."""

_SUFFIX = ".txtar"
_HEADER = re.compile(r"^-- (\S[^\n]*\S) --\n", re.MULTILINE)
_NOT_PROGRAMS = ("kvlite-", "common", "link-shortener", "bank")


class Archive(Record):
    """Text files by path, and a description in one line."""

    about: str
    files: Mapping[str, str]

    @property
    def vendors(self) -> bool:
        """Whether the program has a folder for vendored libraries."""
        return "vendor/__init__.py" in self.files


def parse(text: str) -> Archive:
    """The archive that `text` describes."""
    about, *rest = _HEADER.split(text)
    return Archive(about.strip(), dict(zip(rest[::2], rest[1::2], strict=True)))


@cache
def names() -> tuple[str, ...]:
    """The sorted names of the programs that vendor the library; each is also the name of its repository."""
    archives = (entry.name.removesuffix(_SUFFIX) for entry in files(__name__).iterdir() if entry.name.endswith(_SUFFIX))
    return tuple(sorted(name for name in archives if not name.startswith(_NOT_PROGRAMS)))


def program(name: str) -> Archive:
    """The program `name` as its authors wrote it, without the library."""
    own = _archive(name)
    return Archive(own.about, {**_archive("common").files, **own.files} if name in names() else own.files)


def part(name: str, change: str, key: str) -> Mapping[str, str]:
    """The files that `key` adds to a change of the program `name`, by paths from the root of its repository."""
    archived = _archive(f"{name}.{change}").files
    return {path.removeprefix(f"{key}/"): text for path, text in archived.items() if path.startswith(f"{key}/")}


def library(version: str) -> Archive:
    """The given version of the library, by paths from the root of a repository that vendors it."""
    return _archive(f"kvlite-{version}")


@cache
def _archive(name: str) -> Archive:
    return parse(files(__name__).joinpath(name + _SUFFIX).read_text(encoding="utf-8"))
