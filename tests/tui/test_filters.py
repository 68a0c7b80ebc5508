"""Filters: what people type is understood or refused with a place and a way out, and nothing that is typed raises."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.machine.state import Reason, State
from onloop.machine.task import Evidence, Request, RequestKind, Task, Verdict
from onloop.records import replace
from onloop_tui.model.filter.filter_terms import LONGEST, FilterField, FilterProblem, Term, Value
from onloop_tui.model.filter.filters import EVERYTHING, FIELDS, Filter, parse

from .test_tree_index import NOON, task

EVIDENCE = Evidence("tests", Verdict.FAIL, "", "h", "t", "b", "d", "verifier:v1", NOON, step="develop.fix")
THING = replace(
    task("r7k2m.3"), title="Patch kvlite", repo="payments", state=State.INPUT_REQUIRED, reason=Reason.QUESTION,
    step="develop.fix", holder="agent:coder", workflow="cve-remediation", detail="Which key\nformat?", since=NOON,
    requests=(Request("q", RequestKind.QUESTION, "develop.fix", "?", NOON, gate="release"),),
    evidence={"develop.fix:tests": EVIDENCE},
)  # fmt: skip
HOUR = 3_600_000


def understood(text: str) -> Filter:
    found = parse(text)
    assert isinstance(found, Filter), found
    return found


def fits(text: str, subject: Task = THING, *, now: int = NOON + 3 * HOUR, cause: str = "ab12cd34") -> bool:
    return understood(text).matches(subject, now, cause)


@pytest.mark.parametrize(
    "text",
    [
        "", "state:input_required", "STATE:Input_Required", "state:working,input_required", "!state:working",
        "repo:pay*",
        "repo:PAY", "repo:*ment*", "repo:p*y*nts", "gate:tests", "gate:release", "cause:ab12", "owner:coder",
        "reason:question", "step:develop", "run:r7k2m", "task:r7k2m.3", "workflow:cve", "age:>2h", "age:2h", "age:<1d",
        "age:>9d,<4h", "kvlite", "KVLITE patch", '"patch kvlite"', '"key\nformat"', "!unrelated", 'repo:"payments",x',
        "!repo:bill* coder", "!age:>4h",
    ],
)  # fmt: skip
def test_a_task_is_found_by_what_it_is(text: str) -> None:
    assert fits(text)


@pytest.mark.parametrize(
    "text",
    [
        "state:working", "!state:input_required", "repo:*pay", "repo:p*x*nts", "repo:payments*payments",
        'repo:"pay*"', "gate:patched", "cause:ffff", "owner:ana", "reason:choice", "age:>3h", "age:<3h", "unrelated",
        "!kvlite", '"kvlite patch"', "kvlite unrelated", "none", "!gate:tests", "state:working kvlite",
    ],
)  # fmt: skip
def test_a_task_is_not_found_by_what_it_is_not(text: str) -> None:
    assert not fits(text)


def test_a_gate_that_passed_or_belongs_to_another_step_keeps_nobody() -> None:
    passed = replace(EVIDENCE, verdict=Verdict.PASS)
    assert not fits("gate:tests", replace(THING, evidence={"develop.fix:tests": passed}))
    assert not fits("gate:tests", replace(THING, step="ship.approve"))
    assert fits("gate:tests", replace(THING, evidence={}, awaited=("tests",)))


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("colour:red", 1, "unknown field 'colour'"), ("a  repos:b", 4, "use one of state: reason: repo:"),
        ("state:", 7, "such as submitted working"), ("state:wrking", 7, "one of submitted working input_required"),
        ("repo:a,,b", 8, "has no value"), ("age:2", 5, "such as >2h"), ("age:>", 5, "invalid duration '>'"),
        ("x !", 3, "write the excluded text directly after it"), ('repo:"pay', 6, "the quote is not closed"),
        ("a" * (LONGEST + 1), LONGEST + 1, f"use {LONGEST} or fewer"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_its_column_and_a_way_out(text: str, column: int, words: str) -> None:
    found = parse(text)
    assert isinstance(found, FilterProblem)
    assert found.column == column
    assert words in found.words


def test_a_filter_says_itself_in_words() -> None:
    text = 'state:working,paused !repo:pay* age:>120m,<5m !old "two words"'
    words = "state is working or paused, repo is not pay*, age is over 2h or under 5m, without “old”, with “two words”"
    assert understood(text).describe() == words
    assert EVERYTHING.describe() == "everything"


def test_a_filter_knows_what_it_depends_on() -> None:
    assert [understood(text).is_timed for text in ("age:>2h", "state:working", "")] == [True, False, False]
    assert [understood(text).asks_for_cause for text in ("cause:ab", "age:>2h")] == [True, False]


AWKWARD = st.text(st.sampled_from('a\\":*,!<> \x1b\ud800'), max_size=12)
VALUES = st.builds(Value, (AWKWARD | st.text(max_size=12)).filter(bool))
PATTERNS = st.builds(lambda words: Value("*".join(words), pattern=True),
                     st.lists(st.sampled_from(["", "a", "Éß", "x-1", "!", ":"]), min_size=2, max_size=4))  # fmt: skip
OPEN = [field for field in FIELDS.values() if not field.allowed and not field.is_age]
TERMS = st.one_of(
    st.builds(Term, st.none(), st.tuples(VALUES), st.booleans()),
    st.builds(
        Term, st.sampled_from(OPEN), st.lists(VALUES | PATTERNS, min_size=1, max_size=3).map(tuple), st.booleans()
    ),
    st.builds(Term, st.just(FIELDS["state"]), st.tuples(st.builds(Value, st.sampled_from(list(State)))), st.booleans()),
    st.builds(Term, st.just(FIELDS["age"]), st.tuples(st.builds(Value, st.sampled_from([">2h", "<5m", ">0s"])))),
)


@given(st.lists(TERMS, max_size=5))
def test_a_filter_written_down_is_the_same_filter(terms: list[Term]) -> None:
    whole = Filter(tuple(terms))
    assert parse(str(whole)) == whole


WORDS = st.sampled_from(["state:", "age:", "repo:", "working", ">2h", "x*", " ", "!", '"', ",", ":"])


@given(AWKWARD | st.text(max_size=2_000) | st.lists(WORDS, max_size=8).map("".join))
def test_no_text_raises_and_what_is_understood_is_understood_again(text: str) -> None:
    found = parse(text)
    if isinstance(found, Filter):
        assert parse(str(found)) == found
        assert found.matches(THING, NOON, "") in {True, False}
        assert found.describe()
    else:
        assert 1 <= found.column <= LONGEST + 1
        assert found.message and found.hint


NEEDLES = st.text(st.sampled_from("abß"), max_size=3)
FREE = st.sampled_from([None, FIELDS["repo"], FIELDS["task"], FIELDS["state"]])


@given(NEEDLES, NEEDLES, FREE, st.booleans(), st.lists(TERMS, max_size=2), st.lists(TERMS, max_size=2))
def test_what_narrows_a_filter_lets_through_nothing_that_it_did_not(
    less: str, more: str, field: FilterField | None, negated: bool, kept: list[Term], added: list[Term]
) -> None:
    before = Filter((*kept, Term(field, (Value(less),), negated)))
    after = Filter((*kept, Term(field, (Value(less + more),), negated), *added))

    for word in ("ab", "aßb", "SSA", "b", "abab", ""):
        task = replace(THING, repo=word or None, title=word, id=f"r.{word}")
        if after.narrows(before) and after.matches(task, NOON, word):
            assert before.matches(task, NOON, word)


@pytest.mark.parametrize(
    ("before", "after", "narrower"),
    [
        ("re", "rep", True),
        ("repo:a", "repo:ab", True),
        ("repo:a,b", "repo:ab", True),
        ("repo:ab", "repo:ab state:working", True),
        ("", "a", False),
        ("repo", "repo:a", False),
        ("!a", "!ab", False),
        ("repo:a*", "repo:ab*", False),
        ("repo:a", "repo:a,b", False),
        ("age:>2h", "age:>2h a", False),
        ("ab", "a", False),
    ],
)
def test_only_what_is_known_to_narrow_is_looked_for_in_what_was_found(before: str, after: str, narrower: bool) -> None:
    assert understood(after).narrows(understood(before)) is narrower


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    began = time.process_time()
    assert not fits("repo:" + "a*" * 400 + "b", replace(THING, repo="a" * 100_000))
    assert time.process_time() - began < 1


def test_ten_thousand_tasks_are_filtered_before_the_next_letter_is_typed() -> None:
    tasks = [replace(THING, id=f"r7k2m.{i}", repo=f"repo{i}") for i in range(10_000)]
    wanted = understood("state:input_required repo:repo99* owner:coder kvlite")
    best = min(_spent_ms(wanted, tasks) for _ in range(5))
    assert best < 30  # 4 ms on an idle core; three times of it would still go unnoticed


def _spent_ms(wanted: Filter, tasks: list[Task]) -> float:
    began = time.process_time()
    assert sum(wanted.matches(each, NOON, "") for each in tasks) == 111
    return (time.process_time() - began) * 1000
