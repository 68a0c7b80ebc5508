"""The signature as earlier versions made it: only to know again what they recorded."""

from __future__ import annotations

import re

_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"https?://\S+"), "<url>"),
    (re.compile(r"(?:(?<=\s)|(?<=['\"(])|^)(?:\.{0,2}/)[\w.\-/@+]+"), "<path>"),
    (re.compile(r"\b[\w\-]+(?:/[\w.\-]+)+\b"), "<path>"),
    (re.compile(r"\b0x[0-9a-fA-F]+\b"), "<hex>"),
    (re.compile(r"\b(?=[0-9a-f]*\d)[0-9a-f]{7,64}\b"), "<hex>"),
    (re.compile(r"\b\d+(?:\.\d+)?\s?(?:ms|s|m|h|min|seconds?|minutes?)\b"), "<time>"),
    (re.compile(r"\d+"), "<n>"),
    (re.compile(r"\s+"), " "),
)
_LONGEST = 200
_LONGEST_READ = 2_000


def earlier_signature(text: str) -> str:
    """`text` with each URL, path, hex value, duration and number replaced by its kind."""
    text = text[:_LONGEST_READ]
    for pattern, word in _RULES:
        text = pattern.sub(word, text)
    return text.strip()[:_LONGEST]
