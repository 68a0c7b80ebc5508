"""Stores for the dashboard's tests, brought about by the real gateway and the real machine; and eyes for the screen."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from hashlib import sha256

from textual.pilot import Pilot

from onloop.attention.groups import Group
from onloop.gates.repository.mirror import Mirror
from onloop.gateway.claims import ClaimGranted, ClaimTask
from onloop.gateway.command_operations import CreateRun, PerformCommand
from onloop.gateway.service import Gateway, append_store_event
from onloop.gateway.upkeep import KeepContent, RecordStoreEvent
from onloop.identity.passphrase import enrolment, person_from_passphrase
from onloop.identity.resolution import agent_from_token
from onloop.machine import commands as c
from onloop.machine.definition import (
    ArtefactGate,
    Assurance,
    Attempts,
    CommandGate,
    Definition,
    Effect,
    FileGate,
    HumanGate,
    Step,
)
from onloop.machine.marks import Mark
from onloop.machine.people import PersonRenamed
from onloop.machine.principal import INTAKE, Principal, launcher, verifier
from onloop.machine.store_state import Frozen, PersonEnrolled, StoreState
from onloop.machine.task import Artefact, DecisionKind, Evidence, Kind, Submission, Task, Verdict
from onloop.machine.wave_plan import HaltRule, WavePlan
from onloop.records import replace
from onloop.store.codec import to_text
from onloop.store.memory import MemoryStore
from onloop.store.port import Recorded, Store, TaskFilter, Transaction
from onloop.store.rows import PinnedWorkflow
from onloop.views.changes import NOT_ASKED, Changes, changes_of
from onloop.views.overview_projector import overview_of
from onloop_tui.app import Dashboard
from onloop_tui.model.decide.actions import asked_for, command_for
from onloop_tui.model.ground.acts import Act
from onloop_tui.session import Session
from onloop_tui.store_access import StoreAccess
from support.waiting import DEADLINE_S

NOON = 1_800_000_000_000
MINUTE = 60_000
PASSPHRASE = "correct horse battery"
CHEAP = 2**4
"""What it costs to stretch a passphrase in a store that nobody attacks: half a second less for each."""
DIGEST = "d" * 64
NEVER_HALTS = HaltRule()
SIZES = ((80, 24), (140, 45))
ROOMY = (140, 45)
"""Where everything stands side by side."""

TESTS = CommandGate("tests", ("python", "-m", "unittest", "discover"), 60_000)
PATCHED = FileGate("patched", "vendor/kvlite/VERSION", contains="2.")
NOTES = ArtefactGate("notes", "remediation.md", min_bytes=40)
REMEDIATE = Step(
    "develop.remediate",
    role="implementer",
    gates=(TESTS, PATCHED, NOTES),
    rounds=0,
    attempts=Attempts(max=1),
)
APPROVE = Step("ship.approve", gates=(HumanGate("release", ("approvers",), assurance=Assurance.A1),))
MERGE = Step("ship.merge", effect=Effect.MERGE)
REMEDIATION = Definition("cve-remediation", "one fix, many repositories", DIGEST, (REMEDIATE, APPROVE, MERGE))


@cache
def _enrolled(name: str, groups: tuple[str, ...]) -> PersonEnrolled:
    """Made once for all tests: a passphrase is stretched for a reason, and it is the same one everywhere."""
    return enrolment(name, groups, "", PASSPHRASE, "launcher:init", CHEAP)


@cache
def _recognised(person: PersonEnrolled, scripted: bool) -> Principal:
    house = StoreState(scripted=scripted, people={person.name: person})
    return person_from_passphrase(house, person.name, PASSPHRASE, typed=True)


@dataclass
class Clock:
    """A time that goes on when it is told to."""

    now: int = NOON

    def __call__(self) -> int:
        return self.now

    def later(self, ms: int) -> None:
        self.now += ms


@dataclass
class Scene:
    """A store, a clock, and what happened in it so far."""

    store: Store = field(default_factory=MemoryStore)
    clock: Clock = field(default_factory=Clock)
    definition: Definition = REMEDIATION
    mirror_of: Callable[[str], Mirror] | None = None
    origins: dict[str, str] = field(default_factory=dict)
    check_base: bool = False

    @property
    def gateway(self) -> Gateway:
        return Gateway(self.store, self.clock)

    @property
    def place(self) -> StoreAccess:
        return StoreAccess(lambda: self.gateway, self.changes)

    def changes(self, task: Task) -> Changes:
        return changes_of(task, self.mirror_of) if self.mirror_of else NOT_ASKED

    def enrol(self, *names: str, groups: tuple[str, ...] = ("approvers",)) -> None:
        def enrol(tx: Transaction) -> None:
            for name in names:
                append_store_event(tx, _enrolled(name, groups), self.clock(), "launcher:init")

        self.store.transact(enrol)

    def rename(self, name: str, to: str) -> None:
        renamed = PersonRenamed(name, to, "human:ana")
        self.store.transact(lambda tx: append_store_event(tx, renamed, self.clock(), "human:ana"))

    def person(self, name: str = "ana") -> Principal:
        with self.store.reading() as at:
            house = at.house()
        return _recognised(house.people[name], house.scripted)

    def fleet(self, repos: Iterable[str], *, run: str = "r7k2m", title: str = "patch kvlite (CVE-2026-1)") -> list[str]:
        root = self._create(title, run, Kind.FLEET, None, None)
        children = [(f"{run}.{i}", self._create(title, run, Kind.WORK, run, repo)) for i, repo in enumerate(repos, 1)]
        pinned = PinnedWorkflow(self.definition.digest, self.definition.name, "", to_text(self.definition))
        self.gateway.perform(CreateRun(launcher("ci"), ((run, root), *children), pinned))
        return [task_id for task_id, _ in children]

    def waves(self, *sizes: int, asks: bool = False, halt: HaltRule = NEVER_HALTS, run: str = "r7k2m") -> list[str]:
        """A fleet in waves of these sizes."""
        title = "patch kvlite (CVE-2026-1)"
        root = replace(self._create(title, run, Kind.FLEET, None, None), plan=WavePlan(sizes, asks=asks, halt=halt))
        numbers = [wave for wave, size in enumerate(sizes, 1) for _ in range(size)]
        children = [
            (f"{run}.{i}", replace(self._create(title, run, Kind.WORK, run, f"repo-{i}"), wave=wave))
            for i, wave in enumerate(numbers, 1)
        ]
        pinned = PinnedWorkflow(self.definition.digest, self.definition.name, "", to_text(self.definition))
        self.gateway.perform(CreateRun(launcher("ci"), ((run, root), *children), pinned))
        return [task_id for task_id, _ in children]

    def _create(self, title: str, run: str, kind: Kind, parent: str | None, repo: str | None) -> c.Create:
        name, digest = self.definition.name, self.definition.digest
        origin = self.origins.get(repo, f"/srv/{repo}.git") if repo else None
        named = c.Create(title, kind, name, digest, "human:ana", run, parent=parent, repo=repo, origin=origin)
        return replace(named, check_base=self.check_base)

    def claim(self, task: str, name: str = "coder") -> tuple[ClaimGranted, Principal]:
        claimed = self.gateway.perform(
            ClaimTask(launcher("ci"), f"agent:{name}", "implementer", task=task, lease_ms=3_600_000)
        )
        with self.store.reading() as at:
            return claimed, agent_from_token(at, claimed.secret)

    def submit(self, task: str, statement: str = "All tests pass.", *, what: Submission | None = None) -> Principal:
        claimed, agent = self.claim(task)
        done = what or commit(task, statement)
        self.gateway.perform(PerformCommand(INTAKE, task, c.Submit(agent.id, claimed.task.epoch, done)))
        return agent

    def report(self, task: str, gate: str, verdict: Verdict, summary: str, output: str = "", **more: object) -> Task:
        now = self.task(task)
        work = now.submission
        assert work is not None
        kept = self.gateway.perform(KeepContent(output.encode("utf-8", "surrogateescape"))) if output else None
        evidence = Evidence(
            gate=gate,
            verdict=verdict,
            summary=summary,
            head=work.head,
            tree=work.tree,
            base=work.base,
            definition=now.definition,
            verifier="verifier:v1",
            at=self.clock(),
            argv=("python", "-m", "unittest"),
            exit_code=0 if verdict is Verdict.PASS else 1,
            duration_ms=2_300,
            output=kept,
            **more,  # type: ignore[arg-type]  # whatever else a test wants evidence to say
        )
        return self.gateway.perform(PerformCommand(verifier("v1"), task, c.ReportGate(evidence)))

    def red(self, task: str, cause: str, verdict: Verdict = Verdict.FAIL) -> None:
        """The tests of its first step do not pass on what its agent would begin with."""
        now, base = self.task(task), sha256(f"{task} base".encode()).hexdigest()[:40]
        kept = self.gateway.perform(KeepContent(f"Traceback:\n{cause}\n".encode()))
        found = Evidence("tests", verdict, cause, base, base, base, now.definition, "verifier:v1", self.clock())
        evidence = replace(found, step="develop.remediate", output=kept)
        check = now.base_checks[evidence.step]
        self.gateway.perform(PerformCommand(verifier("v1"), task, c.ReportBase(evidence, check.number)))

    def passes(self, task: str, gate: str, summary: str = "") -> None:
        self.report(task, gate, Verdict.PASS, summary or f"{gate} is as it should be")

    def refuses(self, task: str, cause: str, output: str = "") -> None:
        self.report(task, "tests", Verdict.FAIL, cause, output or f"Traceback (most recent call last):\n{cause}\n")

    def wants_approval(self, task: str, statement: str = "All tests pass.", *, what: Submission | None = None) -> None:
        self.submit(task, statement, what=what)
        self.report(task, "tests", Verdict.PASS, "14 tests, 0 failed", "Ran 14 tests\n\nOK\n")
        self.passes(task, "patched", "vendor/kvlite/VERSION contains '2.'")
        self.passes(task, "notes", "remediation.md, 812 bytes")

    def fails(self, task: str, cause: str, output: str = "", statement: str = "Done.") -> None:
        self.submit(task, statement)
        self.passes(task, "patched", "vendor/kvlite/VERSION contains '2.'")
        self.passes(task, "notes", "remediation.md, 812 bytes")
        self.refuses(task, cause, output)

    def asks(self, task: str, question: str) -> None:
        claimed, agent = self.claim(task)
        self.gateway.perform(PerformCommand(agent, task, c.Ask(agent.id, claimed.task.epoch, question)))

    def cancels(self, task: str) -> None:
        ana = self.person()
        assert ana.voice is not None
        self.gateway.perform(PerformCommand(ana, task, c.Cancel(ana.voice, "not needed")))

    def decides(self, task: str, answer: DecisionKind, who: str = "ana", words: str = "again") -> Task:
        """A person decides what is asked now, elsewhere than in the dashboard."""
        person = self.person(who)
        assert person.voice is not None
        dossier = self.place.dossier(task)
        asked = asked_for(dossier, person.voice)
        command = command_for(Act(answer.value), dossier.task, asked, person.voice, {"words": words})
        return self.gateway.perform(PerformCommand(person, task, command))

    def marks(self, mark: Mark, who: str = "ana") -> None:
        """A person says something about a cause, elsewhere than in the dashboard."""
        self.gateway.perform(RecordStoreEvent(self.person(who), mark))

    def groups(self) -> tuple[Group, ...]:
        """What needs a person now."""
        with self.store.reading() as at:
            return overview_of(at.tasks(TaskFilter())).groups

    def freeze(self, scope: str) -> None:
        self.gateway.perform(RecordStoreEvent(self.person(), Frozen(scope, "human:ana", "wait")))

    def task(self, task_id: str) -> Task:
        """The task in a fresh reading."""
        with self.store.reading() as at:
            task = at.task(task_id)
        assert task is not None
        return task

    def log(self, task: str) -> list[Recorded]:
        """What the log says about a task, in a fresh reading."""
        with self.store.reading() as at:
            return list(at.log(task=task))

    def dashboard(
        self, *, who: str | None = "ana", read_only: bool = False, note: str = "", ask_on_quit: bool = False
    ) -> Dashboard:
        person = self.person(who) if who else None
        session = Session(self.place, self.clock, person, read_only=read_only)
        return Dashboard(session, note=note, ask_on_quit=ask_on_quit)


def commit(task: str, statement: str = "", head: str | None = None) -> Submission:
    """What an agent hands in; the ids follow from the task."""
    ids = [sha256(f"{task} {what}".encode()).hexdigest() for what in ("head", "tree", "base")]
    notes = Artefact("remediation.md", "5" * 64, 812)
    return Submission(
        head or ids[0][:40], ids[1][:40], ids[2][:40], ("coder@agents.example",), (notes,), statement, NOON
    )


def busy() -> Scene:
    """A fleet at work: two wait for approval, four fail for one cause, one asks, one runs, one is ready, one ended."""
    scene = Scene()
    scene.enrol("ana", "ben")
    names = ["billing", "ledger", "sessions", "cart", "flags", "journal", "links", "limiter", "queue", "search"]
    tasks = scene.fleet(names)
    scene.clock.later(MINUTE)
    for task in tasks[2:6]:
        scene.fails(task, "AttributeError: module 'kvlite' has no attribute 'legacy_scan'")
    scene.clock.later(MINUTE)
    scene.asks(tasks[6], "Keep the old key format, or rewrite stored keys?")
    scene.clock.later(2 * MINUTE)
    for task in tasks[:2]:
        scene.wants_approval(task)
    scene.claim(tasks[7])
    scene.cancels(tasks[9])
    scene.clock.later(MINUTE)
    return scene


def screen_lines(app: Dashboard) -> list[str]:
    """What the terminal would show, row by row."""
    return ["".join(s.text for s in strip if not s.control) for strip in app.screen._compositor.render_strips()]


def screen_text(app: Dashboard) -> str:
    """What the terminal would show."""
    return "\n".join(screen_lines(app))


def list_text(app: Dashboard) -> str:
    """What the terminal would show above what is said of the row under the cursor."""
    detail = app.main.query_one("#detail")
    lines = screen_lines(app)
    return "\n".join(lines[: detail.region.y] if detail.display else lines)


async def until(pilot: Pilot[str], holds: Callable[[], object]) -> None:
    """Wait for a condition, and say what was on the screen if it never came."""
    end = time.monotonic() + DEADLINE_S
    while time.monotonic() < end:
        if holds():
            await pilot.pause()
            if holds():
                return
        await pilot.pause(0.01)
    app = pilot.app
    assert isinstance(app, Dashboard)
    raise AssertionError(f"never came true; on the screen:\n{screen_text(app)}")


async def shows(pilot: Pilot[str], *words: str) -> None:
    """Wait until all of this is on the screen."""
    app = pilot.app
    assert isinstance(app, Dashboard)

    def there() -> bool:
        screen = screen_text(app)  # drawn once for all the words: it is what the waiting costs
        return all(word in screen for word in words)

    await until(pilot, there)


Play = Callable[[Pilot[str]], Awaitable[None]]


@asynccontextmanager
async def playing(app: Dashboard, size: tuple[int, int] = ROOMY) -> AsyncIterator[Pilot[str]]:
    """The dashboard, running in a terminal of that size; what is painted is what a story costs."""
    async with app.run_test(size=size, notifications=True) as pilot:
        yield pilot


async def play(app: Dashboard, story: Play, size: tuple[int, int] = ROOMY) -> None:
    """Run the dashboard while `story` happens, for whoever has many or is no test."""
    async with playing(app, size) as pilot:
        await story(pilot)
