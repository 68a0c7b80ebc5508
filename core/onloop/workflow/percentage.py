"""Shares as people write them: `60%`, `0.6`."""

from __future__ import annotations

import re

from onloop.errors import BadInput

PATTERN = r"^[0-9]{1,3}%$"
"""What a share looks like in a workflow file, as a regular expression."""

_PERCENT = re.compile(r"([0-9]{1,3})%")
_FRACTION = re.compile(r"[01](\.[0-9]{1,9})?|\.[0-9]{1,9}")


def percentage(text: str) -> int:
    """The share that `text` names, in whole per cent, rounded down; BadInput unless it is between 0 and 100 %."""
    percent, fraction = _PERCENT.fullmatch(text), _FRACTION.fullmatch(text)
    found = int(percent[1]) if percent else int(round(float(text) * 100, 6)) if fraction else -1
    if not 0 <= found <= 100:
        raise BadInput(f"{text[:40]!r} is not a share", hint="write it as 0.6 or as 60%, at most 100%")
    return found
