"""The table is the machine: every move in it happens, and no other is ever written."""

from __future__ import annotations

from typing import get_args

import pytest

from onloop.machine import commands as c
from onloop.machine.definition import Attempts, ExpireOutcome, Expiry, Skip, Step
from onloop.machine.events import EffectProblem
from onloop.machine.flags import Flag, FlagKind
from onloop.machine.setbacks import Trouble
from onloop.machine.state import REASONS, TERMINAL, State
from onloop.machine.transition_table import TABLE, check_move, rows
from onloop.records import replace
from support.looking_first import amend, amending, checked, on_base, retarget
from support.passing import checkpoint, context, delivered, handoff, note, notes_shown, shown, tell
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
    voided,
    work,
    workflow,
)
from support.steps import HOUR, develop, full, gate, human, merge, ship, spawning

BACK = "develop.implement"
ONE_TRY = Attempts(max=1)
SCOPE = Step("plan.scope", role="planner")
EXPIRING = human(expire=Expiry(HOUR, ExpireOutcome.REJECT))
HOLDING = human(quorum=2, expire=Expiry(HOUR, ExpireOutcome.HOLD))

waiting = workflow(develop())
working = waiting.given(claim())
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


linted = (develop(gate("lint")), ship(), merge())
judged_by_people = workflow(develop(), ship(), merge()).given(claim(), submit(), report())
polish = replace(develop(gate("lint"), skip=Skip.WHEN_MET), id="develop.polish", role="polisher")
polishing = workflow(develop(), polish, full()).given(claim(), submit(), report())
sparing = checked(develop(replace(gate(), fails_on_base=True), skip=Skip.WHEN_MET), ship(), merge())

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
    "input_required HandOn input_required": (held, hand_on()),
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
    "submitted SendNote submitted": (waiting, note()),
    "working SendNote working": (working, note()),
    "input_required SendNote input_required": (held, note()),
    "paused SendNote paused": (waiting.given(pause()), note()),
    "working MarkNotesShown working": (working.given(note()), notes_shown(1)),
    "working Settle working": (fleet(State.WORKING), c.Settle()),
    "working Settle completed": (fleet(State.COMPLETED), c.Settle()),
    "working Settle failed": (fleet(State.FAILED), c.Settle()),
    "working Settle canceled": (fleet(State.CANCELED), c.Settle()),
    "working Settle rejected": (fleet(State.REJECTED), c.Settle()),
    "paused Settle paused": (fleet(State.COMPLETED).given(pause()), c.Settle()),
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

    completing_commands = {"Submit", "ReportGate", "Judge", "Approve", "Retry", "Resume", "FinishEffect"}
    assert completing == completing_commands | {"FinishFunnel", "Settle", "ReportBase"}


def test_a_move_that_is_not_in_the_table_is_never_written() -> None:
    with pytest.raises(ValueError, match="Claim may not take a task from submitted to completed"):
        check_move(State.SUBMITTED, claim(), State.COMPLETED)


def test_every_state_says_which_reasons_it_may_carry_and_no_reason_has_two_states() -> None:
    everything = [reason for state in State for reason in REASONS[state]]

    assert len(everything) == len(set(everything))
    assert all(not REASONS[state] for state in TERMINAL)
