"""PURE: what a repository tells agents: instructions, and skills."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from onloop.insight.audit.artefact import Looked, SeenPlace
from onloop.insight.audit.listing import BINARY, Listing, beside, rows
from onloop.insight.audit.prose import KnownCommands, dead_commands, dead_links, dead_paths, known_commands, unreadable
from onloop.insight.audit.seeking import MOST, PathEndings, files

INSTRUCTIONS = re.compile(
    r"(?:(?:.*/)?(?:AGENTS|AGENT|CLAUDE|GEMINI|QWEN|WARP|CRUSH)\.md|(?:.*/)?\.cursorrules|(?:.*/)?\.cursor/rules/.+"
    r"|\.github/copilot-instructions\.md|\.github/instructions/.+\.instructions\.md|\.windsurfrules"
    r"|\.windsurf/rules/.+|\.clinerules(?:/.+)?|\.junie/guidelines\.md|\.goosehints|\.kiro/steering/.+\.md"
    r"|\.openhands/microagents/.+\.md|\.roo/rules/.+|\.rules)$"
)
SKILLS = re.compile(r"(?:.*/)?SKILL\.md$")

_IMPORT = re.compile(r"@([\w.-]+(?:/[\w.-]+)*\.md)\s*$")


def instructions(listing: Listing) -> Looked:
    """Instructions for agents; stale where they name links, paths or commands that are not there."""
    seen = tuple(files(listing, INSTRUCTIONS, "it tells agents how to work here"))
    endings, known = PathEndings(listing), known_commands(listing)
    stale = (place for each in seen for place in _wrong(listing, each.path, endings, known))
    return Looked(seen, tuple(islice(stale, MOST)))


def _wrong(listing: Listing, path: str, endings: PathEndings, known: KnownCommands) -> Iterator[SeenPlace]:
    text = listing.texts.get(path)
    if text is None:
        return
    if not text.strip() or BINARY in text:
        yield from unreadable(listing, path)
        return
    yield from dead_links(listing, path)
    yield from dead_paths(listing, path, endings)
    yield from dead_commands(listing, path, known)
    for number, line in rows(text):
        found = _IMPORT.match(line.strip())
        if found is not None and (where := beside(path, found[1])) and not listing.has(where):
            yield SeenPlace(path, number, f"it takes in {found[1]!r}, which is not there")


def _matter(text: str) -> list[str]:
    """The lines of the front matter; none where it is not there, or does not end."""
    first, *others = text.removeprefix("\ufeff").splitlines() or [""]
    ends = next((at for at, line in enumerate(others) if line.rstrip() == "---"), 0)
    return others[:ends] if first.rstrip() == "---" else []


def skills(listing: Listing) -> Looked:
    """Skills; stale where one has no name or description, or links to what is not there."""
    seen = tuple(files(listing, SKILLS, "a skill for agents"))
    stale = (place for each in seen for place in _wrong_skill(listing, each.path))
    return Looked(seen, tuple(islice(stale, MOST)))


def _wrong_skill(listing: Listing, path: str) -> Iterator[SeenPlace]:
    text = listing.texts.get(path)
    if text is None:
        return
    keys = {line.partition(":")[0].rstrip() for line in _matter(text) if ":" in line}
    missing = [key for key in ("name", "description") if key not in keys]
    if missing:
        yield SeenPlace(path, 1, f"its front matter has no {' and no '.join(missing)}, so no agent finds it")
    yield from dead_links(listing, path)
