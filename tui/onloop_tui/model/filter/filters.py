"""Filters over tasks: their fields, and a test that is built once and applied to every task."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import attrgetter

from onloop.machine.state import REASONS, Reason, State
from onloop.machine.task import Task, Verdict
from onloop_tui.model.filter.filter_terms import FilterField, FilterProblem, Fit, Term, age_of, terms_of

Test = Callable[[Task, int, str], bool]
"""Whether a task matches, at a time in ms, with the cause for which it needs a person (empty if it needs none)."""


_CARRIED = tuple(reason.value for reason in Reason if any(reason in carried for carried in REASONS.values()))

FIELDS: Mapping[str, FilterField] = {
    each.name: each
    for each in (
        FilterField("state", "where the task stands", tuple(state.value for state in State)),
        FilterField("reason", "why it is not moving", _CARRIED),
        FilterField("repo", "its repository"),
        FilterField("gate", "a gate that it waits for, or did not pass, at its step"),
        FilterField("cause", "the cause for which it needs a person, as the Inbox has it"),
        FilterField("owner", "who holds it, or whom it was given to"),
        FilterField("step", "its step"),
        FilterField("run", "its run"),
        FilterField("task", "its id"),
        FilterField("workflow", "its workflow"),
        FilterField("label", "a label that workers choose by"),
        FilterField("age", "how long it has stood there", is_age=True),
    )
}
"""The fields of a filter by name."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Terms that must all match. `str` gives a text that parses to the same filter."""

    terms: tuple[Term, ...] = ()
    matches: Test = field(init=False, compare=False, repr=False)
    """Whether a task matches: `matches(task, now, cause)`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "matches", _all_of([_test_of(term) for term in self.terms]))

    def __str__(self) -> str:
        return " ".join(map(str, self.terms))

    def __bool__(self) -> bool:
        return bool(self.terms)

    @property
    def is_timed(self) -> bool:
        """Whether the passing of time alone can make a task match."""
        return any(term.field is not None and term.field.is_age for term in self.terms)

    @property
    def asks_for_cause(self) -> bool:
        """Whether the test needs the cause."""
        return any(term.field is not None and term.field.name == "cause" for term in self.terms)

    def narrows(self, other: Filter) -> bool:
        """Whether all matches of this filter surely match `other`; False if the terms do not show it."""
        return bool(other) and not other.is_timed and all(any(_implies(m, t) for m in self.terms) for t in other.terms)

    def describe(self) -> str:
        """The filter in words."""
        return ", ".join(term.words for term in self.terms) if self.terms else "everything"


def parse(text: str) -> Filter | FilterProblem:
    """The filter in `text`, or its first problem. It raises for no text."""
    terms = terms_of(text, FIELDS)
    return terms if isinstance(terms, FilterProblem) else Filter(terms)


def _implies(term: Term, other: Term) -> bool:
    """Whether every match of `term` also matches `other`: a text that contains a value contains each part of it."""
    if term == other:
        return True
    if term.field != other.field or term.negated or other.negated or (term.field and term.field.is_exact):
        return False
    values = [*term.values, *other.values]
    return not any(value.pattern for value in values) and all(
        any(less.text.casefold() in more.text.casefold() for less in other.values) for more in term.values
    )


def _all_of(tests: list[Test]) -> Test:
    if not tests:
        return lambda _task, _now, _cause: True
    whole = tests[-1]
    for test in reversed(tests[:-1]):
        whole = _both(test, whole)
    return whole


def _both(first: Test, second: Test) -> Test:
    return lambda task, now, cause: first(task, now, cause) and second(task, now, cause)


def _test_of(term: Term) -> Test:
    test = _plain_test(term)
    return (lambda task, now, cause: not test(task, now, cause)) if term.negated else test


def _plain_test(term: Term) -> Test:
    if term.field is None:
        needle = term.values[0].text.casefold()
        return lambda task, _now, _cause: needle in _everything_said(task)
    if term.field.is_age:
        return _age_test([age_of(value) for value in term.values])
    wanted = frozenset(value.text for value in term.values)
    if term.field.name == "state":
        return lambda task, _now, _cause: task.state in wanted
    if term.field.name == "reason":
        return lambda task, _now, _cause: task.reason in wanted
    fit = _any_of([value.fitting() for value in term.values])
    if term.field.name == "cause":
        return lambda _task, _now, cause: fit(cause)
    if term.field.name in _MANY_WORDS:
        return _many_words_test(_MANY_WORDS[term.field.name], fit)
    return _word_test(_WORD[term.field.name], fit)


def _age_test(limits: list[tuple[str, int]]) -> Test:
    def test(task: Task, now: int, _cause: str) -> bool:
        age_ms = now - task.since
        return any(age_ms > limit if sign == ">" else age_ms < limit for sign, limit in limits)

    return test


def _word_test(word_of: Callable[[Task], str | None], fit: Fit) -> Test:
    def test(task: Task, _now: int, _cause: str) -> bool:
        word = word_of(task)
        return word is not None and fit(word.casefold())

    return test


def _many_words_test(words_of: Callable[[Task], Iterable[str | None]], fit: Fit) -> Test:
    def test(task: Task, _now: int, _cause: str) -> bool:
        for word in words_of(task):  # noqa: SIM110 - runs for every task at every letter, and any() takes twice as long
            if word and fit(word.casefold()):
                return True
        return False

    return test


def _any_of(fitting: list[Fit]) -> Fit:
    if len(fitting) == 1:
        return fitting[0]
    return lambda text: any(fit(text) for fit in fitting)


def _everything_said(task: Task) -> str:
    return (
        f"{task.id}\n{task.title}\n{task.repo or ''}\n{task.step or ''}\n{task.state.value}\n{task.reason or ''}\n"
        f"{task.detail}\n{task.holder or ''}\n{task.owner or ''}\n{task.workflow}"
    ).casefold()


def _gates(task: Task) -> list[str | None]:
    """The gates that keep a task at its step: pending, asked of a person, or not passed."""
    gates: list[str | None] = list(task.awaited)
    if task.requests:
        gates += [request.gate for request in task.requests]
    if task.evidence:
        gates += [e.gate for e in task.evidence.values() if e.step == task.step and e.verdict is not Verdict.PASS]
    return gates


_WORD: Mapping[str, Callable[[Task], str | None]] = {
    "repo": attrgetter("repo"),
    "step": attrgetter("step"),
    "run": attrgetter("run"),
    "task": attrgetter("id"),
    "workflow": attrgetter("workflow"),
}
_MANY_WORDS: Mapping[str, Callable[[Task], Iterable[str | None]]] = {
    "gate": _gates,
    "owner": attrgetter("holder", "owner"),
    "label": attrgetter("labels"),
}

EVERYTHING = Filter()
"""The filter that every task matches."""
