"""Keys that come early reach exactly what they were meant for, in order, or are said to be ignored; never another."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textual.events import Key

from onloop.machine.task import DecisionKind
from onloop_tui.app import Dashboard
from onloop_tui.model.form.early_keys import EarlyKey, KeyTarget, fate_of, tagged
from onloop_tui.panels.sheet_panel import Mode
from support.tui_decisions import entry, last_decision, open_sheet, when_done
from support.tui_scenes import PASSPHRASE, busy, list_text, playing, shows, until

NAMES = st.sampled_from(("a", "r", "x", "enter", "j"))
TIMES = st.integers(0, 3)
PLACES = st.sampled_from(("", "reject of t.1", "reject of t.2", "retry of t.1"))


@given(
    st.lists(st.tuples(NAMES, PLACES, TIMES), max_size=12),
    st.lists(st.tuples(PLACES, PLACES, st.booleans(), TIMES), max_size=12),
)
def test_in_any_interleaving_each_key_acts_on_what_it_was_meant_for_or_is_counted(
    pressed: list[tuple[str, str, int]], changes: list[tuple[str, str, bool, int]]
) -> None:
    queue = [EarlyKey(name, expected, at) for name, expected, at in pressed]
    delivered, ignored = list[EarlyKey](), 0
    for expected, what, sends, since in [*changes, ("", "", False, 0)]:
        queue = tagged(queue, expected)
        while queue and not expected:
            fate = fate_of(queue, KeyTarget(what, sends, since))
            if fate.is_delivered:
                key = queue.pop(0)
                assert key.meant_for in {"", what}, "to nothing else than what was expected when it was pressed"
                assert not (key.name == "enter" and sends and key.at <= since), "nothing unseen is sent"
                delivered.append(key)
            else:
                assert fate.ignored
                assert fate.words
                ignored += fate.ignored
                del queue[: fate.ignored]
    assert len(delivered) + ignored == len(pressed)
    assert [key.name for key in delivered] == _subsequence([name for name, *_ in pressed], [k.name for k in delivered])


def _subsequence(names: list[str], sought: list[str]) -> list[str]:
    """Those of `sought` that are found among the names in this order."""
    rest = iter(names)
    return [name for name in sought if name in rest]


def _last_row(lines: list[str]) -> str:
    return next(row for row in reversed(lines) if "r7k2m.10" in row)


def at_once(app: Dashboard, *keys: str) -> None:
    """Send keys as a terminal that was away for a moment does: all before the first is handled."""
    for key in keys:
        app.post_message(Key("enter", "\r") if key == "enter" else Key(key, key if len(key) == 1 else None))


async def test_a_reason_that_is_typed_before_its_form_is_there_is_in_the_form_and_is_not_sent_unseen() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        at_once(app, *"rnot so quickly", "enter", *"xy")
        field = await entry(pilot)
        await until(pilot, lambda: field.words == "notsoquickly" or "quickly" in field.words)
        await shows(pilot, "ignored: what it would send was not yet shown; look at it")
        assert app.main.sheet.mode is Mode.WRITING
        assert not scene.task("r7k2m.1").decisions
        scene.clock.later(1000)
        await pilot.press("enter")
        await until(pilot, when_done(scene, "r7k2m.1", DecisionKind.REJECT))
        assert last_decision(scene, "r7k2m.1").reason == "not so quickly"


async def test_a_command_that_comes_in_one_piece_with_its_line_end_is_one_command() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        at_once(app, "colon", *"tree", "enter", "G")
        await shows(pilot, "[2 Tree]", "r7k2m.10")
        await until(pilot, lambda: app.main.sheet.is_open or "▶" in _last_row(list_text(app).splitlines()))
        assert not app.main.sheet.is_open


async def test_keys_while_a_passphrase_is_checked_reach_the_form_behind_it_and_never_confirm() -> None:
    scene = busy()
    app = scene.dashboard(who=None)

    async with playing(app) as pilot:
        await open_sheet(pilot, scene, app, "approve")
        await pilot.press("r")
        (await entry(pilot)).words = "ana"
        await pilot.press("enter")
        (await entry(pilot)).words = PASSPHRASE
        scene.clock.later(1000)
        at_once(app, "enter", *"too big", "enter")
        await shows(pilot, "Reject: the reason", "Enter was ignored: what it would send was not yet shown")
        field = await entry(pilot)
        assert field.words == "too big"
        assert not scene.task("r7k2m.1").decisions


async def test_a_decision_key_that_comes_too_early_is_said_and_decides_nothing() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "▶ ◆ approve")
        at_once(app, "enter", "a", "enter")
        await shows(pilot, "r7k2m.1 is still being read; press it again")
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
        await pilot.press("a")
        await shows(pilot, "approve was ignored: r7k2m.1 had only just been shown; press it again")
        scene.clock.later(1000)
        await pilot.press("a", "enter")
        await shows(pilot, "Enter came too soon after this appeared")
        assert not scene.task("r7k2m.1").decisions
