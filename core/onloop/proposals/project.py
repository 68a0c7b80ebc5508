"""What is known of a project: which files its base has, what the telling ones say, and which commands it runs."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from configparser import Error as ConfigError
from typing import Any

from onloop.records import Record

LARGEST = 262_144
"""The largest file that is read."""

TELLING = re.compile(
    r"(?:pyproject\.toml|setup\.(?:py|cfg)|tox\.ini|noxfile\.py|pytest\.ini|\.?coveragerc|conftest\.py|PKG-INFO"
    r"|(?:[\w.-]*requirements[\w.-]*|requirements/[\w.-]+|tests?/[\w.-]*requirements[\w.-]*)\.(?:txt|in|pip)"
    r"|Makefile|makefile|GNUmakefile|package\.json|Cargo\.toml|go\.mod|pom\.xml|build\.gradle(?:\.kts)?"
    r"|\.gitlab-ci\.yml|\.github/workflows/[\w.-]+\.ya?ml|\.travis\.yml|\.circleci/config\.yml|azure-pipelines\.yml"
    r"|\.devcontainer/devcontainer\.json|\.devcontainer\.json|justfile|\.gitattributes|\.gitmodules)"
)
"""The paths of files that say how a project is built and tested."""

_CI = re.compile(
    r"\.gitlab-ci|\.github/|\.travis|\.circleci|azure-pipelines|devcontainer|tox\.ini|noxfile|akefile|justfile"
)
_EXTRAS = re.compile(r"(?:^|[\s\"'=])\.\[([A-Za-z0-9_., -]+)\]")
_REQUIREMENTS = re.compile(r"(?:-r|--requirement)[ =]?[\"']?([\w./-]+\.(?:txt|in|pip))")
_INSTALLS = re.compile(r"pip3? install ((?:[^\n;&|#]|\\\n)+)")
_PACKAGE = re.compile(r"[\"']?([A-Za-z0-9][A-Za-z0-9._-]*(?:\[[\w,]+\])?(?:[<>=!~]=?[\w.*]+)?)[\"']?")


class Hint(Record):
    """Something that a file says about how tests are run, and the file that says it."""

    what: str
    where: str


class Project(Record):
    """The files of a base: every path, and the text of those that are `TELLING`."""

    name: str
    paths: frozenset[str]
    texts: Mapping[str, str]

    def has(self, *paths: str) -> str | None:
        """The first of these paths that is there."""
        return next((path for path in paths if path in self.paths), None)

    def table(self, path: str) -> dict[str, Any]:
        """A TOML file; empty where it is missing or cannot be read."""
        try:
            return tomllib.loads(self.texts.get(path, ""))
        except tomllib.TOMLDecodeError:
            return {}

    def sections(self, path: str) -> ConfigParser:
        """An INI file; empty where it is missing or cannot be read."""
        parser = ConfigParser(interpolation=None, strict=False, allow_no_value=True)
        try:
            parser.read_string(self.texts.get(path, ""))
        except ConfigError:
            return ConfigParser(interpolation=None)
        return parser

    @property
    def spoken(self) -> Iterator[tuple[str, str]]:
        """The files that run commands (CI, tox, nox, make, development containers), with their text."""
        return ((path, text) for path, text in sorted(self.texts.items()) if _CI.search(path))

    def said(self, word: str) -> Hint | None:
        """The first line of a file that runs commands with this word in it."""
        for path, text in self.spoken:
            for line in text.splitlines():
                if word in line:
                    return Hint(line.strip()[:120], path)
        return None

    @property
    def extras(self) -> tuple[Hint, ...]:
        """The extras with which commands install the project."""
        return tuple(Hint(found.strip(), path) for path, text in self.spoken for found in _EXTRAS.findall(text))

    @property
    def requirements(self) -> tuple[Hint, ...]:
        """The requirement files that commands install, of those that are there."""
        found = (Hint(name, path) for path, text in self.spoken for name in _REQUIREMENTS.findall(text))
        return tuple(hint for hint in found if hint.what in self.paths)

    @property
    def installs(self) -> tuple[Hint, ...]:
        """The packages that commands install by name."""
        return tuple(
            Hint(package, path)
            for path, text in self.spoken
            for words in _INSTALLS.findall(text)
            for package in _packages(words)
        )


def _packages(words: str) -> Iterator[str]:
    """The packages among the words after `pip install`; options with a value are left out with it."""
    given = iter(words.replace("\\\n", " ").split())
    for word in given:
        if word in {"-r", "-c", "-e", "--requirement", "--constraint", "--editable", "-t", "--target"}:
            next(given, None)
        elif (found := _PACKAGE.fullmatch(word)) and not word.startswith("-") and "/" not in word and word[:1] != ".":
            yield found[1]
