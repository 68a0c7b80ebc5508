"""Who may do what: one table for every interface. A command without a row is denied."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from onloop.errors import Ground, NotAllowed
from onloop.machine import commands as c
from onloop.machine.adopted_triggers import TriggersAdopted
from onloop.machine.anomalies import Noticed
from onloop.machine.box_facts import BoxProved, ProbeAsked
from onloop.machine.call_rules import CallsAdopted
from onloop.machine.denials import Denied
from onloop.machine.drains import DrainAsked, DrainLifted
from onloop.machine.held_roles import AgentEnded, RoleOpened, TrialAsked, TrialBegun
from onloop.machine.launchers import LauncherMinted, LauncherRevoked
from onloop.machine.lessons import LessonAdopted, LessonDropped, LessonProposed
from onloop.machine.marks import Acknowledged, Muted, Seen, Snoozed, Unmuted, Woken
from onloop.machine.organization_policies import PolicyAdopted, PolicyDropped
from onloop.machine.outside_troubles import OutsideMended, OutsideTrouble
from onloop.machine.people import Delegated, DelegationEnded, PersonRemoved, PersonRenamed
from onloop.machine.person_keys import KeyEnrolled, KeyRemoved, KeyUsed
from onloop.machine.principal import Principal, PrincipalKind
from onloop.machine.regrouping import CauseRestored, CausesMerged, CauseSplit
from onloop.machine.schedules import ScheduleAdopted, ScheduleDropped, SchedulePaused, ScheduleResumed
from onloop.machine.store_state import Frozen, PersonEnrolled, StoreCreated, StoreEvent, Tolerated, Unfrozen

_HUMAN = frozenset({PrincipalKind.HUMAN})
_AGENT = frozenset({PrincipalKind.AGENT})
_GATEWAY = frozenset({PrincipalKind.GATEWAY})
_LAUNCHER = frozenset({PrincipalKind.LAUNCHER})
_INTEGRATION = frozenset({PrincipalKind.INTEGRATION})

ALLOWED: Mapping[type[c.Command] | type[StoreEvent], frozenset[PrincipalKind]] = MappingProxyType(
    {
        c.Create: _LAUNCHER | _HUMAN | _GATEWAY | _INTEGRATION,
        c.Claim: _LAUNCHER,
        c.Submit: _GATEWAY,
        c.Ask: _AGENT,
        c.Release: _AGENT,
        c.Recover: _AGENT,
        c.ReportTrouble: frozenset({PrincipalKind.VERIFIER, PrincipalKind.GATEWAY}),
        c.Return: _GATEWAY,
        c.EndTurn: _AGENT,
        c.Fail: _AGENT,
        c.ReportGate: frozenset({PrincipalKind.VERIFIER}),
        c.ReportBase: frozenset({PrincipalKind.VERIFIER}),
        c.Amend: _HUMAN,
        c.Retarget: _HUMAN,
        c.Approve: _HUMAN,
        c.Reject: _HUMAN,
        c.Reply: _HUMAN,
        c.Reassign: _HUMAN,
        c.Retry: _HUMAN,
        c.Cancel: _HUMAN,
        c.Pause: _HUMAN,
        c.Exclude: _HUMAN,
        c.Resume: _HUMAN,
        c.FireTimer: _GATEWAY,
        c.StartEffect: _GATEWAY,
        c.FinishEffect: _GATEWAY,
        c.FailEffect: _GATEWAY,
        c.VoidEffect: _GATEWAY,
        c.Settle: _GATEWAY,
        c.BeginWaves: _GATEWAY,
        c.AddWave: _GATEWAY,
        c.Admit: _GATEWAY,
        c.HoldBack: _GATEWAY,
        c.Judge: _AGENT,
        c.Spawn: _AGENT,
        c.Dismiss: _GATEWAY,
        c.Proceed: _GATEWAY,
        c.FinishFunnel: _GATEWAY,
        c.ReportConflict: _GATEWAY,
        c.Tell: _AGENT,
        c.Deliver: _GATEWAY,
        c.MarkShown: _AGENT,
        c.SaveCheckpoint: _AGENT,
        c.Handoff: _AGENT,
        c.ReportContext: _AGENT,
        c.ReportEnvironment: _LAUNCHER,
        c.ReportUsage: _AGENT,
        c.Draw: _GATEWAY,
        c.SendNote: _HUMAN,
        c.MarkNotesShown: _AGENT,
        c.Signal: _INTEGRATION,
        c.CallOff: _INTEGRATION,
        c.AnswerOutside: _INTEGRATION,
        c.Enter: _HUMAN,
        c.Leave: _HUMAN,
        c.HandOn: _HUMAN,
        c.Take: _HUMAN,
        c.Override: _HUMAN,
        c.TakeBack: _HUMAN,
        c.Follow: _LAUNCHER,
        c.Adopt: _INTEGRATION,
        c.Hear: _INTEGRATION,
        c.EndElsewhere: _INTEGRATION,
        c.RecordLink: _GATEWAY | _INTEGRATION,
        c.ReportCheck: _GATEWAY,
        StoreCreated: _LAUNCHER,
        Denied: _GATEWAY,
        PersonEnrolled: _HUMAN,
        Frozen: _HUMAN | _AGENT,
        Unfrozen: _HUMAN,
        Tolerated: _HUMAN,
        Seen: _HUMAN,
        Acknowledged: _HUMAN,
        Snoozed: _HUMAN,
        Woken: _HUMAN,
        Muted: _HUMAN,
        Unmuted: _HUMAN,
        ProbeAsked: _LAUNCHER | _HUMAN,
        BoxProved: frozenset({PrincipalKind.VERIFIER}),
        AgentEnded: _GATEWAY,
        TrialBegun: _GATEWAY,
        TrialAsked: _HUMAN,
        RoleOpened: _GATEWAY,
        CauseSplit: _HUMAN,
        CausesMerged: _HUMAN,
        CauseRestored: _HUMAN,
        PersonRemoved: _HUMAN,
        PersonRenamed: _HUMAN,
        Delegated: _HUMAN,
        DelegationEnded: _HUMAN,
        LauncherMinted: _HUMAN,
        LauncherRevoked: _HUMAN,
        PolicyAdopted: _HUMAN,
        PolicyDropped: _HUMAN,
        TriggersAdopted: _HUMAN,
        KeyEnrolled: _HUMAN,
        KeyRemoved: _HUMAN,
        KeyUsed: _GATEWAY,
        Noticed: _GATEWAY,
        ScheduleAdopted: _HUMAN,
        ScheduleDropped: _HUMAN,
        SchedulePaused: _HUMAN,
        ScheduleResumed: _HUMAN,
        CallsAdopted: _HUMAN,
        LessonProposed: _HUMAN,
        LessonAdopted: _HUMAN,
        LessonDropped: _HUMAN,
        DrainAsked: _HUMAN,
        DrainLifted: _HUMAN,
        OutsideTrouble: _GATEWAY,
        OutsideMended: _GATEWAY,
    }
)
"""Command or store event → the kinds of principal that may cause it. No kind both produces work and judges it.

A person who takes work hands it in as an agent does, under a token that decides nothing.
"""


def authorize(principal: Principal, command: c.Command | StoreEvent, task: str | None) -> None:
    """Refuse what the table does not allow.

    It also refuses an agent that asks about another task, and a voice or signature that is not the caller's own.
    """
    if principal.kind not in ALLOWED.get(type(command), frozenset()):
        raise NotAllowed(_denial(principal, command), hint=_way_out(command), ground=Ground.KIND)
    if principal.kind is PrincipalKind.AGENT and not _is_own(principal, command, task):
        words = f"{principal.id} holds a token for {principal.task} only"
        raise NotAllowed(words, hint="stay with your own task", ground=_ground(principal, task))
    voice, by = getattr(command, "voice", principal.voice), _signature(principal, command)
    if voice != principal.voice:
        raise NotAllowed(
            f"{principal.id} cannot speak as {voice.person if voice else 'nobody'}",
            hint="speak for yourself",
            ground=Ground.VOICE,
        )
    if by != principal.id:
        raise NotAllowed(f"{principal.id} cannot sign as {by}", hint="sign for yourself", ground=Ground.VOICE)


def _signature(principal: Principal, command: c.Command | StoreEvent) -> str:
    """Who signs the command, or who produced its evidence."""
    match command:
        case c.ReportGate(evidence) | c.ReportBase(evidence):
            return evidence.verifier
        case BoxProved():
            return command.verifier
        case _:
            return str(getattr(command, "by", principal.id))


def _ground(principal: Principal, task: str | None) -> Ground:
    """Whether the agent asks about another task, or under another epoch or agent than its own."""
    return Ground.VOICE if principal.task == task else Ground.FOREIGN


def _is_own(principal: Principal, command: c.Command | StoreEvent, task: str | None) -> bool:
    if isinstance(command, Frozen):
        return command.scope == f"task:{principal.task}"
    claims = (getattr(command, "agent", principal.id), getattr(command, "epoch", principal.epoch))
    return principal.task == task and claims == (principal.id, principal.epoch)


_VERBS: Mapping[type[c.Command] | type[StoreEvent], str] = MappingProxyType(
    {
        c.Create: "start",
        c.Reply: "answer",
        c.ReportGate: "report what a gate found",
        c.ReportBase: "report what a gate found on the base",
        c.ReportTrouble: "report a trouble",
        c.Recover: "say that it goes on",
        c.Return: "bring a holder back",
        c.FireTimer: "fire a timer",
        c.StartEffect: "begin an effect",
        c.FinishEffect: "finish an effect",
        c.FailEffect: "give up an effect",
        c.VoidEffect: "void what was shown",
        c.BeginWaves: "begin waves",
        c.AddWave: "add a wave",
        c.HoldBack: "hold back a task",
        c.FinishFunnel: "hand in merged work",
        c.ReportConflict: "report a conflict",
        c.MarkShown: "read messages",
        c.SaveCheckpoint: "leave a checkpoint",
        c.Handoff: "hand off",
        c.ReportContext: "report a context",
        c.ReportEnvironment: "attest an environment",
        c.ReportUsage: "tell what it used",
        c.Draw: "draw on a budget",
        c.SendNote: "send a note",
        c.MarkNotesShown: "read notes",
        StoreCreated: "begin a store",
        Denied: "count a denial",
        PersonEnrolled: "enrol",
        Frozen: "freeze",
        Unfrozen: "unfreeze",
        Tolerated: "tolerate old history",
        Seen: "mark as seen",
        Acknowledged: "acknowledge",
        Snoozed: "snooze",
        Woken: "wake",
        Muted: "mute",
        Unmuted: "unmute",
        ProbeAsked: "ask for a probe",
        BoxProved: "say what a box stops",
        AgentEnded: "count the end of agents",
        TrialBegun: "begin a trial",
        TrialAsked: "have a held role tried",
        RoleOpened: "open a role",
        CauseSplit: "split a cause",
        CausesMerged: "merge causes",
        CauseRestored: "restore a cause",
        c.Enter: "step into an environment",
        c.Leave: "leave an environment",
        c.HandOn: "hand a request on",
        c.Take: "take the work",
        PersonRemoved: "remove a person",
        PersonRenamed: "rename a person",
        Delegated: "delegate",
        DelegationEnded: "end a delegation",
        LauncherMinted: "mint a launcher's token",
        LauncherRevoked: "revoke a launcher's token",
        PolicyAdopted: "adopt a policy",
        PolicyDropped: "drop a policy",
        TriggersAdopted: "adopt triggers",
        c.CallOff: "call off a task",
        c.AnswerOutside: "answer from outside",
        KeyEnrolled: "enrol a key",
        KeyRemoved: "remove a key",
        KeyUsed: "count the use of a key",
        Noticed: "say what looks wrong",
        ScheduleAdopted: "adopt a schedule",
        ScheduleDropped: "drop a schedule",
        SchedulePaused: "pause a schedule",
        ScheduleResumed: "resume a schedule",
        CallsAdopted: "say whom to call",
        LessonProposed: "propose a lesson",
        LessonAdopted: "adopt a lesson",
        LessonDropped: "drop a lesson",
        DrainAsked: "have a worker drain",
        DrainLifted: "let a worker go on",
        OutsideTrouble: "report a trouble outside",
        OutsideMended: "report the end of a trouble outside",
        c.Override: "override a gate",
        c.TakeBack: "take a decision back",
        c.Follow: "have work made elsewhere",
        c.Adopt: "adopt work from elsewhere",
        c.Hear: "bring feedback from elsewhere",
        c.EndElsewhere: "say how work elsewhere ended",
        c.RecordLink: "link a task",
        c.ReportCheck: "say what a forge shows",
    }
)
"""What is denied, in words, where the name of the type does not say it."""


def verb_of(command: c.Command | StoreEvent) -> str:
    """What the command asks for, in words."""
    return verb_of_kind(type(command))


def verb_of_kind(kind: type[c.Command] | type[StoreEvent]) -> str:
    """What commands of that kind ask for, in words."""
    return _VERBS.get(kind, kind.__name__.lower())


def _denial(principal: Principal, command: c.Command | StoreEvent) -> str:
    who = "nobody (no credential was given)" if principal.kind is PrincipalKind.NOBODY else principal.id
    return f"{who} may not {verb_of(command)}"


def _way_out(command: c.Command | StoreEvent) -> str:
    kinds = ALLOWED.get(type(command), frozenset())
    if kinds & _LAUNCHER:
        return "run it outside an agent's environment, where ONLOOP_TOKEN is not set"
    if kinds & _HUMAN:
        return "a person must do it, with their passphrase: onloop … --as NAME, or the dashboard"
    return f"only {' or '.join(sorted(kind.value for kind in kinds)) or 'nobody'} may"
