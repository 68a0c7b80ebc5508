"""A decision with its evidence, as a statement that can leave the store: in-toto Statement v1, of integers and strings.

Everything in it is the gateway's own knowledge. What agents wrote is left out: nobody can vouch for it.
"""

from __future__ import annotations

from collections.abc import Iterator

from onloop.errors import Exit, Refused
from onloop.machine import events as e
from onloop.machine.definition import Definition, HumanGate, Step
from onloop.machine.digest import Json, evidence_digest
from onloop.machine.rules.bypass_standing import bypasses_now
from onloop.machine.rules.independence import counts_now
from onloop.machine.rules.people.entitlement import valid_approvals
from onloop.machine.task import Bypass, Decision, Evidence, Judgement, Submission, Task
from onloop.store.codec import event_from_text
from onloop.store.port import Reading
from onloop.store.rows import LOG, Head
from onloop.views.dossier import gate_lines
from onloop.views.pinned_workflow import definition_of

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "urn:onloop:decision:v1"
MOST_EVENTS = 100_000


def statement_of(reading: Reading, task: Task, now: int, version: str) -> dict[str, Json]:
    """What is attested of a task at `now` (ms), by this `version` of onloop.

    Refused where nothing was handed in: there is no commit to say anything about.
    """
    submission = task.submission
    if submission is None:
        raise Refused(
            f"{task.id} has no submission: there is nothing to attest",
            exit=Exit.NOTHING,
            hint=f"onloop show {task.id}",
        )
    definition = definition_of(reading, task)
    commit = task.result or submission.head
    return {
        "_type": STATEMENT,
        "subject": [{"name": task.repo or task.id, "digest": {"gitCommit": commit}}],
        "predicateType": PREDICATE,
        "predicate": {
            "store": reading.house().id,
            "task": task.id,
            "run": task.run,
            "state": task.state.value,
            "merged": task.result is not None,
            "target": task.target,
            "workflow": {"name": task.workflow, "digest": {"sha256": task.definition}},
            "submission": _submission(submission),
            "steps": [_step(task, step) for step in definition.steps if step.id in task.visits],
            "gates": [*_gates(definition, task)],
            "judgements": [_judgement(judgement) for judgement in task.judgements if counts_now(task, judgement)],
            "decisions": [_decision(decision) for decision in task.decisions],
            "approvals": [*_approvals(reading, definition, task)],
            "bypasses": [_bypass(bypass) for bypass in bypasses_now(task)],
            "effects": [*_effects(reading, task)],
            "log": _log(reading, task),
            "made": {"at": now, "by": f"onloop {version}"},
        },
    }


def _submission(given: Submission) -> Json:
    return {"head": given.head, "tree": given.tree, "base": given.base, "change": given.change, "at": given.at}


def _step(task: Task, step: Step) -> Json:
    return {"id": step.id, "visits": task.visits[step.id], "workers": list(task.workers.get(step.id, ()))}


def _gates(definition: Definition, task: Task) -> Iterator[Json]:
    """Every gate of the workflow as it stands for a person, with the evidence that counts now."""
    for line in gate_lines(definition, task):
        found = line.evidence
        yield {
            "step": line.step,
            "gate": line.gate,
            "standing": line.mark.value,
            "evidence": None if found is None else _evidence(found, current=task.is_current(found)),
        }


def _evidence(found: Evidence, *, current: bool) -> Json:
    tests = found.tests
    return {
        "digest": {"sha256": evidence_digest(found)},
        "verdict": found.verdict.value,
        "current": current,
        "head": found.head,
        "tree": found.tree,
        "base": found.base,
        "workflow": {"sha256": found.definition},
        "verifier": found.verifier,
        "isolation": found.isolation,
        "box": found.box,
        "network": found.network,
        "program": {"sha256": found.program_digest} if found.program_digest else None,
        "output": {"sha256": found.output} if found.output else None,
        "exit": found.exit_code,
        "tests": None if tests is None else {"ran": tests.ran, "skipped": tests.skipped, "failed": tests.failed},
        "at": found.at,
    }


def _judgement(judgement: Judgement) -> Json:
    return {
        "step": judgement.step,
        "gate": judgement.gate,
        "by": judgement.by,
        "passes": judgement.passes,
        "independence": judgement.independence.value,
        "at": judgement.at,
    }


def _decision(decision: Decision) -> Json:
    return {
        "answer": decision.answer.value,
        "by": decision.by,
        "behalf": decision.behalf or None,
        "step": decision.step,
        "gate": decision.gate,
        "shown": decision.digest,
        "head": decision.head,
        "base": decision.base,
        "workflow": decision.definition,
        "assurance": decision.assurance.value,
        "key": decision.key or None,
        "presence": decision.presence or None,
        "unseen": list(decision.unseen),
        "at": decision.at,
    }


def _approvals(reading: Reading, definition: Definition, task: Task) -> Iterator[Json]:
    """Each gate that asks people, and whose approvals count for the work as it is: by how many of how many."""
    house = reading.house()
    people = {**house.former_groups, **house.groups}
    for step in definition.steps:
        for gate in step.human_gates:
            if step.id in task.visits:
                yield _counted(step, gate, valid_approvals(task, step, gate, people))


def _counted(step: Step, gate: HumanGate, counted: tuple[Decision, ...]) -> Json:
    return {
        "step": step.id,
        "gate": gate.id,
        "from": list(gate.approvers),
        "quorum": gate.quorum,
        "demands": gate.assurance.value,
        "counted": [{"by": each.by, "assurance": each.assurance.value, "shown": each.digest} for each in counted],
    }


def _bypass(bypass: Bypass) -> Json:
    return {
        "step": bypass.step,
        "gate": bypass.gate,
        "stood": bypass.stood,
        "by": bypass.by,
        "reason": bypass.reason,
        "assurance": bypass.assurance.value,
        "key": bypass.key or None,
        "shown": bypass.digest,
        "evidence": bypass.evidence or None,
        "head": bypass.head,
        "at": bypass.at,
    }


def _effects(reading: Reading, task: Task) -> Iterator[Json]:
    """What the gateway changed outside: from where the target was moved, to which commit, and when."""
    begun: dict[str, e.EffectStarted] = {}
    for each in reading.log(task=task.id, limit=MOST_EVENTS, newest=True):
        if each.name in {e.EffectStarted.__name__, e.EffectDone.__name__}:
            event = event_from_text(each.name, each.data)
            if isinstance(event, e.EffectStarted):
                begun[event.id] = event
            elif isinstance(event, e.EffectDone):
                known = begun.get(event.id)
                yield {"id": event.id, "from": known.expected if known else None, "to": event.result, "at": each.at}


def _log(reading: Reading, task: Task) -> Json:
    """Where the log ends: its chain, and that of the run, which `onloop store verify` computes again."""
    whole, run = reading.get(Head, LOG), reading.get(Head, task.run)
    return {
        "events": whole.count if whole else 0,
        "hash": whole.hash if whole else "",
        "run": {"events": run.count if run else 0, "hash": run.hash if run else ""},
        "task_version": task.version,
    }
