"""Tones as styles: the names of the component classes, which `theme.tcss` colours from the theme in use."""

from __future__ import annotations

from onloop_tui.model.lines import Tone

CURSOR = "tone--cursor"
COMPONENTS = frozenset({CURSOR, *(f"tone--{tone.value}" for tone in Tone)})


def component(tone: Tone) -> str:
    """The component class of a tone."""
    return f"tone--{tone.value}"
