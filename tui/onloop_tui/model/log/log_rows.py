"""The log as lines: an event as a row, a whole event, and the log's filter."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from onloop.store.port import Recorded
from onloop.times import column_words, second_words, zone_words
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, fitted, hanging, heading, quoted
from onloop_tui.model.filter.filter_terms import FilterField, FilterProblem, Term, age_of, terms_of
from onloop_tui.model.log.event_words import event_text_of, fields_of, is_housekeeping, tone_of

_ROOMY = 110
LONGEST_SHOWN = 20_000
"""The characters of an event's data that are shown."""
DEEPEST = 5
"""Deeper fields are shown as they are stored."""


# -- rows


@dataclass(frozen=True, slots=True)
class LogColumns:
    """How wide each column is; 0 leaves it out."""

    seq: int
    time: int
    task: int
    what: int
    by: int


_NARROW, _WIDE = LogColumns(0, 9, 11, 19, 15), LogColumns(8, 15, 15, 24, 22)


def columns_for(width: int) -> LogColumns:
    """The columns for a line of `width`."""
    return _WIDE if width >= _ROOMY else _NARROW


def heading_line(now: int, width: int) -> Line:
    """The names of the columns; the zone of the times is that of `now` (ms)."""
    columns = columns_for(width)
    names = (
        (columns.seq, "seq"),
        (columns.time, _zone_name(now, columns.time - 1)),
        (columns.task, "task"),
        (columns.what, "what"),
    )
    spans = (column(name, room, Tone.DIM) for room, name in (*names, (columns.by, "by")) if room)
    return fitted((*spans, Span("details", Tone.DIM)), width)


def _zone_name(now: int, room: int) -> str:
    named = f"time {zone_words(now)}"
    return named if len(named) <= room else zone_words(now)


def event_line(event: Recorded, width: int) -> Line:
    """An event as a row: when, which task, what, by whom, and details."""
    columns = columns_for(width)
    what, more = event_text_of(event)
    head = (
        *((column(str(event.seq), columns.seq - 1, Tone.DIM), Span(" ")) if columns.seq else ()),
        column(column_words(event.at, dated=columns.time > 9), columns.time, Tone.DIM),
        column(event.task, columns.task - 1, Tone.STRONG),
        Span(" "),
        column(what, columns.what - 1, tone_of(event)),
        Span(" "),
        column(event.principal, columns.by - 1, Tone.DIM),
        Span(" "),
    )
    return fitted((*head, Span(more[: 4 * width], Tone.UNTRUSTED)), width)


def event_lines(event: Recorded, width: int) -> tuple[Line, ...]:
    """The whole event: its sealed data, then its fields, quoted because anybody may have written them."""
    what, _ = event_text_of(event)
    facts = (
        ("event", f"{event.name}: {what}"),
        ("at", second_words(event.at)),
        ("by", event.principal),
        ("task", f"{event.task}, its version {event.version}"),
    )
    sealed = (
        ("run", f"{event.run}, its event {event.run_seq}"),
        ("seq", f"{event.seq} of the whole log"),
        ("key", event.key or "none"),
        ("hash", event.hash),
    )
    fields = quoted(_pretty(event), width)
    return (
        *_labelled(facts, width),
        heading("fields", width),
        *fields,
        heading("sealed", width),
        *_labelled(sealed, width),
    )


def _labelled(pairs: Iterable[tuple[str, str]], width: int) -> tuple[Line, ...]:
    blocks = (hanging((Span(label.ljust(6), Tone.DIM),), words, width) for label, words in pairs)
    return tuple(shown for lines in blocks for shown in lines)


def _pretty(event: Recorded) -> str:
    """One field per line, nested fields by their path; unreadable data as stored."""
    fields = fields_of(event.data)
    if not fields:
        return event.data[:LONGEST_SHOWN] if event.data != "{}" else "none"
    return "\n".join(_field_lines("", fields, DEEPEST))[:LONGEST_SHOWN]


def _field_lines(path: str, value: Any, depth: int) -> Iterator[str]:
    inside = value.items() if isinstance(value, dict) else enumerate(value, 1) if isinstance(value, list) else ()
    if inside and depth and not (isinstance(value, list) and all(isinstance(each, str) for each in value)):
        for name, each in inside:
            yield from _field_lines(f"{path}.{name}" if path else str(name), each, depth - 1)
    else:
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"{path}: {text}".replace("\n", "\n    ")


# -- the filter


FIELDS: Mapping[str, FilterField] = {
    each.name: each
    for each in (
        FilterField("task", "to which task"),
        FilterField("run", "to which run"),
        FilterField("event", "what happened, by its name or in words"),
        FilterField("by", "who caused it"),
        FilterField("age", "how long ago", is_age=True),
    )
}
"""The fields of the log's filter by name."""

Test = Callable[[Recorded, int], bool]
"""Whether an event matches, at a time in ms."""


@dataclass(frozen=True, slots=True)
class LogFilter:
    """Terms that must all match; without `housekeeping`, housekeeping events are left out."""

    terms: tuple[Term, ...] = ()
    housekeeping: bool = True

    def __bool__(self) -> bool:
        return bool(self.terms) or not self.housekeeping

    def test(self) -> Test:
        """The test of an event."""
        tests = [_test_of(term) for term in self.terms]
        if self.housekeeping:
            return lambda event, now: all(test(event, now) for test in tests)
        return lambda event, now: not is_housekeeping(event) and all(test(event, now) for test in tests)

    def describe(self) -> str:
        """The filter in words."""
        facts = () if self.housekeeping else ("without housekeeping",)
        return ", ".join((*facts, *(term.words for term in self.terms)))


def parse(text: str, *, housekeeping: bool) -> LogFilter | FilterProblem:
    """The filter in `text`, or its first problem."""
    terms = terms_of(text, FIELDS)
    return terms if isinstance(terms, FilterProblem) else LogFilter(terms, housekeeping)


def _test_of(term: Term) -> Test:
    test = _plain_test(term)
    return (lambda event, now: not test(event, now)) if term.negated else test


def _plain_test(term: Term) -> Test:
    if term.field is not None and term.field.is_age:
        limits = [age_of(value) for value in term.values]
        return lambda event, now: any(
            now - event.at > limit if sign == ">" else now - event.at < limit for sign, limit in limits
        )
    words_of = _WORDS[term.field.name] if term.field is not None else _everything
    fits = [value.fitting() for value in term.values]
    return lambda event, _now: any(fit(words) for words in words_of(event) for fit in fits)


def _everything(event: Recorded) -> tuple[str, ...]:
    return (" ".join((event.task, event.run, event.principal, event.name, *event_text_of(event))).casefold(),)


_WORDS: Mapping[str, Callable[[Recorded], tuple[str, ...]]] = {
    "task": lambda event: (event.task.casefold(),),
    "run": lambda event: (event.run.casefold(),),
    "by": lambda event: (event.principal.casefold(),),
    "event": lambda event: (event.name.casefold(), event_text_of(event)[0].casefold()),
}
