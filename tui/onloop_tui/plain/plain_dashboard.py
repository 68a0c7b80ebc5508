"""The plain dashboard: a prompt that takes the words and keys of the other one, and answers in sentences."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from onloop.machine.task import Task
from onloop_tui.bindings import KEYS, Key, Where
from onloop_tui.command_words import Narrow, Unknown, meaning_of
from onloop_tui.feed import Feed, News, StoreLost, StoreUpdate
from onloop_tui.model.filter.filter_terms import FilterProblem
from onloop_tui.model.filter.filters import Filter, parse
from onloop_tui.model.ground.acts import Act
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.inbox.explain import explanation
from onloop_tui.model.spoken.announcement import SaidSoFar, announced_after
from onloop_tui.model.spoken.spoken_line import ROOM, spoken
from onloop_tui.model.spoken.spoken_row import counted_words
from onloop_tui.plain.plain_console import PlainConsole
from onloop_tui.plain.plain_rows import PlainRow, rows_of
from onloop_tui.plain.plain_sheet import PlainSheet
from onloop_tui.screens.screen_chrome import turn_scope
from onloop_tui.session import Session

TICK_S = 0.5
PATIENCE_S = 30.0
"""How long the first reading of the store is waited for."""
SOON_S = 2.0
"""How long it is waited for that what was decided has been read."""
LISTED = 20
"""The rows that `list` reads at once."""
PROMPT = "onloop> "
BESIDE = {"list": "read the rows, 20 at once", "again": "read the row again; Enter alone does so, too"}
"""Words that mean something here alone."""
SPOKEN_VIEWS = (Where.INBOX, Where.TREE, Where.AGENTS, Where.LOG)
"""The views that are lists of sentences. The others are tables and pictures, which the command line has, too."""


class Left(Exception):
    """The dashboard is left."""


class PlainDashboard:
    """Reads the store as the other dashboard does, and writes through the same gateway with the same proof."""

    def __init__(self, session: Session, *, note: str = "", ask_on_quit: bool = False) -> None:
        self._session = session
        self._note = note
        self._ask_on_quit = ask_on_quit
        self._console = PlainConsole(self._words)
        self._sheet = PlainSheet(session, self._console)
        self._feed = Feed(session.place, session.clock, self._take)
        self._has_read, self._stopped = threading.Event(), threading.Event()
        self._news = threading.Condition()
        self._whole, self._lost = Snapshot(), ""
        self._told: SaidSoFar | None = None
        self._view = session.landing if session.landing in SPOKEN_VIEWS else Where.INBOX
        self._cursor, self._place = "", 0
        self._filter: Filter = Filter()
        self._acts: Mapping[str, Callable[[str], None]] = {
            "view": self._show_view,
            "go": lambda _: self._go(),
            "decide": self._decide,
            "next": lambda step: self._move(int(step)),
            "move": lambda step: self._move(int(step)),
            "page": lambda step: self._move(10 * int(step)),
            "edge": lambda end: self._move(int(end) * len(self._rows())),
            "explain": lambda _: self._explain(),
            "ask": lambda _: self._narrow(self._console.ask("Filter, empty for none: ") or ""),
            "scope": lambda _: self._scope(),
            "renew": lambda _: self._renew(),
            "back": lambda _: self._back(),
            "section": lambda step: self._sheet.section(int(step)),
            "request": lambda _: self._sheet.request(),
            "files": lambda _: self._sheet.files(),
            "app.keys": lambda _: self._help(),
            "leave": lambda _: self._leave(),
        }

    def run(self) -> str:
        """Talk with the person until they leave; returns how: `quit`, or with `ask_on_quit` also `stop` or `leave`."""
        left = "stop" if self._ask_on_quit else "quit"
        threads = [threading.Thread(target=work, daemon=True) for work in (self._feed.run, self._announce)]
        for thread in threads:
            thread.start()
        try:
            with _ended_by_signals():
                self._begin()
                while True:
                    self._turn()
        except Left as how:
            left = str(how) or left
        finally:
            self._feed.stop()
            self._stopped.set()
            for thread in threads:
                thread.join()
            self._session.place.close()
        return left

    # -- what comes

    def _take(self, news: News) -> None:
        if isinstance(news, StoreUpdate):
            with self._news:
                self._whole, self._lost = news.snapshot, ""
                self._news.notify_all()
            self._has_read.set()
        elif isinstance(news, StoreLost):
            self._lost = news.words
            self._console.announce([f"The store is lost: {news.words}. Nothing can be decided until it is back."])

    def _announce(self) -> None:
        """Say what has changed, as it comes."""
        while not self._stopped.wait(TICK_S):
            if self._told is not None:
                self._told, sentences = announced_after(self._told, self._seen().groups, self._session.clock())
                self._console.announce(sentences)

    def _seen(self) -> Snapshot:
        return self._session.seen(self._whole)

    # -- what is typed

    def _begin(self) -> None:
        self._console.say("onloop, plain. Type a word and Enter; help lists the words, quit leaves.")
        if self._note:
            self._console.say(self._note)
        if not self._has_read.wait(PATIENCE_S):
            self._console.say("The store is still being read.")
        if self._session.why_read_only:
            self._console.say("It is read-only: nothing can be decided.")
        self._told = SaidSoFar.of(self._seen().groups, self._session.clock())
        self._say_counts()
        self._say_row()

    def _turn(self) -> None:
        try:
            typed = self._console.ask(PROMPT)
        except KeyboardInterrupt:
            self._console.say("", "Type quit to leave.")
            return
        if typed is None:
            raise Left
        try:
            self._obey(" ".join(typed.split()))
        except KeyboardInterrupt:
            self._console.say("", "Given up; nothing was sent.")

    def _obey(self, typed: str) -> None:
        self._sheet.house = self._whole.house
        word, _, rest = typed.removeprefix(":").partition(" ")
        if not typed or word == "again":
            self._say_row()
        elif word == "list":
            self._list()
        elif word == "help":
            self._help()
        elif word == "section" and rest:
            self._sheet.section(1, rest)
        elif typed.startswith("/") or word == "filter":
            self._narrow(typed.removeprefix("/").strip() if typed.startswith("/") else rest)
        else:
            self._mean(typed)

    def _mean(self, typed: str) -> None:
        key = next((key for key in self._session.settings.keys if typed in (*key.names, *key.shown.split())), None)
        meaning = key or meaning_of(typed.removeprefix(":"), self._session.settings)
        if isinstance(meaning, Key):
            name, _, argument = meaning.action.partition("(")
            act = self._acts.get(name)
            if act is not None:
                act(argument.strip("()'"))
            else:
                self._console.say(self._elsewhere(meaning))
        elif isinstance(meaning, Narrow):
            self._narrow(meaning.query)
        elif isinstance(meaning, Unknown):
            self._console.say(meaning.words)
        else:
            self._console.say(f"{typed} is not for the plain dashboard; help lists what is")

    def _elsewhere(self, key: Key) -> str:
        task = self._task()
        run = task.split(".")[0]
        command = key.cli_equivalent.replace("{task}", task or "TASK").replace("{cause}", "CAUSE")
        command = self._session.place.addressed(command.replace("{run}", run or "RUN"))
        instead = f"; from the command line: {command}" if command else ""
        return f"{key.word} is not in the plain dashboard{instead}"

    # -- rows

    def _rows(self) -> Sequence[PlainRow]:
        return rows_of(self._view, self._session, self._seen(), self._filter)

    def _here(self) -> tuple[Sequence[PlainRow], int]:
        """The rows, and the place of the cursor: on its row, else where that was."""
        rows = self._rows()
        found = next((place for place, row in enumerate(rows) if row.key == self._cursor), None)
        self._place = found if found is not None else max(0, min(self._place, len(rows) - 1))
        self._cursor = rows[self._place].key if rows else ""
        return rows, self._place

    def _task(self) -> str:
        rows, place = self._here()
        return self._sheet.task or (rows[place].task if rows else "")

    def _leave_for(self, task: str) -> None:
        """Leave the task that is open, unless it is this one: what is decided next is about what was read last."""
        before = self._sheet.task
        if before and before != task:
            self._sheet.close()
            self._console.say(f"{before} is left.")

    def _say_row(self) -> None:
        rows, place = self._here()
        self._leave_for(rows[place].task if rows else "")
        if not rows:
            what = "needs you" if self._view is Where.INBOX else "is in this list"
            self._console.say(f"Nothing {what}{' that fits the filter' if self._filter else ''}.")
        else:
            self._console.say(rows[place].sentence(place + 1, len(rows)))

    def _move(self, rows: int) -> None:
        all_rows, place = self._here()
        wanted = max(0, min(len(all_rows) - 1, place + rows))
        if all_rows:
            self._cursor, self._place = all_rows[wanted].key, wanted
        if all_rows and wanted == place and rows:
            self._console.say("There is no more.")
        self._sheet.close()
        self._say_row()

    def _list(self) -> None:
        rows, place = self._here()
        shown = rows[place : place + LISTED]
        self._leave_for(shown[0].task if len(shown) == 1 else "")
        self._console.say(*(row.sentence(place + n, len(rows)) for n, row in enumerate(shown, 1)))
        left = len(rows) - place - len(shown)
        if left > 0:
            self._console.say(f"and {counted_words(left, 'more row')}: page down, then list")

    def _show_view(self, name: str) -> None:
        wanted = Where[name.upper()]
        if wanted not in SPOKEN_VIEWS:
            key = next(key for key in KEYS if key.action == f"view('{name}')")
            self._console.say(self._elsewhere(key))
            return
        self._sheet.close()
        self._view, self._cursor, self._place = wanted, "", 0
        self._console.say(f"{name.capitalize()}: {counted_words(len(self._rows()), 'row')}.")
        self._say_row()

    def _narrow(self, query: str) -> None:
        wanted = parse(query)
        if isinstance(wanted, FilterProblem):
            self._console.say(f"{wanted.message}; {wanted.hint}")
            return
        self._filter = wanted
        self._console.say(f"{counted_words(len(self._rows()), 'row')}{', by the filter' if wanted else ''}.")
        self._say_row()

    def _scope(self) -> None:
        self._console.say(turn_scope(self._session, self._seen().viewer))
        self._say_row()

    def _explain(self) -> None:
        rows, place = self._here()
        row = rows[place].cause if rows else None
        if row is None:
            self._console.say("Only what needs you has a reason to be here: inbox goes there.")
            return
        self._leave_for(rows[place].task)
        task = self._whole.tasks.get(rows[place].task)
        self._console.say(*spoken(explanation(row, task, place + 1, self._session.clock(), ROOM)))

    def _has_gone(self) -> bool:
        """Whether the row that was read last is there no more, so that another stands in its place."""
        return bool(self._cursor) and all(row.key != self._cursor for row in self._rows())

    # -- one task

    def _go(self) -> None:
        task = self._task()
        if task:
            self._sheet.open(task)
        else:
            self._console.say("There is no task here to open.")

    def _decide(self, act: str) -> None:
        if self._lost:
            self._console.say("Nothing can be decided while the store is lost.")
            return
        if not self._sheet.task:
            if self._has_gone():
                self._console.say("What was read is not in this list any more; the next one:")
                self._say_row()
                return
            self._go()  # a decision is about what was read, and is asked for once it was
            if act == Act.APPROVE.value:
                return
        after = self._sheet.decide(Act(act)) if self._sheet.task else None
        if after is not None:
            self._wait_for(after)
            self._say_counts()
            self._say_row()

    def _wait_for(self, after: Task) -> None:
        """Wait a little until what was decided has been read, so that it is not said to wait still."""
        with self._news:
            self._news.wait_for(lambda: self._knows(after), SOON_S)

    def _knows(self, after: Task) -> bool:
        known = self._whole.tasks.get(after.id)
        return known is not None and known.version >= after.version

    def _renew(self) -> None:
        if self._sheet.task:
            self._sheet.open(self._sheet.task)
        else:
            self._say_counts()
            self._say_row()

    def _back(self) -> None:
        if self._sheet.task:
            self._sheet.close()
        elif self._filter:
            self._filter = Filter()
            self._console.say("The filter is lifted.")
        self._say_row()

    # -- the whole

    def _say_counts(self) -> None:
        seen = self._seen()
        counts, overview = seen.board.counts, seen.overview
        moving = f"{overview.working} working, {overview.waiting} waiting, {seen.done} done"
        self._console.say(f"Needs you {counts.needs_you}; {moving}.")

    def _words(self) -> Iterator[str]:
        yield from BESIDE
        yield from ("help", "filter")
        yield from (key.word for key in self._session.settings.keys if self._acts.get(key.action.partition("(")[0]))

    def _help(self) -> None:
        for key in self._session.settings.keys:
            if key.action.partition("(")[0] in self._acts and key.action not in {"view('fleet')", "view('loop')"}:
                self._console.say(f"{key.word}, or {key.shown.split()[0]}: {key.help}")
        self._console.say(*(f"{word}: {about}" for word, about in BESIDE.items()))
        self._console.say("filter and words of a filter: only what fits; a beginning of a word is enough")

    def _leave(self) -> None:
        if not self._ask_on_quit:
            raise Left("quit")
        said = self._console.ask("Type stop to end verifier, workers and agents too, leave to let them go on: ")
        if said in {None, "stop", "leave"}:
            raise Left(said or "stop")
        self._console.say("Nothing is left.")


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Leave on a signal as if the person had: the terminal is as it was, and the processes are asked about."""

    def end(_number: int, _frame: object) -> None:
        raise Left

    before = {number: signal.signal(number, end) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
