"""A day of a team: a real store, gateway, triggers, schedules and calls; agents, people and time are played."""

from __future__ import annotations

from collections import Counter, defaultdict
from hashlib import sha256
from pathlib import Path
from random import Random

from gateway.shop import VERIFIER, Shop
from onloop.access.opening import GatewayHandle
from onloop.calls.call_file import load_calls
from onloop.calls.call_keeper import CallKeeper
from onloop.errors import NotAllowed, Refused
from onloop.forges.configured import forge_of
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat
from onloop.gateway.upkeep import FireTimers, RecordStoreEvent
from onloop.home import Home
from onloop.machine import commands as c
from onloop.machine.adopted_triggers import TriggersAdopted
from onloop.machine.call_rules import CallsAdopted
from onloop.machine.principal import Principal
from onloop.machine.schedules import Overlap, Schedule, ScheduleAdopted, ScheduledStart
from onloop.machine.state import State
from onloop.machine.task import Evidence, Submission, Task, Verdict
from onloop.records import replace
from onloop.schedules.firing_operations import FinishFiring, TakeFirings
from onloop.schedules.firings import DueFiring
from onloop.simulation.virtual_time import VirtualTime
from onloop.store.port import TaskFilter
from onloop.store.rows import Delivery as DeliveryRow
from onloop.store.sqlite.database import SqliteStore, create_store
from onloop.triggers.declared_hooks import Hook
from onloop.triggers.delivery_operations import ReceiveDeliveries
from onloop.triggers.delivery_processing import process_waiting
from onloop.triggers.hook_proofs import HookKind
from onloop.triggers.hook_routes import taken_delivery
from onloop.triggers.source_reading import freshened
from onloop.triggers.trigger_file import file_digest, load_triggers
from simulation.day_forge import LABEL, DayForge
from simulation.day_plan import (
    HOUR,
    MIDNIGHT,
    MINUTE,
    OUTAGE_MS,
    SECOND,
    TRIAGE,
    UPDATES,
    DayPlan,
    Happening,
    IssueStory,
    TaskWay,
)
from simulation.told_people import ToldPeople
from support.forge.hooks import Delivery
from support.hooked import SECRET
from support.steps import defined, develop, human, ship

TRIGGERS = """\
triggers:
  - id: fix
    source: github
    on: [issues.labeled, issues.edited]
    when: event.issue.state == "open" && event.issue.labels.exists(l, l.name == "LABEL")
    subject: "{event.repository.full_name}#{event.issue.number}"
    revision: "{event.issue.title}"
    do:
      start:
        workflow: feature
        repository: "FOLDER/{event.repository.full_name}.git"
        within: ["FOLDER/"]
        branch: main
        title: "{event.repository.full_name}#{event.issue.number}"
  - id: fix-again
    source: github
    on: [issues.reopened]
    when: event.issue.state == "open" && event.issue.labels.exists(l, l.name == "LABEL")
    subject: "{event.repository.full_name}#{event.issue.number}"
    do:
      start:
        workflow: feature
        repository: "FOLDER/{event.repository.full_name}.git"
        within: ["FOLDER/"]
        branch: main
        title: "{event.repository.full_name}#{event.issue.number}"
  - id: stop
    source: github
    on: [issues.closed, issues.unlabeled]
    when: event.issue.state == "closed" || !event.issue.labels.exists(l, l.name == "LABEL")
    subject: "{event.repository.full_name}#{event.issue.number}"
    do: {cancel: {reason: nobody wants it any more}}
"""
CALLS = b"""\
recipients:
  - name: ana
    by: [hook]
    quiet: {from: "22:00", to: "07:00", zone: UTC}
  - {name: ben, by: [hook, room]}
rules:
  - id: all
    about: {tiers: [safety, decision, broken]}
    dwell: 60s
    digest: 30s
    to: [ana]
    then: [{after: 1h, to: [ben]}]
again: 48h
"""
HOOK = Hook("github", HookKind.GITHUB, (SECRET.encode(),))
AGENTS = ("alfa", "bravo", "carl")
TICK = 5 * MINUTE
DAY_BEGINS, DAY_ENDS = 8 * HOUR, 22 * HOUR
"""When people decide."""
CHANNELS_FAIL = ((7 * HOUR - TICK, 500), (8 * HOUR, 200))
"""What the channels answer from when on: they fail when the calls of the night are due."""


class TeamDay:
    """One day, by its plan. `sent` counts what was posted of each body, `refused` what nobody vouched for."""

    def __init__(self, folder: Path, plan: DayPlan) -> None:
        self.plan, self.time = plan, VirtualTime(MIDNIGHT)
        self.chance = Random(f"{plan.seed}/post")  # noqa: S311 - chance is what is wanted
        self.home = Home(folder / "store")
        create_store(self.home.store)
        self.shop = Shop(SqliteStore(self.home.store))
        self.shop.clock.now = MIDNIGHT
        self.opened = GatewayHandle(self.home, self.shop.gateway)
        self.forge = DayForge(folder / "forge", self.shop.clock, plan.repos)
        self.forge.declare(self.home.store)
        forge_of(self.home, self.forge.origin(plan.repos[0]), self.shop.clock)
        self.people = ToldPeople(self.home.store)
        self.work = defined(develop(timeout_ms=24 * HOUR), ship(human()))
        self.triage = replace(defined(develop()), name="triage", digest="e" * 64)
        self.ways = {story.subject: story.conducts for story in plan.stories}
        self.way_of, self.begun = dict[str, TaskWay](), defaultdict[str, list[str]](list)
        self.slow = dict[str, Principal]()
        self.firings, self.sent = Counter[str](), Counter[str]()
        self.refused, self.late, self.failed_firings, self.looks_at = 0, 0, 0, 0

    def close(self) -> None:
        self.people.close()
        self.forge.close()
        self.shop.store.close()

    def run(self) -> None:
        """Let the day pass."""
        self._adopt()
        self._set_times()
        while (act := self.time.next(MIDNIGHT + 24 * HOUR)) is not None:
            self.shop.clock.now = self.time.now
            act()

    # What people agreed on before

    def _adopt(self) -> None:
        shop, ana = self.shop, self.shop.person()
        for run, definition in (("pinned", self.work), ("pinned-too", self.triage)):
            shop.begin(definition, run=run)
            shop.cancel(run)
        text = TRIGGERS.replace("LABEL", LABEL).replace("FOLDER", str(self.forge.folder))
        triggers = load_triggers(text.encode(), "triggers.yaml", lambda _: self.work)
        shop.gateway.perform(RecordStoreEvent(ana, TriggersAdopted(triggers, file_digest(triggers), ana.id, "agreed")))
        shop.gateway.perform(RecordStoreEvent(ana, CallsAdopted(load_calls(CALLS, "calls.yaml"), ana.id, "agreed")))
        for repo in self.plan.repos:
            name, origin = repo.partition("/")[2], self.forge.origin(repo)
            given = Schedule(name, "30 2,14 * * *", "UTC", ScheduledStart("feature", origin=origin), jitter_ms=2 * TICK)
            shop.gateway.perform(RecordStoreEvent(ana, ScheduleAdopted(given, ana.id, "agreed")))
        hourly = Schedule(TRIAGE, "20 * * * *", "UTC", ScheduledStart("triage"), overlap=Overlap.SKIP)
        shop.gateway.perform(RecordStoreEvent(ana, ScheduleAdopted(hourly, ana.id, "agreed")))

    def _set_times(self) -> None:
        for story in self.plan.stories:
            for each in story.happenings:
                self.time.at(MIDNIGHT + each.at, lambda s=story, e=each: self._happens(s, e))  # type: ignore[misc]
        self.time.at(MIDNIGHT + self.plan.outage, self._outage)
        for at, status in CHANNELS_FAIL:
            self.time.at(MIDNIGHT + at, lambda s=status: self.people.answer(s))  # type: ignore[misc]
        for at in range(0, 24 * HOUR, TICK):
            self.time.at(MIDNIGHT + at, self._tick)
        for at in range(DAY_BEGINS, DAY_ENDS, HOUR):
            self.time.at(MIDNIGHT + at + MINUTE, self._decide)

    # The forge, and what it tells

    def _outage(self) -> None:
        fault = self.forge.fail("error", times=1_000_000)
        self.time.after(OUTAGE_MS, lambda: setattr(fault, "times", 0))

    def _happens(self, story: IssueStory, what: Happening) -> None:
        for told in self.forge.happens(story, what):
            self._post(told)

    def _post(self, told: Delivery) -> None:
        """Let it arrive, at some time, perhaps again, under its own id or another, perhaps forged."""
        slow = 10 * MINUTE if self.chance.random() < 0.3 else 5 * SECOND
        delays = [self.chance.randrange(slow)]
        while self.chance.random() < 0.25:
            delays.append(self.chance.randrange(2 * HOUR))
        for number, delay in enumerate(sorted(delays)):
            name = told.id if self.chance.random() < 0.5 else f"{told.id}-{number}"
            self.time.after(delay, lambda n=name: self._arrives(told, n))  # type: ignore[misc]
        if len(self.forge.hooks.deliveries) % 20 == 7:
            forged = Delivery(told.id, told.event, told.url, "not the secret of this hook", told.body + b" ")
            self.time.after(SECOND, lambda: self._arrives(forged, "forged"))

    def _arrives(self, told: Delivery, name: str) -> None:
        headers = {key.lower(): value for key, value in told.headers.items()} | {"x-github-delivery": name}
        try:
            taken = taken_delivery(HOOK, headers, told.body, self.time.now)
        except NotAllowed:
            self.refused += 1
            return
        self.sent[taken.digest] += 1
        self.shop.gateway.perform(ReceiveDeliveries((taken,)))
        self._look_at(self.time.now + SECOND)

    def _look_at(self, when: int) -> None:
        """A gateway looks at what came in soon, and once for all that came in until then."""
        if not self.time.now < self.looks_at <= when:
            self.looks_at = when
            self.time.at(when, self._look)

    def _look(self) -> None:
        while process_waiting(self.opened, freshened(self.home)):
            continue
        with self.shop.store.reading() as at:
            due = [row.due for row in at.select(DeliveryRow, state="waiting")]
        if due:
            self._look_at(min(due))

    # What happens every few minutes

    def _tick(self) -> None:
        self.shop.gateway.perform(FireTimers())
        taken = [(each, self.shop.gateway.perform(TakeFirings(each))) for each in ("one", "other")]
        for gateway, found in taken:  # two look at once: a firing is one's
            for due in found:
                self._begin(gateway, due)
        self._labour()
        self._keep_leases()
        self.people.hear(CallKeeper(self.opened, "day", lambda _: None))

    def _begin(self, who: str, due: DueFiring) -> None:
        is_triage = due.schedule.name == TRIAGE
        if is_triage and self.plan.is_out(self.time.now - MIDNIGHT):  # its tickets are at the forge
            self.failed_firings += 1
            given = FinishFiring(who, due.id, began=False, words="no answer", again_ms=MINUTE)
        else:
            self.shop.begin(self.triage if is_triage else self.work, run=due.run)
            self.way_of[due.run] = TaskWay("finish", TRIAGE if is_triage else UPDATES)
            self.firings[due.id] += 1
            given = FinishFiring(who, due.id, began=True, words=f"began {due.run}")
        self.shop.gateway.perform(given)

    def tasks(self, *states: State) -> list[Task]:
        """The tasks of issues and schedules, oldest first."""
        with self.shop.store.reading() as at:
            found = at.tasks(TaskFilter(states=states or None))
        return [task for task in found if not task.id.startswith("pinned")]

    def way(self, task: Task) -> TaskWay:
        """What becomes of a task: the nth of its subject goes the nth way."""
        if task.id not in self.way_of:
            before = self.begun[task.title]
            self.way_of[task.id] = self.ways[task.title][len(before)]
            before.append(task.id)
        return self.way_of[task.id]

    def _labour(self) -> None:
        for task in self.tasks(State.SUBMITTED, State.WORKING):
            way = self.way(task)
            if way.way != "idle":
                try:
                    self._work(task, way)
                except Refused:
                    self.late += 1

    def _keep_leases(self) -> None:
        for task_id, agent in tuple(self.slow.items()):
            try:
                self.shop.gateway.perform(Heartbeat(agent, 2 * TICK))
            except Refused:
                self.late += 1
                del self.slow[task_id]

    def _work(self, task: Task, way: TaskWay) -> None:
        """An agent takes a task, and hands in five minutes later."""
        if task.state is State.SUBMITTED:
            agent = self.shop.claim(task.id, agent=f"agent:{AGENTS[task.created_at % len(AGENTS)]}")
            self.shop.gateway.perform(Heartbeat(agent, 2 * TICK))
            return
        agent = self.shop.agent(self.shop.secrets[task.id])
        if way.way == "slow":  # it works all day, and hears of it when its task is called off
            self.slow[task.id] = agent
            return
        if way.way == "ask":
            self.shop.ask(agent, way.words)
            return
        head = sha256(f"{task.id}/{task.version}".encode()).hexdigest()[:40]
        change = sha256(way.words.encode()).hexdigest()
        self.shop.submit(agent, Submission(head, head[::-1], "0" * 40, change=change))
        self._judge(task.id, Verdict.FAIL if way.way == "fail" else Verdict.PASS, way.words)

    def _judge(self, task_id: str, verdict: Verdict, words: str) -> None:
        task = self.shop.task(task_id)
        now = task.submission
        assert now is not None
        about = (now.head, now.tree, now.base, task.definition, VERIFIER.id, self.time.now)
        said = c.ReportGate(Evidence("tests", verdict, words if verdict is Verdict.FAIL else "passed", *about))
        self.shop.gateway.perform(PerformCommand(VERIFIER, task_id, said))

    def _decide(self) -> None:
        """People approve what they want done, and leave the rest for tomorrow."""
        for task in self.tasks(State.INPUT_REQUIRED):
            if self.way(task).way == "finish":
                self.shop.approve(task_id=task.id)
