"""Parses the Inbox's forms: until when a cause is snoozed, and what a mute covers and for how long."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from onloop.attention.groups import Group
from onloop.attention.lifecycle import snooze
from onloop.errors import BadInput
from onloop.machine.marks import LONGEST_HIDDEN_MS, Muted, Rule, Snoozed
from onloop.workflow.duration import milliseconds
from onloop_tui.model.filter.filter_terms import FilterField, FilterProblem, terms_of

MORNING = 9
"""The hour of `tomorrow` in the person's time zone."""

SNOOZES = "15m  1h  tomorrow  change  +5"
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


def snooze_wish_of(text: str, now: int, zone: tzinfo) -> SnoozeWish | str:
    """The wish in `text`, or what is wrong with it: one or more of `15m`, `2h`, `3d`, `tomorrow`, `change`, `+N`."""
    for_ms: int | None = None
    until_change, grows_by = False, 0
    for word in re.split(r"[\s,]+|\bor\b", text.casefold()):
        if not word:
            continue
        if word == "change":
            until_change = True
        elif re.fullmatch(r"\+[1-9]\d{0,5}", word):
            grows_by = int(word)
        elif (found := _tomorrow(now, zone) if word == "tomorrow" else _duration(word)) is not None:
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


def _tomorrow(now: int, zone: tzinfo) -> int:
    today = datetime.fromtimestamp(now / 1000, zone)
    morning = (today + timedelta(days=1)).replace(hour=MORNING, minute=0, second=0, microsecond=0)
    return int(morning.timestamp() * 1000) - now


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
