"""Rules in CEL: allow is exactly true; everything else denies, with what was missing in words."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.machine.fact_vocabulary import DECLARED, FACTS, FactType
from onloop.policies.cel_rules import CelRules, absorbed, faults_of, reads_of
from onloop.policies.late_rules import LATE_RULES

RULES = CelRules()
KNOWN: dict[str, Any] = {
    "task": {"id": "T-1", "labels": ["docs"]},
    "change": {"count": 3, "added": 40, "paths": ["a.py", "b.py", "infra/main.tf"], "owners": ["@ops"]},
    "evidence": {"tests": {"verdict": "pass", "ran": 12, "coverage": 81.25, "score": None}},
    "people": {"approvals": {"release": ["ana", "ben"]}},
}


@pytest.mark.parametrize(
    "rule",
    [
        "change.count < 5",
        "change.count == 3 && 'docs' in task.labels",
        "evidence.tests.coverage >= 80",
        "evidence['tests'].ran > 10",
        "has(evidence.tests) && evidence.tests.verdict == 'pass'",
        "change.paths.exists(p, p.startsWith('infra/'))",
        "people.approvals.release.size() >= 2",
    ],
)
def test_a_rule_that_is_exactly_true_allows(rule: str) -> None:
    assert RULES.evaluate(rule, KNOWN).allows


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("change.count > 5", "the rule is false"),
        ("evidence.lint.ran > 1", "evidence.lint is not known"),
        ("evidence.tests.score > 1.0", "evidence.tests.score is not known"),
        ("change.removed > 1", "change.removed is not known"),
        ("change.count / 0 == 1", "divide by zero"),
        ("change.count + 9223372036854775807 > 0", "overflow"),
        ("evidence.tests.verdict", "gave string, not true"),
        ("change.paths.all(p, p.matches('['))", "invalid regular expression"),
        ("'true'", "gives string"),
        ("1", "gives int"),
        ("null", "gives null"),
        ("change.cuont < 5", "there is no fact change.cuont"),
        ("evidence.tests.rna < 5", "there is no fact evidence.tests.rna"),
        ("nothing.at.all", "there is no fact or function nothing"),
        ("change.count < 'x'", "does not take"),
        ("change.count <", "Syntax error"),
        ("", "the rule is empty"),
        ("true" + " && true" * 1_000, "more than 4000"),
        ("(" * 40 + "true" + ")" * 40, "recursion"),
        ("\ud800 == 1", "a character that no text has"),
        ("change.paths.all(p, change.paths.all(q, change.paths.all(r, p.matches(q + r))))", "steps, more than"),
    ],
)
def test_whatever_is_not_exactly_true_denies_and_says_why(rule: str, words: str) -> None:
    outcome = RULES.evaluate(rule, KNOWN)
    assert not outcome.allows
    assert words in outcome.words


def test_what_a_rule_read_is_part_of_what_it_says() -> None:
    outcome = RULES.evaluate("change.count < 2 || evidence.tests.ran < 5", KNOWN)
    assert outcome.values == ("change.count = 3", "evidence.tests.ran = 12")
    assert outcome.engine.startswith("cel-expr-python ")


def test_a_change_of_20000_paths_is_denied_with_the_words_even_where_another_part_is_true() -> None:
    facts = {"change": {"count": 20_000, "paths": ["x"] * 20_000}}
    outcome = RULES.evaluate("change.paths.all(p, p == 'x') || true", facts)
    assert not outcome.allows
    assert outcome.words == "change.paths has 20000 items, more than the 1000 that a rule is given"
    assert RULES.evaluate("change.count == 20000", facts).allows


def test_an_operand_that_failed_and_was_hidden_is_told() -> None:
    assert RULES.evaluate("evidence.lint.ran > 1 || true", KNOWN).allows
    assert absorbed("evidence.lint.ran > 1 || true", KNOWN) == ("evidence.lint.ran > 1: evidence.lint is not known",)
    assert absorbed("(change.removed > 1 && change.count == 9) || change.count == 3", KNOWN) != ()


def test_an_operand_behind_a_guard_hides_nothing() -> None:
    assert absorbed("has(evidence.lint) && evidence.lint.ran > 1", KNOWN) == ()
    assert absorbed("change.count == 3 || evidence.lint.ran > 1", KNOWN) == ()


@pytest.mark.parametrize(
    ("rule", "at"),
    [("change.count > 1 &&\n  change.cuont > 2", 22), ("true &&\n 'a' > 1", 13), ("true &&", 7)],
)
def test_a_fault_has_its_place_in_the_text(rule: str, at: int) -> None:
    (fault,) = faults_of(rule)
    assert fault.at == at


def test_a_fact_that_was_meant_is_named() -> None:
    (fault,) = faults_of("change.cuont > 2")
    assert "did you mean change.count?" in fault.hint


def test_a_rule_tells_which_facts_it_reads() -> None:
    assert reads_of("change.paths.exists(p, p == task.id) && people.groups.leads.size() > 0") == {
        "change.paths",
        "task.id",
        "people.groups",
    }


def test_every_fact_can_be_given_and_read() -> None:
    example: dict[FactType, tuple[Any, str]] = {
        FactType.TEXT: ("x", "{} == 'x'"),
        FactType.WHOLE: (7, "{} == 7"),
        FactType.NUMBER: (7.5, "{} == 7.5"),
        FactType.FLAG: (True, "{}"),
        FactType.TEXTS: (("x",), "'x' in {}"),
        FactType.TEXTS_BY_NAME: ({"x": ("y",)}, "'y' in {}.x"),
        FactType.RECORDS_BY_NAME: ({"x": {"ran": 1}}, "{}.x.ran == 1"),
    }
    for fact in DECLARED:
        value, rule = example[fact.kind]
        facts: Any = value
        for part in reversed(fact.path.split(".")):
            facts = {part: facts}
        assert RULES.evaluate(rule.format(fact.path), facts).allows, fact.path
    assert len({fact.path for fact in FACTS}) == len(FACTS)


@pytest.mark.parametrize(
    "rule",
    [
        "change.paths.all(x, change.paths.all(y, y.matches(x)))",
        "change.paths.map(x, x + x).map(x, x + x).map(x, x + x).map(x, x + x).size() > 1",
        "change.paths.all(x, " + " && ".join(["x != 'b'"] * 120) + ")",
    ],
)
def test_a_rule_that_could_take_long_is_refused_before_it_runs(rule: str) -> None:
    (fault,) = faults_of(rule)
    assert "steps, more than" in fault.what or "uses of map" in fault.what


def test_the_late_engine_says_what_the_engine_says() -> None:
    assert LATE_RULES.evaluate("change.count < 5", KNOWN) == RULES.evaluate("change.count < 5", KNOWN)


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text() | st.integers(), inner, max_size=4),
    max_leaves=8,
)
_FACTS = st.dictionaries(
    st.sampled_from(["task", "change", "evidence", "people", "odd"]),
    _VALUES
    | st.dictionaries(st.sampled_from(["count", "paths", "id", "labels", "tests", "approvals", "groups"]), _VALUES),
)
_NAMES = ["change.count", "change.paths", "evidence", "evidence.tests.ran", "people.groups", "task.id", "p", "null"]
_SIGNS = [*". ( ) [ ] { } ! - + / % == < && || ? : , //", *("\n", "\\", '"', "'''", "\0", "é", "😀", "\ud800")]
_WORDS = ["'x'", "1", "2.5", "true", "in", "has(", "size(", ".all(p,", ".map(p,", ".matches("]
_PIECES = st.sampled_from([*_NAMES, *_SIGNS, *_WORDS])


@given(st.lists(_PIECES, max_size=14).map(" ".join) | st.text(max_size=60), _FACTS)
def test_any_rule_over_any_facts_gives_an_outcome_and_allows_only_where_cel_says_true(
    rule: str, facts: dict[str, Any]
) -> None:
    outcome = RULES.evaluate(rule, facts)
    assert outcome.words
    assert outcome.allows is (outcome.words == "the rule is true")
    absorbed(rule, facts)


@given(st.sampled_from([fact.path for fact in DECLARED]))
def test_a_rule_about_a_fact_that_is_missing_never_allows(path: str) -> None:
    for rule in (f"{path} == {path}", f"!({path} != {path})", f"size(string({path})) >= 0"):
        assert not RULES.evaluate(rule, {}).allows
