"""Who may do what: the whole table, read by a person, and what narrows it further."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

import pytest

from gateway.shop import Shop
from onloop.errors import Ground, NotAllowed
from onloop.gateway.authorize import ALLOWED, authorize
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine import commands as c
from onloop.machine.adopted_triggers import TriggersAdopted
from onloop.machine.agent_environment import EnvironmentKind, MadeEnvironment
from onloop.machine.anomalies import AnomalyKind, Noticed
from onloop.machine.box_facts import BoxProved, ProbeAsked
from onloop.machine.call_rules import CallsAdopted
from onloop.machine.definition import Assurance, Isolation
from onloop.machine.denials import Denied
from onloop.machine.drains import DrainAsked, DrainLifted
from onloop.machine.elsewhere import FeedbackKind, PlaceEnd
from onloop.machine.events import EffectProblem
from onloop.machine.forge_check import CheckStanding, OwnCheck
from onloop.machine.held_roles import AgentEnded, RoleOpened, TrialAsked, TrialBegun
from onloop.machine.launchers import Grant, LauncherMinted, LauncherRevoked
from onloop.machine.lessons import FailurePattern, Lesson, LessonAdopted, LessonDropped, LessonProposed, StrikeKind
from onloop.machine.links import Link, LinkKind
from onloop.machine.marks import Acknowledged, Muted, Rule, Seen, Snoozed, Unmuted, Woken
from onloop.machine.messages import Message, MessageKind
from onloop.machine.organization_policies import Policy, PolicyAdopted, PolicyDropped
from onloop.machine.outside_troubles import OutsideMended, OutsideTrouble
from onloop.machine.people import Delegated, DelegationEnded, PersonRemoved, PersonRenamed
from onloop.machine.person_keys import KeyEnrolled, KeyRemoved, KeyUsed
from onloop.machine.principal import NOBODY, Principal, PrincipalKind
from onloop.machine.regrouping import CauseRestored, CausesMerged, CauseSplit
from onloop.machine.schedules import (
    Schedule,
    ScheduleAdopted,
    ScheduleDropped,
    ScheduledStart,
    SchedulePaused,
    ScheduleResumed,
)
from onloop.machine.setbacks import Trouble
from onloop.machine.store_state import Frozen, PersonEnrolled, StoreCreated, StoreEvent, Tolerated, Unfrozen
from onloop.machine.task import Evidence, Kind, Verdict
from onloop.machine.usage import StepSpending, Usage
from onloop.records import replace
from support.elsewhere import PULL
from support.scenario import TASK, work

ANA = c.Voice("human:ana", ("approvers",), Assurance.A1)
PRINCIPALS = (
    NOBODY,
    Principal(PrincipalKind.HUMAN, "ana", voice=ANA),
    Principal(PrincipalKind.AGENT, "alfa", TASK, 3, "develop.implement"),
    Principal(PrincipalKind.VERIFIER, "v"),
    Principal(PrincipalKind.LAUNCHER, "host"),
    Principal(PrincipalKind.INTEGRATION, "github"),
    Principal(PrincipalKind.GATEWAY, "timers"),
)
AGENT = PRINCIPALS[2]
REVIEWED: Mapping[str, str] = {
    "Create": "gateway human integration launcher",
    "Claim": "launcher",
    "Submit": "gateway",
    "ReportGate": "verifier",
    "ReportBase": "verifier",
    "Amend": "human",
    "Retarget": "human",
    "Approve": "human",
    "Reject": "human",
    "Ask": "agent",
    "Reply": "human",
    "Reassign": "human",
    "Retry": "human",
    "Release": "agent",
    "EndTurn": "agent",
    "Fail": "agent",
    "FireTimer": "gateway",
    "Cancel": "human",
    "Pause": "human",
    "Exclude": "human",
    "Resume": "human",
    "TakeBack": "human",
    "StartEffect": "gateway",
    "FinishEffect": "gateway",
    "FailEffect": "gateway",
    "VoidEffect": "gateway",
    "Settle": "gateway",
    "BeginWaves": "gateway",
    "AddWave": "gateway",
    "Admit": "gateway",
    "HoldBack": "gateway",
    "Judge": "agent",
    "Spawn": "agent",
    "Dismiss": "gateway",
    "Proceed": "gateway",
    "FinishFunnel": "gateway",
    "ReportConflict": "gateway",
    "Tell": "agent",
    "Deliver": "gateway",
    "MarkShown": "agent",
    "SaveCheckpoint": "agent",
    "Handoff": "agent",
    "ReportContext": "agent",
    "ReportEnvironment": "launcher",
    "ReportUsage": "agent",
    "Draw": "gateway",
    "SendNote": "human",
    "Signal": "integration",
    "CallOff": "integration",
    "AnswerOutside": "integration",
    "Enter": "human",
    "Leave": "human",
    "MarkNotesShown": "agent",
    "ReportTrouble": "gateway verifier",
    "Recover": "agent",
    "Return": "gateway",
    "StoreCreated": "launcher",
    "Denied": "gateway",
    "PersonEnrolled": "human",
    "Frozen": "agent human",
    "Unfrozen": "human",
    "Tolerated": "human",
    "Seen": "human",
    "Acknowledged": "human",
    "Snoozed": "human",
    "Woken": "human",
    "Muted": "human",
    "Unmuted": "human",
    "CauseSplit": "human",
    "CausesMerged": "human",
    "CauseRestored": "human",
    "ProbeAsked": "human launcher",
    "BoxProved": "verifier",
    "AgentEnded": "gateway",
    "TrialBegun": "gateway",
    "TrialAsked": "human",
    "RoleOpened": "gateway",
    "HandOn": "human",
    "Take": "human",
    "PersonRemoved": "human",
    "PersonRenamed": "human",
    "Delegated": "human",
    "DelegationEnded": "human",
    "LauncherMinted": "human",
    "LauncherRevoked": "human",
    "PolicyAdopted": "human",
    "PolicyDropped": "human",
    "TriggersAdopted": "human",
    "Override": "human",
    "RecordLink": "gateway integration",
    "ReportCheck": "gateway",
    "KeyEnrolled": "human",
    "KeyRemoved": "human",
    "KeyUsed": "gateway",
    "Noticed": "gateway",
    "Follow": "launcher",
    "Adopt": "integration",
    "Hear": "integration",
    "EndElsewhere": "integration",
    "ScheduleAdopted": "human",
    "ScheduleDropped": "human",
    "SchedulePaused": "human",
    "ScheduleResumed": "human",
    "CallsAdopted": "human",
    "LessonProposed": "human",
    "LessonAdopted": "human",
    "LessonDropped": "human",
    "OutsideTrouble": "gateway",
    "OutsideMended": "gateway",
    "DrainAsked": "human",
    "DrainLifted": "human",
}
"""What a person has looked at, line by line: who may do it. A change of the table must be one here, too."""

Asked = c.Command | StoreEvent
_OF_TASKS = (
    c.Approve | c.Reject | c.Reply | c.Reassign | c.Retry | c.Cancel | c.Pause | c.Exclude | c.Resume | c.TakeBack
)
_SPOKEN = _OF_TASKS | c.OfPin | c.SendNote | c.OfHands | c.OfInside | c.Override

LESSON = Lesson("ab12cd34", FailurePattern("feature", "develop.write", StrikeKind.GATE, "tests", "x"), "run them first")


def asked(by: str) -> tuple[Asked, ...]:
    """One of everything, with every field such that only the kind of principal can be at fault."""
    evidence = Evidence("tests", Verdict.PASS, "12 passed", "a" * 40, "A" * 40, "0" * 40, "d" * 64, by, 0)
    return (
        c.Create("Fix it", Kind.WORK, "feature", "d" * 64, by, "r1"),
        c.Claim("agent:alfa", "implementer"),
        c.Submit("agent:alfa", 3, work()),
        c.ReportGate(evidence),
        c.ReportBase(evidence, 1),
        c.Amend("e" * 64, ANA, "mended"),
        c.Retarget("shop", "/srv/shop.git", "trunk", ANA),
        c.Approve("r1.1/release/9", "f" * 64, ANA),
        c.Reject("r1.1/release/9", "f" * 64, ANA, "no"),
        c.Ask("agent:alfa", 3, "Which?"),
        c.Reply("r1.1/question/9", ANA, "That."),
        c.Reassign("agent:bravo", ANA, "knows this"),
        c.Retry(ANA, "again"),
        c.Release("agent:alfa", 3, c.ReleaseCause.RETURNED),
        c.EndTurn("agent:alfa", 3, "not_yet"),
        c.Fail("agent:alfa", 3, "hard"),
        c.FireTimer(c.TimerKind.LEASE, "3"),
        c.Cancel(ANA, "enough"),
        c.Pause(ANA, "look"),
        c.Exclude(ANA, "odd"),
        c.Resume(ANA),
        c.TakeBack(ANA),
        c.StartEffect("e", "0" * 40, "f" * 40),
        c.FinishEffect("e", "f" * 40),
        c.FailEffect("e", EffectProblem.CONFLICT, "in a.py"),
        c.VoidEffect("e", work(), "main moved"),
        c.Settle(),
        c.BeginWaves(),
        c.AddWave(2),
        c.Admit(),
        c.HoldBack("halted"),
        c.Judge("agent:alfa", 3, passes=True, reason="sound"),
        c.Spawn("agent:alfa", 3, "a part"),
        c.Dismiss("enough"),
        c.Proceed(),
        c.FinishFunnel("e", work()),
        c.ReportConflict("e", "r1.2", ("a.py",)),
        c.Tell("agent:alfa", 3, "parent", MessageKind.NOTE, "5" * 64, 4),
        c.Deliver(Message(MessageKind.NOTE, "agent:bravo", "r1.2", "5" * 64, 4, 0), "r1"),
        c.MarkShown("agent:alfa", 3, 1),
        c.SaveCheckpoint("agent:alfa", 3, "5" * 64, 4),
        c.Handoff("agent:alfa", 3, "", "full"),
        c.ReportContext("agent:alfa", 3, 60),
        c.ReportEnvironment(
            "agent:alfa", 3, MadeEnvironment("env-1", EnvironmentKind.BOX, Isolation.BOX, by="launcher:x")
        ),
        c.ReportUsage("agent:alfa", 3, "claude", Usage(input=5)),
        c.Draw("r1.1", StepSpending(claims=1)),
        c.SendNote(ANA, "use version 2"),
        c.Signal("it changed", by),
        c.CallOff("closed", by),
        c.AnswerOutside("the second", by),
        c.Enter("s1", ANA, "a clone", "here", 60_000),
        c.Leave("s1", ANA),
        c.MarkNotesShown("agent:alfa", 3, 1, "check"),
        c.ReportTrouble(Trouble.BUSY, "locked"),
        c.Recover("agent:alfa", 3),
        c.Return(3, 9),
        StoreCreated("s1", scripted=False),
        Denied("agent:alfa", "approve", Ground.KIND),
        PersonEnrolled("ben", (), "", "00", "", by),
        Frozen(f"task:{TASK}", by, "look"),
        Unfrozen(f"task:{TASK}", by),
        Tolerated("/x", ("badDate",), by),
        Seen("c1", by),
        Acknowledged("c1", by, None),
        Snoozed("c1", by, 9, 2),
        Woken("c1", by),
        Muted(Rule(repo="billing"), by, 9, "known"),
        Unmuted("ab12cd34", by),
        CauseSplit("c1", by),
        CausesMerged("c1", by, ("c2",)),
        CauseRestored("c1", by),
        ProbeAsked("p1", by),
        BoxProved("bubblewrap", "bubblewrap", "cgroup", strong=True, cells=(), verifier=by, at=1),
        AgentEnded("implementer", TASK, "crashed", "exit code 1", 0),
        TrialBegun("implementer", TASK, 0),
        TrialAsked("implementer", by),
        RoleOpened("implementer", 0),
        c.HandOn("r1.1/release/9", "human:ben", ANA, "knows this"),
        c.Take(ANA, "quicker"),
        PersonRemoved("ben", by, "left"),
        PersonRenamed("ben", "benno", by),
        Delegated("d1", by, "human:ben", 9, "away"),
        DelegationEnded("d1", by),
        LauncherMinted("ci", "5" * 64, Grant(("implementer",), ("*",), 9), by),
        LauncherRevoked("ci", by),
        PolicyAdopted(Policy("small", "change.count < 9", ("effect:merge",)), by, "agreed"),
        PolicyDropped("small", by, "too early"),
        TriggersAdopted((), "d" * 64, by, "agreed"),
        c.Override("r1.1/choice/9", "tests", "f" * 64, ANA, "known to be broken"),
        c.RecordLink(Link(LinkKind.PULL_REQUEST, "github.com", "acme/shop", 7)),
        c.ReportCheck(OwnCheck("f" * 40, CheckStanding.QUEUED)),
        KeyEnrolled("SHA256:x", "human:ben", "sk-ssh-ed25519@openssh.com", "AAAA", by),
        KeyRemoved("SHA256:x", by, "lost"),
        KeyUsed("SHA256:x", TASK, 7),
        Noticed(AnomalyKind.HASTY, "human:ana", "too soon"),
        c.Follow(PULL),
        c.Adopt(by, work()),
        c.Hear(by, FeedbackKind.COMMENT, "comment:7", "rename it", "human:ana"),
        c.EndElsewhere(by, PlaceEnd.CLOSED, "closed"),
        ScheduleAdopted(Schedule("nightly", "30 2 * * *", "UTC", ScheduledStart("feature")), by, "agreed"),
        ScheduleDropped("nightly", by, "not needed"),
        SchedulePaused("nightly", by, "holidays"),
        ScheduleResumed("nightly", by),
        CallsAdopted(None, by, "nobody is on call"),
        LessonProposed(LESSON, by, "it struck 9 times"),
        LessonAdopted(LESSON.id, by, "agreed"),
        LessonDropped(LESSON.id, by, "did nothing"),
        OutsideTrouble("channel:ops", "no answer"),
        OutsideMended("channel:ops"),
        DrainAsked("coder@host:7", by),
        DrainLifted("coder@host:7", by),
    )


def spoken(command: Asked, principal: Principal) -> Asked:
    """The command in the voice of the principal, whatever that is."""
    if not isinstance(command, _SPOKEN):
        return command
    return replace(command, voice=principal.voice or c.Voice(principal.id, (), Assurance.A4))


def is_allowed(principal: Principal, command: Asked, task: str | None = TASK) -> bool:
    try:
        authorize(principal, command, task)
    except NotAllowed as no:
        assert no.hint, f"{no} has no hint"
        return False
    return True


def test_every_command_and_house_event_has_a_row_in_the_table_and_here() -> None:
    known = {kind.__name__ for kind in (*get_args(c.Command), *get_args(StoreEvent))}

    assert {kind.__name__ for kind in ALLOWED} == known
    assert REVIEWED.keys() == known
    assert [type(command).__name__ for command in asked("x")] == list(REVIEWED)


@pytest.mark.parametrize("principal", PRINCIPALS, ids=lambda p: p.kind.value)
def test_the_table_allows_what_was_reviewed_and_nothing_else(principal: Principal) -> None:
    expected = {name for name, kinds in REVIEWED.items() if principal.kind.value in kinds.split()}

    allowed = {type(one).__name__ for one in asked(principal.id) if is_allowed(principal, one)}

    assert allowed == expected


@pytest.mark.parametrize("principal", PRINCIPALS, ids=lambda p: p.kind.value)
def test_only_a_person_decides_whatever_the_fields_say(principal: Principal) -> None:
    decisions = [one for one in asked(principal.id) if REVIEWED[type(one).__name__] == "human"]
    decisions = [spoken(one, principal) for one in decisions]

    assert {is_allowed(principal, one) for one in decisions} == {principal.kind is PrincipalKind.HUMAN}


def test_what_has_no_row_is_denied() -> None:
    class Surprise(c.Settle):
        pass

    assert not any(is_allowed(principal, Surprise()) for principal in PRINCIPALS)


@pytest.mark.parametrize(
    "command",
    [
        c.Ask("agent:alfa", 3, "?"),
        c.Release("agent:alfa", 3, c.ReleaseCause.CRASHED),
        c.Fail("agent:alfa", 3, "no"),
    ],
    ids=lambda command: type(command).__name__,
)
def test_an_agent_acts_under_its_own_name_and_epoch_on_its_own_task(
    command: c.Ask | c.Release | c.Fail,
) -> None:
    assert is_allowed(AGENT, command)
    assert not is_allowed(AGENT, command, "r1.2")
    assert not is_allowed(AGENT, replace(command, agent="agent:bravo"))
    assert not is_allowed(AGENT, replace(command, epoch=4))
    assert not is_allowed(AGENT, replace(command, epoch=2))


def test_an_agent_may_freeze_its_own_task_and_nothing_wider_and_never_unfreeze() -> None:
    scopes = ("all", "run:r1", "task:r1.2", "workflow:feature", "repo:billing", "agent:alfa", "")

    assert is_allowed(AGENT, Frozen(f"task:{TASK}", AGENT.id, ""), None)
    assert not any(is_allowed(AGENT, Frozen(scope, AGENT.id, ""), None) for scope in scopes)
    assert not any(is_allowed(AGENT, Unfrozen(scope, AGENT.id), None) for scope in (*scopes, f"task:{TASK}"))


def test_a_person_speaks_with_their_own_voice_only() -> None:
    ana = PRINCIPALS[1]
    others = (
        c.Voice("human:ben", ("approvers",), Assurance.A1),
        replace(ANA, assurance=Assurance.A3),
        replace(ANA, groups=("approvers", "leads")),
        replace(ANA, email="somebody@example.org"),
    )

    assert is_allowed(ana, c.Approve("r", "f", ANA))
    assert not any(is_allowed(ana, c.Approve("r", "f", voice)) for voice in others)


def test_nobody_signs_for_somebody_else() -> None:
    ana = PRINCIPALS[1]

    assert not is_allowed(AGENT, Frozen(f"task:{TASK}", "human:ana", "she said so"), None)
    assert not is_allowed(ana, Unfrozen("all", "human:ben"), None)
    assert not is_allowed(ana, PersonEnrolled("eve", (), "", "00", "", "human:ben"), None)


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (Frozen("all", "x", ""), "freeze"),
        (PersonEnrolled("ben", (), "", "00", "", "x"), "enrol"),
        (c.Settle(), "settle"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_denied_is_named_by_its_verb(command: Asked, said: str) -> None:
    with pytest.raises(NotAllowed, match=f"^nobody .no credential was given. may not {said}$"):
        authorize(NOBODY, command, None)


def test_an_agent_that_would_start_work_is_not_told_to_pose_as_a_person() -> None:
    with pytest.raises(NotAllowed) as denied:
        authorize(AGENT, asked(AGENT.id)[0], None)

    assert "--as" not in denied.value.hint
    assert "ONLOOP_TOKEN is not set" in denied.value.hint


def test_the_gateway_asks_the_table_before_anything_happens(shop: Shop) -> None:
    shop.begin()
    agent = shop.claim()
    shop.begin(run="r2")
    before = shop.log()

    with pytest.raises(NotAllowed, match="agent:alfa may not cancel"):
        shop.gateway.perform(PerformCommand(agent, "r1", c.Cancel(shop.voice(), "mine now")))
    with pytest.raises(NotAllowed, match="for r1 only"):
        shop.gateway.perform(PerformCommand(agent, "r2", c.Ask(agent.id, agent.epoch, "And this one?")))
    with pytest.raises(NotAllowed, match="nobody"):
        shop.gateway.perform(PerformCommand(NOBODY, "r1", c.Cancel(shop.voice(), "x")))
    with pytest.raises(NotAllowed, match=r"agent:alfa may not unfreeze$"):
        shop.gateway.perform(RecordStoreEvent(agent, Unfrozen("all", agent.id)))

    assert shop.log() == before
