"""Given, when, then for the machine: `workflow(step(...)).given(claim(), submit()).when(report("tests", FAIL))`.

What is given is a past: events as they are, or commands, which are decided and folded one after another. Some
commands need to know what is asked now (a request, its digest, the commit): those are plays, functions of the scenario.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from onloop.errors import Refused
from onloop.machine import commands as c
from onloop.machine.definition import Assurance, Definition, Isolation, Join, Step
from onloop.machine.digest import shown_digest
from onloop.machine.events import Amended, Event, Moved
from onloop.machine.evolve import evolve
from onloop.machine.rules.decide import decide
from onloop.machine.rules.decision_builder import Facts
from onloop.machine.rules.join import Child
from onloop.machine.rules.timers import Timer, armed_timers
from onloop.machine.setbacks import Trouble
from onloop.machine.state import Reason, State
from onloop.machine.task import Artefact, Evidence, Kind, Request, Submission, Task, Verdict
from onloop.records import Record, field, replace
from support.steps import defined, develop, parts, reviewed

TASK = "r1.1"
NOON = 1_700_000_000_000
ALFA, BRAVO = "agent:alfa", "agent:bravo"
ANA, BEN, CLEO, DAN = "human:ana", "human:ben", "human:cleo", "human:dan"
PEOPLE = {ANA: ("approvers",), BEN: ("approvers",), CLEO: ("leads",), DAN: ()}
PASS, FAIL, ERROR, TIMED_OUT = Verdict.PASS, Verdict.FAIL, Verdict.ERROR, Verdict.TIMED_OUT
HEAD, OTHER_HEAD = "a" * 40, "b" * 40
BASE, OTHER_BASE = "0" * 40, "1" * 40
NOTES = Artefact("notes.md", "5" * 64, 120)


class Scenario(Record):
    """A task with a past, and what else is true; nothing in it changes, every method gives another one."""

    definition: Definition
    facts: Facts = field(default_factory=lambda: Facts(people=PEOPLE))
    past: tuple[tuple[Event, int], ...] = ()
    known: Task | None = None
    now: int = NOON

    @property
    def task(self) -> Task:
        """The task as it stands."""
        assert self.known is not None, "nothing was given"
        return self.known

    @property
    def asked(self) -> Request:
        """The one request that is open."""
        (request,) = self.task.requests
        return request

    @property
    def stands(self) -> tuple[State, Reason | None, str | None]:
        """State, reason and step."""
        return self.task.state, self.task.reason, self.task.step

    @property
    def timers(self) -> tuple[Timer, ...]:
        """What is armed."""
        return armed_timers(self.definition, self.task)

    def given(self, *past: Event | Command | Play) -> Scenario:
        """The scenario after `past`."""
        after = self
        for one in past:
            for event in (one,) if isinstance(one, Event) else after.when(one):
                task = evolve(after.known, event, id=TASK, at=after.now)
                walked = (after.facts.amended or after.definition) if isinstance(event, Amended) else after.definition
                after = replace(after, definition=walked, known=task, past=(*after.past, (event, after.now)))
        return after

    def when(self, command: Command | Play) -> tuple[Event, ...]:
        """What the command causes now."""
        spoken = command if isinstance(command, c.Command) else command(self)
        return decide(self.definition, self.known, self.facts, spoken, self.now, id=TASK)

    def refuses(self, command: Command | Play) -> Refused:
        """The refusal that the command meets; there must be one, and it must say what would work."""
        try:
            events = self.when(command)
        except Refused as no:
            assert no.hint.strip(), f"{no} has no hint"
            assert no.message == no.message[0].lower() + no.message[1:] and not no.message.endswith(".")
            return no
        raise AssertionError(f"not refused: {events}")

    def later(self, ms: int) -> Scenario:
        """The scenario `ms` milliseconds later."""
        return replace(self, now=self.now + ms)

    def knowing(self, **facts: Any) -> Scenario:
        """The scenario with other facts."""
        return replace(self, facts=replace(self.facts, **facts))

    def without(self, person: str) -> Scenario:
        """The scenario after `person` was struck off the list of those enrolled."""
        return self.knowing(people={who: groups for who, groups in self.facts.people.items() if who != person})


Command = c.Command
Play = Callable[[Scenario], Command]


def create(kind: Kind = Kind.WORK, parent: str | None = None, *, check_base: bool = False) -> c.Create:
    """The command that begins the task."""
    where: dict[str, Any] = {"repo": "billing", "origin": "/srv/billing.git", "check_base": check_base}
    return c.Create("Fix it", kind, "feature", "d" * 64, ANA, "r1", parent=parent, **where)


def workflow(*steps: Step) -> Scenario:
    """A task that has just been created, on a workflow of these steps."""
    return Scenario(defined(*steps)).given(create())


def member(*steps: Step) -> Scenario:
    """The same, as a part of the fleet r1."""
    return Scenario(defined(*steps)).given(create(parent="r1"))


def fleet(*children: State) -> Scenario:
    """A fleet with children in these states."""
    return Scenario(defined(develop())).given(create(Kind.FLEET)).knowing(children=children)


def under_review(quorum: int = 1, following: tuple[Step, ...] = (), agent: str = BRAVO, **handed: Any) -> Scenario:
    """A task whose work an antagonist has claimed for review."""
    at = workflow(develop(), reviewed(quorum), *following)
    return at.given(claim(), submit(work(**handed)), report(), claim(agent, "reviewer"))


def judge(verdict: str = "pass", reason: str = "it does what it says", *, email: str = "") -> Play:
    """The holder of the review step judges."""
    return lambda at: c.Judge(at.task.holder or ALFA, at.task.epoch, verdict == "pass", reason, email)


def spawn(
    title: str = "one part", brief: str = "", environment: Isolation | None = None, after: tuple[str, ...] = ()
) -> Play:
    """The holder makes a child."""
    return lambda at: c.Spawn(at.task.holder or ALFA, at.task.epoch, title, brief, environment, after)


def swarm(*states: State, join: Join | None = None, following: tuple[Step, ...] = (), **more: Any) -> Scenario:
    """A step whose children are in these states."""
    return with_children(workflow(parts(len(states), join, **more), *following), *states)


def with_children(at: Scenario, *states: State, scores: tuple[int | None, ...] = ()) -> Scenario:
    """The scenario in which the children that were made stand so."""
    rated = (*scores, *[None] * len(states))
    children = tuple(Child(made, s, score) for made, s, score in zip(at.task.children, states, rated, strict=False))
    return at.knowing(children=states, swarm=children)


def funnelling(*following: Step, **more: Any) -> Scenario:
    """A step whose children's work is being merged."""
    return swarm(State.COMPLETED, State.COMPLETED, following=following, **more).given(c.Settle())


def funnelled(what: Submission | None = None) -> Play:
    """The executor hands in what the children's commits became."""
    return lambda at: c.FinishFunnel(_effect(at), what or work())


def conflicts(child: str = "r1.1.2", *paths: str) -> Play:
    """The executor could not merge."""
    return lambda at: c.ReportConflict(_effect(at), child, paths or ("app.py",))


def claim(agent: str = ALFA, role: str = "implementer") -> c.Claim:
    """`agent` takes the lease."""
    return c.Claim(agent, role)


def work(
    head: str = HEAD,
    base: str = BASE,
    *,
    tree: str | None = None,
    authors: tuple[str, ...] = (),
    artefacts: tuple[Artefact, ...] = (),
) -> Submission:
    """What is handed in; a commit has one tree."""
    return Submission(head, tree or head.upper(), base, authors, artefacts)


def submit(what: Submission | None = None, *, agent: str | None = None, epoch: int | None = None) -> Play:
    """The holder (or somebody else) hands in."""
    return lambda at: c.Submit(
        agent or at.task.holder or ALFA, at.task.epoch if epoch is None else epoch, what or work()
    )


def report(gate_id: str = "tests", verdict: Verdict = PASS, what: Submission | None = None, **more: Any) -> Play:
    """The verifier answers about the current submission, or about `what`."""

    def play(at: Scenario) -> Command:
        about = what or at.task.submission or work()
        told: dict[str, Any] = {"summary": f"{gate_id} says {verdict.value}", "definition": at.definition.digest}
        told |= {"head": about.head, "tree": about.tree, "base": about.base, "verifier": "verifier:v", "at": at.now}
        return c.ReportGate(Evidence(gate=gate_id, verdict=verdict, **{**told, **more}))

    return play


def voice(person: str = ANA, assurance: Assurance = Assurance.A1, email: str = "") -> c.Voice:
    """A person speaking."""
    return c.Voice(person, PEOPLE.get(person, ()), assurance, email)


def approve(person: str = ANA, gate_id: str | None = None, *, digest: str | None = None, **spoken: Any) -> Play:
    """A person approves what is asked for `gate_id` (or the first thing asked), as it is shown."""

    def play(at: Scenario) -> Command:
        request = _request(at, gate_id)
        shown = shown_digest(at.task, request) if digest is None else digest
        return c.Approve(request.id, shown, voice(person, **spoken))

    return play


def override(
    person: str = CLEO, gate_id: str = "tests", reason: str = "known to be broken", *, digest: str = "", **spoken: Any
) -> Play:
    """A person lets the work past a gate, by what is shown of the request that is about it, or of the first."""

    def play(at: Scenario) -> Command:
        request = next((r for r in at.task.requests if r.gate == gate_id), at.task.requests[0])
        return c.Override(
            request.id, gate_id, digest or shown_digest(at.task, request), voice(person, **spoken), reason
        )

    return play


def reject(person: str = ANA, reason: str = "not like this", *, digest: str | None = None, **spoken: Any) -> Play:
    """A person rejects the first thing asked, as it is shown."""

    def play(at: Scenario) -> Command:
        request = _request(at, None)
        shown = shown_digest(at.task, request) if digest is None else digest
        return c.Reject(request.id, shown, voice(person, **spoken), reason)

    return play


def ask(question: str = "Which one?") -> Play:
    """The holder asks a person."""
    return lambda at: c.Ask(at.task.holder or ALFA, at.task.epoch, question)


def reply(text: str = "The first.", person: str = ANA) -> Play:
    """A person answers."""
    return lambda at: c.Reply(_request(at, None).id, voice(person), text)


def reassign(to: str = BRAVO, reason: str = "it knows this code") -> c.Reassign:
    """A person gives the task to another."""
    return c.Reassign(to, voice(), reason)


def hand_on(to: str = BEN, person: str = ANA, reason: str = "you know this") -> Play:
    """A person makes the first request another's to answer."""
    return lambda at: c.HandOn(_request(at, None).id, to, voice(person), reason)


def take(person: str = ANA, reason: str = "quicker myself") -> c.Take:
    """A person takes the work."""
    return c.Take(voice(person), reason)


def retry(note: str = "try again") -> c.Retry:
    """A person has it tried again."""
    return c.Retry(voice(), note)


def release(cause: c.ReleaseCause = c.ReleaseCause.CRASHED, detail: str = "exit code 70") -> Play:
    """The worker gives the task back."""
    return lambda at: c.Release(at.task.holder or ALFA, at.task.epoch, cause, detail)


def troubled(trouble: Trouble = Trouble.UNREACHABLE, words: str = "the origin is away") -> Play:
    """The verifier cannot run what is awaited, or the executor cannot reach the target."""

    def play(at: Scenario) -> Command:
        effect = at.task.effect
        gate = at.task.awaited[0] if at.task.awaited else ""
        return c.ReportTrouble(trouble, words, gate="" if effect else gate, effect=effect.id if effect else "")

    return play


def give_up(reason: str = "there is no such file") -> Play:
    """The holder cannot do it."""
    return lambda at: c.Fail(at.task.holder or ALFA, at.task.epoch, reason)


def expire_lease(epoch: int | None = None) -> Play:
    """The lease's timer fires."""
    return lambda at: c.FireTimer(c.TimerKind.LEASE, str(at.task.epoch if epoch is None else epoch))


def fire(kind: c.TimerKind) -> Play:
    """The first armed timer of that kind fires."""
    return lambda at: c.FireTimer(kind, next(t.token for t in at.timers if t.kind is kind))


def cancel(reason: str = "not needed") -> c.Cancel:
    """A person ends the task."""
    return c.Cancel(voice(), reason)


def pause(reason: str = "look first") -> c.Pause:
    """A person stops the task."""
    return c.Pause(voice(), reason)


def exclude(reason: str = "not this one") -> c.Exclude:
    """A person takes the task out of its fleet."""
    return c.Exclude(voice(), reason)


def resume(note: str = "") -> c.Resume:
    """A person lets it go on."""
    return c.Resume(voice(), note)


def started(expected: str = BASE, result: str = OTHER_HEAD) -> Play:
    """The executor records its intent."""
    return lambda at: c.StartEffect(_effect(at), expected, result)


def finished(result: str = OTHER_HEAD) -> Play:
    """The executor records that it is done."""
    return lambda at: c.FinishEffect(_effect(at), result)


def voided(what: Submission | None = None, why: str = "main no longer contains it") -> Play:
    """The executor would do other than what was shown: the same commit, seen from another base."""
    return lambda at: c.VoidEffect(_effect(at), what or work(base=OTHER_BASE), why)


def last_move(events: tuple[Event, ...]) -> tuple[State, Reason | None]:
    """Where the events end."""
    moves = [event for event in events if isinstance(event, Moved)]
    return moves[-1].state, moves[-1].reason


def _effect(at: Scenario) -> str:
    assert at.task.effect is not None, f"no effect is under way: {at.stands}"
    return at.task.effect.id


def _request(at: Scenario, gate_id: str | None) -> Request:
    return next(r for r in at.task.requests if gate_id is None or r.gate == gate_id)
