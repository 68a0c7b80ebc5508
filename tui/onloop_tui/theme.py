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
    _DARK,
    name="onloop-dark",
    variables={
        **_DARK.variables,
        "text-error": "#e59aaa",
        "text-primary": "#7db8e8",
        "success-muted": "#1b3524",
    },
)
"""A dark theme: the red and the blue of Textual's own cannot be read under the cursor, nor the blue on a line added."""

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

EVENING = Theme(
    name="onloop-evening",
    primary="#5f83bd",
    secondary="#8aa5d6",
    foreground="#dfe2ee",
    background="#1b1d29",
    surface="#222534",
    panel="#2b2f42",
    success="#93d3a2",
    warning="#d9c97f",
    error="#f5a3b0",
    accent="#ffb266",
    dark=True,
    variables={
        "text-primary": "#a6c4f7",
        "text-success": "#93d3a2",
        "text-warning": "#d9c97f",
        "text-error": "#f5a3b0",
        "text-accent": "#ffb266",
        "panel-lighten-1": "#343a52",
        "primary-darken-2": "#3c5a8c",
    },
)
"""A calm theme for long evenings: blue greys, and one warm colour for what a person must do."""

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
    ThemeName.EVENING: EVENING,
    ThemeName.ANSI: BUILTIN_THEMES["ansi-dark"],
    ThemeName.MONO: MONO,
}


def component(tone: Tone) -> str:
    """The component class of a tone."""
    return f"tone--{tone.value}"
