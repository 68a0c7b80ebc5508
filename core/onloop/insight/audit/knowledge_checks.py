"""PURE: what a repository remembers: why it was decided so, and what to do when something is down."""

from __future__ import annotations

import re
from itertools import islice

from onloop.insight.audit.artefact import Looked, SeenPlace
from onloop.insight.audit.listing import Listing
from onloop.insight.audit.prose import dead_links
from onloop.insight.audit.seeking import MOST, below, files

_TEXT = r"\.(?:md|mdx|markdown|rst|adoc|txt)$"
_INDEX = r"(?!(?:readme|index|[\w-]*template[\w-]*|_index|toc|about)\.)"

DECISIONS = re.compile(
    rf"(?:{below('adrs?|architecture[-_ ]?decisions?(?:[-_ ]?records?)?|decision[-_ ]?(?:records?|logs?)')}"
    rf"{_INDEX}[^/]+{_TEXT}"
    rf"|{below('decisions|rfcs?|proposals|design-?docs')}(?:rfc|adr|prop)?[-_]?\d+[^/]*{_TEXT}"
    rf"|(?:.*/)?(?:adr[-_]?\d+[^/]*{_TEXT}|decisions?(?:[-_]log)?{_TEXT}))",
    re.IGNORECASE,
)
RUNBOOKS = re.compile(
    rf"(?:{below('run[-_]?books?|on-?call|incident[-_]response|playbooks?')}[^/]+{_TEXT}"
    rf"|(?:.*/)?[^/]*(?:run[-_]?books?|(?<![a-z])on-?call|incident[-_]response)[^/]*{_TEXT})",
    re.IGNORECASE,
)


def decisions(listing: Listing) -> Looked:
    """Decision records; stale where one leads to another that is not there."""
    return _written(listing, DECISIONS, "it records a decision")


def runbooks(listing: Listing) -> Looked:
    """Runbooks; stale where one leads to a page that is not there."""
    return _written(listing, RUNBOOKS, "it says what to do in trouble")


def _written(listing: Listing, pattern: re.Pattern[str], words: str) -> Looked:
    seen = tuple(files(listing, pattern, words))
    stale = (place for each in seen for place in _wrong(listing, each.path))
    return Looked(seen, tuple(islice(stale, MOST)))


def _wrong(listing: Listing, path: str) -> tuple[SeenPlace, ...]:
    return tuple(dead_links(listing, path)) if path.endswith((".md", ".markdown")) else ()
