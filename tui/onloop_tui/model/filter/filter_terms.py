"""The grammar of filters: `state:working,paused repo:pay* age:>2h !text "two words"` to terms and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from onloop.errors import BadInput
from onloop.workflow.duration import milliseconds, written

LONGEST = 1_000
"""The most characters that a filter may have."""
_SIGNS = "<>"
Fit = Callable[[str], bool]
"""Whether a casefolded text matches."""


@dataclass(frozen=True, slots=True)
class FilterField:
    """A field for `name:value`. `allowed`, if given, lists all valid values; an age field's value is a duration."""

    name: str
    about: str
    allowed: tuple[str, ...] = ()
    is_age: bool = False

    @property
    def is_exact(self) -> bool:
        """Whether a value must match completely, so that a longer text is a different value."""
        return self.is_age or bool(self.allowed)


@dataclass(frozen=True, slots=True)
class Value:
    """A value to look for; in a pattern, `*` stands for any text."""

    text: str
    pattern: bool = False

    def __str__(self) -> str:
        if self.pattern or self.is_bare:
            return self.text
        escaped = self.text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'

    @property
    def is_bare(self) -> bool:
        """Whether the value needs no quotes in any position."""
        special = any(char in '"\\,:*!' or char.isspace() for char in self.text)
        return bool(self.text) and not special

    def fitting(self) -> Fit:
        """The test of a casefolded text: a pattern must match all of it, another value any part of it."""
        folded = self.text.casefold()
        return _glob(folded) if self.pattern else lambda text: folded in text


@dataclass(frozen=True, slots=True)
class Term:
    """One condition: a field of which one value must match, or without a field, text that must occur anywhere."""

    field: FilterField | None
    values: tuple[Value, ...]
    negated: bool = False

    def __str__(self) -> str:
        name = f"{self.field.name}:" if self.field else ""
        return f"{'!' if self.negated else ''}{name}{','.join(map(str, self.values))}"

    @property
    def words(self) -> str:
        """The condition as people say it."""
        shown = " or ".join(_said(self.field, value) for value in self.values)
        if self.field is None:
            return f"{'without' if self.negated else 'with'} {shown}"
        return f"{self.field.name} {'is not' if self.negated else 'is'} {shown}"


@dataclass(frozen=True, slots=True)
class FilterProblem:
    """What is wrong with a filter, at which column (from 1), and what would work."""

    column: int
    message: str
    hint: str

    @property
    def words(self) -> str:
        """All of it in one line."""
        return f"{self.message} at column {self.column}: {self.hint}"


def terms_of(text: str, fields: Mapping[str, FilterField]) -> tuple[Term, ...] | FilterProblem:
    """The terms of a filter, or its first problem. It raises for no text."""
    if len(text) > LONGEST:
        return FilterProblem(LONGEST + 1, f"a filter of {len(text)} characters", f"use {LONGEST} or fewer")
    reader = _Reader(text, fields)
    try:
        return tuple(reader.terms())
    except _NotUnderstood as wrong:
        return wrong.problem


def age_of(value: Value) -> tuple[str, int]:
    """The comparison (`<` or `>`) and the duration in ms of an age field's value."""
    sign = value.text[0] if value.text[:1] in _SIGNS else ""
    return sign or ">", milliseconds(value.text[len(sign) :])


def _said(field: FilterField | None, value: Value) -> str:
    if field is None:
        return f"“{value.text}”"
    if field.is_age:
        sign, duration_ms = age_of(value)
        return f"{'over' if sign == '>' else 'under'} {written(duration_ms)}"
    return value.text


def _glob(pattern: str) -> Fit:
    first, *middle = pattern.split("*")
    last = middle.pop()
    if not middle and not last:
        return lambda text: text.startswith(first)

    def fit(text: str) -> bool:
        """Match the pieces from left to right, in linear time for every pattern."""
        at, end = len(first), len(text) - len(last)
        if not text.startswith(first) or not text.endswith(last) or at > end:
            return False
        for piece in middle:
            found = text.find(piece, at, end)
            if found < 0:
                return False
            at = found + len(piece)
        return True

    return fit


class _NotUnderstood(Exception):
    def __init__(self, column: int, message: str, hint: str) -> None:
        super().__init__(message)
        self.problem = FilterProblem(column, message, hint)


class _Reader:
    """Reads a filter once, from left to right."""

    def __init__(self, text: str, fields: Mapping[str, FilterField]) -> None:
        self._text = text
        self._fields = fields
        self._at = 0

    def terms(self) -> Iterable[Term]:
        """The terms in order."""
        self._skip_space()
        while self._here:
            yield self._term()
            self._skip_space()

    @property
    def _here(self) -> str:
        return self._text[self._at : self._at + 1]

    def _skip_space(self) -> None:
        while self._here.isspace():
            self._at += 1

    def _term(self) -> Term:
        began = self._at
        negated = self._here == "!"
        self._at += negated
        if not self._here or self._here.isspace():
            raise _NotUnderstood(began + 1, "`!` stands alone", "write the excluded text directly after it: !text")
        field = self._field()
        if field is None:
            quoted = self._here == '"'
            return Term(None, (Value(self._quoted() if quoted else self._run("")),), negated)
        values = [self._value(field)]
        while self._here == ",":
            self._at += 1
            values.append(self._value(field))
        return Term(field, tuple(values), negated)

    def _field(self) -> FilterField | None:
        """The field at the start of a term; None if the term is plain text."""
        began = self._at
        if self._here == '"':
            return None
        name, colon, _ = self._run("").partition(":")
        self._at = began
        if not colon or '"' in name:
            return None
        field = self._fields.get(name.casefold())
        if field is None:
            known = " ".join(f"{each}:" for each in self._fields)
            raise _NotUnderstood(began + 1, f"unknown field {name[:20]!r}", f"use one of {known}, or quote it as text")
        self._at = began + len(name) + 1
        return field

    def _value(self, field: FilterField) -> Value:
        began = self._at
        quoted = self._here == '"'
        text = self._quoted() if quoted else self._run(",")
        if not text:
            choices = " ".join(field.allowed) if field.allowed else f"{field.name}:{'>2h' if field.is_age else 'word'}"
            raise _NotUnderstood(began + 1, f"{field.name}: has no value", f"give one, such as {choices}")
        if field.is_age:
            return _age(text, began)
        if field.allowed and text.casefold() not in field.allowed:
            raise _NotUnderstood(
                began + 1, f"unknown {field.name} {text[:20]!r}", f"use one of {' '.join(field.allowed)}"
            )
        if field.allowed:
            return Value(text.casefold())
        return Value(text, pattern=not quoted and "*" in text and not any(char in '"\\' for char in text))

    def _run(self, ends: str) -> str:
        """The text from here up to white space or one of `ends`."""
        began = self._at
        while self._here and not self._here.isspace() and self._here not in ends:
            self._at += 1
        return self._text[began : self._at]

    def _quoted(self) -> str:
        began = self._at
        self._at += 1
        letters: list[str] = []
        while self._here != '"':
            if not self._here:
                raise _NotUnderstood(began + 1, "the quote is not closed", 'end it with another "')
            self._at += self._here == "\\" and self._text[self._at + 1 : self._at + 2] in {"\\", '"'}
            letters.append(self._here)
            self._at += 1
        self._at += 1
        return "".join(letters)


def _age(text: str, at: int) -> Value:
    try:
        sign, duration_ms = age_of(Value(text))
    except BadInput:
        raise _NotUnderstood(
            at + 1, f"invalid duration {text[:20]!r}", "write > or < and a number with a unit, such as >2h, <90s or >3d"
        ) from None
    return Value(f"{sign}{written(duration_ms)}")
