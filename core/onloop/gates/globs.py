"""PURE: which paths a pattern matches: `*` within a folder, `**` across folders, a folder everything in it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_WORD = re.compile(r"\*\*/|\*\*|\*|\?|[^*?]+")
_MEANING = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


def matches(patterns: Iterable[str], path: str) -> bool:
    """Whether any of `patterns` matches `path`, or a folder above it."""
    return any(_compiled(pattern).fullmatch(path) is not None for pattern in patterns)


def matches_whole(patterns: Iterable[str], word: str) -> bool:
    """Whether any of `patterns` matches all of `word`; one for what is above it does not."""
    return any(_compiled(pattern, "").fullmatch(word) is not None for pattern in patterns)


@lru_cache(maxsize=512)
def _compiled(pattern: str, below: str = "(?:/.*)?") -> re.Pattern[str]:
    words = (_MEANING.get(word) or re.escape(word) for word in _WORD.findall(pattern))
    return re.compile(f"{''.join(words)}{below}", re.DOTALL)
