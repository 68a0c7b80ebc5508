"""The meaning of the words that a person types after `:`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from onloop.workflow.hints import nearest, quoted
from onloop_tui.bindings import Key
from onloop_tui.settings import Settings, ThemeName


@dataclass(frozen=True, slots=True)
class Narrow:
    """Apply this filter, which the settings give a name."""

    query: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The words mean nothing; says why, and what would work."""

    words: str


Meaning = Key | Narrow | ThemeName | Unknown


def known_words(settings: Settings) -> Iterator[str]:
    """All words that have a meaning."""
    yield from (key.word for key in settings.keys)
    yield from settings.filters
    yield from (f"theme {name}" for name in ThemeName)


def meaning_of(typed: str, settings: Settings) -> Meaning:
    """The key, filter or theme that the words name."""
    words = " ".join(typed.casefold().split())
    key = next((key for key in settings.keys if key.word == words), None)
    if key is not None:
        return key
    if words in settings.filters:
        return Narrow(settings.filters[words])
    verb, _, rest = words.partition(" ")
    if verb == "theme":
        names = ", ".join(ThemeName)
        return (
            ThemeName(rest) if rest in set(ThemeName) else Unknown(f"unknown theme {quoted(rest)}; give one of {names}")
        )
    return Unknown(f"unknown command {quoted(words)}; {nearest(words, known_words(settings))}? lists all of them")
