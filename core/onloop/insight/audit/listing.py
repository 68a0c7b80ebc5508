"""PURE: what checks see of a repository: its paths, and the text of the few files that they read."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError
from posixpath import dirname, normpath
from typing import Any

from onloop.records import Record

BINARY = "\0"
"""The text of a file that has no text."""
LONGEST_PATH, LONGEST_NAME, DEEPEST = 1_024, 255, 40
"""The longest path that is looked at, the longest name in it, and how many folders it may lie in."""
LONGEST_LINE = 4_000
"""How much of one line is looked at."""
_MOST_FOLDERS = 200_000_000
"""How many characters the names of all folders may have: each path stands once for each folder that it lies in."""

_TRIAL = re.compile(r"(^|/)(tests?|__tests__|spec|specs|e2e|testdata|fixtures|examples?|samples?)/", re.IGNORECASE)
_BROUGHT = re.compile(
    r"(^|/)(vendor|vendored|_vendor|node_modules|third[_-]party|3rdparty|external|deps|\.venv|site-packages)/"
)


class Listing(Record):
    """The files of one commit, or of a folder: `paths`, `texts` of those that were read, and what was left out.

    `commit` is empty for a folder as it lies. `notes` say what was not looked at, in words for people.
    """

    name: str
    commit: str
    paths: tuple[str, ...]
    texts: Mapping[str, str]
    folders: frozenset[str]
    files: frozenset[str]
    submodules: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()

    def has(self, path: str) -> bool:
        """Whether a file or a folder is there, or lies in a submodule, whose files nobody sees."""
        bare = path.strip("/")
        return bare in self.files or bare in self.folders or self._is_in_submodule(bare)

    def _is_in_submodule(self, bare: str) -> bool:
        if not self.submodules or not is_within(bare):
            return False
        pieces = bare.split("/")
        return any("/".join(pieces[:end]) in self.submodules for end in range(1, len(pieces) + 1))

    def matching(self, pattern: re.Pattern[str]) -> Iterator[str]:
        """The paths that a pattern matches from their first character on, in their order."""
        return (path for path in self.paths if pattern.match(path))

    def own(self, pattern: re.Pattern[str]) -> Iterator[str]:
        """As `matching`, of what is the project's own: neither brought along from others, nor an example for tests."""
        return (path for path in self.matching(pattern) if not is_brought(path) and not _TRIAL.search(path))

    def lines(self, pattern: re.Pattern[str]) -> Iterator[tuple[str, int, str]]:
        """Path, number and text of each line that was read of the files that a pattern matches."""
        for path in self.texts:
            if pattern.match(path):
                yield from ((path, number, line) for number, line in rows(self.texts[path]))

    def toml(self, path: str) -> dict[str, Any]:
        """A TOML file as a table; empty where it is missing or cannot be read."""
        try:
            return tomllib.loads(self.texts.get(path, ""))
        except (tomllib.TOMLDecodeError, RecursionError):
            return {}

    def json(self, path: str) -> dict[str, Any]:
        """A JSON file as an object; empty where it is missing or is none."""
        try:
            found = json.loads(self.texts.get(path, "") or "{}")
        except (ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}

    def ini(self, path: str) -> ConfigParser:
        """An INI file; empty where it is missing or cannot be read."""
        parser = ConfigParser(interpolation=None, strict=False, allow_no_value=True)
        try:
            parser.read_string(self.texts.get(path, ""))
        except (ConfigError, ValueError):
            return ConfigParser(interpolation=None)
        return parser


def listing_of(
    name: str,
    paths: Iterable[str],
    texts: Mapping[str, str],
    *,
    commit: str = "",
    submodules: Iterable[str] = (),
    notes: tuple[str, ...] = (),
) -> Listing:
    """The listing of these paths, with their folders; files are read in the order of the paths."""
    given = frozenset(paths)
    files = frozenset(_within(given))
    left = len(given) - len(files)
    notes = (*notes, f"paths too long, too deep or too many to be looked at: {left}") if left else notes
    ordered = tuple(sorted(files, key=lambda path: (path.count("/"), path)))
    read = {path: texts[path] for path in ordered if path in texts}
    return Listing(name, commit, ordered, read, _folders(files), files, frozenset(submodules), notes)


def rows(text: str) -> Iterator[tuple[int, str]]:
    """The lines of a text with their numbers, each as far as it is looked at."""
    return ((number, line[:LONGEST_LINE]) for number, line in enumerate(text.splitlines(), 1))


def is_within(path: str) -> bool:
    """Whether a path is one that people could have: what is longer costs every pattern too much."""
    return (
        len(path) <= LONGEST_PATH
        and path.count("/") <= DEEPEST
        and (len(path) <= LONGEST_NAME or max(map(len, path.split("/"))) <= LONGEST_NAME)
    )


def _within(paths: Iterable[str]) -> Iterator[str]:
    work = 0
    for path in sorted(paths):
        work += len(path) * path.count("/") if is_within(path) else 0
        if work <= _MOST_FOLDERS and is_within(path):
            yield path


def _folders(files: Iterable[str]) -> frozenset[str]:
    found = set[str]()
    for path in files:
        folder = dirname(path)
        while folder and folder not in found:
            found.add(folder)
            folder = dirname(folder)
    return frozenset(found)


def is_brought(path: str) -> bool:
    """Whether a path lies where projects keep what others wrote."""
    return _BROUGHT.search(path) is not None


def is_trial(path: str) -> bool:
    """Whether a path lies among tests and examples."""
    return _TRIAL.search(path) is not None


def beside(path: str, relative: str) -> str:
    """Where a relative path leads that stands in a file; empty where it leads out of the repository."""
    start = "" if relative.startswith("/") else dirname(path)
    found = normpath(f"{start}/{relative.lstrip('/')}".lstrip("/"))
    return "" if found == ".." or found.startswith(("../", "/")) else found
