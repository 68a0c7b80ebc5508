"""Values as messages show them: short and quoted, with a suggestion of the word that was probably meant."""

from __future__ import annotations

from collections.abc import Iterable


def nearest(name: str, valid: Iterable[str]) -> str:
    """`did you mean X? `, if a valid word is close enough to `name`; else empty."""
    from difflib import get_close_matches  # here: it is needed where something is wrong, and takes long to load

    near = get_close_matches(name[:100], list(valid), n=1)
    return f"did you mean {near[0]}? " if near else ""


def quoted(value: object) -> str:
    """A value as a message may show it: short, in quotes if it is text, without anything that a terminal obeys."""
    if isinstance(value, str):
        return repr(value if len(value) <= 60 else f"{value[:59]}…")
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else described(value)


def described(value: object) -> str:
    """A value with its kind: `yes (a boolean)`, `a list`, `empty`."""
    match value:
        case None:
            return "empty"
        case bool():
            return f"{quoted(value)} (a boolean)"
        case int() | float():
            return f"{quoted(value)} (a number)"
        case str():
            return f"{quoted(value)} (a text)"
        case list():
            return "a list"
        case _:
            return "a mapping"
