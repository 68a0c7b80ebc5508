"""Whatever agents, repositories and files say: nothing of it is obeyed, and nothing of it breaks a screen."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.segment import Segment
from textual.color import Color

from onloop.gates.repository.mirror import Mirror
from onloop.machine.flags import FLAG_WORDS, Flag, FlagKind
from onloop.machine.limits import Id, Statement, Title, Words
from onloop.machine.task import Artefact, Submission, Verdict
from onloop_tui.guard import GUARD
from onloop_tui.panels.sheet_panel import Mode
from support.tui_attacks import assert_harmless, fitting
from support.tui_decisions import entry
from support.tui_scenes import NOON, REMEDIATION, SIZES, Scene, commit, playing, screen_text, shows, until

ATTACKS = (
    "\x1b]52;c;cHduZWQ=\x07\x1b[2J\x1b[?1049h\x1bc",
    "\x9b31m\x9d0;title\x9c\x84",
    "\r✓ all gates passed\b\b\x00\x7f",
    "[/] [/foo] [@click=app.quit]click[/] [link=http://x]y[/link] [red]OK",
    "$name {x} %s [type=x, v={'a[0]'}]",
    "\u202eevil\u202c \u2066iso\u2069 \u200b\u200d\ufeff \U000e0041 \ufe0f",
    "שלום עולם مرحبا",
    "z" + "\u0301\u0489" * 300,
    "日本語" * 40,
    "\u2028para\u2029 line\nnext\ttab",
    "x" * 10_000,
)
LONG = ATTACKS[-1]
ALL = " ".join(ATTACKS[:-1])


def _git(folder: Path, *argv: str) -> str:
    env = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder), "PATH": "/usr/bin:/bin"}
    who = ("-c", "user.name=Coder", "-c", "user.email=coder@agents.example")
    done = subprocess.run(["git", *who, *argv], cwd=folder, env=env, check=True, capture_output=True)
    return done.stdout.decode().strip()


def _hostile_commit(tmp_path: Path) -> tuple[Mirror, Submission]:
    """A real commit whose file name and content are the attack."""
    origin = tmp_path / "origin"
    origin.mkdir()
    _git(origin, "init", "-q", "-b", "main")
    _git(origin, "commit", "-q", "--allow-empty", "-m", "first")
    base = _git(origin, "rev-parse", "HEAD")
    name = f"a\x1b[31m[@click=app.quit]\u202e{'n' * 60}.py"
    (origin / name).write_bytes(ALL.encode("utf-8", "surrogatepass") + b"\xff\xfe\n")
    _git(origin, "add", "-A")
    _git(origin, "commit", "-qm", "second")
    mirror = Mirror(tmp_path / "mirror.git", str(origin))
    mirror.create()
    mirror.refresh("main")
    notes = Artefact(f"notes{ATTACKS[0]}.md", "5" * 64, 812)
    head, tree = _git(origin, "rev-parse", "HEAD"), _git(origin, "rev-parse", "HEAD^{tree}")
    return mirror, Submission(head, tree, base, (f"coder{ATTACKS[1]}@x",), (notes,), ALL, NOON)


def _hostile_scene(tmp_path: Path) -> Scene:
    mirror, work = _hostile_commit(tmp_path)
    repo = f"billing{ATTACKS[0]}{ATTACKS[5]}"
    scene = Scene(mirror_of=lambda _: mirror, origins={repo: mirror.origin})
    scene.enrol("ana")
    approval, failed, asking = scene.fleet(
        [repo, fitting(ALL, Id), f"links{ATTACKS[3]}"], title=fitting(ALL + LONG, Title)
    )
    scene.submit(approval, what=work)
    judged = {
        "isolation": fitting(ALL, Id),
        "box": ALL,
        "open_cells": (ALL, ATTACKS[3]),
        "network": True,
        "program": ALL,
    }
    flags = tuple(Flag(f"{kind.value} {ALL}", kind) for kind in FlagKind)
    scene.report(approval, "tests", Verdict.PASS, ALL, ALL, flags=flags, **judged)
    scene.passes(approval, "patched", ATTACKS[3])
    scene.passes(approval, "notes", ATTACKS[7])
    scene.submit(failed, what=commit(failed, fitting(ALL + LONG, Statement)))
    scene.passes(failed, "patched")
    scene.passes(failed, "notes")
    scene.refuses(failed, fitting(ALL + LONG, Words), "\n".join(ATTACKS))
    scene.asks(asking, ALL)
    scene.freeze(f"agent:{ATTACKS[0]}")
    return scene


@pytest.mark.parametrize("size", SIZES)
async def test_no_view_lets_through_a_control_byte_or_markup_whoever_wrote_it(
    tmp_path: Path, size: tuple[int, int]
) -> None:
    scene = _hostile_scene(tmp_path)
    app = scene.dashboard(note=ALL[:300])

    async with playing(app, size) as pilot:
        await shows(pilot, "✗ failing", "needs you")
        assert_harmless(app, size)
        await pilot.press("w")
        await pilot.pause()
        assert_harmless(app, size)
        await pilot.press("w")
        seen = ""
        for group in app.main.inbox.arrangement.groups:
            app.main.inbox.go_to(group.cause)
            await pilot.press("enter")
            await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
            body = app.main.sheet.body
            while True:
                assert_harmless(app, size)
                seen += screen_text(app)
                before = body.scroll_offset.y
                await pilot.press("pagedown")
                await pilot.pause()
                if body.scroll_offset.y == before:
                    break
            await pilot.press("escape")
            await until(pilot, lambda: not app.main.sheet.is_open)
        for words in ("had the network", FLAG_WORDS[FlagKind.CI][:12]):
            assert words in seen, f"{words!r} was never there to be looked at"


async def test_a_fake_heading_in_the_statement_stands_behind_the_gutter() -> None:
    scene = Scene()
    scene.enrol("ana")
    (task,) = scene.fleet(["cart"])
    scene.wants_approval(task, "fine\n── gates ──\n✓ passed everything, press a")
    app = scene.dashboard()

    async with playing(app, (80, 24)) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("enter")
        await until(pilot, lambda: app.main.sheet.mode is Mode.SHOWN)
        await pilot.press("G")
        await shows(pilot, "┆ ── gates ──", "┆ ✓ passed everything, press a")


async def test_what_a_person_pastes_is_echoed_harmlessly_too() -> None:
    scene = Scene()
    scene.enrol("ana")
    (task,) = scene.fleet(["cart"])
    scene.wants_approval(task)
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("r")
        field = await entry(pilot)
        field.words = "reason \x1b]0;owned\x07 \u202e \x9b31m end"
        await shows(pilot, "reason ")
        assert_harmless(app, (140, 45))


async def test_notifications_and_titles_pass_the_guard_like_everything_else() -> None:
    app = Scene(definition=REMEDIATION).dashboard(who=None)

    async with playing(app) as pilot:
        await shows(pilot, "nothing has been started")
        app.notify("toast \x1b[31m \x9b \u202e end", title="t\x1b]0;x\x07", markup=False)
        await shows(pilot, "toast ")
        assert_harmless(app, (140, 45))
        assert "␛" in screen_text(app)


def test_the_guard_keeps_every_segment_in_its_columns() -> None:
    for attack in ATTACKS:
        (guarded,) = GUARD.apply([Segment(attack)], Color.parse("black"))
        assert cell_len(guarded.text) == cell_len(attack)


def test_the_guard_lets_ordinary_text_pass_untouched() -> None:
    segments = [Segment("needs you 4 · ✓ passed 日本語")]

    assert GUARD.apply(segments, Color.parse("black")) is segments
