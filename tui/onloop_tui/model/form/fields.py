"""The fields of forms: what each takes, and what is wrong with what was typed or pasted. Nothing is cut in silence."""

from __future__ import annotations

import typing
from dataclasses import dataclass

from onloop.machine.limits import Passphrase, Text, Words
from onloop.text import typed_lines

LARGEST_PASTE = 65_536
"""The characters of a paste that a field takes at all: a person can still shorten so much."""


def most_of(hint: object) -> int:
    """The most characters that a declared text may have."""
    return next(mark.most for mark in typing.get_args(hint) if isinstance(mark, Text))


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form; the text of a `secret` one is hidden, one with `lines` takes several, and `digits` no letters.

    What a field of digits does not take is a key of whatever is around the form.
    """

    name: str
    label: str
    secret: bool = False
    optional: bool = False
    value: str = ""
    example: str = ""
    lines: bool = False
    digits: bool = False

    @property
    def most(self) -> int:
        """The most characters that it takes, as the commands declare them."""
        return most_of(Words if self.lines else Passphrase)


@dataclass(frozen=True, slots=True)
class Pasted:
    """What goes into a field of what was pasted, and what there is to say about it."""

    text: str
    remark: str = ""


def pasted(field: FormField, text: str) -> Pasted:
    """What a field takes of a paste: all of it, with what a terminal would obey made visible, or nothing."""
    if len(text) > LARGEST_PASTE:
        return Pasted("", f"a paste of more than {LARGEST_PASTE:,} characters was not taken: {_takes(field)}")
    if field.lines:
        made, changed = typed_lines(text)
        signs = f"{changed} invisible or control character{'s' if changed > 1 else ''} of the paste"
        return Pasted(made, f"{signs} became visible signs; look at them" if changed else "")
    rows = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n").split("\n")
    if len(rows) > 1:
        return Pasted("", f"a paste of {len(rows)} lines was not taken: {field.label} is one line")
    if field.digits and not takes(field, rows[0].strip()):
        return Pasted("", f"a paste that is no number was not taken: {field.label} is a number")
    return Pasted(rows[0] if field.secret else typed_lines(rows[0].replace("\t", " "))[0])


def takes(field: FormField, typed: str) -> bool:
    """Whether what is typed goes into the field, and is no key of what is around it."""
    return not field.digits or (typed.isascii() and typed.isdigit())


def problem_of(field: FormField, words: str) -> str:
    """What is wrong with the words of a field; empty if they fit."""
    if not field.optional and not words.strip():
        return f"{field.label} is required; Esc goes back"
    over = len(words) - field.most
    return f"{field.label} is {over:,} characters too long: {_takes(field)}" if over > 0 else ""


def size_words(field: FormField, words: str) -> str:
    """How much there is in a field of several lines, as soon as that matters; else empty."""
    lines = words.count("\n") + 1
    told = (
        *((f"{lines} lines",) if lines > 1 else ()),
        *((f"{len(words):,} of {field.most:,} characters",) if len(words) > field.most * 4 // 5 else ()),
    )
    return ", ".join(told) if field.lines else ""


def _takes(field: FormField) -> str:
    return f"it takes at most {field.most:,}"
