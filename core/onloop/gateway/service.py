"""The one writer: read → authorize → decide → append, in one transaction. Only this module appends events."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import ClassVar, Generic

from onloop.errors import Ground, NotAllowed, Refused
from onloop.gateway.anomaly_watch import noticed_now
from onloop.gateway.authorize import authorize
from onloop.gateway.budget_draws import draw_of
from onloop.gateway.declared_limits import checked
from onloop.gateway.denial_counts import Denials, denied_of
from onloop.gateway.facts import definition_for, facts_of
from onloop.gateway.grants.launcher_slots import furnish, held_under
from onloop.gateway.idempotency import asked_event, logged, lookup, remember
from onloop.gateway.policy_pins import held_to_policies, keep_woven
from onloop.gateway.program_pins import Look, no_programs, programs_for
from onloop.gateway.projection import project_answer
from onloop.gateway.schedule import is_away, mark_spent, sync_rows
from onloop.gateway.signatures import attested_key, use_of
from onloop.gateway.store_rules import (
    attested,
    check_links_free,
    check_may_begin,
    check_still_enrolled,
    check_store_command,
)
from onloop.gateway.wave_starts import following, is_turn_of_fleet, still_held
from onloop.identity.passphrase import person_from_passphrase, rekeyed
from onloop.machine import commands as c
from onloop.machine.definition import Definition
from onloop.machine.events import Event, WaveStarted
from onloop.machine.held_roles import TrialAsked, news_of_role
from onloop.machine.launchers import LauncherMinted, LauncherRevoked
from onloop.machine.lessons import LessonEvent
from onloop.machine.marks import Mark, stamped
from onloop.machine.operation import AnswerT, DeniedAct, Lane, Operation
from onloop.machine.people import Delegated, PersonRemoved
from onloop.machine.person_keys import KeyEnrolled, KeyRemoved
from onloop.machine.principal import EFFECTS, INTAKE, NOBODY, TIMERS, Principal, PrincipalKind
from onloop.machine.rules.decide import course_of, decide
from onloop.machine.rules.decision_builder import Facts
from onloop.machine.rules.timers import armed_timers
from onloop.machine.schedules import ScheduleAdopted, ScheduleResumed
from onloop.machine.state import LIVE, Reason
from onloop.machine.store_state import HOUSE, StoreEvent, Unfrozen, evolve_store
from onloop.machine.task import Task
from onloop.records import Record, field, replace
from onloop.store.port import EventEntry, Store, TaskFilter, Transaction
from onloop.store.rows import OVER, Lease, PinnedWorkflow, Token
from onloop.views.changes_since import changes_since
from onloop.views.children import child_creations, child_workflow, deliveries, unneeded, waiting_siblings
from onloop.views.known_task import known_task
from onloop.views.pinned_workflow import definition_of
from onloop.views.query import Query

_OF_WHEN = ScheduleAdopted | ScheduleResumed | LessonEvent
_TIMED = TrialAsked | Delegated | PersonRemoved | LauncherMinted | LauncherRevoked | KeyEnrolled | KeyRemoved | _OF_WHEN
"""The facts that say when they were recorded."""


class Write(Operation[AnswerT], Generic[AnswerT], frozen=True):
    """An operation that the writer carries out."""

    lane: ClassVar[Lane] = Lane.WRITER

    def carry_out(self, gateway: Gateway) -> AnswerT:
        """Carry out the operation with the gateway over the file, and return its answer."""
        raise NotImplementedError


class Gateway(Record, eq=False):
    """The gateway over a store's file. Every change of a store goes through `perform`.

    `look` says which programs a workflow names now; `peer` is the user who asks, where one is known.
    """

    store: Store
    clock: Callable[[], int]
    look: Look = no_programs
    denials: Denials = field(default_factory=lambda: Denials(append_store_event))
    peer: str = ""

    def perform(self, operation: Operation[AnswerT]) -> AnswerT:
        """See GatewayPort.perform."""
        operation = checked(operation)
        try:
            if isinstance(operation, Query):
                with self.store.reading() as reading:
                    read: AnswerT = operation.carry_out(reading)
                return read
            if isinstance(operation, Write):
                done: AnswerT = operation.carry_out(self)
                return done
        except NotAllowed as no:
            self.count_denial(operation.attempt, no)
            raise
        raise TypeError(f"{operation.name} needs a connection, and this gateway works on a file")

    def count_denial(self, attempt: DeniedAct, no: NotAllowed) -> None:
        """Count a denial. A failure to count is not an error.

        Whoever runs the gateway, and asks it as nobody in particular, is refused what is its user's and has denied
        nothing: they can open the store's file at any time.
        """
        if no.ground is Ground.PEER and attempt.who.kind is PrincipalKind.NOBODY and self.peer == f"uid:{os.getuid()}":
            return
        denied = denied_of(attempt.who, attempt.verb, attempt.subject, no.ground, self.peer, self.clock())
        self.denials.count(self.store, denied)

    def person(self, name: str, passphrase: str, *, typed: bool) -> Principal:
        """See GatewayPort.person. A person enrolled by an earlier onloop gets keys that cost more to guess."""
        with self.store.reading() as reading:
            house = reading.house()
        try:
            person = person_from_passphrase(house, name, passphrase, typed=typed, at=self.clock())
        except NotAllowed as no:
            self.count_denial(DeniedAct(NOBODY, "speak as a person", f"human:{name}"), no)
            raise
        if not house.people[name].stored_key:
            self.record(person, rekeyed(replace(house.people[name], by=person.id), passphrase))
        return person

    def transact(self, body: Callable[[Transaction], AnswerT | Refused], *, about: str = "") -> AnswerT:
        """Do `body` in one transaction. A returned refusal is raised after the timers that fired are committed.

        `body` may run again: it changes nothing outside of the transaction. `about` is as in Store.transact.
        """
        found = self.store.transact(body, about=about)
        if isinstance(found, Refused):
            raise found
        return found

    def record(self, principal: Principal, event: StoreEvent, key: str = "") -> None:
        """Record a fact about the whole store, and a mark as made now; the same `key` records it once."""
        request = asked_event(principal, event) if key else ""

        def body(tx: Transaction) -> Refused | None:
            if lookup(tx, principal, key, request) is not None:
                return None
            authorize(principal, event, None)
            fact = stamped(event, self.clock()) if isinstance(event, Mark) else event
            fact = replace(fact, at=self.clock()) if isinstance(fact, _TIMED) else fact
            self.heard_of(tx, principal.task or "", principal.id, principal.epoch)
            self.fire_due(tx, principal.task or "")
            person = tx.house().people.get(fact.name) if isinstance(fact, PersonRemoved) else None
            fact = attested_key(tx.house(), fact) if isinstance(fact, KeyEnrolled) else fact
            try:
                check_store_command(tx, principal, fact, self.clock())
            except Refused as no:
                return no
            append_store_event(tx, fact, self.clock(), principal.id, logged(key))
            remember(tx, principal, key, request, self.clock())
            if isinstance(fact, Unfrozen):
                self._catch_up(tx)
            if isinstance(fact, PersonRemoved):
                self._end_leases_of(tx, person.principal if person is not None else "")
            if isinstance(fact, LauncherMinted | LauncherRevoked):
                self._end_leases_under(tx, fact.name)
            if isinstance(fact, LauncherMinted):
                furnish(tx, fact.name, fact.grant.at_most)
            return None

        self.transact(body, about=principal.task or HOUSE)

    def _end_leases_of(self, tx: Transaction, person: str) -> None:
        """What a person held goes back to its role at once; where a freeze keeps it, it is held by nobody."""
        for lease in tx.select(Lease):
            if lease.agent == person:
                tx.put(replace(lease, expires=0))
                self.fire_due(tx, lease.task)

    def _end_leases_under(self, tx: Transaction, launcher: str) -> None:
        """What a launcher's agents held they hold no longer, and their tokens are good for nothing."""
        for token in tx.select(Token, launcher=launcher):
            tx.put(replace(token, until=OVER))
        for task in held_under(tx, launcher):
            lease = tx.get(Lease, task)
            if lease is not None:
                tx.put(replace(lease, expires=0))
                self.fire_due(tx, task)

    def _catch_up(self, tx: Transaction) -> None:
        """Do what a freeze delayed: dismiss unneeded children, and settle parents that wait for children."""
        live = tx.tasks(TaskFilter(states=tuple(LIVE)))
        for parent in dict.fromkeys(task.parent for task in live if task.parent is not None):
            found = known_task(tx, parent)
            self._dismiss(tx, definition_of(tx, found), found)
        for task in live:
            if task.waits_to_begin:
                with suppress(Refused):  # frozen still: another freeze covers it
                    self.advance(tx, EFFECTS, task.id, c.Proceed(), "")
            for held in still_held(tx, task):
                with suppress(Refused):
                    self.advance(tx, EFFECTS, held, c.Admit(), "")
            if task.reason is Reason.CHILDREN_RUNNING:
                now = known_task(tx, task.id)
                if now.reason is Reason.CHILDREN_RUNNING:
                    self._settle(tx, now)

    def heard_of(self, tx: Transaction, task_id: str, agent: str, epoch: int) -> None:
        """Renew the lease of a holder who was away, unless its end was recorded: nobody has wanted the task since.

        The time away counts as none of its step's.
        """
        lease, now = tx.get(Lease, task_id), self.clock()
        if lease is None or (lease.agent, lease.epoch) != (agent, epoch) or not is_away(lease, now):
            return
        with suppress(Refused):  # frozen: nothing is recorded, and the lease goes on
            self.advance(tx, TIMERS, task_id, c.Return(epoch, now - lease.beat_at), "")
        tx.put(replace(lease, expires=now + lease.expires - lease.beat_at, beat_at=now))

    def fire_due(self, tx: Transaction, task_id: str, *, wanted: bool = True) -> None:
        """Fire every timer of the task that is due, and the end of its lease.

        Unless somebody wants the task, a holder who is away keeps it, and its time: it may come back, and go on.
        """
        now = self.clock()
        while tx.due(now, task_id):
            lease = tx.get(Lease, task_id)
            fire = self._due(tx, task_id, lease, now, wanted=wanted)
            if fire is None:
                return
            try:
                self.advance(tx, TIMERS, task_id, fire, "")
            except Refused:  # frozen: it stays due until a person unfreezes
                if wanted:
                    mark_spent(tx, lease, now)
                return

    def _due(self, tx: Transaction, task_id: str, lease: Lease | None, now: int, *, wanted: bool) -> c.FireTimer | None:
        """The next timer to fire; None if none is due."""
        keeps = lease is not None and is_away(lease, now) and not wanted
        if lease is not None and lease.expires <= now and not keeps:
            return c.FireTimer(c.TimerKind.LEASE, str(lease.epoch))
        task = known_task(tx, task_id)
        due = (timer for timer in armed_timers(definition_of(tx, task), task) if timer.at <= now)
        found = next((timer for timer in due if not keeps or timer.kind is not c.TimerKind.TIMEOUT), None)
        return None if found is None else c.FireTimer(found.kind, found.token)

    def advance(self, tx: Transaction, principal: Principal, task_id: str, command: c.Command, key: str) -> Task:
        """Authorize, decide and append one command, and all that follows from it; the answer is the task after it.

        Refused before anything is written.
        """
        authorize(principal, command, task_id)
        check_still_enrolled(tx.house(), principal)
        command = held_to_policies(tx, principal, attested(tx, command))
        before, now = tx.task(task_id), self.clock()
        definition = definition_for(tx, before, command, task_id)
        actor = command.agent if isinstance(command, c.Claim | c.Submit) else principal.id
        known = facts_of(tx, before, actor, definition, command, now)
        pins = programs_for(self.look, known.amended or definition, command)
        facts = replace(known, changes=changes_since(tx, before, command), programs=pins)
        course = course_of(definition, before, facts, command, now, id=task_id)
        events, after, definition = course.events, course.task, course.definition
        if before is None:
            check_may_begin(tx.house(), after)
        if events:
            if known.amended is not None:
                keep_woven(tx, known.amended)
            self._check_delivery(tx, after, events)
            check_links_free(tx, after, events)
            tx.append([EventEntry(after.run, task_id, event, now, principal.id, key) for event in events])
            tx.put_task(after)
            sync_rows(tx, definition, before, after, now)
            self._note_role(tx, before, events)
            self._note_key(tx, facts, after)
            self._notice(tx, before, after, events, principal)
            if (drawn := draw_of(tx, before, after)) is not None:
                self.advance(tx, EFFECTS, after.run, drawn, "")
            if not isinstance(command, c.Claim) or after.holder is None:  # a claim projects it once there is a token
                project_answer(tx, definition, after)
            self._begin_children(tx, definition, after, events)
            self._deliver(tx, after, events)
            self._dismiss(tx, definition, after)
            self._let_siblings_begin(tx, after)
            self._follow_waves(tx, after, events)
            if not isinstance(command, c.Dismiss):
                self._settle_parent(tx, before, after)
            if after.reason is Reason.CHILDREN_RUNNING and before is not None and before.reason is not after.reason:
                self._settle(tx, after)
                return known_task(tx, task_id)
        return after

    def _note_role(self, tx: Transaction, before: Task | None, events: Sequence[Event]) -> None:
        """Record what the events say about the role whose agents are at the task, so that one that fails is held."""
        news = news_of_role(tx.house().roles, before, events, self.clock()) if before is not None else None
        if news is not None:
            append_store_event(tx, news, self.clock(), TIMERS.id)

    def _note_key(self, tx: Transaction, facts: Facts, task: Task) -> None:
        """Record that a security key signed, so that its counter never goes back."""
        used = use_of(facts.signed, task.id, self.clock())
        if used is not None:
            append_store_event(tx, used, self.clock(), INTAKE.id)

    def _notice(
        self, tx: Transaction, before: Task | None, after: Task, events: Sequence[Event], principal: Principal
    ) -> None:
        """Record what looks wrong about what just happened."""
        for found in noticed_now(tx, before, after, events, principal.id, self.clock()):
            append_store_event(tx, found, self.clock(), INTAKE.id)

    def _begin_children(self, tx: Transaction, definition: Definition, parent: Task, events: Sequence[Event]) -> None:
        """Create children in the transaction that decided them, so that all of them exist or none."""
        for child, command, walked in child_creations(definition, parent, events):
            if tx.get(PinnedWorkflow, walked.digest) is None:
                tx.put(child_workflow(walked))
            self.advance(tx, EFFECTS, child, command, "")

    def _deliver(self, tx: Transaction, teller: Task, events: Sequence[Event]) -> None:
        for receiver, message in deliveries(events):
            self.advance(tx, EFFECTS, receiver, c.Deliver(message, teller.run), "")

    def _check_delivery(self, tx: Transaction, teller: Task, events: Sequence[Event]) -> None:
        """Refuse a message before anything is written if one receiver would refuse it: all receive it, or none."""
        for receiver, message in deliveries(events):
            task, deliver = known_task(tx, receiver), c.Deliver(message, teller.run)
            definition = definition_of(tx, task)
            facts = facts_of(tx, task, EFFECTS.id, definition, deliver, self.clock())
            decide(definition, task, facts, deliver, self.clock(), id=receiver)

    def _dismiss(self, tx: Transaction, definition: Definition, parent: Task) -> None:
        for child in unneeded(tx, definition, parent):
            with suppress(Refused):  # frozen: it is dismissed when a person unfreezes
                self.advance(tx, EFFECTS, child, c.Dismiss(f"{parent.id} needs it no more"), "")

    def _let_siblings_begin(self, tx: Transaction, after: Task) -> None:
        """Let what waited for a task that has ended begin, in the transaction in which the last of them completed."""
        for sibling in waiting_siblings(tx, after) if after.ended else ():
            with suppress(Refused):  # frozen: it begins when a person unfreezes
                self.advance(tx, EFFECTS, sibling, c.Proceed(), "")

    def _follow_waves(self, tx: Transaction, after: Task, events: Sequence[Event]) -> None:
        """Let tasks of a fleet begin, or hold them back, in the transaction that decided it. Frozen ones stay held."""
        moved = list(following(tx, after, events))
        for task_id, command in moved:
            with suppress(Refused):
                self.advance(tx, EFFECTS, task_id, command, "")
        if any(isinstance(event, WaveStarted) for event in events):
            self._settle(tx, known_task(tx, after.id))

    def _settle_parent(self, tx: Transaction, before: Task | None, after: Task) -> None:
        """Recompute a parent from its children in the same transaction; an excluded child does not delay it."""
        if after.parent is None or before is None:
            return
        is_out = after.ended or after.reason is Reason.EXCLUDED
        is_wave = after.wave > 0 and is_turn_of_fleet(before, after)
        if not is_wave and (not is_out or after.wave > 0):
            return
        parent = tx.task(after.parent)
        if parent is not None and not parent.ended and (is_wave or parent.reason is Reason.CHILDREN_RUNNING):
            self._settle(tx, parent)

    def _settle(self, tx: Transaction, parent: Task) -> None:
        self._dismiss(tx, definition_of(tx, parent), parent)
        with suppress(Refused):  # frozen: it is settled when a person unfreezes
            self.advance(tx, EFFECTS, parent.id, c.Settle(), "")


def append_store_event(tx: Transaction, event: StoreEvent, now: int, principal: str, key: str = "") -> None:
    """Record a store event in an open transaction."""
    tx.append([EventEntry(HOUSE, HOUSE, event, now, principal, key)])
    tx.put_house(evolve_store(tx.house(), event))
