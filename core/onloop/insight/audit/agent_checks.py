"""PURE: what a repository tells agents: instructions, and skills."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from onloop.insight.audit.artefact import Looked, SeenPlace
from onloop.insight.audit.listing import BINARY, Listing, beside
from onloop.insight.audit.prose import dead_commands, dead_links, dead_paths, unreadable
from onloop.insight.audit.seeking import MOST, files

INSTRUCTIONS = re.compile(
    r"(?:(?:.*/)?(?:AGENTS|AGENT|CLAUDE|GEMINI|QWEN|WARP|CRUSH)\.md|(?:.*/)?\.cursorrules|(?:.*/)?\.cursor/rules/.+"
    r"|\.github/copilot-instructions\.md|\.github/instructions/.+\.instructions\.md|\.windsurfrules"
    r"|\.windsurf/rules/.+|\.clinerules(?:/.+)?|\.junie/guidelines\.md|\.goosehints|\.kiro/steering/.+\.md"
    r"|\.openhands/microagents/.+\.md|\.roo/rules/.+|\.rules)$"
)
SKILLS = re.compile(r"(?:.*/)?SKILL\.md$")

_IMPORT = re.compile(r"@([\w.-]+(?:/[\w.-]+)*\.md)\s*$")
_MATTER = re.compile(r"﻿?---\s*\n(.*?)\n---\s*(?:\n|$)", re.DOTALL)


def instructions(listing: Listing) -> Looked:
    """Instructions for agents; stale where they name links, paths or commands that are not there."""
    seen = tuple(files(listing, INSTRUCTIONS, "it tells agents how to work here"))
    stale = (place for each in seen for place in _wrong(listing, each.path))
    return Looked(seen, tuple(islice(stale, MOST)))


def _wrong(listing: Listing, path: str) -> Iterator[SeenPlace]:
    text = listing.texts.get(path)
    if text is None:
        return
    if not text.strip() or BINARY in text:
        yield from unreadable(listing, path)
        return
    yield from dead_links(listing, path)
    yield from dead_paths(listing, path)
    yield from dead_commands(listing, path)
    for number, line in enumerate(text.splitlines(), 1):
        found = _IMPORT.match(line.strip())
        if found is not None and (where := beside(path, found[1])) and not listing.has(where):
            yield SeenPlace(path, number, f"it takes in {found[1]!r}, which is not there")


def skills(listing: Listing) -> Looked:
    """Skills; stale where one has no name or description, or links to what is not there."""
    seen = tuple(files(listing, SKILLS, "a skill for agents"))
    stale = (place for each in seen for place in _wrong_skill(listing, each.path))
    return Looked(seen, tuple(islice(stale, MOST)))


def _wrong_skill(listing: Listing, path: str) -> Iterator[SeenPlace]:
    text = listing.texts.get(path)
    if text is None:
        return
    matter = _MATTER.match(text)
    missing = [
        key for key in ("name", "description") if not re.search(rf"^{key}\s*:", matter[1] if matter else "", re.M)
    ]
    if missing:
        yield SeenPlace(path, 1, f"its front matter has no {' and no '.join(missing)}, so no agent finds it")
    yield from dead_links(listing, path)
