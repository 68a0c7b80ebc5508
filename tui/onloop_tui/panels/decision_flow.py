"""The lower part of the sheet: the possible acts, and the flow of a decision from a key to the gateway."""

from __future__ import annotations

import asyncio
import time
import uuid
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import partial

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.message import Message

from onloop.errors import OnloopError, Stale
from onloop.machine.commands import Cancel, Pause, Resume
from onloop.machine.principal import Principal
from onloop.machine.requests import unseen_words
from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.views.dossier import Asked, Dossier
from onloop.views.work_warnings import WorkWarning
from onloop_tui.app_messages import DecisionAccepted, KeysWanted
from onloop_tui.background import in_background
from onloop_tui.bindings import answer_keys, answer_names
from onloop_tui.dialogs.form import TOO_SOON, FormDialog, open_form
from onloop_tui.dialogs.questions import person_form, words_form
from onloop_tui.dialogs.recognition import recognise
from onloop_tui.model.decide.actions import (
    Action,
    Deciding,
    action_lines,
    action_of,
    actions_of,
    asked_for,
    command_for,
    effects_of,
    taken_back_words,
    undone_words,
)
from onloop_tui.model.decide.cli_equivalents import sheet_equivalent
from onloop_tui.model.decide.owners import owners_words
from onloop_tui.model.drawing.low_terminal import is_low
from onloop_tui.model.drawing.signs import VERBS
from onloop_tui.model.drawing.text_line import Line, Span, Tone, hanging
from onloop_tui.model.drawing.warning_lines import warning_remarks
from onloop_tui.model.form.early_keys import KeyTarget
from onloop_tui.model.ground.acts import Act, meant
from onloop_tui.session import Session
from onloop_tui.widgets.bar import Bar

_CONFIRMED = frozenset({Act.APPROVE, Act.TAKE_BACK})
"""Acts that need no words: Enter confirms them."""


class Doing(StrEnum):
    """The state of the flow."""

    NOTHING = "nothing"
    CONFIRMING = "confirming"
    WRITING = "writing"
    SENDING = "sending"


def begun_words(act: Act, task: str) -> str:
    """An act on a task, as keys that come early are told what they were meant for."""
    return f"{VERBS[act]} of {task}"


Notice = tuple[tuple[str, Tone], ...]


class DecisionFlow(Vertical):
    """Begins an act, asks for words and who decides, asks to confirm, and sends a command bound to what was shown."""

    class Changed(Message):
        """The state or the notice has changed."""

    class Outdated(Message):
        """The gateway refused because the task has changed: it must be read again."""

    def __init__(self, session: Session) -> None:
        super().__init__(id="sheet-decision")
        self._session = session
        self._dossier: Dossier | None = None
        self._chosen = ""
        self._wanted: Act | None = None
        self._unsent: dict[tuple[str, Act], Mapping[str, str]] = {}
        """What was written about a task, for an act on it, and not sent: nobody has to write it twice."""
        self._since = 0
        self._shown_at = 0.0
        self.notice: Notice = ()
        self._news: Notice = ()
        """What has happened since the task was read; it stays above every notice until the task is read again."""
        self.people: Sequence[str] = ()
        self.house = StoreState()
        """Everyone enrolled, and the names that they have now."""
        self.doing = Doing.NOTHING

    def compose(self) -> ComposeResult:
        """The notice and the keys; a form appears between them."""
        yield Bar(self._notice_lines, id="sheet-notice")
        yield Bar(self._key_lines, id="sheet-keys")

    # -- what it is about

    @property
    def wanted(self) -> Act | None:
        """The act that is being written or confirmed."""
        return self._wanted

    @property
    def asked(self) -> Asked | None:
        """The request that a decision would answer."""
        person = self._session.person
        return asked_for(self._dossier, person.voice if person else None, self._chosen) if self._dossier else None

    def about(self, dossier: Dossier | None, *notice: tuple[str, Tone]) -> None:
        """Show the acts for this dossier. Keys count only after a moment in which a person can see it."""
        if dossier is None or self._dossier is None or dossier.task.id != self._dossier.task.id:
            self._chosen = ""
        self._keep_words()
        self._dossier, self._news = dossier, ()
        self._since = self._session.clock()
        self._stop(*notice)

    def next_request(self) -> bool:
        """Turn to the next open request; whether there is another."""
        asked = self.asked
        if self.doing is not Doing.NOTHING or self._dossier is None or asked is None or len(self._dossier.asked) < 2:
            return False
        ids = [each.request.id for each in self._dossier.asked]
        self._chosen = ids[(ids.index(asked.request.id) + 1) % len(ids)]
        self._since = self._session.clock()
        self._stop()
        return True

    def tell(self, words: str, tone: Tone = Tone.WARN) -> None:
        """Show a notice below the facts."""
        self.notice = ((words, tone),)
        self.renew()

    def interrupt(self, news: Notice) -> None:
        """Show how the facts have changed, and stop what waits to be confirmed. What is being written stays."""
        self._news = news
        if self.doing is Doing.CONFIRMING:
            self._stop()
        self.renew()

    # -- keys that come early

    def expected(self) -> str:
        """The act whose form is about to come up; empty if none is."""
        form = open_form(self)
        return self._begun() if form is not None and form.is_busy else ""

    def shown(self) -> KeyTarget:
        """The act whose words are being written; nothing if none is, or if it is asked who decides."""
        form = open_form(self)
        if form is None:
            return KeyTarget("", self.doing is Doing.CONFIRMING, self._shown_at)
        return KeyTarget("" if form.asks_who else self._begun(), form.enter_sends, form.since)

    def _begun(self) -> str:
        return begun_words(self._wanted, self._dossier.task.id) if self._wanted and self._dossier else ""

    # -- deciding

    def begin(self, act: Act, *, at_once: bool = False) -> str:
        """Begin an act; returns why it was ignored, or nothing. Nothing is sent before the person confirms it."""
        if self.doing is Doing.SENDING:
            return f"{VERBS[act]} was ignored: what was decided before is being sent"
        if self.doing is not Doing.NOTHING or self._dossier is None:
            return "finish this first: Enter sends, Esc goes back"
        if not (at_once or self._session.armed(self._since)):
            return f"{VERBS[act]} was ignored: {self._dossier.task.id} had only just been shown; press it again"
        self._begin(meant(act, self._dossier.task), self._dossier)
        return ""

    def _begin(self, act: Act, dossier: Dossier) -> None:
        action = action_of(act, dossier, self.asked, read_only=self._session.read_only)
        if action.why_not:
            self.tell(f"{VERBS[act]} is not possible: {action.why_not}")
        elif self._session.decider(self.asked.request if act is Act.APPROVE and self.asked else None) is None:
            self._ask(act, person_form(self._session.person_name, self.people))
        elif act in _CONFIRMED:
            self._ask_to_confirm(act)
        else:
            owners = owners_words(dossier.task, self.asked, self.house) if act is Act.REASSIGN else ""
            before = self._written(act, dossier.task)
            self._ask(act, words_form(act, before, owners, self._asked_words(dossier)))

    def _written(self, act: Act, task: Task) -> Mapping[str, str]:
        """What was written and not sent; a rejection has in it what was said about lines of the change, too."""
        before = self._unsent.get((task.id, act), {})
        if act is not Act.REJECT:
            return before
        return {**before, "words": self._session.comments.placed_in(task, before.get("words", ""))}

    def _asked_words(self, dossier: Dossier) -> tuple[str, ...]:
        asked = self.asked
        task = f"{dossier.task.id} {dossier.task.repo or ''}: {dossier.task.title}"
        return (task, asked.request.question) if asked is not None else (task,)

    def go(self) -> str:
        """Enter: send what waits to be confirmed; returns why it was ignored, or nothing."""
        if self.doing is Doing.CONFIRMING:
            if not self._session.armed(self._since):
                return TOO_SOON
            self._send(self._wanted or Act.APPROVE, {})
        elif self.doing is Doing.NOTHING:
            self.tell("Enter confirms an act; press one of the keys below first", Tone.DIM)
        return ""

    def back(self) -> bool:
        """Close the form or the confirmation; whether one was open."""
        if self.doing is Doing.SENDING:
            self.tell("sending… the gateway has not answered yet")
        elif self.doing is Doing.NOTHING:
            return False
        else:
            self._stop()
        return True

    def cli_equivalent(self) -> str:
        """The CLI equivalent of the decision in progress; empty if there is none."""
        act = self._wanted
        if self._dossier is None or act is None or self.doing not in {Doing.CONFIRMING, Doing.WRITING}:
            return ""
        words = {k: v for form in self.query(FormDialog) for k, v in form.words.items() if k != "passphrase"}
        return sheet_equivalent(act, self._dossier.task, self.asked, words)

    async def on_form_dialog_answered(self, event: FormDialog.Answered) -> None:
        """Handle a filled-in form: who decides, or the words of the decision."""
        event.stop()
        if self._wanted is None:
            return
        if not self._session.armed(self._since):
            self.query_one(FormDialog).say(TOO_SOON)
        elif "passphrase" in event.words:
            in_background(self, partial(self._recognise, self._wanted, event.words), group="recognise", exclusive=True)
        else:
            self._send(self._wanted, event.words)

    async def _recognise(self, wanted: Act, words: Mapping[str, str]) -> None:
        before = self.asked
        if not await recognise(self._session, self.query_one(FormDialog), words) or self.doing is not Doing.WRITING:
            return
        self._stop()
        if self.asked == before:
            self.begin(wanted, at_once=True)
        else:
            self._since = self._session.clock()
            self.tell("this is the request for you; read it, then decide")

    def _ask_to_confirm(self, act: Act) -> None:
        self._since, self._shown_at = self._session.clock(), time.monotonic()
        self._wanted = act
        self._do(
            Doing.CONFIRMING,
            self._effect(act),
            *(self._not_shown() if act is Act.APPROVE else ()),
            ("Enter confirms · Esc goes back", Tone.ACCENT),
        )

    def _not_shown(self) -> Notice:
        """What would be approved without having been shown, and the key that shows it."""
        words = unseen_words(self._session.looks.unseen(self._dossier)) if self._dossier is not None else ""
        return warning_remarks(WorkWarning.NOT_SHOWN, words, after="; d shows it")

    def _ask(self, wanted: Act, form: FormDialog) -> None:
        self._stop()
        self._wanted = wanted
        self._since = self._session.clock()
        self.mount(form, before="#sheet-keys")
        self._do(Doing.WRITING, self._effect(wanted))

    def _effect(self, act: Act) -> tuple[str, Tone]:
        effect = effects_of(self._dossier.task, self.asked).get(act, "") if self._dossier else ""
        if act is Act.TAKE_BACK and effect and self._dossier and self._session.person is not None:
            effect = undone_words(self._dossier.task, self._session.person.id)
        return f"{VERBS[act]} → {effect}", Tone.STRONG

    def _send(self, act: Act, words: Mapping[str, str]) -> None:
        person, dossier, asked = self._session.person, self._dossier, self.asked
        if dossier is None or self.doing is Doing.SENDING:
            return
        if person is None:
            self._stop(("your proof has expired: nothing was sent; begin again", Tone.WARN))
            return
        self._stop()
        self._do(Doing.SENDING, (f"sending… {VERBS[act]}", Tone.ACCENT))
        in_background(self, partial(self._perform, person, act, dossier, asked, words), group="send")

    async def _perform(
        self, person: Principal, act: Act, dossier: Dossier, asked: Asked | None, words: Mapping[str, str]
    ) -> None:
        if person.voice is None:
            raise ValueError(f"{person.id} has no voice")
        task = dossier.task
        if "to" in words:
            words = {**words, "to": self.house.owner_called(words["to"].strip())}
        command = command_for(act, task, asked, person.voice, words, self._session.looks.unseen(dossier))
        self._session.spent(person)
        try:
            after, others = await asyncio.to_thread(self._sent, person, task.id, command)
        except OnloopError as problem:
            if isinstance(problem, Stale):  # the sheet reads the task again, as the hint would advise
                self._stop((f"✗ {problem.message}", Tone.BAD))
                self.post_message(self.Outdated())
            else:
                self._stop((f"✗ {problem.message}", Tone.BAD), (f"→ {problem.hint}", Tone.DIM))
            return
        reason = f" ({after.reason.value})" if after.reason else ""
        more = "" if act is Act.TAKE_BACK else taken_back_words(after, self._session.now())
        outcome = f"{VERBS[act]}: {after.id} is {after.state.value}{reason} now{others}{more}"
        self._unsent.pop((after.id, act), None)
        if act is Act.REJECT:
            self._session.comments.sent(task)
        self._stop((f"✓ {outcome}", Tone.GOOD))
        self.post_message(DecisionAccepted(after.id, act, outcome))

    def _sent(self, person: Principal, task: str, command: Deciding) -> tuple[Task, str]:
        """The task after the command, and in words the outcomes of the tasks below it, which some commands include."""
        place, key = self._session.place, str(uuid.uuid4())
        if not isinstance(command, Pause | Resume | Cancel):
            return place.perform(person, task, command, key), ""
        after, others = place.perform_below(person, task, command, key)
        refused = [outcome for outcome in others if outcome.refusal is not None]
        left = f", {len(refused)} refused: {refused[0].words}" if refused else ""
        return after, f", and {len(others) - len(refused)} below it{left}" if others else ""

    # -- drawing

    def renew(self) -> None:
        """Update the lines."""
        for bar in self.query(Bar):
            if bar.id in {"sheet-notice", "sheet-keys"}:
                bar.renew()

    def _stop(self, *notice: tuple[str, Tone]) -> None:
        """Stop the act in progress, and keep what was written for it."""
        self._keep_words()
        for form in self.query(FormDialog):
            form.remove()
        self._wanted = None
        self._do(Doing.NOTHING, *notice)

    def _keep_words(self) -> None:
        for form in self.query(FormDialog):
            if self._wanted is not None and self._dossier is not None and "passphrase" not in form.words:
                self._unsent[self._dossier.task.id, self._wanted] = form.words

    def _do(self, doing: Doing, *notice: tuple[str, Tone]) -> None:
        self.doing, self.notice = doing, notice
        self.renew()
        self.post_message(self.Changed())
        self.post_message(KeysWanted())

    def _actions(self) -> tuple[Action, ...]:
        if self._dossier is None:
            return ()
        return actions_of(self._dossier, self.asked, read_only=self._session.read_only)

    def _notice_lines(self, width: int) -> tuple[Line, ...]:
        return tuple(
            shown for words, tone in (*self._news, *self.notice) for shown in hanging((Span(" "),), words, width, tone)
        )

    def _key_lines(self, width: int) -> tuple[Line, ...]:
        if self.doing not in {Doing.NOTHING, Doing.CONFIRMING} or self._dossier is None:
            return ()
        keys = self._session.settings.keys
        low = is_low(self.app.size.height)
        return action_lines(self._actions(), answer_keys(keys), answer_names(keys), width, is_low=low)
