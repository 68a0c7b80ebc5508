"""Where outside the wish for a task came from, in words: what others wrote is between quotes."""

from __future__ import annotations

from onloop.machine.links import Source
from onloop.text import safe


def source_words(source: Source) -> str:
    """In a line: from where, by which trigger, and what it is called there."""
    called = f" '{source.title}'" if source.title else ""
    return safe(f"from {source.kind}, by {source.name}:{called} {source.url}".rstrip(": "), 2_500)
