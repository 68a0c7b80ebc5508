"""Parses the Inbox's forms: until when a cause is snoozed, and what a mute covers and for how long."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import tzinfo

from onloop.attention.groups import Group
from onloop.attention.lifecycle import snooze
from onloop.errors import BadInput
from onloop.machine.marks import LONGEST_HIDDEN_MS, Acknowledged, Mark, Muted, Rule, Snoozed
from onloop.times import moment_of, time_words
from onloop.workflow.duration import milliseconds
from onloop_tui.model.filter.filter_terms import FilterField, FilterProblem, terms_of

SNOOZES = "15m  1h  18:30  tomorrow  change  +5"
_WORD = re.compile(r"tomorrow\s+\d\d?:\d\d|\d{4}-\d\d-\d\d(?:[t ]\d\d?:\d\d)?|[^\s,]+")
_FIELDS = {
    name: FilterField(name, about)
    for name, about in (
        ("cause", "the cause, as the Inbox names it"),
        ("reason", "why a person is needed"),
        ("gate", "the gate"),
        ("step", "the step"),
        ("workflow", "the workflow"),
        ("repo", "the repository"),
        ("run", "the run"),
    )
}
RULE_FIELDS = " ".join(f"{name}:" for name in _FIELDS)


@dataclass(frozen=True, slots=True)
class SnoozeWish:
    """When to show a snoozed cause again: at the first of these events."""

    for_ms: int | None = None
    until_change: bool = False
    grows_by: int = 0

    def on(self, group: Group, by: str, now: int) -> Snoozed:
        """The snooze of this cause."""
        return snooze(group, by, now, for_ms=self.for_ms, until_change=self.until_change, grows_by=self.grows_by)


def snooze_wish_of(text: str, now: int, zone: tzinfo | None) -> SnoozeWish | str:
    """The wish in `text`, or what is wrong with it: some of `15m`, `18:30`, `tomorrow`, a date, `change`, `+N`."""
    for_ms: int | None = None
    until_change, grows_by = False, 0
    for word in _WORD.findall(text.casefold()):
        if word == "or":
            continue
        if word == "change":
            until_change = True
        elif re.fullmatch(r"\+[1-9]\d{0,5}", word):
            grows_by = int(word)
        elif (found := _how_long(word, now, zone)) is not None:
            for_ms = found
        else:
            return f"{word[:20]!r} is not a time to wake: {SNOOZES}"
    if for_ms is None and not until_change and not grows_by:
        return f"say when to wake it: {SNOOZES}"
    if for_ms is not None and for_ms > LONGEST_HIDDEN_MS:
        return _TOO_LONG
    return SnoozeWish(for_ms, until_change, grows_by)


def _duration(word: str) -> int | None:
    try:
        return milliseconds(word.strip()) or None
    except BadInput:
        return None


def _how_long(word: str, now: int, zone: tzinfo | None) -> int | None:
    """From now until that moment, or for that duration; None for no such, and for what is past."""
    at = moment_of(word, now, zone)
    found = _duration(word) if at is None else at - now
    return found if found is not None and found > 0 else None


def until_words(marks: Sequence[Mark], now: int, zone: tzinfo | None = None) -> str:
    """Until when the first of these marks hides something, as `until 18:30 CET`; empty if none says when."""
    ends = [mark.until for mark in marks if isinstance(mark, Snoozed | Muted | Acknowledged) and mark.until is not None]
    return f"until {time_words(min(ends), now, zone)}" if ends else ""


def rule_of(text: str) -> Rule | str:
    """The rule in `text`, or what is wrong with it: `cause:…`, `repo:…` and so on, all of which must match."""
    terms = terms_of(text, _FIELDS)
    if isinstance(terms, FilterProblem):
        return terms.words
    given: dict[str, str] = {}
    for term in terms:
        if (
            term.field is None
            or term.negated
            or len(term.values) != 1
            or term.values[0].pattern
            or term.field.name in given
        ):
            return (
                f"{term.words[:40]!r} cannot be in a rule; give each of these once, with one exact value: {RULE_FIELDS}"
            )
        given[term.field.name] = term.values[0].text
    return Rule(**given) if given else f"a rule must name something: {RULE_FIELDS}"


def mute_of(what: str, how_long: str, reason: str, by: str, now: int) -> Muted | str:
    """The mute, or what is wrong with the typed words."""
    rule, for_ms = rule_of(what), _duration(how_long)
    if isinstance(rule, str):
        return rule
    if for_ms is None:
        return f"{how_long[:20]!r} is not a duration: 1h, 12h or 3d"
    if for_ms > LONGEST_HIDDEN_MS:
        return _TOO_LONG
    return Muted(rule, by, now + for_ms, reason.strip())


_TOO_LONG = f"a cause can be hidden for at most {LONGEST_HIDDEN_MS // 86_400_000} days; fix what lasts longer"
