"""A decision takes a key, a confirmation and a credential, names what was shown, and is made by the gateway, once."""

from __future__ import annotations

import json

from onloop.machine.state import Reason, State
from onloop.machine.task import DecisionKind
from onloop_tui.panels.sheet_panel import Mode
from support.tui_decisions import last_decision, open_sheet, type_in, when_done
from support.tui_scenes import MINUTE, Scene, busy, playing, screen_text, shows, until


async def test_approving_takes_the_key_and_enter_and_binds_the_digest_that_was_shown() -> None:
    scene = busy()
    app = scene.dashboard()
    shown = scene.place.dossier("r7k2m.1").asked[0].digest

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        await shows(pilot, shown[:12])
        await pilot.press("a")
        await shows(pilot, "Enter confirms · Esc goes back")
        assert scene.task("r7k2m.1").state is State.INPUT_REQUIRED
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, when_done(scene, "r7k2m.1", DecisionKind.APPROVE))

    decision = last_decision(scene, "r7k2m.1")
    assert (decision.by, decision.digest, decision.assurance.value) == ("human:ana", shown, "A1")
    assert scene.task("r7k2m.1").reason is Reason.EFFECT_RUNNING
    assert [e.name for e in scene.log("r7k2m.1")].count("Decided") == 1


async def test_every_decision_has_a_key_of_its_own_so_that_a_lost_answer_never_acts_twice() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        for task in ("r7k2m.1", "r7k2m.2"):
            await until(pilot, lambda: app.main.sheet.mode in {Mode.SHOWN, Mode.CLOSED})
            if not app.main.sheet.is_open:
                await open_sheet(pilot, scene, app, "approve")
            await shows(pilot, f"{task} ")
            scene.clock.later(1000)
            await pilot.press("a")
            scene.clock.later(1000)
            await pilot.press("enter")
            await until(pilot, when_done(scene, task, DecisionKind.APPROVE))

    keys = {e.key for task in ("r7k2m.1", "r7k2m.2") for e in scene.log(task) if e.name == "Decided"}
    assert len(keys) == 2
    assert "" not in keys


async def test_after_a_decision_the_next_item_is_there() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        for following in ("r7k2m.2 ledger", "r7k2m.7 links"):
            await pilot.press("a")
            scene.clock.later(1000)
            await pilot.press("enter")
            await shows(pilot, following, "✓ approve:")
            scene.clock.later(1000)


async def test_after_the_last_decision_the_sheet_goes_and_the_list_says_so() -> None:
    scene = Scene()
    scene.enrol("ana")
    (task,) = scene.fleet(["cart"])
    scene.wants_approval(task)
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        await pilot.press("a")
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, lambda: not app.main.sheet.is_open)
        await shows(pilot, "✓ nothing needs you")


async def test_keys_that_were_pressed_before_the_sheet_was_there_decide_nothing() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("enter", "a", "enter")
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
        for key, later, mode in (("a", 0, Mode.SHOWN), ("a", 1000, Mode.CONFIRMING), ("enter", 0, Mode.CONFIRMING)):
            scene.clock.later(later)
            await pilot.press(key)
            assert app.main.sheet.mode is mode

    assert not scene.task("r7k2m.1").decisions


async def test_a_reason_reaches_the_agent_and_an_empty_one_is_refused() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        await pilot.press("r")
        await shows(pilot, "Reject: the reason goes into the agent's brief")
        scene.clock.later(1000)
        await pilot.press("enter")
        await shows(pilot, "reason is required")
        await type_in(pilot, "no tests for expiry")
        await pilot.press("enter")
        await until(pilot, when_done(scene, "r7k2m.1", DecisionKind.REJECT))

    task = scene.task("r7k2m.1")
    assert (task.state, task.step) == (State.SUBMITTED, "develop.remediate")
    assert task.feedback[-1].text == "no tests for expiry"


async def test_r_in_the_list_opens_the_sheet_with_the_reason_and_decides_nothing() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve", "r")
        await shows(pilot, "Reject: the reason goes into the agent's brief", "r7k2m.1")
        await pilot.press("escape")
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)

    assert not scene.task("r7k2m.1").decisions


async def test_a_in_the_list_opens_the_sheet_and_does_not_even_ask_to_confirm() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve", "a")
        assert app.main.sheet.mode is Mode.SHOWN


async def test_retry_puts_the_note_into_the_brief() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "failing")
        await pilot.press("t")
        await shows(pilot, "Retry: a note for the agent's brief")
        scene.clock.later(1000)
        await type_in(pilot, "use snapshot()")
        await pilot.press("enter")
        await until(pilot, when_done(scene, "r7k2m.3", DecisionKind.RETRY))

    task = scene.task("r7k2m.3")
    assert (task.state, task.feedback[-1].text) == (State.SUBMITTED, "use snapshot()")


async def test_reassign_names_who_may_take_it_and_why() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "failing")
        await pilot.press("@")
        await shows(pilot, "Reassign: only whom you name may take it")
        scene.clock.later(1000)
        await type_in(pilot, "agent:expert")
        await pilot.press("enter")
        await type_in(pilot, "knows kvlite")
        await pilot.press("enter")
        await until(pilot, when_done(scene, "r7k2m.3", DecisionKind.REASSIGN))

    task = scene.task("r7k2m.3")
    assert (task.wanted, task.feedback[-1].text) == ("agent:expert", "knows kvlite")


async def test_an_approval_is_handed_to_a_person_by_the_name_that_they_have_now() -> None:
    scene = busy()
    scene.enrol("cy")
    scene.rename("cy", "cyd")
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        await pilot.press("@")
        await shows(pilot, "human:cyd", "group:approvers")
        assert "group:cyd" not in screen_text(app)
        scene.clock.later(1000)
        await type_in(pilot, "human:cyd")
        await pilot.press("enter")
        await type_in(pilot, "on call")
        await pilot.press("enter")
        await until(pilot, lambda: scene.task("r7k2m.1").requests[0].handed)

    handed = scene.task("r7k2m.1").requests[0].handed
    assert handed is not None
    assert handed.to == "human:cy"


async def test_an_approval_is_handed_on_and_stays_open() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        await pilot.press("@")
        await shows(pilot, "is told that it is theirs", "group:approvers")
        scene.clock.later(1000)
        await type_in(pilot, "me")
        await pilot.press("enter")
        await type_in(pilot, "knows kvlite")
        await pilot.press("enter")
        await until(pilot, lambda: scene.task("r7k2m.1").requests[0].handed)

    handed = scene.task("r7k2m.1").requests[0].handed
    assert handed is not None
    assert (handed.to, handed.by, handed.why) == ("human:ana", "human:ana", "knows kvlite")


async def test_an_answer_goes_into_the_brief() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "question")
        await pilot.press("e")
        await shows(pilot, "Answer: it goes into the agent's brief")
        scene.clock.later(1000)
        await type_in(pilot, "rewrite them")
        await pilot.press("enter")
        await until(pilot, when_done(scene, "r7k2m.7", DecisionKind.ANSWER))

    assert "rewrite them" in scene.task("r7k2m.7").feedback[-1].text


async def test_a_task_can_be_ended_with_a_reason() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "failing")
        await pilot.press("c")
        await shows(pilot, "Cancel the task: it ends")
        scene.clock.later(1000)
        await type_in(pilot, "repository is retired")
        await pilot.press("enter")
        await until(pilot, lambda: scene.task("r7k2m.3").ended)

    assert scene.task("r7k2m.3").state is State.CANCELED
    assert "repository is retired" in scene.task("r7k2m.3").detail


async def test_read_only_refuses_every_decision_with_a_word() -> None:
    scene = busy()
    before = scene.task("r7k2m.1").version
    app = scene.dashboard(read_only=True)

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        await shows(pilot, "read-only", "data 0.0 s old")
        for key in ("a", "r", "t", "@", "e", "c"):
            await pilot.press(key)
            await shows(pilot, "is not possible: read-only")

    assert scene.task("r7k2m.1").version == before


async def test_what_the_log_says_of_a_decision_is_what_the_person_did() -> None:
    scene = busy()
    app = scene.dashboard()
    scene.clock.later(MINUTE)

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "failing")
        await pilot.press("r")
        scene.clock.later(1000)
        await type_in(pilot, "start over")
        await pilot.press("enter")
        await until(pilot, when_done(scene, "r7k2m.3", DecisionKind.REJECT))

    (decided,) = [e for e in scene.log("r7k2m.3") if e.name == "Decided"]
    assert decided.principal == "human:ana"
    assert json.loads(decided.data)["decision"]["reason"] == "start over"
