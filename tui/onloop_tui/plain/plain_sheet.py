"""One task in the plain dashboard: read part by part, and decided by the same door as from any sheet."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import replace

from onloop.errors import OnloopError, Stale
from onloop.machine.commands import Cancel, Pause, Resume
from onloop.machine.principal import Principal
from onloop.machine.requests import unseen_words
from onloop.machine.store_state import StoreState
from onloop.machine.task import Task
from onloop.views.dossier import Asked, Dossier
from onloop_tui.bindings import answer_words
from onloop_tui.dialogs.questions import fields_for
from onloop_tui.model.decide.actions import (
    action_of,
    actions_of,
    asked_for,
    command_for,
    effects_of,
    taken_back_words,
)
from onloop_tui.model.decide.owners import owners_words
from onloop_tui.model.drawing.signs import VERBS
from onloop_tui.model.form.fields import FormField, problem_of
from onloop_tui.model.ground.acts import Act, meant
from onloop_tui.model.sheet.last_seen import LastSeen
from onloop_tui.model.sheet.sections import sheet_lines
from onloop_tui.model.spoken.spoken_line import ROOM, VERBATIM, SpokenPart, parts_of
from onloop_tui.model.spoken.spoken_row import counted_words
from onloop_tui.plain.plain_console import PlainConsole
from onloop_tui.session import Session

LONGEST_PART = 12
"""A part of more lines is named and counted; the person has it read with `section`."""
_GOES_ON = "\\"


class PlainSheet:
    """Shows one task, and takes decisions about it. What a decision is bound to is what was last read here."""

    def __init__(self, session: Session, console: PlainConsole) -> None:
        self._session = session
        self._console = console
        self._dossier: Dossier | None = None
        self._parts: tuple[SpokenPart, ...] = ()
        self._read = 0
        self._chosen = ""
        self._looks = LastSeen()
        self.house = StoreState()

    @property
    def task(self) -> str:
        """The task that is shown; empty if none is."""
        return self._dossier.task.id if self._dossier is not None else ""

    def close(self) -> None:
        """Leave the task; what was read of it is remembered."""
        if self._dossier is not None:
            self._looks = self._looks.after(self._dossier, self._session.clock())
        self._dossier, self._chosen = None, ""

    def request(self) -> None:
        """Turn to the next of several things that are asked of the task, and read it."""
        dossier, asked = self._dossier, self._asked()
        if dossier is None or asked is None or len(dossier.asked) < 2:
            self._console.say("Nothing else is asked of this task.")
            return
        ids = [each.request.id for each in dossier.asked]
        self._chosen = ids[(ids.index(asked.request.id) + 1) % len(ids)]
        self._say_task(dossier.task.id)

    def open(self, task: str) -> None:
        """Read the task and say it: what is asked, what has changed since the last look, and what can be done."""
        self.close()
        self._say_task(task)

    def _say_task(self, task: str) -> None:
        try:
            dossier = self._session.dossier(task)
        except OnloopError as problem:
            self._console.say(f"Refused: {problem.message}; {problem.hint}")
            return
        self._dossier, self._read = dossier, 0
        now = self._session.clock()
        self._parts = parts_of(sheet_lines(dossier, self._asked(), now, ROOM))
        task_now = dossier.task
        self._console.say(f"Task {task_now.id}: {task_now.title}")
        self._console.say(*(words for words, _ in self._looks.changes(dossier, now)))
        left = []
        for number, part in enumerate(self._parts):
            if len(part.lines) <= LONGEST_PART:
                self._say_part(part)
            else:
                left.append(f"{number} {part.title}, {counted_words(len(part.lines), 'line')}")
        if left:
            self._console.say(f"Not read yet: {'; '.join(left)}. Type section and its number, or files for the change.")
        self._say_actions(dossier)

    def section(self, step: int, number: str = "") -> None:
        """Read the next part or the one before, or the one with that number."""
        if number.isdigit():
            self._read = int(number) - step
        place = self._read + step
        if not 0 <= place < len(self._parts):
            self._console.say(f"There is no such section: they are numbered 0 to {len(self._parts) - 1}.")
            return
        self._read = place
        self._say_part(self._parts[place])
        self._note_shown(self._parts[place])

    def files(self) -> None:
        """Read what the commit changes, as far as the sheet has it."""
        parts = [part for part in self._parts if part.title.startswith(VERBATIM)]
        for part in parts:
            self._say_part(part)
            self._note_shown(part)
        if not parts:
            self._console.say("There is no change to read.")

    def decide(self, act: Act) -> Task | None:
        """Ask what the act needs, and send it once the person says so; the task after it, if it was accepted."""
        dossier = self._dossier
        if dossier is None:
            return None
        act = meant(act, dossier.task)
        action = action_of(act, dossier, self._asked(), read_only=self._session.read_only)
        if action.why_not:
            self._console.say(f"{VERBS[act]} is not possible: {action.why_not}")
            return None
        before = self._asked()
        if not self._is_known(before if act is Act.APPROVE else None):
            return None
        if self._asked() != before:
            self._console.say("This is another request, for you. Read it, then decide.")
            self.open(dossier.task.id)
            return None
        self._console.say(f"{VERBS[act]}: {effects_of(dossier.task, before).get(act, '')}")
        words = self._words_for(act, dossier)
        if words is None or not self._is_confirmed(act, dossier):
            return None
        return self._send(act, dossier, before, words)

    # -- what is asked of the person

    def _asked(self) -> Asked | None:
        person = self._session.person
        return asked_for(self._dossier, person.voice if person else None, self._chosen) if self._dossier else None

    def _is_known(self, asked: Asked | None) -> bool:
        """Whether somebody decides whose passphrase was typed recently enough; else it is asked for."""
        if self._session.decider(asked.request if asked is not None else None) is not None:
            return True
        people, known = sorted(self.house.people), self._session.person_name
        proposed = known or (people[0] if len(people) == 1 else "")
        name = self._console.ask(f"Who decides? Your name{f', or Enter for {proposed}' if proposed else ''}: ")
        secret = self._console.secret("Your passphrase, which is not shown: ") if name is not None else None
        if secret is None or name is None or not (name.strip() or proposed) or not secret:
            self._console.say("Nothing was sent.")
            return False
        typed_at = self._session.clock()
        try:
            person = self._session.place.recognise(name.strip() or proposed, secret)
        except OnloopError as problem:
            self._console.say(f"Refused: {problem.message}; {problem.hint}. Nothing was sent.")
            return False
        self._session.recognised(person, typed_at)
        return True

    def _words_for(self, act: Act, dossier: Dossier) -> Mapping[str, str] | None:
        words: dict[str, str] = {}
        for field in fields_for(act):
            example = owners_words(dossier.task, self._asked(), self.house) if field.name == "to" else ""
            said = self._field(replace(field, example=example or field.example))
            if said is None:
                self._console.say("Nothing was sent.")
                return None
            words[field.name] = said
        return words

    def _field(self, field: FormField) -> str | None:
        """What is typed for a field; None if the person gives up. A line that ends in a backslash goes on."""
        about = f" ({field.example})" if field.example else ""
        may = ", may stay empty" if field.optional else ", empty goes back"
        while True:
            said = self._console.ask(f"{field.label.capitalize()}{about}{may}: ")
            while said is not None and field.lines and said.endswith(_GOES_ON):
                more = self._console.ask("and: ")
                said = None if more is None else f"{said.removesuffix(_GOES_ON)}\n{more}"
            if said is None or (not said.strip() and not field.optional):
                return None
            problem = problem_of(field, said)
            if not problem:
                return said
            self._console.say(problem)

    def _is_confirmed(self, act: Act, dossier: Dossier) -> bool:
        unseen = unseen_words(self._session.looks.unseen(dossier)) if act is Act.APPROVE else ""
        if unseen:
            self._console.say(f"{unseen}; files reads what there is")
        asked = self._asked()
        if act is Act.APPROVE and asked is not None:
            self._console.say(f"You decide about {asked.digest[:12]}, which is what was read.")
        prompt = f"Type yes to {VERBS[act]} {dossier.task.id}, anything else goes back: "
        said = self._console.ask(prompt, anew=True)
        if said is not None and said.strip().casefold() == "yes":
            return True
        self._console.say("Nothing was sent.")
        return False

    # -- sending

    def _send(self, act: Act, dossier: Dossier, asked: Asked | None, words: Mapping[str, str]) -> Task | None:
        person = self._session.person
        if person is None or person.voice is None:
            self._console.say("Your proof has expired: nothing was sent; begin again.")
            return None
        if "to" in words:
            words = {**words, "to": self.house.owner_called(words["to"].strip())}
        command = command_for(act, dossier.task, asked, person.voice, words, self._session.looks.unseen(dossier))
        self._session.spent(person)
        try:
            after, others = self._performed(person, dossier.task.id, command)
        except Stale as problem:
            self._console.say(f"Refused: {problem.message}. It is read again.")
            self.open(dossier.task.id)
            return None
        except OnloopError as problem:
            self._console.say(f"Refused: {problem.message}; {problem.hint}")
            return None
        except KeyboardInterrupt:
            self._console.say(
                "", f"Interrupted while it was sent, so it may count: open reads {dossier.task.id} again."
            )
            self.close()
            return None
        reason = f", {after.reason.value}" if after.reason else ""
        more = "" if act is Act.TAKE_BACK else taken_back_words(after, self._session.now())
        self._console.say(f"Done. {VERBS[act]}: {after.id} is {after.state.value}{reason} now{others}{more}")
        self.close()
        return after

    def _performed(self, person: Principal, task: str, command: object) -> tuple[Task, str]:
        """The task after the command, and how many tasks below it went along."""
        place, key = self._session.place, str(uuid.uuid4())
        if not isinstance(command, Pause | Resume | Cancel):
            return place.perform(person, task, command, key), ""  # type: ignore[arg-type]
        after, others = place.perform_below(person, task, command, key)
        refused = sum(outcome.refusal is not None for outcome in others)
        left = f", {refused} refused" if refused else ""
        return after, f", and {counted_words(len(others) - refused, 'task')} below it{left}" if others else ""

    # -- saying

    def _say_part(self, part: SpokenPart) -> None:
        self._console.say(*((f"Section {part.title}.",) if part.title else ()), *part.lines)

    def _note_shown(self, part: SpokenPart) -> None:
        if self._dossier is not None and part.title.startswith("diff"):
            self._session.looks.showed(self._dossier)

    def _say_actions(self, dossier: Dossier) -> None:
        actions = actions_of(dossier, self._asked(), read_only=self._session.read_only)
        words = {**answer_words(self._session.settings.keys)}
        able = [words[action.act] for action in actions if not action.why_not]
        if able:
            self._console.say(f"You can type: {', '.join(able)}; back leaves it.")
        else:
            self._console.say(f"Nothing can be decided: {actions[0].why_not}; back leaves it.")
        if all(len(part.lines) <= LONGEST_PART for part in self._parts):
            self._session.looks.showed(dossier)
