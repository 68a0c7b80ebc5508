"""Every key that is advertised is pressed, where it has its meaning, and what it leads to is seen."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import NamedTuple

import pytest

from onloop_tui.app import Dashboard
from onloop_tui.bindings import BULK, KEYS, LEAVING
from support.tui_scenes import Scene, busy, list_text, playing, screen_lines, screen_text, until


class Step(NamedTuple):
    """A key, and what is seen once it was pressed: on the screen, in the row under the cursor, in the clipboard."""

    key: str
    shown: str = ""
    under: str = ""
    copied: str = ""
    gone: str = ""


FIRST, LAST = "r7k2m ", "z9z9z.2"
APPROVE, QUESTION, FAILING = "◆ approve", "? question", "✗ failing"
AWAY = Step("escape", gone="── subject")

EVERYWHERE = (
    Step("2", "[2 Tree]"), Step("3", "[3 Fleet]"), Step("4", "[4 Agents]"), Step("5", "[5 Log]"),
    Step("6", "[6 Loop]"),
    Step("1", "[1 Inbox]", under=APPROVE),
    Step("question_mark", "keys · Enter lists the guides"), Step("escape", "[1 Inbox]"),
    Step("colon", "a name from ?"), Step("escape", gone="a name from ?"),
    Step("slash", "state: repo: gate:"), Step("escape", gone="state: repo: gate:"),
    Step("7", ":save NAME keeps"), Step("8", ":save NAME keeps"), Step("9", ":save NAME keeps"),
    Step("ctrl+f", "Enter goes there"), Step("escape", "[1 Inbox]"),
    Step("O", "narrows every view"), Step("escape", "[1 Inbox]"),
    Step("w", "cleared by  an approval"), Step("w", gone="cleared by"),
    Step("y", "copied: ", copied="c6c4ab0c"), Step("Y", copied="onloop approve r7k2m.1"),
    Step("R", "the order is up to date"),
    Step("n", under=QUESTION), Step("N", under=APPROVE),
    Step("ctrl+t", "#12345"), Step("escape", gone="#12345"), Step("E", "svg, text or md"),
    Step("escape", gone="svg, text or md"),
    Step("enter", "── subject"), AWAY,
)  # fmt: skip
MOVING = (
    Step("2", "[2 Tree]"),
    Step("g", under=FIRST), Step("j", under="r7k2m.1"), Step("down", under="r7k2m.2"),
    Step("k", under="r7k2m.1"), Step("up", under=FIRST), Step("G", under=LAST), Step("g", under=FIRST),
    Step("end", under=LAST), Step("home", under=FIRST), Step("pagedown", under=LAST), Step("pageup", under=FIRST),
    Step("ctrl+d", under=LAST), Step("ctrl+u", under=FIRST),
)  # fmt: skip
DECIDING = (
    Step("a", "── subject"), Step("a", "Enter confirms"), Step("escape", gone="Enter confirms"), AWAY,
    Step("r", "Reject: the reason"), Step("escape", gone="Reject: the reason"), AWAY,
    Step("c", "Cancel the task: it ends"), Step("escape", gone="Cancel the task: it ends"), AWAY,
    Step("P", "Pause: it stops"), Step("escape", gone="Pause: it stops"), AWAY,
    Step("x", "Exclude: its run"), Step("escape", gone="Exclude: its run"), AWAY,
    Step("i", "Note: its agent"), Step("escape", gone="Note: its agent"), AWAY,
    Step("L", "log of r7k2m.1"), Step("escape", gone="log of r7k2m.1"),
    Step("o", "log of r7k2m.1"), Step("escape", gone="log of r7k2m.1"),
    Step("v", "── time"), Step("escape", gone="── time"),
    Step("n", under=QUESTION), Step("e", "Answer: "), Step("escape", gone="Answer: "), AWAY,
    Step("n", under=FAILING), Step("t", "Retry: a note"), Step("escape", gone="Retry: a note"), AWAY,
    Step("b", "its base is not red"), AWAY,
    Step("at", "Reassign: "), Step("escape", gone="Reassign: "), AWAY,
    Step("U", "nothing was decided that may be taken back"), AWAY,
    Step("ctrl+l", "[1 Inbox]", under=FAILING), Step("ctrl+z", "only in a terminal can it be suspended"), AWAY,
)  # fmt: skip
INBOX = (
    Step("space", "2 of 2 marked"), Step("space", gone="2 of 2 marked"),
    Step("asterisk", "4 of 4 marked"), Step("asterisk", gone="4 of 4 marked"),
    Step("p", gone="── 2 tasks"), Step("p", "── 2 tasks"),
    Step("z", "Snooze"), Step("escape", gone="Snooze"), Step("M", "Mute"), Step("escape", gone="Mute"),
    Step("W", "shown is what you started"), Step("W", "my groups · advisory"), Step("W", "shown is what anybody"),
    Step("W", "shown is what you may act on"), Step("n", under=QUESTION), Step("n", under=FAILING),
    Step("s", "have the same text"), Step("u", "nobody has split or merged"), Step("N", under=QUESTION),
    Step("full_stop", "acknowledged"), Step("H", "✓ acked"), Step("H", gone="✓ acked"),
)  # fmt: skip
TREE = (
    Step("2", "[2 Tree]"), Step("g", under=FIRST),
    Step("h", under="▸", gone="r7k2m.1 "), Step("l", "r7k2m.1 ", under="▾"),
    Step("left", under="▸", gone="r7k2m.1 "), Step("right", "r7k2m.1 ", under="▾"),
    Step("minus", gone="z9z9z.1"), Step("plus", "z9z9z.1"), Step("minus", gone="z9z9z.1"),
    Step("equals_sign", "z9z9z.1"), Step("f", "following the newest change"),
)  # fmt: skip
FLEET = (
    Step("3", "[3 Fleet]"), Step("m", "repository"), Step("m", gone="repository "),
    Step("less_than_sign", "second run"), Step("greater_than_sign", "patch kvlite"),
    Step("T", "there is nothing to retry"),
)  # fmt: skip
LOG = (
    Step("5", "gates asked for"), Step("F", gone="gates asked for"), Step("F", "gates asked for"),
    Step("D", gone="gates asked for"), Step("D", "gates asked for"),
)  # fmt: skip
AGENTS = (
    Step("4", "[4 Agents]"), Step("S", "longest without progress first"), Step("S", "fullest context first"),
    Step("Z", "Z is for a worker"), Step("C", "columns of the Agents"), Step("escape", "[4 Agents]"),
)  # fmt: skip
SHEET = (
    Step("G", under=FAILING), Step("enter", "What now?"),
    Step("right_square_bracket", gone="What now?"), Step("left_square_bracket", "What now?"),
    Step("semicolon", "nothing else is asked"), Step("d", "there is no change to open"),
    Step("A", "no other task of this row waits"), Step("n", "r7k2m.4 cart"), Step("N", "r7k2m.3 sessions"),
)  # fmt: skip
BULKS = (
    Step("asterisk", "4 of 4 marked"), Step("c", "Cancel 7 tasks"), Step("escape", gone="Cancel 7 tasks"),
    Step("c", "Cancel 7 tasks"),
)  # fmt: skip
STORIES = {
    "everywhere": EVERYWHERE, "moving": MOVING, "deciding": DECIDING, "the inbox": INBOX, "the tree": TREE,
    "the fleet": FLEET, "the log": LOG, "agents": AGENTS, "the sheet": SHEET, "many at once": BULKS,
}  # fmt: skip


def _scene() -> Scene:
    scene = busy()
    scene.fleet(["alpha", "beta"], run="z9z9z", title="second run")
    return scene


def _seen(app: Dashboard, step: Step) -> bool:
    screen = screen_text(app)
    cursor = next((line for line in screen_lines(app) if "▶" in line), "")
    return (
        step.shown in screen
        and step.under in cursor
        and step.copied in (app.clipboard or "")
        and not (step.gone and step.gone in list_text(app))
    )


@pytest.mark.parametrize("where", [*STORIES])
async def test_a_key_does_what_it_says(where: str) -> None:
    scene = _scene()
    app = scene.dashboard()

    async with playing(app, (120, 40)) as pilot:
        await until(pilot, lambda: _seen(app, Step("", "[1 Inbox]", under=APPROVE)))
        for number, step in enumerate(STORIES[where], 1):
            scene.clock.later(1000)  # keys count once a person can have seen what they are about
            await pilot.press(step.key)
            try:
                await until(pilot, partial(_seen, app, step))
            except AssertionError as never:
                raise AssertionError(f"step {number}, {step}:\n{never}") from None


async def test_q_leaves_from_a_list_and_not_from_the_sheet() -> None:
    app = _scene().dashboard()

    async with playing(app, (120, 40)) as pilot:
        await until(pilot, lambda: _seen(app, Step("", under=APPROVE)))
        await pilot.press("enter")
        await until(pilot, lambda: _seen(app, Step("", "── subject")))
        await pilot.press("q")
        await until(pilot, lambda: _seen(app, Step("", "Esc closes the sheet first")))
        assert app.is_running
        await pilot.press("escape", "q")

    assert app.return_value == "quit"


@pytest.mark.parametrize(("key", "answer"), [("s", "stop"), ("l", "leave"), ("escape", None)])
async def test_a_demo_is_left_as_the_key_says(key: str, answer: str | None) -> None:
    app = _scene().dashboard(ask_on_quit=True)

    async with playing(app, (120, 40)) as pilot:
        await until(pilot, lambda: _seen(app, Step("", under=APPROVE)))
        await pilot.press("q")
        await until(pilot, lambda: _seen(app, Step("", "leave running")))
        await pilot.press(key)
        if answer is None:
            await until(pilot, lambda: _seen(app, Step("", "[1 Inbox]", under=APPROVE)))

    assert app.return_value == answer


def test_no_key_is_left_out() -> None:
    pressed: Sequence[str] = [step.key for story in STORIES.values() for step in story]

    assert {name for key in KEYS for name in key.names} - {*pressed} == {"q"}
    assert {name for key in LEAVING for name in key.names} == {"s", "l", "escape"}
    assert {key.action.partition("(")[0] for key in BULK} == {"go", "back", "move", "page", "edge", "change"}
