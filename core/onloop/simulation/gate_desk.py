"""The simulated verifier: it takes the jobs of the gateway, and answers them by chance instead of running them."""

from __future__ import annotations

from hashlib import sha256
from random import Random

from onloop.gateway.jobs import PerformJob, TakeJob
from onloop.machine import commands as c
from onloop.machine.definition import CommandGate, Effect, MachineGate, Step
from onloop.machine.events import EffectProblem
from onloop.machine.limits import LONGEST_LEASE_MS
from onloop.machine.principal import EFFECTS, verifier
from onloop.machine.rules.looking_first import ON_BASE
from onloop.machine.task import Evidence, Submission, Task, TestCounts, Verdict
from onloop.records import MutableRecord
from onloop.simulation.conduct import happens
from onloop.simulation.world import World, is_flawed_at
from onloop.store.port import TaskFilter
from onloop.store.rows import Job
from onloop.views.children import funnelled
from onloop.views.pinned_workflow import definition_of

VERIFIER = verifier("simulation")


class GateDesk(MutableRecord):
    """Runs so many gates and effects at a time as the plan says."""

    world: World
    chance: Random
    running: int = 0
    stirred: bool = True

    def notice(self, task: Task) -> None:
        """A task that has changed may wait for a gate or an effect."""
        self.stirred |= bool(task.awaited or task.effect is not None or task.base_checks)

    def start(self) -> None:
        """Begin what waits, as far as there is room."""
        while self.stirred and self.running < self.world.plan.gates_at_once:
            if not (self._begun(effects=True) or self._begun(effects=False)):
                self.stirred = False

    def _begun(self, *, effects: bool) -> bool:
        job = self.world.ask(TakeJob(VERIFIER, LONGEST_LEASE_MS, effects))
        if job is None:
            return False
        ways = self.world.plan.conduct
        took = (ways.effects.time if effects else ways.gates.time).sample(self.chance)
        self.running += 1
        self.world.time.after(took, lambda: self._end(job, took))
        return True

    def _end(self, job: Job, took: int) -> None:
        self.running -= 1
        self.stirred = True
        with self.world.store.reading() as at:
            task = at.task(job.task)
            definition = definition_of(at, task) if task is not None else None
        if task is None or definition is None or task.ended:
            return
        if job.gate is None:
            self._carry_out(job, task)
        elif job.gate.startswith(ON_BASE):
            self._look_at_base(job, task, took)
        else:
            step = definition.step(task.step or "")
            gate = next((each for each in step.machine_gates if each.id == job.gate), None)
            if gate is not None and task.submission is not None:
                evidence = self._judged(task, task.submission, step, gate, took)
                self.world.ask(PerformJob(VERIFIER, job, c.ReportGate(evidence)))

    def _judged(self, task: Task, work: Submission, step: Step, gate: MachineGate, took: int) -> Evidence:
        verdict, words = self._verdict(task, step, gate)
        ran = TestCounts(ran=40, skipped=0, failed=1 if verdict is Verdict.FAIL else 0)
        is_command = isinstance(gate, CommandGate)
        return Evidence(
            gate=gate.id,
            verdict=verdict,
            summary=words,
            head=work.head,
            tree=work.tree,
            base=work.base,
            definition=task.definition,
            verifier=VERIFIER.id,
            at=self.world.time.now,
            step=step.id,
            duration_ms=took,
            argv=gate.argv if isinstance(gate, CommandGate) else (),
            exit_code=(0 if verdict is Verdict.PASS else 1) if is_command else None,
            tests=ran if isinstance(gate, CommandGate) and gate.tests is not None else None,
            isolation="simulated",
            score=self.chance.randrange(100_000) if isinstance(gate, CommandGate) and gate.scores else None,
        )

    def _verdict(self, task: Task, step: Step, gate: MachineGate) -> tuple[Verdict, str]:
        ways, repo = self.world.plan.conduct.gates, task.repo or ""
        with self.world.store.reading() as at:
            walked = definition_of(at, task)
        flaw = self.world.flaws.get(repo)
        if flaw is not None and is_flawed_at(walked, step, gate.id, flaw):
            if not (task.round and happens(self.chance, flaw.mended)):
                return Verdict.FAIL, flaw.words
            del self.world.flaws[repo]
        if happens(self.chance, ways.errors):
            return Verdict.ERROR, "the verifier could not start the command"
        if not isinstance(gate, CommandGate):
            is_missing = happens(self.chance, ways.fails // 4)
            return (Verdict.FAIL, f"{gate.id} is missing or too short") if is_missing else (Verdict.PASS, "passed")
        if happens(self.chance, ways.fails):
            return Verdict.FAIL, f"AssertionError: case {self.chance.randrange(1000)} is not what was expected"
        return Verdict.PASS, "passed"

    def _look_at_base(self, job: Job, task: Task, took: int) -> None:
        """Answer what is looked at before an agent starts: not met yet, so that the agent has something to do."""
        gate = (job.gate or "").removeprefix(ON_BASE)
        checks = ((step, check.number) for step, check in task.base_checks.items() if gate in check.awaited)
        found, number = next(checks, ("", 0))
        tip = self.world.tip(task.origin or "")
        tree = self.world.commit("tree", tip)
        evidence = Evidence(
            gate,
            Verdict.FAIL,
            "not met on the base",
            tip,
            tree,
            tip,
            task.definition,
            VERIFIER.id,
            self.world.time.now,
            step=found,
            duration_ms=took,
            isolation="simulated",
        )
        self.world.ask(PerformJob(VERIFIER, job, c.ReportBase(evidence, number)))

    def _carry_out(self, job: Job, task: Task) -> None:
        """Do the effect: a funnel in no mirror, or a merge that moves the tip."""
        effect = task.effect
        if effect is None:
            return
        conflicts = happens(self.chance, self.world.plan.conduct.effects.conflicts)
        if effect.kind == Effect.FUNNEL.value:
            self._funnel(job, task, effect.id, conflicts=conflicts)
        elif conflicts:
            words = "conflict with the tip in src/client.py"
            self.world.ask(PerformJob(EFFECTS, job, c.FailEffect(effect.id, EffectProblem.CONFLICT, words)))
        else:
            origin = task.origin or ""
            before, after = self.world.tip(origin), self.world.commit("merge", effect.id)
            self.world.ask(PerformJob(EFFECTS, job, c.StartEffect(effect.id, before, after)))
            if self.world.ask(PerformJob(EFFECTS, job, c.FinishEffect(effect.id, after))) is not None:
                self.world.tips[origin] = after

    def _funnel(self, job: Job, task: Task, effect: str, *, conflicts: bool) -> None:
        with self.world.store.reading() as at:
            parts = funnelled(at, task)
            made = {child.id for child in at.tasks(TaskFilter(parent=task.id))}
        if conflicts and len(parts) > 1 and parts[-1][0] in made:
            paths = ("src/client.py",)
            self.world.ask(PerformJob(EFFECTS, job, c.ReportConflict(effect, parts[-1][0], paths)))
            return
        head = sha256("/".join(part.head for _, part in parts).encode()).hexdigest()[:40]
        work = self.world.submission(task, head)
        self.world.ask(PerformJob(EFFECTS, job, c.FinishFunnel(effect, work)))
