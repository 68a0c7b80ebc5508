"""What policy gates say where a step is left or an effect begins: judged once, recorded, and what follows a denial."""

from __future__ import annotations

from collections.abc import Iterable

from onloop.machine import events as e
from onloop.machine.definition import DenyOutcome, HumanGate, PolicyGate, Step
from onloop.machine.policy_findings import PolicyFinding
from onloop.machine.rules.bypass_standing import is_bypassed
from onloop.machine.rules.decision_builder import DecisionBuilder
from onloop.machine.rules.people.entitlement import People, is_approved
from onloop.machine.rules.policy_facts import facts_digest, policy_facts
from onloop.machine.state import Reason, State
from onloop.machine.task import Feedback, RequestKind, Task

LONGEST_WORDS = 2_000
"""How much of what policies say is told in one sentence, in characters."""

_NO_ENGINE = "none"


def judge(course: DecisionBuilder, gates: Iterable[PolicyGate]) -> tuple[PolicyGate, ...]:
    """Evaluate these gates of the current step and record what is new; the answer is those that deny and enforce."""
    asked = tuple(gates)
    if not asked:
        return ()
    task = course.task
    facts = policy_facts(course.definition, task, course.facts.voters, course.now)
    digest = facts_digest(facts)
    head, base = (task.submission.head, task.submission.base) if task.submission is not None else ("", "")
    for gate in asked:
        outcome = course.facts.rules.evaluate(gate.rule, facts)
        finding = PolicyFinding(
            step=course.step.id,
            gate=gate.id,
            allows=outcome.allows,
            words=outcome.words,
            engine=outcome.engine,
            values=outcome.values,
            facts=digest,
            mode=gate.mode,
            policy=gate.policy,
            head=head,
            base=base,
            definition=task.definition,
            visit=task.visits.get(course.step.id, 0),
            at=course.now,
        )
        known = task.policy(course.step.id, gate.id)
        if known is None or not known.is_like(finding):
            course.record(e.PolicyJudged(finding))
    return tuple(gate for gate in asked if not _lets_on(course.task, course.step, gate, course.facts.voters))


def _lets_on(task: Task, step: Step, gate: PolicyGate, people: People) -> bool:
    """Whether a gate stops nothing: it is tried only, it allowed, or people bypassed it."""
    return not gate.enforces or _allows(task, step, gate) or is_bypassed(task, step, gate, people)


def _allows(task: Task, step: Step, gate: PolicyGate) -> bool:
    finding = task.policy(step.id, gate.id)
    return finding is not None and finding.allows


def holds(task: Task, step: Step, gate: PolicyGate, people: People) -> bool:
    """Whether a policy gate vouches for what counts now: it allowed, or those whom it demands approved."""
    if _lets_on(task, step, gate, people):
        return True
    demands = gate.on_deny is DenyOutcome.APPROVALS and task.policy(step.id, gate.id) is not None
    return demands and is_approved(task, step, gate.demanded, people)


def stopping(denied: Iterable[PolicyGate]) -> tuple[PolicyGate, ...]:
    """Those that no approval of people would satisfy."""
    return tuple(gate for gate in denied if gate.on_deny is not DenyOutcome.APPROVALS)


def demanded(course: DecisionBuilder, denied: Iterable[PolicyGate]) -> list[HumanGate]:
    """Whose approval is missing because a policy denied."""
    gates = (gate.demanded for gate in denied if gate.on_deny is DenyOutcome.APPROVALS)
    return [g for g in gates if not is_approved(course.task, course.step, g, course.facts.voters)]


def is_of_agent(course: DecisionBuilder, denied: Iterable[PolicyGate]) -> bool:
    """Whether an agent could mend what these policies deny: not where a rule could not be evaluated at all."""
    found = ((gate, course.task.policy(course.step.id, gate.id)) for gate in denied)
    return all(
        gate.on_deny is DenyOutcome.ROUND and finding is not None and finding.engine != _NO_ENGINE
        for gate, finding in found
    )


def ask_a_person(course: DecisionBuilder, denied: tuple[PolicyGate, ...]) -> None:
    """Stop, and ask a person what now about what policies deny. The lease ends, the environment stays."""
    course.end_lease(Reason.POLICY_VIOLATION.value)
    course.close_requests(Reason.POLICY_VIOLATION.value)
    words = denied_words(course.task, course.step, denied)
    course.ask(RequestKind.CHOICE, words, gate=HumanGate(denied[0].id, ()))
    course.record(e.Moved(State.INPUT_REQUIRED, Reason.POLICY_VIOLATION, words))


def feedback_of(course: DecisionBuilder, denied: Iterable[PolicyGate]) -> tuple[Feedback, ...]:
    """What the next brief says of each policy that denied."""
    told = ((gate, denied_words(course.task, course.step, (gate,))) for gate in denied)
    return tuple(Feedback("policy", words, "gateway", course.now) for _, words in told)


def denied_words(task: Task, step: Step, denied: Iterable[PolicyGate]) -> str:
    """What each policy denies and why, in one sentence: the gate, its explanation, and what its rule lacked or read."""
    return "; ".join(_words(gate, task.policy(step.id, gate.id)) for gate in denied)[:LONGEST_WORDS]


def _words(gate: PolicyGate, finding: PolicyFinding | None) -> str:
    found = "it was not judged" if finding is None else finding.words
    read = ", ".join(finding.values) if finding is not None else ""
    why = f"{gate.explain.strip().rstrip('.')} ({found})" if gate.explain.strip() else found
    return f"{gate.id}: {why}{f'; {read}' if read else ''}"
