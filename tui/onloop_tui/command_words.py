"""What a person means by what they type after `:`."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from onloop.workflow.hints import nearest, quoted
from onloop_tui.bindings import Key
from onloop_tui.settings import Settings, ThemeName


@dataclass(frozen=True, slots=True)
class Narrow:
    """Show only what fits this filter, which the settings give a name."""

    query: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """It means nothing; why not, and what would."""

    words: str


Meaning = Key | Narrow | ThemeName | Unknown


def known_words(settings: Settings) -> Iterator[str]:
    """Everything that means something."""
    yield from (key.word for key in settings.keys)
    yield from settings.filters
    yield from (f"theme {name}" for name in ThemeName)


def meaning_of(typed: str, settings: Settings) -> Meaning:
    """The key, filter or theme that was named."""
    words = " ".join(typed.casefold().split())
    key = next((key for key in settings.keys if key.word == words), None)
    if key is not None:
        return key
    if words in settings.filters:
        return Narrow(settings.filters[words])
    verb, _, rest = words.partition(" ")
    if verb == "theme":
        names = ", ".join(ThemeName)
        return ThemeName(rest) if rest in set(ThemeName) else Unknown(f"{quoted(rest)} is no theme; there are {names}")
    return Unknown(f"{quoted(words)} is no command; {nearest(words, known_words(settings))}? lists them")
