"""The demo's programs and the library they vendor, as text archives: one `.txtar` file each.

An archive is a line that says what it is, then files, each under a line `-- path --`. It keeps programs that must
be wrong in a known way (they vendor a flawed library) out of what this repository imports, checks and tests.
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
"""Made up, like the library: no such advisory exists."""

_SUFFIX = ".txtar"
_HEADER = re.compile(r"^-- (\S[^\n]*\S) --\n", re.MULTILINE)
_OF_A_SWARM = "link-shortener"
_NOT_PROGRAMS = ("kvlite-", "common", _OF_A_SWARM)


class Archive(Record):
    """A tree of text files by path, and one line on what it is."""

    about: str
    files: Mapping[str, str]

    @property
    def vendors(self) -> bool:
        """Whether it has a place for libraries of others."""
        return "vendor/__init__.py" in self.files


def parse(text: str) -> Archive:
    """The archive that `text` describes."""
    about, *rest = _HEADER.split(text)
    return Archive(about.strip(), dict(zip(rest[::2], rest[1::2], strict=True)))


@cache
def names() -> tuple[str, ...]:
    """The names of the programs that vendor the library, in order; each is also its repository's."""
    found = (entry.name.removesuffix(_SUFFIX) for entry in files(__name__).iterdir() if entry.name.endswith(_SUFFIX))
    return tuple(sorted(name for name in found if not name.startswith(_NOT_PROGRAMS)))


def program(name: str) -> Archive:
    """The program `name` as its authors wrote it, without the library."""
    own = _archive(name)
    return Archive(own.about, {**_archive("common").files, **own.files} if name in names() else own.files)


def part(name: str, change: str, key: str) -> Mapping[str, str]:
    """What `key` contributes to a change of the program `name`, by paths from the root of its repository."""
    found = _archive(f"{name}.{change}").files
    return {path.removeprefix(f"{key}/"): text for path, text in found.items() if path.startswith(f"{key}/")}


def library(version: str) -> Archive:
    """The library as `version`, by paths from the root of a repository that vendors it."""
    return _archive(f"kvlite-{version}")


@cache
def _archive(name: str) -> Archive:
    return parse(files(__name__).joinpath(name + _SUFFIX).read_text(encoding="utf-8"))
