"""Style sheets are parsed once in a process: each app of each test would parse the same text anew."""

from __future__ import annotations

from typing import Any

from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet

_parse_rules = Stylesheet._parse_rules
_parsed: dict[object, list[RuleSet]] = {}


def _parse_once(sheet: Stylesheet, css: str, *how: Any, **also: Any) -> list[RuleSet]:
    """What the text parses to under the sheet's variables; Textual keeps it too, but each sheet for itself."""
    key = (css, how, tuple(sorted(also.items())), tuple(sorted(sheet._variables.items())))
    if key not in _parsed:
        _parsed[key] = _parse_rules(sheet, css, *how, **also)
    return _parsed[key]


def share() -> None:
    """From here on, all apps of this process share what was parsed."""
    Stylesheet._parse_rules = _parse_once  # type: ignore[assignment]
