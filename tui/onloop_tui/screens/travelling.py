"""Looking back: the whole dashboard as it stood at an event or a time, read-only, and step by step through a task."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any, Protocol

from textual.app import App

from onloop.errors import OnloopError
from onloop.records import Record, replace
from onloop.store.port import Recorded
from onloop.views.queries.store_at import MOMENTS, ReadStoreAt, asked_moment
from onloop_tui.background import in_background
from onloop_tui.model.drawing.text_line import Tone
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.ground.subject import Subject, SubjectKind
from onloop_tui.model.past.seen_moment import SeenMoment, snapshot_then, told_words
from onloop_tui.panels.sheet_panel import Sheet
from onloop_tui.screens.view import View
from onloop_tui.session import Session
from onloop_tui.widgets.prompt import Prompt

NOT_READ = "the store has not been read yet"
"""Why nobody looks back: of a part of the store, the rest would be missing then, too."""


class Stepped(Record):
    """The task whose events are gone through, and what was under the cursor when the last was reached."""

    task: str
    subject: str


class _Travels(Protocol):
    session: Session
    view: View
    snapshot: Snapshot
    whole: Snapshot
    live: Snapshot
    stepped: Stepped | None
    unaware: set[View]

    @property
    def views(self) -> Sequence[View]: ...

    def see(self, whole: Snapshot) -> None: ...

    def show_front(self) -> None: ...

    def tick(self) -> None: ...

    @property
    def app(self) -> App[Any]: ...

    @property
    def sheet(self) -> Sheet: ...

    @property
    def prompt(self) -> Prompt: ...

    def subject_here(self) -> Subject | None: ...

    def say(self, words: str, tone: Tone = Tone.DIM) -> None: ...

    def show_now(self, words: str = "") -> None: ...

    def travel(self, asked: ReadStoreAt, stepped: Stepped | None = None) -> None: ...

    def arrive(self, snapshot: Snapshot, moment: SeenMoment | None, words: str) -> None: ...

    async def read_then(self, asked: ReadStoreAt, stepped: Stepped | None) -> None: ...

    async def read_step(self, task: str, step: int) -> None: ...


class Travelling:
    """The part of the main screen that looks back."""

    def action_moment(self: _Travels) -> None:
        """`ctrl+t`: ask for a moment; on an event of the log, that event is offered."""
        subject = None if self.sheet.is_open else self.view.subject()
        event = f"#{subject.id}" if subject is not None and subject.kind is SubjectKind.EVENT else ""
        self.prompt.ask(":", f"at {event}", MOMENTS)

    def travel_to(self: _Travels, words: str) -> str:
        """Look at the moment that the words mean, or at now; returns what is wrong with them."""
        if words.strip() in {"now", ""}:
            self.show_now("this is now")
            return ""
        if not _is_read(self.live):
            return NOT_READ
        asked = asked_moment(words, self.session.now())
        if asked is None:
            return f"{words.strip()[:40]!r} is no moment that has been; give {MOMENTS}, or now"
        if asked.seq is not None and asked.seq > self.live.seq:
            return f"there is no event {asked.seq} yet; the newest is #{self.live.seq}"
        self.travel(asked)
        return ""

    def travel(self: _Travels, asked: ReadStoreAt, stepped: Stepped | None = None) -> None:
        """Read that moment aside, and show it."""
        self.say("looking back …")
        in_background(self.app.screen, partial(self.read_then, asked, stepped), group="travel", exclusive=True)

    async def read_then(self: _Travels, asked: ReadStoreAt, stepped: Stepped | None) -> None:
        """Read and show the moment; what cannot be read is said, and changes nothing."""
        held = self.whole if self.session.moment is not None else None
        try:
            snapshot, moment, event = await asyncio.to_thread(_looked_back, self.session, self.live, held, asked)
        except OnloopError as problem:
            self.say(f"that moment cannot be read: {problem.message}", Tone.BAD)
            return
        self.arrive(snapshot, moment, told_words(event) if event is not None else "nothing had happened yet")
        subject = self.subject_here()
        self.stepped = None if stepped is None else Stepped(stepped.task, subject.id if subject is not None else "")

    def arrive(self: _Travels, snapshot: Snapshot, moment: SeenMoment | None, words: str) -> None:
        """Show another moment, with the cursor on the same subject if it was there."""
        subject = self.view.subject()
        if self.sheet.is_open:
            self.sheet.put_away()
        self.session.moment, self.stepped = moment, None
        self.see(snapshot)
        self.unaware.update(self.views)
        self.sheet.take(self.snapshot)
        self.show_front()
        if subject is not None:
            self.view.go_to(subject)
        self.tick()  # rows of tasks that were the same then have other ages
        self.say(words)

    def show_now(self: _Travels, words: str = "") -> None:
        """Go back to now, if another moment is shown."""
        if self.session.moment is not None:
            self.arrive(self.live, None, words or "this is now")
        else:
            self.say(words)

    def step_task(self: _Travels, step: int) -> None:
        """`[` and `]` in a list: to the event before or after of the task under the cursor."""
        subject = self.view.subject()
        here, task = (subject.id, subject.task) if subject is not None else ("", None)
        if self.stepped is not None and self.stepped.subject == here:
            task = self.stepped.task
        if task is None:
            self.say(self.view.nothing)
        elif not _is_read(self.live):
            self.say(NOT_READ)
        elif step > 0 and self.session.moment is None:
            self.say(f"this is now; [ goes back through what happened to {task}")
        else:
            in_background(self.app.screen, partial(self.read_step, task, step), group="travel", exclusive=True)

    async def read_step(self: _Travels, task: str, step: int) -> None:
        """Find the event before or after, and look at its moment."""
        moment = self.session.moment
        try:
            event = await asyncio.to_thread(_next_event, self.session, task, moment.seq if moment else None, step)
        except OnloopError as problem:
            self.say(f"the log cannot be read: {problem.message}", Tone.BAD)
            return
        if event is not None:
            self.travel(ReadStoreAt(seq=event.seq), Stepped(task, ""))
        elif step > 0:
            self.show_now(f"nothing has happened to {task} since; this is now")
        else:
            self.say(f"{task} had not begun before")


def _is_read(live: Snapshot) -> bool:
    return live.is_whole and live.seq > 0


def _looked_back(
    session: Session, live: Snapshot, held: Snapshot | None, asked: ReadStoreAt
) -> tuple[Snapshot, SeenMoment | None, Recorded | None]:
    """The snapshot of a moment, and the newest event by then; of a moment after what is known, what is known.

    From a moment that is `held` and near, it is gone on or back.
    """
    known, moment = tuple(live.definitions), session.moment
    if held is not None and moment is not None and held.house.id == live.house.id:
        both = tuple(live.definitions.keys() & held.definitions.keys())
        found = session.place.store_at(replace(asked, held=held.seq), both)
        if found.archived != moment.archived:  # of what was archived meanwhile, the held moment still tells
            found = session.place.store_at(ReadStoreAt(seq=found.seq), known)
    else:
        found = session.place.store_at(asked, known)
    if found.seq > live.seq:
        found = session.place.store_at(ReadStoreAt(seq=live.seq), known)
    event = next(iter(session.place.log(before=found.seq + 1, limit=1, newest=True)), None)
    begin = live if held is None or found.beside is None else held
    return snapshot_then(begin, found), SeenMoment(found.seq, found.at, found.archived), event


def _next_event(session: Session, task: str, seq: int | None, step: int) -> Recorded | None:
    """The event of the task that is next after that place, or newest before it."""
    if step > 0:
        return next(iter(session.place.log(after=seq or 0, limit=1, task=task)), None)
    return next(iter(session.place.log(before=seq, limit=1, newest=True, task=task)), None)
