"""What is true of the whole store rather than of one task: who is enrolled, what is frozen, what people marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, assert_never

from onloop.errors import BadInput
from onloop.machine.adopted_triggers import TriggersAdopted
from onloop.machine.anomalies import Anomalies, Noticed, with_noticed
from onloop.machine.box_facts import BoxProved, ProbeAsked
from onloop.machine.call_rules import CallPlan, CallsAdopted
from onloop.machine.denials import Bursts, Denied, counted
from onloop.machine.drains import DrainAsked, DrainEvent, DrainLifted, Drains, drains_after
from onloop.machine.held_roles import AgentEnded, RoleEvent, RoleOpened, Streaks, TrialAsked, TrialBegun, streaks_after
from onloop.machine.launchers import LauncherEvent, LauncherMinted, LauncherRevoked, Launchers, launchers_after
from onloop.machine.lessons import LessonAdopted, LessonDropped, LessonEvent, LessonProposed, Lessons, lessons_after
from onloop.machine.limits import Address, Digest, Id, Items, Number, Path, Words
from onloop.machine.marks import Acknowledged, Mark, Marks, Muted, Seen, Snoozed, Unmuted, Woken, marked
from onloop.machine.organization_policies import (
    Policies,
    PolicyAdopted,
    PolicyDropped,
    PolicyEvent,
    policies_after,
)
from onloop.machine.outside_troubles import (
    OutsideEvent,
    OutsideMended,
    OutsideTrouble,
    OutsideTroubles,
    troubles_after,
)
from onloop.machine.people import (
    GROUP,
    PERSON,
    Delegated,
    DelegationEnded,
    Delegations,
    PeopleEvent,
    PersonRemoved,
    PersonRenamed,
    name_of,
    with_delegation,
    without_person,
)
from onloop.machine.person_keys import KeyEnrolled as KeyEnrolled
from onloop.machine.person_keys import KeyRemoved as KeyRemoved
from onloop.machine.person_keys import KeyUsed as KeyUsed
from onloop.machine.person_keys import PersonKeyEvent, PersonKeys, keys_after, keys_without
from onloop.machine.regrouping import CauseRestored, CausesMerged, CauseSplit
from onloop.machine.schedules import (
    ScheduleAdopted,
    ScheduleDropped,
    ScheduleEvent,
    SchedulePaused,
    ScheduleResumed,
    Schedules,
    schedules_after,
)
from onloop.machine.task import Task
from onloop.records import Record, field, replace

HOUSE = "house"
"""The run and task id under which these events are logged."""


class StoreCreated(Record):
    """The store began; `scripted` marks it permanently as one in which a script may decide."""

    id: Id
    scripted: bool


class PersonEnrolled(Record):
    """A person may decide. Kept are SCRAM's salt and cost, and the keys that prove either side to the other (hex).

    An earlier store kept `verifier`, which scrypt gave at a cost of 2^14; it is gone with the person's next proof.
    """

    name: Id
    groups: Annotated[tuple[Id, ...], Items(100)]
    email: Address
    salt: Digest
    verifier: Digest
    by: Id
    cost: Number = 16_384
    stored_key: Digest = ""
    server_key: Digest = ""
    known_as: Id = ""
    """The name by which the log knows them, where they took another one since; empty where that is `name`."""

    @property
    def principal(self) -> str:
        """Their id, which never changes."""
        return f"{PERSON}{self.known_as or self.name}"


class Frozen(Record):
    """Tasks that `scope` covers do not move until a person unfreezes it."""

    scope: Id
    by: Id
    reason: Words


class Unfrozen(Record):
    """A freeze was lifted."""

    scope: Id
    by: Id


class Tolerated(Record):
    """What git's checks find in the old history of `origin` is passed over from now on: these names, and no others."""

    origin: Path
    findings: Annotated[tuple[Id, ...], Items(50)]
    by: Id


StoreEvent = (
    StoreCreated
    | PersonEnrolled
    | Frozen
    | Unfrozen
    | Tolerated
    | Denied
    | Mark
    | ProbeAsked
    | BoxProved
    | RoleEvent
    | PeopleEvent
    | LauncherEvent
    | PolicyEvent
    | PersonKeyEvent
    | Noticed
    | ScheduleEvent
    | CallsAdopted
    | OutsideEvent
    | TriggersAdopted
    | LessonEvent
    | DrainEvent
)


class FormerPerson(Record):
    """Somebody who was removed: their name then, and the groups in which what they approved goes on to count."""

    name: str
    groups: tuple[str, ...]
    voided: bool = False


class StoreState(Record):
    """The fold of the events of the whole store."""

    id: str = ""
    scripted: bool = False
    people: Mapping[str, PersonEnrolled] = field(default_factory=dict)
    freezes: Mapping[str, Frozen] = field(default_factory=dict)
    marks: Marks = Marks()
    proof: BoxProved | None = None
    """What was shown last of the box that gates run in."""
    probe: str = ""
    """The probe that was asked for last."""

    @property
    def wants_probe(self) -> bool:
        """Whether a probe of the gates' box is due: there was none yet, or none since one was asked for."""
        return self.proof is None or self.proof.asked != self.probe

    denials: Bursts = field(default_factory=dict)
    roles: Streaks = field(default_factory=dict)
    """How the agents of each role ended last, where they ended alike."""
    tolerated: Mapping[str, Tolerated] = field(default_factory=dict)
    """By origin: what people tolerate of its old history."""

    former: Mapping[str, FormerPerson] = field(default_factory=dict)
    """By principal id: whoever was removed."""
    delegations: Delegations = field(default_factory=dict)
    """By id: those that nobody has ended; time may have."""
    launchers: Launchers = field(default_factory=dict)
    """By name: those that nobody has revoked; time may have ended them."""
    policies: Policies = field(default_factory=dict)
    """By name: the policies of the organization that runs pin when they start."""
    keys: PersonKeys = field(default_factory=dict)
    """By fingerprint: the security keys with which people may sign."""
    anomalies: Anomalies = field(default_factory=dict)
    """What looked wrong of late."""
    schedules: Schedules = field(default_factory=dict)
    """By name: the schedules in force."""
    calls: CallPlan | None = None
    """Whom onloop calls when something needs a person; None: nobody."""
    troubles: OutsideTroubles = field(default_factory=dict)
    """By subject: what outside a task fails at present."""
    triggers: TriggersAdopted | None = None
    """What people adopted last of what may begin and end tasks from outside."""
    lessons: Lessons = field(default_factory=dict)
    """By id: what people want said where work fails as it failed before, proposed or in force."""
    drains: Drains = field(default_factory=dict)
    """By id: workers that were asked to claim nothing more."""

    @property
    def groups(self) -> Mapping[str, tuple[str, ...]]:
        """Everyone enrolled, as principal ids, with their groups; who took another name is entitled by both."""
        return {
            person.principal: (*person.groups, name) if person.known_as else person.groups
            for name, person in self.people.items()
        }

    @property
    def owners(self) -> tuple[str, ...]:
        """Everyone and every group to whom work may be given, as ids."""
        groups = dict.fromkeys(group for person in self.people.values() for group in person.groups)
        return (*(person.principal for person in self.people.values()), *(f"{GROUP}{group}" for group in groups))

    @property
    def former_groups(self) -> Mapping[str, tuple[str, ...]]:
        """Everyone removed whose approvals go on to count, as principal ids, with their groups then."""
        return {who: left.groups for who, left in self.former.items() if not left.voided}

    def person_called(self, name: str) -> PersonEnrolled | None:
        """The person who is enrolled under a name, or whom the log knows by it."""
        known = self.people.get(name)
        return known or next((each for each in self.people.values() if each.known_as == name), None)

    def owner_called(self, owner: str) -> str:
        """The id that an owner is meant by: of a person by the name that they have now, or as it is given."""
        known = self.person_called(name_of(owner)) if owner.startswith(PERSON) else None
        return known.principal if known is not None else owner


def evolve_store(house: StoreState, event: StoreEvent) -> StoreState:  # noqa: C901 - one flat match over a closed union
    """The store's state after `event`."""
    match event:
        case StoreCreated(id, scripted):
            return replace(house, id=id, scripted=scripted)
        case PersonEnrolled(name):
            return replace(house, people={**house.people, name: event})
        case Frozen(scope):
            return replace(house, freezes={**house.freezes, scope: event})
        case Unfrozen(scope):
            return replace(house, freezes={key: f for key, f in house.freezes.items() if key != scope})
        case Tolerated(origin, findings):
            others = {key: known for key, known in house.tolerated.items() if key != origin}
            return replace(house, tolerated={**others, origin: event} if findings else others)
        case Denied():
            return replace(house, denials=counted(house.denials, event))
        case AgentEnded() | TrialBegun() | TrialAsked() | RoleOpened():
            return replace(house, roles=streaks_after(house.roles, event))
        case Seen() | Acknowledged() | Snoozed() | Woken() | Muted() | Unmuted():
            return replace(house, marks=marked(house.marks, event))
        case CauseSplit() | CausesMerged() | CauseRestored():
            return replace(house, marks=marked(house.marks, event))
        case ProbeAsked(id):
            return replace(house, probe=id)
        case BoxProved():
            return replace(house, proof=event)
        case PersonRemoved() | PersonRenamed() | Delegated() | DelegationEnded():
            return _with_people(house, event)
        case LauncherMinted() | LauncherRevoked():
            return replace(house, launchers=launchers_after(house.launchers, event))
        case PolicyAdopted() | PolicyDropped():
            return replace(house, policies=policies_after(house.policies, event))
        case KeyEnrolled() | KeyRemoved() | KeyUsed():
            return replace(house, keys=keys_after(house.keys, event))
        case TriggersAdopted():
            return replace(house, triggers=event)
        case Noticed():
            return replace(house, anomalies=with_noticed(house.anomalies, event))
        case ScheduleAdopted() | ScheduleDropped() | SchedulePaused() | ScheduleResumed():
            return _with_schedules(house, event)
        case LessonProposed() | LessonAdopted() | LessonDropped():
            return replace(house, lessons=lessons_after(house.lessons, event))
        case CallsAdopted(plan):
            return replace(house, calls=plan)
        case DrainAsked() | DrainLifted():
            return replace(house, drains=drains_after(house.drains, event))
        case OutsideTrouble() | OutsideMended():
            return replace(house, troubles=troubles_after(house.troubles, event))
        case _:
            assert_never(event)


def _with_people(house: StoreState, event: PeopleEvent) -> StoreState:
    match event:
        case PersonRemoved(name, _, _, voids):
            left = house.people[name]
            former = FormerPerson(name, house.groups[left.principal], voids)
            return replace(
                house,
                people={key: each for key, each in house.people.items() if key != name},
                former={**house.former, left.principal: former},
                delegations=without_person(house.delegations, left.principal),
                keys=keys_without(house.keys, left.principal),
            )
        case PersonRenamed(name, to):
            left = house.people[name]
            first = left.known_as or name
            renamed = replace(left, name=to, known_as="" if first == to else first)
            others = {key: each for key, each in house.people.items() if key != name}
            return replace(house, people={**others, to: renamed})
        case Delegated():
            return replace(house, delegations=with_delegation(house.delegations, event))
        case DelegationEnded(id):
            return replace(house, delegations={key: each for key, each in house.delegations.items() if key != id})
        case _:
            assert_never(event)


def _with_schedules(house: StoreState, event: ScheduleEvent) -> StoreState:
    """What is dropped or paused fails no more."""
    after = replace(house, schedules=schedules_after(house.schedules, event))
    if not isinstance(event, ScheduleDropped | SchedulePaused):
        return after
    return replace(after, troubles=troubles_after(house.troubles, OutsideMended(f"schedule:{event.name}")))


def fold_store(events: Iterable[StoreEvent]) -> StoreState:
    """The store's state after the whole log."""
    house = StoreState()
    for event in events:
        house = evolve_store(house, event)
    return house


SCOPES = ("all", "run:ID", "task:ID", "workflow:NAME", "repo:NAME", "agent:NAME")


def check_scope(scope: str) -> str:
    """`scope` if it names something that can be frozen; BadInput otherwise."""
    kind, colon, name = scope.partition(":")
    if scope == "all" or (colon and name and kind in {"run", "task", "workflow", "repo", "agent"}):
        return scope
    raise BadInput(f"{scope!r} cannot be frozen", hint=f"use one of {', '.join(SCOPES)}")


def covering(house: StoreState, task: Task, agent: str | None = None) -> str | None:
    """The scope of a freeze that covers `task` (or `agent`, who wants to act on it), if there is one."""
    names = {"all", f"run:{task.run}", f"task:{task.id}", f"workflow:{task.workflow}", f"repo:{task.repo}"}
    names |= {who for who in (task.holder, agent) if who is not None}
    return next((scope for scope in house.freezes if scope in names), None)
