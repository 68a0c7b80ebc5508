"""Text that others wrote, before it becomes a value of a workflow: without what cannot be seen."""

from __future__ import annotations

import re

_BIDI = "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
HIDDEN = re.compile(f"[\\x00-\\x08\\x0b-\\x0c\\x0e-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ufeff{_BIDI}]|\\r(?!\\n)")
"""What no value may hold: a carriage return alone counts, the one of a line end is taken away before."""


def plain_text(text: str) -> str:
    """The text with plain line ends, and without what no value may hold."""
    return HIDDEN.sub("", text.replace("\r\n", "\n"))
