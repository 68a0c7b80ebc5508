"""Reads fields out of what GitHub answered: of the right kind and length, or the whole answer makes no sense."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any
from urllib.parse import urlsplit

from onloop.errors import FailureKind
from onloop.forges.forge_errors import ForgeTrouble
from onloop.forges.forge_records import Person
from onloop.times import instant_of

LONGEST_LINE = 1_000
LONGEST_TEXT = 200_000
LARGEST_NUMBER = 1 << 62
_CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_BREAKS = re.compile(r"[\r\n\t]+")
_COMMIT = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?")


def nonsense(what: str) -> ForgeTrouble:
    """The error for an answer that cannot be what it should be: it is no verdict, and is asked for again."""
    return ForgeTrouble(
        f"the forge's answer makes no sense: {what}", hint="it is tried again", kind=FailureKind.UNREACHABLE
    )


class Fields:
    """One object of an answer."""

    def __init__(self, given: Any, what: str) -> None:
        if not isinstance(given, Mapping):
            raise nonsense(f"{what} is no object")
        self._given, self._what = given, what

    def line(self, name: str, *, limit: int = LONGEST_LINE) -> str:
        """One line of text, "" where there is none; no control characters, and no more than `limit` of the rest."""
        return _BREAKS.sub(" ", self._text(name, limit)).strip()

    def text(self, name: str) -> str:
        """Lines of text, "" where there are none."""
        return self._text(name, LONGEST_TEXT).replace("\r\n", "\n").replace("\r", "\n")

    def end_of(self, name: str) -> str:
        """The last lines of a text, however long it is."""
        value = str(self._given.get(name) or "")[-LONGEST_TEXT:]
        return _CONTROLS.sub("", value.replace("\r\n", "\n"))

    def number(self, name: str) -> int:
        """A number that must be there."""
        value = self._given.get(name)
        if type(value) is not int or not 0 <= value <= LARGEST_NUMBER:
            raise nonsense(f"{self._what} has no number {name}")
        return value

    def number_or(self, name: str, default: int = 0) -> int:
        """A number, or what stands for none."""
        return default if self._given.get(name) is None else self.number(name)

    def positive_or_none(self, name: str) -> int | None:
        """A number above 0, or None where there is none, or one that stands for none."""
        value = self._given.get(name)
        return self.number(name) if type(value) is int and value > 0 else None

    def flag(self, name: str) -> bool:
        """Whether it says true."""
        return self._given.get(name) is True

    def flag_or_none(self, name: str) -> bool | None:
        """True or false, or None where it is neither."""
        value = self._given.get(name)
        return value if isinstance(value, bool) else None

    def commit(self, name: str) -> str:
        """A commit's full id, which must be there."""
        value = self._given.get(name)
        if not isinstance(value, str) or _COMMIT.fullmatch(value) is None:
            raise nonsense(f"{self._what} has no commit {name}")
        return value

    def commit_or_empty(self, name: str) -> str:
        """A commit's full id, or "" where there is none."""
        return "" if self._given.get(name) is None else self.commit(name)

    def url(self, name: str) -> str:
        """An address of the web, or "" where there is none."""
        value = self.line(name)
        return value if urlsplit(value).scheme in {"https", "http"} and " " not in value else ""

    def time(self, name: str) -> int:
        """A time in milliseconds since the epoch, 0 where there is none."""
        value = self._given.get(name)
        if value is None:
            return 0
        if (moment := instant_of(value, UTC)) is None:
            raise nonsense(f"{self._what} has no time {name}")
        return max(0, moment)

    def part(self, name: str) -> Fields:
        """An object within, which must be there."""
        return Fields(self._given.get(name), f"{self._what}.{name}")

    def part_or_none(self, name: str) -> Fields | None:
        """An object within, or None."""
        return None if self._given.get(name) is None else self.part(name)

    def parts(self, name: str) -> Iterator[Fields]:
        """The objects of a list within; none where there is none."""
        given = self._given.get(name)
        if given is None:
            return iter(())
        return each_of(given, f"{self._what}.{name}")

    def lines(self, name: str) -> tuple[str, ...]:
        """The texts of a list within."""
        given = self._given.get(name)
        if not isinstance(given, list):
            return ()
        return tuple(
            _BREAKS.sub(" ", _CONTROLS.sub("", each))[:LONGEST_LINE] for each in given if isinstance(each, str)
        )

    def texts(self) -> tuple[tuple[str, str], ...]:
        """Every field of this object that is text, in the order of the names."""
        pairs = sorted((name, value) for name, value in self._given.items() if isinstance(value, str))
        return tuple((name[:100], _BREAKS.sub(" ", _CONTROLS.sub("", value))[:100]) for name, value in pairs)

    def person(self, name: str) -> Person:
        """Who it was; an account that is gone is GitHub's `ghost`, number 0."""
        part = self.part_or_none(name)
        return Person("ghost", 0) if part is None else Person(part.line("login", limit=100), part.number("id"))

    def names(self, name: str) -> tuple[str, ...]:
        """The names of labels within: objects with a name, or texts."""
        given = self._given.get(name)
        if not isinstance(given, list):
            return ()
        return tuple(
            each[:LONGEST_LINE] if isinstance(each, str) else Fields(each, f"{self._what}.{name}").line("name")
            for each in given
        )

    def _text(self, name: str, limit: int) -> str:
        value = self._given.get(name)
        if value is None:
            return ""
        if not isinstance(value, str):
            raise nonsense(f"{self._what}.{name} is no text")
        return _CONTROLS.sub("", value[:limit])


def each_of(given: Any, what: str) -> Iterator[Fields]:
    """The objects of a list."""
    if not isinstance(given, list):
        raise nonsense(f"{what} is no list")
    return (Fields(each, what) for each in given)
