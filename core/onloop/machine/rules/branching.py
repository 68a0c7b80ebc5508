"""Which step comes next: the first rule that gives exactly true, evaluated once and recorded."""

from __future__ import annotations

from onloop.machine import events as e
from onloop.machine.definition import END, Step
from onloop.machine.rules.decision_builder import DecisionBuilder
from onloop.machine.rules.rule_facts import rule_facts
from onloop.machine.state import Reason

LONGEST_WORDS = 2_000
"""How much is kept of what the rules gave that were not followed, in characters."""


def following(course: DecisionBuilder) -> Step | None:
    """The step that comes after the one where the task stands, or None at the end."""
    step, task = course.step, course.task
    if not step.next:
        to = course.definition.followers(step.id)[0]
    elif task.reason is Reason.CHILDREN_RUNNING and task.branches.get(step.id) == END:
        to = END  # it was done but for its children
    else:
        to = _chosen(course, step)
    return None if to == END else course.definition.step(to)


def _chosen(course: DecisionBuilder, step: Step) -> str:
    """Where the first rule that holds leads. What is not exactly true does not hold, whatever went wrong with it."""
    facts, words, engine = rule_facts(course.definition, course.task), list[str](), ""
    taken = step.next[-1]
    for rule in step.next:
        if not rule.when:
            taken = rule
            break
        outcome = course.facts.rules.evaluate(rule.when, facts)
        engine = outcome.engine
        if outcome.allows:
            taken = rule
            break
        words.append(f"not to {rule.to}: {outcome.words}")
    course.record(e.BranchTaken(step.id, taken.to, taken.when, "; ".join(words)[:LONGEST_WORDS], engine))
    return taken.to
