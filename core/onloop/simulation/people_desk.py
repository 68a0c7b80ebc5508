"""Simulated people: they notice what is asked of them after a while, and decide one thing after the other."""

from __future__ import annotations

from collections import deque
from random import Random

from onloop.gateway.command_operations import PerformCommand
from onloop.machine import commands as c
from onloop.machine.digest import shown_digest
from onloop.machine.principal import Principal
from onloop.machine.task import Request, RequestKind, Task
from onloop.records import MutableRecord, field
from onloop.simulation.conduct import PeopleConduct, happens
from onloop.simulation.simulated_store import person_name, simulated_person
from onloop.simulation.world import World

DAY = 86_400_000


class Waiting(MutableRecord):
    """A request that somebody has noticed; `asked_at` is when it was opened (ms)."""

    task: str
    request: str
    asked_at: int


class PeopleDesk(MutableRecord):
    """The people of a simulation. `most_waiting` is how many requests were open at once; `waits` how long each was."""

    world: World
    chance: Random
    free: deque[str]
    seen: set[str] = field(default_factory=set)
    queue: deque[Waiting] = field(default_factory=deque)
    open: int = 0
    most_waiting: int = 0
    waits: list[int] = field(default_factory=list)
    spent_ms: int = 0

    def notice(self, task: Task) -> None:
        """What is newly asked of people is noticed by one of them after a while."""
        for request in task.requests:
            if request.id not in self.seen:
                self.seen.add(request.id)
                self.open += 1
                self.most_waiting = max(self.most_waiting, self.open)
                ways = self.world.plan.conduct.people
                noticed = awake_at(self.world.time.now + ways.notice.sample(self.chance), ways)
                for _ in range(request.quorum):
                    waiting = Waiting(task.id, request.id, request.opened_at)
                    self.world.time.at(noticed, lambda waiting=waiting: self._take(waiting))  # type: ignore[misc]

    def _take(self, waiting: Waiting) -> None:
        self.queue.append(waiting)
        self.start()

    def start(self) -> None:
        """Let people who are free decide what waits; each decides one thing at a time."""
        ways = self.world.plan.conduct.people
        while self.queue and self.free:
            waiting, person = self.queue.popleft(), self.free.popleft()
            took = ways.decide.sample(self.chance)
            done = awake_at(self.world.time.now, ways) + took
            self.spent_ms += took
            self.world.time.at(done, lambda w=waiting, p=person: self._decide(w, p))  # type: ignore[misc]

    def _decide(self, waiting: Waiting, person: str) -> None:
        self.free.append(person)
        with self.world.store.reading() as at:
            task = at.task(waiting.task)
        request = task.request(waiting.request) if task is not None else None
        if task is None or request is None:
            self._is_closed(waiting)
            return
        who = simulated_person(person, self.world.groups, request.assurance, self.world.time.now)
        after = self.world.ask(PerformCommand(who, task.id, self._said(task, request, who)))
        if after is None or after.request(request.id) is None:
            self._is_closed(waiting)

    def _is_closed(self, waiting: Waiting) -> None:
        if waiting.request in self.seen and waiting.asked_at >= 0:
            self.open -= 1
            self.waits.append(self.world.time.now - waiting.asked_at)
            waiting.asked_at = -1

    def _said(self, task: Task, request: Request, who: Principal) -> c.Command:
        voice = who.voice
        if voice is None:
            raise ValueError(f"{who.id} is no person")
        if request.kind is RequestKind.QUESTION:
            return c.Reply(request.id, voice, "the first one")
        if request.kind is RequestKind.CHOICE:
            return self._chosen(task, voice)
        digest = shown_digest(task, request)
        if happens(self.chance, self.world.plan.conduct.people.rejects):
            return c.Reject(request.id, digest, voice, "it does more than was asked")
        return c.Approve(request.id, digest, voice)

    def _chosen(self, task: Task, voice: c.Voice) -> c.Command:
        """Have it tried again, perhaps after mending what is wrong with the repository, or give it up."""
        ways, repo = self.world.plan.conduct, task.repo or ""
        flaw = self.world.flaws.get(repo)
        if flaw is not None and happens(self.chance, flaw.mended_by_people):
            del self.world.flaws[repo]
            flaw = None
        if flaw is None and happens(self.chance, ways.people.retries):
            return c.Retry(voice, "try again")
        words = f"not worth it: {flaw.name}" if flaw is not None else "not worth it"
        if task.parent is not None and task.parent == task.run:
            return c.Exclude(voice, words)
        return c.Cancel(voice, words)


def people(count: int) -> deque[str]:
    """The names of so many people, all free."""
    return deque(person_name(number) for number in range(1, count + 1))


def awake_at(when: int, ways: PeopleConduct) -> int:
    """The first time from `when` on at which people look: at once within their day, else when the next one begins."""
    begins, ends = ways.day
    if begins == ends:
        return when
    since = when % DAY
    if begins <= since < ends:
        return when
    return when - since + begins + (0 if since < begins else DAY)
