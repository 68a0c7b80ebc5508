"""A log of a simulated factory whose truth is known: what is planted in it is to be found, and nothing else.

Its gates of people read before they decide and send back some; its machine gates fail now and then, always say the
same of the same work, and are asked twice now and then. A plant changes one gate.
"""

from __future__ import annotations

from enum import Enum
from random import Random

from onloop.machine.change_facts import ChangeFacts
from onloop.machine.definition import Assurance, Effect
from onloop.machine.events import (
    Claimed,
    Created,
    Decided,
    EffectDone,
    EffectRequested,
    Event,
    GateReported,
    Moved,
    NoteSent,
    RequestClosed,
    RequestOpened,
    StepEntered,
    Submitted,
    UsageTold,
)
from onloop.machine.messages import Note
from onloop.machine.state import Reason, State
from onloop.machine.store_state import HOUSE, PersonEnrolled, StoreEvent
from onloop.machine.task import (
    Decision,
    DecisionKind,
    Evidence,
    Kind,
    Request,
    RequestKind,
    Submission,
    Verdict,
)
from onloop.machine.usage import Usage
from onloop.store.codec import to_text
from onloop.store.port import Recorded

MONDAY = 1_767_600_000_000
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000
TASKS = 110


class Plant(Enum):
    """What is wrong with one gate, and which one."""

    RUBBER_STAMP = ("ship.approve", "release")
    NEVER_FAILS = ("develop.write", "lint")
    FLAKY = ("develop.write", "tests")
    IDLE_CALL = ("develop.write", "choice")


class PlantedLog:
    """Writes the log, event by event; the same seed and plants give the same one."""

    def __init__(self, seed: int, plants: frozenset[Plant], tasks: int = TASKS) -> None:
        self.events: list[Recorded] = []
        self.at = MONDAY
        self._plants = plants
        self._chance = Random(f"{seed}/planted")  # noqa: S311 - nothing here is a secret
        self._number = 0
        for name in ("ana", "ben"):
            self.write(HOUSE, PersonEnrolled(name, ("approvers",), f"{name}@example.org", "", "", "x"), "launcher:x")
        for number in range(1, tasks + 1):
            self._task(f"r{number % 7}.{number}")

    def write(self, task: str, event: Event | StoreEvent, by: str = "gateway:timers", after: int = 0) -> None:
        """One more event, so long after the last."""
        self.at += after
        self._number += 1
        run = task.partition(".")[0]
        name = type(event).__name__
        self.events.append(
            Recorded(self._number, run, self._number, task, self._number, name, to_text(event), self.at, by, "", "")
        )

    def _happens(self, share: float) -> bool:
        return self._chance.random() < share

    def _task(self, task: str) -> None:
        self.at = max(self.at, MONDAY) + self._chance.randrange(2 * HOUR)
        run = task.partition(".")[0]
        self.write(task, Created("t", Kind.WORK, "ship", "d" * 64, "human:ana", run), "launcher:x")
        self._step(task, "develop.write")
        self.write(task, Moved(State.SUBMITTED, Reason.READY))
        visit, work = 1, self._developed(task, 1)
        while self._sent_back(task, work, visit):
            visit += 1
            self._step(task, "develop.write", visit)
            work = self._developed(task, visit)
        if self._happens(0.05):
            self.write(task, Moved(State.CANCELED, None, "not wanted"), "human:ana", MINUTE)
            return
        self._merged(task)
        self.write(task, Moved(State.COMPLETED, None, "done"))

    def _step(self, task: str, step: str, visit: int = 1) -> None:
        self.write(task, StepEntered(step, visit))

    def _developed(self, task: str, visit: int) -> Submission:
        """An agent works until every gate passes."""
        self.write(task, Claimed("agent:ada", "implementer", visit, visit), "launcher:x", MINUTE)
        self.write(task, Moved(State.WORKING, None))
        self._called(task)
        while True:
            work = self._work()
            self._told(task, visit)
            self.write(task, Submitted(work), "agent:ada", self._chance.randrange(MINUTE, HOUR))
            self.write(task, Moved(State.WORKING, Reason.GATES_RUNNING))
            said = [self._judged(task, gate, work) for gate in ("tests", "lint")]
            if all(said):
                return work
            self.write(task, Moved(State.WORKING, None))

    def _told(self, task: str, visit: int) -> None:
        """Agents tell of their leases now and then, some of tokens alone, some twice."""
        if not self._happens(0.6):
            return
        source = "claude" if self._happens(0.7) else "opencode"
        micro_usd = self._chance.randrange(5_000_000) if self._happens(0.7) else None
        usage = Usage(self._chance.randrange(1, 10**6), None, 5 if self._happens(0.5) else None, micro_usd)
        for _ in range(2):
            self.write(task, UsageTold(visit, "develop.write", "agent:ada", source, usage), "agent:ada")

    def _work(self) -> Submission:
        lines = 4 << self._chance.randrange(8)
        head = f"{self._chance.getrandbits(160):040x}"
        author = "ben@example.org" if self._happens(0.1) else "ada@agents.onloop.invalid"
        authors = (author, "stranger@example.com") if self._happens(0.1) else (author,)
        facts = ChangeFacts(count=1, added=lines, removed=self._chance.randrange(5))
        return Submission(head, head[::-1], "0" * 40, authors, at=self.at, change=head + "0" * 24, facts=facts)

    def _judged(self, task: str, gate: str, work: Submission) -> bool:
        """The gate's verdict; now and then it is asked again."""
        fails = self._happens(0.15) and not (gate == "lint" and Plant.NEVER_FAILS in self._plants)
        verdict = Verdict.FAIL if fails else Verdict.PASS
        self._reported(task, gate, work, verdict)
        if self._happens(0.2):
            self._reported(task, gate, work, Verdict.ERROR)
            is_flaky = gate == "tests" and Plant.FLAKY in self._plants and self._happens(0.6)
            other = Verdict.PASS if fails else Verdict.TIMED_OUT
            verdict = other if is_flaky else verdict
            self._reported(task, gate, work, verdict)
        return verdict is Verdict.PASS

    def _reported(self, task: str, gate: str, work: Submission, verdict: Verdict) -> None:
        took = self._chance.randrange(1, 2 * MINUTE)
        found = Evidence(
            gate, verdict, "", work.head, work.tree, work.base, "d" * 64, "verifier:x", self.at + took,
            step="develop.write", duration_ms=took,
        )  # fmt: skip
        self.write(task, GateReported(found), "verifier:x", took)

    def _called(self, task: str) -> None:
        """A choice that people make; planted, some end before anybody has seen them."""
        if self._happens(0.15):
            alone = Plant.IDLE_CALL in self._plants and self._happens(0.7)
            request = Request(f"{task}/choice/{self._number}", RequestKind.CHOICE, "develop.write", "?", self.at)
            self.write(task, RequestOpened(request))
            self.write(task, Moved(State.INPUT_REQUIRED, Reason.CHOICE, "?"))
            if alone:
                self.write(task, RequestClosed(request.id, "new work came"), "integration:x", HOUR)
            else:
                self.at += HOUR
                self._decided(task, request, DecisionKind.RETRY, "human:ben", None)
            self.write(task, Moved(State.WORKING, None), "integration:x" if alone else "human:ben")
        if self._happens(0.1):
            self.write(task, NoteSent(Note("human:ana", "look at the docs", self.at, 1)), "human:ana", SECOND)

    def _sent_back(self, task: str, work: Submission, visit: int) -> bool:
        """Two gates of people; whether one of them sends the work back."""
        self._step(task, "ship.approve", visit)
        self.write(task, Moved(State.INPUT_REQUIRED, Reason.APPROVAL_REQUIRED, "?"))
        stamps = Plant.RUBBER_STAMP in self._plants
        if self._asked(task, "safety", work, reads=True, rejects=0.15):
            return True
        return self._asked(task, "release", work, reads=not stamps, rejects=0.0 if stamps else 0.15)

    def _asked(self, task: str, gate: str, work: Submission, *, reads: bool, rejects: float) -> bool:
        lines = work.facts.added if work.facts is not None else 0
        request = Request(
            f"{task}/{gate}/{self._number}", RequestKind.APPROVAL, "ship.approve", "May it?", self.at, gate=gate
        )
        self.write(task, RequestOpened(request))
        self.at += 4 * SECOND + lines * 2 * SECOND if reads else SECOND
        answer = DecisionKind.REJECT if self._happens(rejects) else DecisionKind.APPROVE
        self._decided(task, request, answer, "human:ana" if gate == "safety" else "human:ben", work)
        return answer is DecisionKind.REJECT

    def _decided(self, task: str, request: Request, answer: DecisionKind, by: str, work: Submission | None) -> None:
        content = work.change if work is not None else ""
        decision = Decision(
            request.id, answer, by, Assurance.A1, self.at, "why", step=request.step, gate=request.gate, content=content
        )
        self.write(task, Decided(decision), by)
        closed = {DecisionKind.APPROVE: "approved", DecisionKind.REJECT: "rejected"}.get(answer, answer.value)
        self.write(task, RequestClosed(request.id, closed), by)

    def _merged(self, task: str) -> None:
        self._step(task, "ship.merge")
        self.write(task, EffectRequested(f"{task}/merge/1", Effect.MERGE))
        self.write(task, Moved(State.WORKING, Reason.EFFECT_RUNNING))
        self.write(task, EffectDone(f"{task}/merge/1", "f" * 40), "gateway:effects", 5 * SECOND)
