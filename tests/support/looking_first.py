"""Plays about what a verifier looks at before an agent starts, and about what people put right in a live run."""

from __future__ import annotations

from typing import Any

from onloop.machine import commands as c
from onloop.machine.definition import Definition, Step
from onloop.machine.task import Evidence, Verdict
from onloop.records import replace
from support.scenario import ANA, BASE, PASS, Play, Scenario, create, voice
from support.steps import defined

NEW_PIN = "e" * 64


def checked(*steps: Step) -> Scenario:
    """A task that has just been created, and whose base must pass."""
    return Scenario(defined(*steps)).given(create(check_base=True))


def on_base(gate: str = "tests", verdict: Verdict = PASS, *, head: str = BASE, **more: Any) -> Play:
    """The verifier answers about what an agent would begin with."""

    def play(at: Scenario) -> c.Command:
        step = next(step for step, check in at.task.base_checks.items() if gate in check.gates)
        work = at.task.submission
        about = (work.head, work.tree, work.base) if work is not None else (head, head.upper(), head)
        told: dict[str, Any] = {"summary": f"{gate} says {verdict.value}", "definition": at.task.definition}
        told |= {"verifier": "verifier:v", "at": at.now, "step": step}
        told |= dict(zip(("head", "tree", "base"), about, strict=True))
        return c.ReportBase(Evidence(gate=gate, verdict=verdict, **{**told, **more}), at.task.base_checks[step].number)

    return play


def no_worse(person: str = ANA) -> c.Retry:
    """A person goes on although the base is red."""
    return c.Retry(voice(person), "it is known", no_worse=True)


def amending(at: Scenario, *steps: Step) -> Scenario:
    """The scenario in which a workflow of these steps is stored, so that a run can be amended with it."""
    return at.knowing(amended=pinned(*steps))


def pinned(*steps: Step, digest: str = NEW_PIN) -> Definition:
    """A workflow of these steps under another pin."""
    return replace(defined(*steps), digest=digest)


def amend(person: str = ANA, digest: str = NEW_PIN) -> c.Amend:
    """A person mends the workflow of the live run."""
    return c.Amend(digest, voice(person), "the gate was wrong")


def retarget(target: str = "trunk", origin: str = "/srv/billing.git") -> c.Retarget:
    """A person puts right where the work is done."""
    return c.Retarget("billing", origin, target, voice())
