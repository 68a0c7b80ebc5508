"""Looks from time to time at every place elsewhere that tasks wait for, and at once where a webhook hints at news.

It is only promptness: what is looked at is read from the source, so that a look more or less changes nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from onloop.access.elsewhere.adopted_work import look_at_branch
from onloop.access.elsewhere.answer_there import answer_there
from onloop.access.elsewhere.place_hints import ForgeHint, take_hints
from onloop.access.elsewhere.pull_work import (
    ForgeView,
    SeenThere,
    listen_to_linked,
    look_at_pull_request,
    place_repository,
    pull_link,
)
from onloop.access.elsewhere.ticket_answers import TicketAnswers
from onloop.access.opening import GatewayHandle
from onloop.errors import OnloopError, Refused
from onloop.forges.port import ForgeTrouble, RepositoryName
from onloop.machine.state import LIVE, State
from onloop.machine.task import Task
from onloop.machine.work_elsewhere import PlaceKind
from onloop.records import MutableRecord, field, replace
from onloop.store.port import TaskFilter
from onloop.text import safe
from onloop.views.queries.reads import ReadTasks

EVERY_MS = 60_000
"""How often a place is looked at without a hint."""

TROUBLED_MS = 300_000
"""How long a place is left alone that could not be looked at."""

LEAST_PAUSE_S = 1.0

Views = Callable[[GatewayHandle, str], ForgeView | None]
"""The forge at a host, as it is declared for the store; None where none is."""


class ElsewhereWatch(MutableRecord):
    """Everything elsewhere that one store's tasks wait for. One thread uses it."""

    views: Views
    say: Callable[[str], None] = lambda _: None
    _next: dict[str, int] = field(default_factory=dict)
    _seen: dict[str, SeenThere] = field(default_factory=dict)
    waits: bool = False
    """Whether anything was found to wait for at the last look."""

    def look(self, opened: GatewayHandle) -> int:
        """Look at every place that is due, or that a hint names; the answer is how many were looked at."""
        hints = take_hints(opened.home.store)
        now, followed = opened.gateway.clock(), tuple(followed_tasks(opened))
        self.waits = any(task.state is not State.PAUSED for task in followed)
        self._forget(followed)
        looked = 0
        for task in followed:
            if self._next.get(task.id, 0) <= now or any(is_about(hint, task) for hint in hints):
                self._next[task.id] = self._looked(opened, task, now)
                looked += 1
        return looked

    def _forget(self, followed: tuple[Task, ...]) -> None:
        known = {task.id for task in followed}
        self._next = {task: at for task, at in self._next.items() if task in known}
        self._seen = {task: seen for task, seen in self._seen.items() if task in known}

    def _looked(self, opened: GatewayHandle, task: Task, now: int) -> int:
        """Look at one task's place; when to look again."""
        seen = self._seen.setdefault(task.id, SeenThere())
        try:
            look_at(opened, task, self.views, seen)
        except ForgeTrouble as trouble:
            self.say(safe(f"{task.id}: {trouble}"))
            return max(now + EVERY_MS, min(trouble.until or 0, now + 60 * EVERY_MS))
        except Refused as no:  # it is held, paused, or not there yet: that passes
            self.say(safe(f"{task.id}: {no}"))
            return now + EVERY_MS
        except OnloopError as problem:
            self.say(safe(f"{task.id}: {problem}"))
            return now + TROUBLED_MS
        finally:
            self._say_troubles(task, seen)
        return now + EVERY_MS

    def _say_troubles(self, task: Task, seen: SeenThere) -> None:
        for words in dict.fromkeys(seen.troubles):
            self.say(safe(f"{task.id}: {words}"))
        seen.troubles.clear()


def look_at(opened: GatewayHandle, task: Task, views: Views, seen: SeenThere) -> Task:
    """Look at the place where the task's work is made, and tell it there what must change."""
    place = task.elsewhere
    if place is None:
        return _listened(opened, task, views, seen)
    if place.kind is PlaceKind.BRANCH:
        return look_at_branch(opened, task)
    view = views(opened, place.host)
    if view is None:
        return task
    view = _as_us(view, place_repository(place), seen)
    after = look_at_pull_request(opened, task, view, seen)
    answer_there(after, view, seen)
    return after


def _listened(opened: GatewayHandle, task: Task, views: Views, seen: SeenThere) -> Task:
    """Hear what is said of a pull request of ours."""
    link = pull_link(task)
    view = views(opened, link.host) if link is not None else None
    if link is None or view is None or task.ended:
        return task
    owner, _, name = link.repository.partition("/")
    return listen_to_linked(opened, task, link, _as_us(view, RepositoryName(link.host, owner, name), seen), seen)


def _as_us(view: ForgeView, repo: RepositoryName, seen: SeenThere) -> ForgeView:
    if seen.asked is not view.forge:  # another one is declared by now: whom it takes us for may differ
        seen.asked, seen.us = view.forge, view.forge.identity(repo).author
    return replace(view, us=seen.us)


def followed_tasks(opened: GatewayHandle) -> Iterator[Task]:
    """The live tasks whose work is made elsewhere, or to which a pull request belongs."""
    for task in opened.gateway.perform(ReadTasks(TaskFilter(states=tuple(sorted(LIVE))))):
        if task.elsewhere is not None or pull_link(task) is not None:
            yield task


def is_about(hint: ForgeHint, task: Task) -> bool:
    """Whether a hint may be about the task's place."""
    place = task.elsewhere
    if place is not None and place.kind is PlaceKind.BRANCH:
        return hint.ref == place.ref
    link = pull_link(task)
    known = [(each.repository.casefold(), each.number) for each in (place, link) if each is not None]
    return any(hint.repository.casefold() == name and hint.number in {0, number} for name, number in known)


@contextmanager
def watched(opened_by: Callable[[], GatewayHandle], watch: ElsewhereWatch) -> Iterator[None]:
    """A thread of its own that looks for as long as the block lasts, and takes a twentieth of the time at most.

    It answers tickets as well.
    """
    answers = TicketAnswers(watch.say)
    ended = threading.Event()

    def keep_looking() -> None:
        opened = opened_by()
        try:
            while not ended.is_set():
                began = time.monotonic()
                with suppress(OnloopError):  # the store is away: the verifier's own loop says so
                    watch.look(opened)
                    answers.look(opened)
                ended.wait(max(LEAST_PAUSE_S, 20 * (time.monotonic() - began)))
        finally:
            opened.close()

    thread = threading.Thread(target=keep_looking, name="elsewhere", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join(LEAST_PAUSE_S)
