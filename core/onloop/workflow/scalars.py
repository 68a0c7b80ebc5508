"""What a plain scalar means: the core schema of YAML 1.2, in which `no` is text and `12:30` is not a number."""

from __future__ import annotations

import re

from onloop.workflow.positioned_tree import Value

LONGEST_NUMBER = 30
_WORDS: dict[str, Value] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_BASES = {10: re.compile(r"[-+]?[0-9]+"), 8: re.compile(r"0o[0-7]+"), 16: re.compile(r"0x[0-9a-fA-F]+")}
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_INFINITE = re.compile(r"([-+]?)\.(inf|Inf|INF)|\.(nan|NaN|NAN)")


def meaning(text: str) -> Value:
    """The value of a plain scalar; ValueError for a number of more than LONGEST_NUMBER characters."""
    if text in _WORDS:
        return _WORDS[text]
    base = next((base for base, pattern in _BASES.items() if pattern.fullmatch(text)), None)
    is_float = base is None and _FLOAT.fullmatch(text) is not None
    if (base or is_float) and len(text) > LONGEST_NUMBER:
        raise ValueError(text)
    if base is not None:
        return int(text, base)
    if is_float:
        return float(text)
    return float(text.replace(".", "")) if _INFINITE.fullmatch(text) else text
