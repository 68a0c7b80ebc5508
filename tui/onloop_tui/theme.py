"""Tones as styles: the component classes that `theme.tcss` colours, and the themes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from textual.theme import BUILTIN_THEMES, Theme

from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.settings import ThemeName

CURSOR = "tone--cursor"
COMPONENTS: set[str] = {CURSOR, *(f"tone--{tone.value}" for tone in Tone)}
"""Every screen has these classes, so that Textual computes the styles once per screen and not per widget."""

_DARK = BUILTIN_THEMES["textual-dark"]
DARK = replace(
    _DARK, name="onloop-dark", variables={**_DARK.variables, "text-error": "#e59aaa", "success-muted": "#1b3524"}
)
"""A dark theme, because the red of Textual's own cannot be read under the cursor, nor its blue on a line added."""

LIGHT = Theme(
    name="onloop-light",
    primary="#004578",
    secondary="#0178d4",
    foreground="#1a1a1a",
    background="#fafafa",
    surface="#f0f0f0",
    panel="#e4e8ec",
    success="#1d6b36",
    warning="#8a4b00",
    error="#a1203d",
    accent="#8a4b00",
    dark=False,
    variables={
        "text-success": "#1d6b36",
        "text-warning": "#8a4b00",
        "text-error": "#a1203d",
        "text-accent": "#8a4b00",
        "success-muted": "#dcebe1",
        "error-muted": "#f8e6e9",
        "panel-lighten-1": "#cfdae6",
    },
)
"""A light theme, because the yellows of Textual's own cannot be read on its grey."""

_IN_REVERSE = {
    f"{what}-{part}": value
    for what in ("block-cursor", "input-cursor")
    for part, value in (("foreground", "ansi_default"), ("background", "ansi_default"), ("text-style", "reverse"))
}
MONO = replace(
    BUILTIN_THEMES["ansi-dark"],
    name="onloop-mono",
    variables={**BUILTIN_THEMES["ansi-dark"].variables, **_IN_REVERSE},
)
"""A theme without colour: it uses reverse video where other themes use a background."""

THEMES: Mapping[ThemeName, Theme] = {
    ThemeName.DARK: DARK,
    ThemeName.LIGHT: LIGHT,
    ThemeName.ANSI: BUILTIN_THEMES["ansi-dark"],
    ThemeName.MONO: MONO,
}


def component(tone: Tone) -> str:
    """The component class of a tone."""
    return f"tone--{tone.value}"
