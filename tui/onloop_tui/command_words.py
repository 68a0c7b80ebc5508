"""The meaning of the words that a person types after `:`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from onloop.views.task_columns import COLUMNS, OTHER_WAY
from onloop.workflow.hints import nearest, quoted
from onloop_tui.bindings import Key
from onloop_tui.settings import SavedView, Settings, ThemeName


@dataclass(frozen=True, slots=True)
class Narrow:
    """Apply this filter, which the settings give a name."""

    query: str


@dataclass(frozen=True, slots=True)
class Travel:
    """Look at the moment that these words name."""

    words: str


@dataclass(frozen=True, slots=True)
class ExportWords:
    """Write what is seen, in the form and to the path that these words name."""

    words: str


@dataclass(frozen=True, slots=True)
class ColumnWords:
    """Show the columns that these words name."""

    words: str


@dataclass(frozen=True, slots=True)
class OrderWords:
    """Let the rows stand by the column that these words name."""

    words: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The words mean nothing; says why, and what would work."""

    words: str


@dataclass(frozen=True, slots=True)
class Keep:
    """Save how the dashboard is now under this name."""

    name: str


@dataclass(frozen=True, slots=True)
class Forget:
    """Remove the saved view of this name."""

    name: str


USUAL = "usual"
"""After `:columns` and `:sort`: as the view is by itself."""
WithWords = Travel | ExportWords | ColumnWords | OrderWords
"""The commands that words of their own follow, as they were typed."""
Meaning = Key | Narrow | ThemeName | SavedView | Keep | Forget | WithWords | Unknown
_WITH_WORDS: Mapping[str, type[WithWords]] = {
    "at": Travel,
    "export": ExportWords,
    "columns": ColumnWords,
    "sort": OrderWords,
}


def known_words(settings: Settings) -> Iterator[str]:
    """All words that have a meaning."""
    yield from (key.word for key in settings.keys)
    yield from settings.filters
    yield from (view.name for view in settings.views)
    yield from ("save", *(f"forget {view.name}" for view in settings.views))
    yield from (f"theme {name}" for name in ThemeName)


def begun(typed: str, settings: Settings) -> list[str]:
    """The words that have a meaning and begin like this, in order."""
    words = " ".join(typed.casefold().split())
    return sorted({each for each in known_words(settings) if words and each.casefold().startswith(words)})


def completed(typed: str, settings: Settings) -> tuple[str, str]:
    """What is typed, with all that the words that begin like it have in common; and these, if there are several."""
    found = begun(typed, settings)
    if not found:
        return typed, ""
    first, last = found[0], found[-1]  # in order, so that these differ most
    same = next((n for n, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    return first[:same], ", ".join(found) if len(found) > 1 else ""


def choices(typed: str, settings: Settings) -> str:
    """What the words may become, as one types; of a single key, what it does; of columns, which begin like the last."""
    verb, named, rest = typed.lstrip().partition(" ")
    if named and _WITH_WORDS.get(verb.casefold()) in {ColumnWords, OrderWords}:
        last = rest.replace(",", " ").rpartition(" ")[2].removeprefix(OTHER_WAY).casefold()
        return ", ".join(name for name in (*COLUMNS, USUAL) if name.startswith(last))
    found = begun(typed, settings)
    key = next((key for key in settings.keys if found == [key.word]), None)
    return f"{key.word} ({key.shown}): {key.help}" if key is not None else ", ".join(found)


def meaning_of(typed: str, settings: Settings) -> Meaning:
    """The key, filter or theme that the words name, whole or by a beginning that only one has."""
    words = " ".join(typed.casefold().split())
    verb, _, rest = typed.strip().partition(" ")
    if rest.strip() and (kind := _WITH_WORDS.get(verb.casefold())) is not None:
        return kind(words.partition(" ")[2] if kind is Travel else rest)
    known, found = set(known_words(settings)), begun(words, settings)
    if words not in known and len(found) > 1:
        return Unknown(f"{quoted(words)} may be {', '.join(found)}; Tab completes what is clear")
    return _meant(found[0] if words not in known and found else words, settings)


_ON_VIEWS: Mapping[str, type[Keep] | type[Forget]] = {"save": Keep, "forget": Forget}


def _meant(words: str, settings: Settings) -> Meaning:
    key = next((key for key in settings.keys if key.word == words), None)
    if key is not None:
        return key
    if words in settings.filters:
        return Narrow(settings.filters[words])
    saved = next((view for view in settings.views if view.name == words), None)
    if saved is not None:
        return saved
    verb, _, rest = words.partition(" ")
    if verb in _ON_VIEWS:
        return _ON_VIEWS[verb](rest) if rest else Unknown(f"{verb} needs a name, such as :{verb} mine")
    if verb == "theme":
        names = ", ".join(ThemeName)
        return (
            ThemeName(rest) if rest in set(ThemeName) else Unknown(f"unknown theme {quoted(rest)}; give one of {names}")
        )
    return Unknown(f"unknown command {quoted(words)}; {nearest(words, known_words(settings))}? lists all of them")
