"""A decision takes a key, a confirmation and a credential, names what was shown, and is made by the gateway, once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from textual.events import Paste
from textual.pilot import Pilot
from textual.widgets import Input

from onloop.machine import commands as c
from onloop.machine.state import Reason, State
from onloop.machine.task import Answer, Decision
from onloop_tui.app import Dashboard
from onloop_tui.widgets.sheet import Mode
from tui_scenes import MINUTE, PASSPHRASE, Scene, busy, play, screen_text, shows, until


async def _open(pilot: Pilot[str], scene: Scene, app: Dashboard, row: str, *keys: str) -> None:
    """Open the sheet of the row with that word, and let the arming time go by."""
    await shows(pilot, row)
    for group in app.main.inbox.arrangement.groups:
        if row in group.reason.value or row in group.headline:
            app.main.inbox.go_to(group.cause)
    await pilot.press(*(keys or ("enter",)))
    await until(pilot, lambda: app.main.sheet.mode in {Mode.SHOWN, Mode.WRITING})
    scene.clock.later(1000)


def _last(scene: Scene, task: str) -> Decision:
    return scene.task(task).decisions[-1]


def _when_done(scene: Scene, task: str, answer: Answer) -> Callable[[], bool]:
    return lambda: bool(scene.task(task).decisions) and _last(scene, task).answer is answer


async def _type(pilot: Pilot[str], words: str) -> None:
    """Put words into the field that has the focus, as a terminal does when they are pasted."""
    field = pilot.app.focused
    assert isinstance(field, Input)
    field.post_message(Paste(words))
    await until(pilot, lambda: field.value == words)


def test_approving_takes_the_key_and_enter_and_binds_the_digest_that_was_shown() -> None:
    scene = busy()
    app = scene.dashboard()
    shown = scene.place.dossier("r7k2m.1").asked[0].digest

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "approve")
        await shows(pilot, shown[:12])
        await pilot.press("a")
        await shows(pilot, "Enter confirms · Esc goes back")
        assert scene.task("r7k2m.1").state is State.INPUT_REQUIRED
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, _when_done(scene, "r7k2m.1", Answer.APPROVE))

    asyncio.run(play(app, story))
    decision = _last(scene, "r7k2m.1")
    assert (decision.by, decision.digest, decision.assurance.value) == ("human:ana", shown, "A1")
    assert scene.task("r7k2m.1").reason is Reason.EFFECT_RUNNING
    assert [e.name for e in scene.log("r7k2m.1")].count("Decided") == 1


def test_every_decision_has_a_key_of_its_own_so_that_a_lost_answer_never_acts_twice() -> None:
    scene = busy()
    app = scene.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        for task in ("r7k2m.1", "r7k2m.2"):
            await until(pilot, lambda: app.main.sheet.mode in {Mode.SHOWN, Mode.CLOSED})
            if not app.main.sheet.is_open:
                await _open(pilot, scene, app, "approve")
            await shows(pilot, f"{task} ")
            scene.clock.later(1000)
            await pilot.press("a")
            scene.clock.later(1000)
            await pilot.press("enter")
            await until(pilot, _when_done(scene, task, Answer.APPROVE))

    asyncio.run(play(app, story))
    keys = {e.key for task in ("r7k2m.1", "r7k2m.2") for e in scene.log(task) if e.name == "Decided"}
    assert len(keys) == 2
    assert "" not in keys


def test_after_a_decision_the_next_item_is_there() -> None:
    scene = busy()
    app = scene.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "approve")
        for following in ("r7k2m.2 ledger", "r7k2m.7 links"):
            await pilot.press("a")
            scene.clock.later(1000)
            await pilot.press("enter")
            await shows(pilot, following, "✓ approve:")
            scene.clock.later(1000)

    asyncio.run(play(app, story))


def test_after_the_last_decision_the_sheet_goes_and_the_list_says_so() -> None:
    scene = Scene()
    scene.enrol("ana")
    (task,) = scene.fleet(["cart"])
    scene.wants_approval(task)
    app = scene.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "approve")
        await pilot.press("a")
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, lambda: not app.main.sheet.is_open)
        await shows(pilot, "✓ nothing needs you")

    asyncio.run(play(app, story))


def test_keys_that_were_pressed_before_the_sheet_was_there_decide_nothing() -> None:
    scene = busy()
    app = scene.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await shows(pilot, "◆ approve")
        await pilot.press("enter", "a", "enter")
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
        for key, later, mode in (("a", 0, Mode.SHOWN), ("a", 1000, Mode.CONFIRMING), ("enter", 0, Mode.CONFIRMING)):
            scene.clock.later(later)
            await pilot.press(key)
            assert app.main.sheet.mode is mode

    asyncio.run(play(app, story))
    assert not scene.task("r7k2m.1").decisions


def test_a_reason_reaches_the_agent_and_an_empty_one_is_refused() -> None:
    scene = busy()
    app = scene.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "approve")
        await pilot.press("r")
        await shows(pilot, "Reject: the reason goes into the agent's brief")
        scene.clock.later(1000)
        await pilot.press("enter")
        await shows(pilot, "reason is needed")
        await _type(pilot, "no tests for expiry")
        await pilot.press("enter")
        await until(pilot, _when_done(scene, "r7k2m.1", Answer.REJECT))

    asyncio.run(play(app, story))
    task = scene.task("r7k2m.1")
    assert (task.state, task.step) == (State.SUBMITTED, "develop.remediate")
    assert task.feedback[-1].text == "no tests for expiry"


def test_r_in_the_list_opens_the_sheet_with_the_reason_and_decides_nothing() -> None:
    scene = busy()
    app = scene.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "approve", "r")
        await shows(pilot, "Reject: the reason goes into the agent's brief", "r7k2m.1")
        await pilot.press("escape")
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)

    asyncio.run(play(app, story))
    assert not scene.task("r7k2m.1").decisions


def test_a_in_the_list_opens_the_sheet_and_does_not_even_ask_to_confirm() -> None:
    scene = busy()
    app = scene.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "approve", "a")
        assert app.main.sheet.mode is Mode.SHOWN

    asyncio.run(play(app, story))


def test_retry_puts_the_note_into_the_brief() -> None:
    scene = busy()
    app = scene.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "failing")
        await pilot.press("t")
        await shows(pilot, "Retry: a note for the agent's brief")
        scene.clock.later(1000)
        await _type(pilot, "use snapshot()")
        await pilot.press("enter")
        await until(pilot, _when_done(scene, "r7k2m.3", Answer.RETRY))

    asyncio.run(play(app, story))
    task = scene.task("r7k2m.3")
    assert (task.state, task.feedback[-1].text) == (State.SUBMITTED, "use snapshot()")


def test_reassign_names_who_may_take_it_and_why() -> None:
    scene = busy()
    app = scene.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "failing")
        await pilot.press("@")
        await shows(pilot, "Reassign: only whom you name may take it")
        scene.clock.later(1000)
        await _type(pilot, "agent:expert")
        await pilot.press("enter")
        await _type(pilot, "knows kvlite")
        await pilot.press("enter")
        await until(pilot, _when_done(scene, "r7k2m.3", Answer.REASSIGN))

    asyncio.run(play(app, story))
    task = scene.task("r7k2m.3")
    assert (task.wanted, task.feedback[-1].text) == ("agent:expert", "knows kvlite")


def test_an_answer_goes_into_the_brief() -> None:
    scene = busy()
    app = scene.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "question")
        await pilot.press("e")
        await shows(pilot, "Answer: it goes into the agent's brief")
        scene.clock.later(1000)
        await _type(pilot, "rewrite them")
        await pilot.press("enter")
        await until(pilot, _when_done(scene, "r7k2m.7", Answer.ANSWER))

    asyncio.run(play(app, story))
    assert "rewrite them" in scene.task("r7k2m.7").feedback[-1].text


def test_a_task_can_be_ended_with_a_reason() -> None:
    scene = busy()
    app = scene.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "failing")
        await pilot.press("c")
        await shows(pilot, "Cancel the task: it ends")
        scene.clock.later(1000)
        await _type(pilot, "repository is retired")
        await pilot.press("enter")
        await until(pilot, lambda: scene.task("r7k2m.3").ended)

    asyncio.run(play(app, story))
    assert scene.task("r7k2m.3").state is State.CANCELED
    assert "repository is retired" in scene.task("r7k2m.3").detail


@pytest.mark.parametrize(
    ("row", "key", "why"),
    [
        ("approve", "t", "nothing failed"),
        ("approve", "@", "reject returns it to an agent"),
        ("approve", "e", "no question was asked"),
        ("failing", "a", "there is nothing to approve"),
        ("question", "r", "it waits for an answer"),
    ],
)
def test_a_key_that_does_not_apply_is_shown_disabled_and_says_why(row: str, key: str, why: str) -> None:
    scene = busy()
    app = scene.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, row)
        await shows(pilot, f": {why})")
        await pilot.press(key)
        await shows(pilot, f"is not possible: {why}")

    asyncio.run(play(app, story))


def test_the_slower_of_two_approvers_is_told_who_decided_and_sees_the_task_as_it_is_now() -> None:
    scene = busy()
    app = scene.dashboard()
    ben = scene.person("ben")
    assert ben.voice is not None
    voice = ben.voice

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "approve")
        await pilot.press("r")
        await shows(pilot, "Reject:")
        asked = scene.place.dossier("r7k2m.1").asked[0]
        scene.gateway.perform(ben, "r7k2m.1", c.Approve(asked.request.id, asked.digest, voice))
        scene.clock.later(1000)
        await _type(pilot, "too late")
        await pilot.press("enter")
        await shows(
            pilot, "was decided already: approve by human:ben", "changed since shown", "human:ben decided: approve"
        )

    asyncio.run(play(app, story))
    assert [d.by for d in scene.task("r7k2m.1").decisions] == ["human:ben"]


def test_a_subject_that_changed_is_refused_read_again_and_marked() -> None:
    scene = busy()
    app = scene.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "approve")
        before = scene.place.dossier("r7k2m.1").asked[0]
        await pilot.press("a")
        await shows(pilot, "Enter confirms")
        ana = scene.person()
        assert ana.voice is not None
        scene.gateway.perform(ana, "r7k2m.1", c.Reject(before.request.id, before.digest, ana.voice, "again"))
        await shows(pilot, "it has changed since it was read")
        assert app.main.sheet.mode is Mode.SHOWN
        scene.clock.later(1000)
        await pilot.press("a")
        scene.clock.later(1000)
        await pilot.press("enter")
        await shows(pilot, "changed since shown", "nothing is asked of a person now")

    asyncio.run(play(app, story))
    assert [d.answer for d in scene.task("r7k2m.1").decisions] == [Answer.REJECT]


def test_a_refusal_is_shown_in_words_with_what_would_work() -> None:
    scene = busy()
    app = scene.dashboard()

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "approve")
        scene.freeze("all")
        await pilot.press("r")
        scene.clock.later(1000)
        await _type(pilot, "no")
        await pilot.press("enter")
        await shows(pilot, "✗ r7k2m.1 is frozen (all)", "→ a person can lift it: onloop unfreeze all")
        assert app.main.sheet.is_open

    asyncio.run(play(app, story))


def test_the_first_decision_asks_who_decides_and_later_ones_do_not() -> None:
    scene = busy()
    app = scene.dashboard(who=None)

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "approve")
        await pilot.press("a")
        await shows(pilot, "Who decides?")
        scene.clock.later(1000)
        await _type(pilot, "ana")
        await pilot.press("enter")
        await _type(pilot, "not the passphrase")
        await pilot.press("enter")
        await shows(pilot, "the passphrase for 'ana' is not right")
        await _type(pilot, PASSPHRASE)
        assert PASSPHRASE not in screen_text(app)
        await pilot.press("enter")
        await shows(pilot, "Enter confirms")
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, _when_done(scene, "r7k2m.1", Answer.APPROVE))
        await shows(pilot, "r7k2m.2 ledger")
        scene.clock.later(1000)
        await pilot.press("a")
        await shows(pilot, "Enter confirms")

    asyncio.run(play(app, story))
    assert _last(scene, "r7k2m.1").assurance.value == "A1"


def test_read_only_refuses_every_decision_with_a_word() -> None:
    scene = busy()
    before = scene.task("r7k2m.1").version
    app = scene.dashboard(read_only=True)

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "approve")
        await shows(pilot, "· read-only ·")
        for key in ("a", "r", "t", "@", "e", "c"):
            await pilot.press(key)
            await shows(pilot, "is not possible: read-only")

    asyncio.run(play(app, story))
    assert scene.task("r7k2m.1").version == before


def test_someone_who_may_not_decide_is_refused_by_the_gateway() -> None:
    scene = busy()
    scene.enrol("eve", groups=("visitors",))
    app = scene.dashboard(who="eve")

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "approve")
        await pilot.press("a")
        scene.clock.later(1000)
        await pilot.press("enter")
        await shows(pilot, "human:eve may not decide", "it is for approvers")

    asyncio.run(play(app, story))
    assert not scene.task("r7k2m.1").decisions


def test_what_the_log_says_of_a_decision_is_what_the_person_did() -> None:
    scene = busy()
    app = scene.dashboard()
    scene.clock.later(MINUTE)

    async def story(pilot: Pilot[str]) -> None:
        await _open(pilot, scene, app, "failing")
        await pilot.press("r")
        scene.clock.later(1000)
        await _type(pilot, "start over")
        await pilot.press("enter")
        await until(pilot, _when_done(scene, "r7k2m.3", Answer.REJECT))

    asyncio.run(play(app, story))
    (decided,) = [e for e in scene.log("r7k2m.3") if e.name == "Decided"]
    assert decided.principal == "human:ana"
    assert json.loads(decided.data)["decision"]["reason"] == "start over"
