"""A proof in the dashboard lapses, its age is recorded, a gate may ask for a fresh one; no other process reads it."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from onloop.errors import NotAllowed
from onloop.gateway.command_operations import PerformCommand
from onloop.machine import commands as c
from onloop.machine.definition import HumanGate
from onloop.machine.digest import shown_digest
from onloop.machine.state import State
from onloop.machine.task import DecisionKind
from onloop.machine.voice import TYPED_FOR_THIS_MS
from onloop.records import replace
from onloop_tui.app import Dashboard
from onloop_tui.dialogs.bulk_dialog import BulkDialog, BulkPlan, Phase
from onloop_tui.model.decide.bulk_lines import BulkEntry
from onloop_tui.panels.sheet_panel import Mode
from onloop_tui.session import Session
from onloop_tui.settings import PROOF_MS, Settings
from onloop_tui.settings_reader import load_settings
from support.tui_decisions import last_decision, open_sheet, when_done
from support.tui_scenes import APPROVE, MERGE, PASSPHRASE, REMEDIATE, REMEDIATION, Scene, play, playing, shows, until

SECOND = 1_000


def waiting(count: int = 2, fresh_ms: int | None = None) -> tuple[Scene, list[str]]:
    """Tasks that wait for ana's approval."""
    gate = APPROVE.gates[0]
    assert isinstance(gate, HumanGate)
    approve = replace(APPROVE, gates=(replace(gate, fresh_ms=fresh_ms),))
    scene = Scene(definition=replace(REMEDIATION, digest="e" * 64, steps=(REMEDIATE, approve, MERGE)))
    scene.enrol("ana")
    tasks = scene.fleet([f"repo-{n}" for n in range(count)])
    for task in tasks:
        scene.wants_approval(task)
    return scene, tasks


async def sign(pilot: Pilot[str], scene: Scene) -> None:
    """Type the passphrase into the form that asks for it."""
    await until(pilot, lambda: isinstance(pilot.app.focused, Input) and pilot.app.focused.password)
    assert isinstance(pilot.app.focused, Input)
    pilot.app.focused.value = PASSPHRASE
    scene.clock.later(SECOND)
    await pilot.press("enter")


def approver(scene: Scene, settings: Settings | None = None) -> Dashboard:
    return Dashboard(Session(scene.place, scene.clock, person_name="ana", settings=settings))


async def approve_first(pilot: Pilot[str], scene: Scene, app: Dashboard, task: str, later_ms: int) -> None:
    """Sign and, some time later, approve the first task."""
    await open_sheet(pilot, scene, app, "approve")
    await pilot.press("a")
    await sign(pilot, scene)
    await until(pilot, lambda: app.main.sheet.mode is Mode.CONFIRMING)
    scene.clock.later(later_ms)
    await pilot.press("enter")
    await until(pilot, when_done(scene, task, DecisionKind.APPROVE))


def test_how_long_before_it_the_passphrase_was_typed_is_in_the_decision() -> None:
    scene, (first, _) = waiting()
    app = approver(scene)

    asyncio.run(play(app, lambda pilot: approve_first(pilot, scene, app, first, 42 * SECOND)))

    assert last_decision(scene, first).proof_age_ms == 42 * SECOND


async def test_keys_that_are_sent_to_a_dashboard_whose_proof_has_lapsed_decide_nothing() -> None:
    """Whoever can type into the person's terminal could otherwise approve all day."""
    scene, (first, second) = waiting()
    app = approver(scene)

    async with playing(app) as pilot:
        await approve_first(pilot, scene, app, first, SECOND)
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
        scene.clock.later(PROOF_MS)
        await pilot.press("a")
        await shows(pilot, "Who decides? The proof lapses")
        scene.clock.later(SECOND)
        await pilot.press("enter", "enter")

    assert scene.task(second).state is State.INPUT_REQUIRED


async def test_what_waits_to_be_confirmed_when_the_proof_lapses_is_not_sent() -> None:
    scene, (first, _) = waiting()
    app = approver(scene)

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        await pilot.press("a")
        await sign(pilot, scene)
        await until(pilot, lambda: app.main.sheet.mode is Mode.CONFIRMING)
        scene.clock.later(PROOF_MS + SECOND)
        await pilot.press("enter")
        await shows(pilot, "your proof has expired")

    assert scene.task(first).state is State.INPUT_REQUIRED


async def test_a_list_under_way_is_finished_with_the_proof_it_was_begun_with() -> None:
    scene, tasks = waiting(3)
    app = approver(scene)

    def make(task: str, voice: c.Voice, _: Mapping[str, str]) -> c.Command:
        scene.clock.later(PROOF_MS)
        request = scene.task(task).requests[0]
        return c.Approve(request.id, shown_digest(scene.task(task), request), voice)

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        session = app.main.view.session
        app.push_screen(
            BulkDialog(
                session, BulkPlan("approve them", tuple(BulkEntry(task, task) for task in tasks), make), ("ana",)
            )
        )
        await shows(pilot, "approve them")
        scene.clock.later(SECOND)
        bulk = app.screen
        assert isinstance(bulk, BulkDialog)
        await sign(pilot, scene)
        await until(pilot, lambda: session.person is not None and not bulk.query("Form"))
        scene.clock.later(SECOND)
        await pilot.press("enter")
        await until(pilot, lambda: bulk.phase is Phase.DONE)
        assert session.person is None

    ages = [last_decision(scene, task).proof_age_ms or 0 for task in tasks]
    assert [age // PROOF_MS for age in ages] == [1, 2, 3]
    assert [scene.task(task).state for task in tasks] == [State.WORKING] * 3


async def test_a_gate_that_wants_a_fresh_proof_has_it_typed_for_each_decision() -> None:
    scene, (first, second) = waiting(fresh_ms=0)
    app = approver(scene)

    async with playing(app) as pilot:
        await approve_first(pilot, scene, app, first, SECOND)
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
        scene.clock.later(SECOND)
        await pilot.press("a")
        await sign(pilot, scene)
        await until(pilot, lambda: app.main.sheet.mode is Mode.CONFIRMING)
        scene.clock.later(SECOND)
        await pilot.press("enter")
        await until(pilot, when_done(scene, second, DecisionKind.APPROVE))


@pytest.mark.parametrize(
    ("fresh_ms", "age_ms", "decided", "is_let_through"),
    [
        (0, 0, 0, True),
        (0, TYPED_FOR_THIS_MS, 0, True),
        (0, TYPED_FOR_THIS_MS + 1, 0, False),
        (0, 0, 1, False),
        (30_000, 30_000, 5, True),
        (30_000, 30_001, 5, False),
        (3_600_000, 3_600_001, 0, False),
        (None, 10**9, 99, True),
    ],
)
def test_the_gateway_refuses_a_proof_that_is_older_than_a_gate_lets_it_be(
    fresh_ms: int | None, age_ms: int, decided: int, is_let_through: bool
) -> None:
    scene, (task,) = waiting(1, fresh_ms)
    ana = scene.person()
    assert ana.voice is not None
    voice = replace(ana.voice, proved_at=scene.clock(), decided=decided)
    scene.clock.later(age_ms)
    request = scene.task(task).requests[0]
    said = c.Approve(request.id, shown_digest(scene.task(task), request), voice)

    if is_let_through:
        assert scene.gateway.perform(PerformCommand(replace(ana, voice=voice), task, said)).state is State.WORKING
    else:
        with pytest.raises(NotAllowed, match="needs a passphrase typed for this decision"):
            scene.gateway.perform(PerformCommand(replace(ana, voice=voice), task, said))


def test_a_proof_of_unknown_age_is_not_fresh() -> None:
    scene, (task,) = waiting(1, 3_600_000)
    ana, request = scene.person(), scene.task(task).requests[0]
    assert ana.voice is not None and ana.voice.proved_at is None

    with pytest.raises(NotAllowed, match="typed yours an unknown time ago"):
        scene.gateway.perform(
            PerformCommand(ana, task, c.Approve(request.id, shown_digest(scene.task(task), request), ana.voice))
        )


def test_a_clock_set_back_ends_a_proof_rather_than_keep_it() -> None:
    scene, _ = waiting()
    session = Session(scene.place, scene.clock)
    session.recognised(scene.person(), scene.clock())
    assert session.person is not None
    scene.clock.now -= 1

    assert session.person is None


def test_settings_that_are_written_after_a_passphrase_was_typed_shorten_its_proof_and_never_lengthen_it() -> None:
    scene, _ = waiting()
    session = Session(scene.place, scene.clock, settings=load_settings(b"proof: 1m\n", "s.yaml"))
    session.recognised(scene.person(), scene.clock())
    session.settings = load_settings(b"proof: 7d\n", "s.yaml")
    scene.clock.later(60_000)
    assert session.person is not None
    scene.clock.later(1)
    assert session.person is None
    session.recognised(scene.person(), scene.clock())
    session.settings = load_settings(b"proof: 30s\n", "s.yaml")
    scene.clock.later(30_001)
    assert session.person is None


def test_how_long_a_proof_lasts_is_a_setting_within_bounds() -> None:
    assert Settings().proof_ms == PROOF_MS == 300_000
    assert load_settings(b"proof: 30s\n", "s.yaml").proof_ms == 30_000
    with pytest.raises(Exception, match="out of bounds"):
        load_settings(b"proof: 365d\n", "s.yaml")


LOOK = """\
import os, sys
os.setgroups([]); os.setgid(61003); os.setuid(61003)
try:
    open(f"/proc/{sys.argv[1]}/mem", "rb").close()
    print("read")
except OSError as problem:
    print(type(problem).__name__)
"""
HOLD = """\
import ctypes, os, sys
import onloop.identity.process_privacy
os.setgroups([]); os.setgid(61003); os.setuid(61003)
ctypes.CDLL(None).prctl(4, 1, 0, 0, 0)  # as a process of that user's from the start is
if sys.argv[1] == "shut":
    from onloop.identity.process_privacy import keep_others_out
    assert keep_others_out()
print("up", flush=True)
sys.stdin.read()
"""


@pytest.mark.skipif(os.getuid() != 0, reason="only root can be somebody else")
@pytest.mark.parametrize(("how", "found"), [("open", "read"), ("shut", "PermissionError")])
def test_no_process_of_the_same_user_reads_the_memory_of_one_that_holds_a_proof(how: str, found: str) -> None:
    paths = os.pathsep.join(str(Path(__file__).parents[2] / part) for part in ("core", "tui"))
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": paths},
        cwd="/",
        text=True,
    )
    assert holder.stdin is not None and holder.stdout is not None
    try:
        assert holder.stdout.readline() == "up\n"
        looked = subprocess.run(
            [sys.executable, "-c", LOOK, str(holder.pid)], capture_output=True, text=True, check=True, cwd="/"
        )
    finally:
        holder.communicate("")
    assert looked.stdout.strip() == found
