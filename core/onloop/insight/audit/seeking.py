"""PURE: how checks look for things: by the names of files, and by lines of those that were read."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from itertools import islice

from onloop.insight.audit.artefact import SeenPlace
from onloop.insight.audit.listing import Listing

MOST = 50
"""After how many places of one kind a search ends."""

CI = re.compile(
    r"\.github/workflows/[^/]+\.ya?ml|\.gitlab-ci\.yml|\.travis\.yml|\.circleci/config\.yml|azure-pipelines\.yml"
    r"|\.buildkite/[^/]+\.ya?ml|\.zuul\.yaml|\.zuul\.d/[^/]+\.yaml|Jenkinsfile|\.drone\.yml|appveyor\.yml|\.woodpecker.*"
)
"""The files in which a project says what is run for each change."""

RUNS = re.compile(
    rf"(?:{CI.pattern}|tox\.ini|noxfile\.py|Makefile|GNUmakefile|makefile|[jJ]ustfile|Rakefile|Taskfile\.ya?ml"
    r"|\.pre-commit-config\.yaml|package\.json|pyproject\.toml|setup\.cfg|\.config/pre-commit-config\.yaml)$"
)
"""As `CI`, and with the files that people run things by."""


def below(folder: str) -> str:
    """The pattern of what lies at any depth below the first folder of this name: others are not tried after it."""
    return rf"(?>(?:.*?/)??(?:{folder})/)(?:.*/)?"


_COMMENT = re.compile(r"\s*(?:#|//|;)")


def files(listing: Listing, pattern: re.Pattern[str], words: str = "") -> Iterator[SeenPlace]:
    """The project's own files of this name."""
    return (SeenPlace(path, 0, words) for path in islice(listing.own(pattern), MOST))


def anywhere(listing: Listing, pattern: re.Pattern[str], words: str = "") -> Iterator[SeenPlace]:
    """As `files`, those among tests and examples as well."""
    return (SeenPlace(path, 0, words) for path in islice(listing.matching(pattern), MOST))


def lines(listing: Listing, where: re.Pattern[str], said: re.Pattern[str], words: str = "") -> Iterator[SeenPlace]:
    """The lines of files that say so, those that are comments left out."""
    found = (
        SeenPlace(path, number, words or f"it says {match[0].strip()[:80]!r}")
        for path, number, line in listing.lines(where)
        if not _COMMENT.match(line) and (match := said.search(line[:2_000].partition(" # ")[0])) is not None
    )
    return islice(found, MOST)


class PathEndings:
    """Whether a path is there, or one that ends with it below some folder; the paths are put in order once."""

    def __init__(self, listing: Listing) -> None:
        self._listing = listing
        self._reversed: list[str] = []

    def has(self, path: str) -> bool:
        """Whether a file or a folder is this path, or ends with it."""
        if self._listing.has(path):
            return True
        if not self._reversed:
            self._reversed = sorted(f"/{each}"[::-1] for each in self._listing.files | self._listing.folders)
        wanted = f"/{path}"[::-1]
        at = bisect_left(self._reversed, wanted)
        return at < len(self._reversed) and self._reversed[at].startswith(wanted)


def line_of(text: str, word: str) -> int:
    """The first line of a text with this word in it; 0 where there is none."""
    return next((number for number, line in enumerate(text.splitlines(), 1) if word in line), 0)
