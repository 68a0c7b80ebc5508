"""How many colours a terminal has, as its environment says."""

from __future__ import annotations

from collections.abc import Mapping

_MANY = ("256color", "direct", "truecolor", "24bit", "kitty", "ghostty", "alacritty", "foot", "iterm")


def is_sixteen(environment: Mapping[str, str]) -> bool:
    """Whether the terminal has 16 colours or fewer; one that does not say is not held for old."""
    if environment.get("COLORTERM") or environment.get("TEXTUAL_COLOR_SYSTEM"):
        return False
    name = environment.get("TERM", "").lower()
    return bool(name) and not any(word in name for word in _MANY)
