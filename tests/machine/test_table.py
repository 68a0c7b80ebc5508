"""The table is the machine: every move in it happens, and no other is ever written."""

from __future__ import annotations

from typing import get_args

import pytest

from onloop.machine import commands as c
from onloop.machine.budgets import Budget
from onloop.machine.definition import Attempts, ExpireOutcome, Expiry, OverrideRule, Skip, Step
from onloop.machine.effect_specs import Effect, OnClosed, PullRequestSpec
from onloop.machine.events import EffectProblem
from onloop.machine.flags import Flag, FlagKind
from onloop.machine.forge_check import CheckStanding, OwnCheck
from onloop.machine.links import Link, LinkKind
from onloop.machine.setbacks import Trouble
from onloop.machine.state import REASONS, TERMINAL, State
from onloop.machine.transition_table import TABLE, check_move, rows
from onloop.machine.usage import StepSpending
from onloop.machine.wave_plan import Waves
from onloop.records import replace
from support.dependent import siblings, waiting_for
from support.elsewhere import MOVES_ELSEWHERE
from support.looking_first import amend, amending, checked, on_base, retarget
from support.passing import (
    attested,
    checkpoint,
    context,
    delivered,
    entered,
    handoff,
    left,
    note,
    notes_shown,
    shown,
    tell,
    used,
)
from support.scenario import (
    ALFA,
    ANA,
    BEN,
    ERROR,
    FAIL,
    PEOPLE,
    Play,
    Scenario,
    approve,
    ask,
    cancel,
    claim,
    conflicts,
    create,
    exclude,
    expire_lease,
    finished,
    fire,
    fleet,
    funnelled,
    funnelling,
    give_up,
    hand_on,
    judge,
    member,
    override,
    pause,
    reassign,
    reject,
    release,
    reply,
    report,
    resume,
    retry,
    spawn,
    started,
    submit,
    swarm,
    take,
    troubled,
    under_review,
    voice,
    voided,
    work,
    workflow,
)
from support.steps import HOUR, defined, develop, full, gate, human, merge, ship, spawning
from support.waves import begun, counted, halted, in_wave, planned

BACK = "develop.implement"
PULL = Link(LinkKind.PULL_REQUEST, "github.com", "acme/shop", 7)
SHOWN = OwnCheck("f" * 40, CheckStanding.QUEUED)
ONE_TRY = Attempts(max=1)
SCOPE = Step("plan.scope", role="planner")
EXPIRING = human(expire=Expiry(HOUR, ExpireOutcome.REJECT))
HOLDING = human(quorum=2, expire=Expiry(HOUR, ExpireOutcome.HOLD))

SIGNAL = c.Signal("the issue was edited", "integration:github")
CALL_OFF = c.CallOff("the issue was closed", "integration:github")

waiting = workflow(develop())
working = waiting.given(claim())
_spent = workflow(develop(budget=Budget(claims=1))).given(claim(), handoff())
verified = working.given(submit())
scoping = workflow(SCOPE, develop()).given(claim(role="planner"))
asked = working.given(ask())
part = member(develop())
held = verified.given(report("tests", ERROR))
merging = workflow(develop(), merge()).given(claim(), submit(), report())
lost = working.given(release())
people_at_work = workflow(develop(human()), merge()).given(claim(), submit(), approve())


def flagged() -> Play:
    """The effect finds on the merged result what decides its verdict."""
    flag = Flag("conftest.py", FlagKind.PLUGIN)
    return lambda at: c.FailEffect(at.task.effect.id if at.task.effect else "", EffectProblem.FLAGGED, "new", (flag,))


def conflict() -> Play:
    """The merge finds a conflict, which the workflow sends to an agent first."""
    return lambda at: c.FailEffect(at.task.effect.id if at.task.effect else "", EffectProblem.CONFLICT, "in a.py")


def people(*after: Step, on_reject: str = "end") -> Scenario:
    """People are asked first, and then these steps follow."""
    return workflow(ship(on_reject=on_reject), *after)


WAIT = Step("triage.wait", wait_ms=HOUR)


def done(*after: Step) -> Scenario:
    """The agent's step is done, and these follow."""
    return workflow(develop(), *after).given(claim(), submit(), report())


def merged(*after: Step) -> Scenario:
    """The effect is under way, and these follow."""
    return done(merge(), *after).given(started())


def regained() -> Scenario:
    """Nobody decided in time, because one of two who approved was struck off; now both are enrolled again."""
    loop = workflow(ship(HOLDING, on_reject="end")).given(approve(ANA)).without(ANA).given(approve(BEN))
    return loop.later(HOUR).given(fire(c.TimerKind.EXPIRE)).knowing(people=PEOPLE)


def stuck(*after: Step) -> Scenario:
    """A gate that leads may let the work past has failed, no round is left, and these follow."""
    lenient = replace(gate(), override=OverrideRule(("leads",)))
    return workflow(replace(develop(lenient), rounds=0), *after).given(claim(), submit(), report("tests", FAIL))


linted = (develop(gate("lint")), ship(), merge())
judged_by_people = workflow(develop(), ship(), merge()).given(claim(), submit(), report())
polish = replace(develop(gate("lint"), skip=Skip.WHEN_MET), id="develop.polish", role="polisher")
polishing = workflow(develop(), polish, full()).given(claim(), submit(), report())
sparing = checked(develop(replace(gate(), fails_on_base=True), skip=Skip.WHEN_MET), ship(), merge())


def _decided(said: Play) -> Scenario:
    """Work that people judged, and nothing has begun since: they may take it back."""
    before = workflow(develop(), ship(on_reject=BACK), merge()).given(claim(), submit(), report())
    return before.given(said).knowing(untold=before.task)


waits = waiting_for(State.WORKING)


def _over(state: State) -> Scenario:
    """A halted fleet all of whose tasks have ended so."""
    return halted(2, 3).knowing(children=(state, state))


def _passed() -> Scenario:
    """A fleet that asks between waves, whose last wave has passed."""
    return counted(planned(2, asks=True), excluded=1, completed=1).given(c.Settle())


def _held_at(*steps: Step) -> Scenario:
    """A task of a wave that has begun, which still waits for it."""
    begin = replace(create(parent="r1"), wave=1)
    return Scenario(defined(*steps)).knowing(waves=Waves(3)).given(begin).knowing(waves=Waves(3, 1))


MOVES: dict[str, tuple[Scenario, c.Command | Play]] = {
    "submitted Claim working": (waiting, claim()),
    "working Submit submitted": (scoping, submit()),
    "working Submit working": (working, submit()),
    "working Submit input_required": (workflow(develop(human())).given(claim()), submit()),
    "working Submit completed": (workflow(SCOPE).given(claim(role="planner")), submit()),
    "working ReportGate submitted": (verified.given(release()), report("tests", FAIL)),
    "working ReportGate working": (verified, report("tests", FAIL)),
    "working ReportGate input_required": (verified, report("tests", ERROR)),
    "working ReportGate completed": (verified, report()),
    "submitted ReportTrouble submitted": (
        checked(develop()),
        c.ReportTrouble(Trouble.UNREACHABLE, "the origin is away", gate="base/tests"),
    ),
    "submitted ReportBase submitted": (checked(develop()), on_base()),
    "submitted ReportBase working": (polishing, on_base("lint")),
    "submitted ReportBase input_required": (checked(develop()), on_base(verdict=FAIL)),
    "submitted ReportBase completed": (sparing, on_base()),
    "submitted Amend submitted": (amending(waiting, *linted), amend()),
    "working Amend working": (amending(working, *linted), amend()),
    "working Amend input_required": (amending(done(full(max_visits=1)), develop(max_visits=0), full()), amend()),
    "input_required Amend submitted": (amending(asked, *linted), amend()),
    "input_required Amend working": (amending(held, *linted), amend()),
    "input_required Amend input_required": (
        amending(judged_by_people, develop(max_visits=1), ship(), merge()),
        amend(),
    ),
    "paused Amend paused": (amending(waiting.given(pause()), *linted), amend()),
    "submitted Retarget submitted": (waiting, retarget()),
    "working Retarget submitted": (working, retarget()),
    "input_required Retarget submitted": (asked, retarget()),
    "paused Retarget paused": (waiting.given(pause()), retarget()),
    "working FailEffect submitted": (done(merge(on_conflict=BACK)), conflict()),
    "input_required Approve submitted": (people(develop()), approve()),
    "input_required Approve working": (done(ship(), merge()), approve()),
    "input_required Approve input_required": (workflow(ship(HOLDING)), approve()),
    "input_required Approve completed": (people(), approve()),
    "input_required Reject submitted": (held, reject()),
    "input_required Reject working": (done(full(), ship(on_reject="test.full")).given(report("run")), reject()),
    "input_required Reject input_required": (
        workflow(develop(max_visits=1), ship()).given(claim(), submit(), report()),
        reject(),
    ),
    "input_required Reject rejected": (people(), reject()),
    "working Ask input_required": (working, ask()),
    "working EndTurn working": (working, c.EndTurn(ALFA, 1, "not_yet")),
    "input_required Reply submitted": (asked, reply()),
    "submitted Reassign submitted": (waiting, reassign()),
    "working Reassign submitted": (working, reassign()),
    "input_required Reassign submitted": (held, reassign()),
    "submitted TakeBack input_required": (_decided(reject()), c.TakeBack(voice())),
    "working TakeBack input_required": (_decided(approve()), c.TakeBack(voice())),
    "input_required TakeBack input_required": (workflow(ship(human(quorum=2))).given(approve()), c.TakeBack(voice())),
    "input_required Override submitted": (stuck(develop()), override()),
    "input_required Override working": (stuck(full()), override()),
    "input_required Override input_required": (stuck(ship()), override()),
    "input_required Override completed": (stuck(), override()),
    "input_required HandOn input_required": (held, hand_on()),
    "submitted RecordLink submitted": (waiting, c.RecordLink(PULL)),
    "working RecordLink working": (working, c.RecordLink(PULL)),
    "input_required RecordLink input_required": (held, c.RecordLink(PULL)),
    "paused RecordLink paused": (waiting.given(pause()), c.RecordLink(PULL)),
    "submitted ReportCheck submitted": (waiting, c.ReportCheck(SHOWN)),
    "working ReportCheck working": (working, c.ReportCheck(SHOWN)),
    "input_required ReportCheck input_required": (held, c.ReportCheck(SHOWN)),
    "paused ReportCheck paused": (waiting.given(pause()), c.ReportCheck(SHOWN)),
    "working FailEffect canceled": (
        done(Step("ship.pull", effect=Effect.PULL_REQUEST, outside=PullRequestSpec(on_closed=OnClosed.CANCEL))),
        c.FailEffect("r1.1/ship.pull/1", EffectProblem.CLOSED, "closed"),
    ),
    "submitted Take working": (waiting, take()),
    "working Take working": (working, take()),
    "input_required Take working": (held, take()),
    "submitted Retry submitted": (lost, retry()),
    "input_required Retry submitted": (workflow(develop(attempts=ONE_TRY)).given(claim(), release()), retry()),
    "input_required Retry working": (held, retry()),
    "input_required Retry input_required": (
        workflow(ship(HOLDING)).later(HOUR).given(fire(c.TimerKind.EXPIRE)),
        retry(),
    ),
    "input_required Retry completed": (regained(), retry()),
    "working Release submitted": (working, release()),
    "working Release working": (verified, release()),
    "working Release input_required": (workflow(develop(attempts=ONE_TRY)).given(claim()), release()),
    "working Fail submitted": (working, give_up()),
    "working Fail input_required": (workflow(develop(attempts=ONE_TRY)).given(claim()), give_up()),
    "submitted FireTimer submitted": (lost.later(HOUR), fire(c.TimerKind.RETRY)),
    "working FireTimer submitted": (working.later(HOUR), fire(c.TimerKind.TIMEOUT)),
    "working FireTimer completed": (done(WAIT).later(HOUR), fire(c.TimerKind.RETRY)),
    "working FireTimer working": (verified.knowing(lease_expires=0), expire_lease()),
    "working FireTimer input_required": (
        workflow(develop(attempts=ONE_TRY)).given(claim()).later(HOUR),
        fire(c.TimerKind.TIMEOUT),
    ),
    "input_required FireTimer input_required": (workflow(ship(HOLDING)).later(HOUR), fire(c.TimerKind.EXPIRE)),
    "input_required FireTimer submitted": (done(ship(EXPIRING)).later(HOUR), fire(c.TimerKind.EXPIRE)),
    "input_required FireTimer working": (
        done(full(), ship(EXPIRING, on_reject="test.full")).given(report("run")).later(HOUR),
        fire(c.TimerKind.EXPIRE),
    ),
    "input_required FireTimer rejected": (
        workflow(ship(EXPIRING, on_reject="end")).later(HOUR),
        fire(c.TimerKind.EXPIRE),
    ),
    "submitted Cancel canceled": (waiting, cancel()),
    "working Cancel canceled": (working, cancel()),
    "input_required Cancel canceled": (held, cancel()),
    "paused Cancel canceled": (waiting.given(pause()), cancel()),
    "submitted Pause paused": (waiting, pause()),
    "working Pause paused": (working, pause()),
    "input_required Pause paused": (held, pause()),
    "submitted Exclude paused": (part, exclude()),
    "working Exclude paused": (part.given(claim()), exclude()),
    "input_required Exclude paused": (part.given(claim(), ask()), exclude()),
    "paused Exclude paused": (part.given(pause()), exclude()),
    "paused Resume submitted": (waiting.given(pause()), resume()),
    "paused Resume working": (merging.given(pause()), resume()),
    "paused Resume input_required": (people().given(pause()), resume()),
    "paused Resume completed": (regained().given(pause()), resume()),
    "working Retry working": (merging.given(troubled()), retry()),
    "working Retry submitted": (done(WAIT, SCOPE), retry()),
    "working Retry input_required": (done(WAIT, ship()), retry()),
    "working Retry completed": (done(WAIT), retry()),
    "working ReportTrouble working": (verified, troubled()),
    "working Recover working": (working, c.Recover(ALFA, 1)),
    "working Return working": (working, c.Return(1, HOUR)),
    "working StartEffect working": (merging, started()),
    "working FinishEffect submitted": (merged(SCOPE), finished()),
    "working FinishEffect working": (merged(full()), finished()),
    "working FinishEffect input_required": (merged(ship()), finished()),
    "working FinishEffect completed": (merged(), finished()),
    "working FailEffect input_required": (
        merging,
        c.FailEffect("r1.1/ship.merge/1", EffectProblem.CONFLICT, "no"),
    ),
    "working FailEffect working": (
        merging.given(flagged(), approve(), voided(work()), report()),
        flagged(),
    ),
    "working VoidEffect working": (merging, voided()),
    "working VoidEffect submitted": (under_review(following=(merge(),)).given(judge()), voided()),
    "working VoidEffect input_required": (
        workflow(develop(human()), merge()).given(claim(), submit(), approve()),
        voided(),
    ),
    "working Settle input_required": (swarm(State.CANCELED, State.COMPLETED), c.Settle()),
    "working Judge submitted": (under_review(), judge("fail")),
    "working Judge working": (under_review(following=(full(),)), judge()),
    "working Judge input_required": (under_review(following=(ship(),)), judge()),
    "working Judge completed": (under_review(), judge()),
    "working Spawn working": (workflow(spawning()).given(claim()), spawn()),
    "submitted Dismiss canceled": (waiting, c.Dismiss("enough")),
    "working Dismiss canceled": (working, c.Dismiss("enough")),
    "input_required Dismiss canceled": (held, c.Dismiss("enough")),
    "paused Dismiss canceled": (waiting.given(pause()), c.Dismiss("enough")),
    "working FinishFunnel submitted": (funnelling(develop()), funnelled()),
    "working FinishFunnel working": (funnelling(gates=(gate(),)), funnelled()),
    "working FinishFunnel input_required": (funnelling(gates=(human(),)), funnelled()),
    "working FinishFunnel completed": (funnelling(), funnelled()),
    "working ReportConflict working": (funnelling(), conflicts()),
    "working ReportConflict input_required": (funnelling(resolve=()), conflicts()),
    "working Tell working": (working, tell("r1.2")),
    "submitted Deliver submitted": (waiting, delivered()),
    "working Deliver working": (working, delivered()),
    "input_required Deliver input_required": (held, delivered()),
    "paused Deliver paused": (waiting.given(pause()), delivered()),
    "working MarkShown working": (working.given(delivered()), shown(1)),
    "working SaveCheckpoint working": (working, checkpoint()),
    "working Handoff submitted": (working, handoff()),
    "working Handoff working": (verified, handoff()),
    "working ReportContext working": (working, context(60)),
    "working ReportEnvironment working": (working, attested()),
    "submitted ReportUsage submitted": (working.given(handoff()), used(100)),
    "working ReportUsage working": (working, used(100)),
    "working ReportUsage input_required": (workflow(develop(budget=Budget(tokens=9))).given(claim()), used(100)),
    "submitted Claim input_required": (_spent, claim()),
    "submitted Draw submitted": (waiting, c.Draw("r1.1", StepSpending(claims=1))),
    "working Draw working": (working, c.Draw("r1.1", StepSpending(claims=1))),
    "input_required Draw input_required": (held, c.Draw("r1.1", StepSpending(claims=1))),
    "paused Draw paused": (waiting.given(pause()), c.Draw("r1.1", StepSpending(claims=1))),
    "input_required ReportUsage input_required": (working.given(ask()), used(100)),
    "paused ReportUsage paused": (working.given(pause()), used(100)),
    "submitted Signal submitted": (waiting, SIGNAL),
    "working Signal working": (working, SIGNAL),
    "input_required Signal input_required": (held, SIGNAL),
    "paused Signal paused": (waiting.given(pause()), SIGNAL),
    "submitted CallOff canceled": (waiting, CALL_OFF),
    "working CallOff canceled": (working, CALL_OFF),
    "input_required CallOff canceled": (held, CALL_OFF),
    "paused CallOff canceled": (waiting.given(pause()), CALL_OFF),
    "input_required AnswerOutside submitted": (asked, c.AnswerOutside("the second", "integration:github")),
    "submitted SendNote submitted": (waiting, note()),
    "working SendNote working": (working, note()),
    "input_required SendNote input_required": (held, note()),
    "paused SendNote paused": (waiting.given(pause()), note()),
    "submitted Enter submitted": (waiting, entered()),
    "working Enter working": (working, entered()),
    "input_required Enter input_required": (held, entered()),
    "paused Enter paused": (waiting.given(pause()), entered()),
    "submitted Leave submitted": (waiting.given(entered()), left()),
    "working Leave working": (working.given(entered()), left()),
    "input_required Leave input_required": (held.given(entered()), left()),
    "paused Leave paused": (waiting.given(pause(), entered()), left()),
    "working MarkNotesShown working": (working.given(note()), notes_shown(1)),
    "submitted Proceed submitted": (waits, c.Proceed()),
    "submitted Proceed working": (waits.knowing(before=siblings(State.COMPLETED)), c.Proceed()),
    "submitted Proceed input_required": (waits.knowing(before=siblings(State.FAILED)), c.Proceed()),
    "working Proceed working": (working, c.Proceed()),
    "input_required Proceed input_required": (held, c.Proceed()),
    "paused Proceed paused": (waits.given(pause()), c.Proceed()),
    "working Settle working": (fleet(State.WORKING), c.Settle()),
    "working Settle completed": (fleet(State.COMPLETED), c.Settle()),
    "working Settle failed": (fleet(State.FAILED), c.Settle()),
    "working Settle canceled": (fleet(State.CANCELED), c.Settle()),
    "working Settle rejected": (fleet(State.REJECTED), c.Settle()),
    "input_required Settle input_required": (halted(2, 3), c.Settle()),
    "input_required Settle completed": (_over(State.COMPLETED), c.Settle()),
    "input_required Settle failed": (_over(State.FAILED), c.Settle()),
    "input_required Settle canceled": (_over(State.CANCELED), c.Settle()),
    "input_required Settle rejected": (_over(State.REJECTED), c.Settle()),
    "working BeginWaves working": (planned(2, 3), c.BeginWaves()),
    "working AddWave working": (planned(2, 3), c.AddWave(3)),
    "working AddWave input_required": (_passed(), c.AddWave(2)),
    "input_required AddWave input_required": (halted(2, 3), c.AddWave(3)),
    "paused AddWave paused": (planned(2, 3).given(pause()), c.AddWave(3)),
    "submitted Admit submitted": (in_wave(1), c.Admit()),
    "submitted Admit working": (_held_at(full()), c.Admit()),
    "submitted Admit input_required": (_held_at(ship()), c.Admit()),
    "submitted HoldBack submitted": (begun(), c.HoldBack("its fleet is halted")),
    "paused Settle paused": (fleet(State.COMPLETED).given(pause()), c.Settle()),
    **MOVES_ELSEWHERE,
}


@pytest.mark.parametrize("row", rows(), ids=" ".join)
def test_every_move_of_the_table_happens(row: tuple[str, str, str]) -> None:
    loop, command = MOVES[" ".join(row)]

    assert (loop.stands[0].value, loop.given(command).stands[0].value) == (row[0], row[2])


def test_every_command_but_create_has_its_row() -> None:
    assert set(TABLE) == {kind for kind in get_args(c.Command) if kind is not c.Create}


def test_no_move_leaves_a_state_that_ends_a_task() -> None:
    assert not {before for moves in TABLE.values() for before in moves} & TERMINAL


def test_nothing_but_work_and_decisions_completes_a_task() -> None:
    completing = {
        kind.__name__ for kind, moves in TABLE.items() for after in moves.values() if State.COMPLETED in after
    }

    completing_commands = {"Submit", "ReportGate", "Judge", "Approve", "Retry", "Resume", "FinishEffect", "Override"}
    completing_commands |= {"Adopt", "EndElsewhere"}  # the latter of what everything vouches for
    assert completing == completing_commands | {"FinishFunnel", "Settle", "ReportBase", "FireTimer"}


def test_a_move_that_is_not_in_the_table_is_never_written() -> None:
    with pytest.raises(ValueError, match="Claim may not take a task from submitted to completed"):
        check_move(State.SUBMITTED, claim(), State.COMPLETED)


def test_every_state_says_which_reasons_it_may_carry_and_no_reason_has_two_states() -> None:
    everything = [reason for state in State for reason in REASONS[state]]

    assert len(everything) == len(set(everything))
    assert all(not REASONS[state] for state in TERMINAL)
