"""A hundred mixed approvals by somebody who reads what they approve, then a thousand under churn: keys and faults.

    python tests/benchmarks/approvals.py [--churn 1000]

The first part is a fleet of a hundred: groups of equal changes of several sizes, and changes of their own, some with a
lock file that no diff shows whole. The person opens each row, reads its diff to the end, opens what it leaves out, and
approves: alone, or with all alike. In the second part another approver decides and commits move meanwhile: each
approval in the log is compared with what was read under its digest. Wrong, double and stale ones are counted.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from textual.pilot import Pilot

from onloop.errors import OnloopError
from onloop.machine.digest import shown_digest
from onloop.machine.state import Reason, State
from onloop.machine.task import DecisionKind, Task
from onloop.records import replace
from onloop.views.changes import Changes
from onloop_tui.app import Dashboard
from onloop_tui.dialogs.bulk_dialog import BulkDialog, Phase
from onloop_tui.diff.diff_screen import DiffScreen
from onloop_tui.panels.sheet_panel import Mode
from support.tui_changes import LOCK, SHORT, Changing, digest_of
from support.tui_scenes import commit, play, until

GROUPS = (24, 12, 8, 6)
"""How many tasks change the same; the others of a hundred change each something of their own."""
ALONE = 50
WITH_LOCK = 10
MOST_STEPS = 400
"""How many of those change a lock file that the diff does not show whole."""


@dataclass
class Fleet(Changing):
    """A fleet whose kinds of change follow from the commits, so that they move with them; what was read is kept."""

    kind_of_head: dict[str, str] = field(default_factory=dict)
    read_under: dict[str, str] = field(default_factory=dict)
    """The kind of change that was read under each digest that a decision could be bound to."""

    def changes(self, task: Task) -> Changes:
        assert task.submission is not None
        kind = self.kind_of_head[task.submission.head]
        for request in task.requests:
            self.read_under[shown_digest(task, request)] = kind
        files = (SHORT, LOCK) if kind.startswith("locked") else (SHORT,)
        return Changes(files, f"diff --git a/a.py b/a.py\n@@ -1 +1 @@\n-old\n+{kind}\n", content=digest_of(kind))

    def waits(self, task: str, kind: str, head: str | None = None) -> None:
        """Work of that kind is handed in and passes its gates."""
        work = replace(commit(task, "", head), change=digest_of(kind))
        self.kind_of_head[work.head] = kind
        self.wants_approval(task, what=work)


class Hands:
    """Presses keys, counts them, and lets the time pass that a person needs."""

    def __init__(self, pilot: Pilot[str], scene: Fleet) -> None:
        self.pilot, self.scene, self.keys = pilot, scene, 0

    async def press(self, *keys: str) -> None:
        for key in keys:
            self.scene.clock.later(1_000)
            self.keys += 1
            await self.pilot.press(key)


def fleet(kinds: Mapping[str, str]) -> tuple[Fleet, list[str]]:
    """Tasks that wait for approval, each with its kind of change."""
    scene = Fleet(kinds=kinds)
    scene.enrol("ana", "ben")
    tasks = scene.fleet(kinds)
    for task, kind in zip(tasks, kinds.values(), strict=True):
        scene.waits(task, kind)
    return scene, tasks


def mixed() -> dict[str, str]:
    """The kind of change of each of a hundred repositories."""
    alike = [f"group {number}" for number, size in enumerate(GROUPS) for _ in range(size)]
    own = [f"{'locked' if number < WITH_LOCK else 'own'} {number}" for number in range(ALONE)]
    return {f"repo-{number:03}": kind for number, kind in enumerate(alike + own)}


async def read_and_approve(app: Dashboard, hands: Hands, *, churn: bool = False) -> None:
    """Read what the open sheet shows, open what it leaves out, and approve: all alike, or this one."""
    sheet, pilot = app.main.sheet, hands.pilot
    await until(pilot, lambda: sheet.mode in {Mode.SHOWN, Mode.CLOSED})
    dossier = sheet._dossier
    if dossier is None:
        return
    await hands.press("G")
    if any(not file.is_whole and file.path not in sheet._session.looks.opened(dossier) for file in dossier.files):
        await hands.press("d")
        await until(pilot, lambda: isinstance(app.screen, DiffScreen) and not app.screen.is_in_patch)
        await hands.press("enter")
        await until(
            pilot,
            lambda: isinstance(app.screen, DiffScreen) and app.screen.is_in_patch and app.screen.patch.last is not None,
        )
        await hands.press("escape")
        await until(pilot, lambda: isinstance(app.screen, DiffScreen) and not app.screen.is_in_patch)
        await hands.press("escape")
        await until(pilot, lambda: app.screen is app.main)
    if len(sheet._members) > 1:
        await approve_alike(app, hands)
    else:
        await approve_one(app, hands, dossier.task.id, churn=churn)


async def approve_alike(app: Dashboard, hands: Hands) -> None:
    """`A`, the number where it is asked for, Enter, and Enter again to leave the list."""
    sheet, pilot = app.main.sheet, hands.pilot
    await hands.press("A")
    await soon(hands, lambda: isinstance(app.screen, BulkDialog) or sheet.mode is not Mode.SHOWN)
    bulk = app.screen
    if not isinstance(bulk, BulkDialog):
        return await approve_one(app, hands, sheet.task_id, churn=True)
    await until(pilot, lambda: bulk.is_mounted and bulk.rows.count)
    if len(bulk._entries) > 5:
        await hands.press(*str(len(bulk._entries)))
    await hands.press("enter")
    await until(pilot, lambda: bulk.phase is Phase.DONE)
    await hands.press("enter")
    return await until(pilot, lambda: app.screen is app.main)


async def approve_one(app: Dashboard, hands: Hands, task: str, *, churn: bool) -> None:
    """`a` and Enter; where the task has changed meanwhile, nothing is approved, and R reads it again."""
    sheet = app.main.sheet
    await hands.press("a")
    await soon(hands, lambda: sheet.mode is not Mode.SHOWN or bool(sheet.decision.notice))
    if sheet.mode is not Mode.CONFIRMING:
        return await hands.press("R" if churn else "escape")
    await hands.press("enter")
    return await soon(hands, lambda: sheet.task_id != task or sheet.mode in {Mode.SHOWN, Mode.CLOSED})


async def soon(hands: Hands, holds: Callable[[], bool]) -> None:
    """Wait a while for a condition: under churn, what is waited for may already be over."""
    for _ in range(200):
        if holds():
            return
        await hands.pilot.pause(0.01)


def faults(scene: Fleet, tasks: list[str], by: str = "human:ana") -> Counter[str]:
    """Approvals by that person: on what they were not shown, twice for one request, and in all."""
    found: Counter[str] = Counter()
    for task in tasks:
        now = scene.task(task)
        seen: Counter[str] = Counter()
        for decision in now.decisions:
            if decision.by != by or decision.answer is not DecisionKind.APPROVE:
                continue
            found["decisions"] += 1
            seen[decision.request] += 1
            found["wrong"] += scene.read_under.get(decision.digest) != scene.kind_of_head[decision.head]
            found["stale"] += decision.digest not in scene.read_under
            found["unseen"] += bool(decision.unseen)
        found["double"] += sum(times - 1 for times in seen.values())
    return found


async def hundred() -> None:
    """A hundred that wait: keys and seconds for all of them."""
    scene, tasks = fleet(mixed())
    app = scene.dashboard()
    keys, began = 0, 0.0

    async def story(pilot: Pilot[str]) -> None:
        nonlocal keys, began
        await until(pilot, lambda: len(app.main.inbox.arrangement.rows) == len(GROUPS) + ALONE)
        hands, began = Hands(pilot, scene), time.monotonic()
        await hands.press("enter")
        while any(scene.task(task).reason is Reason.APPROVAL_REQUIRED for task in tasks):
            if not app.main.sheet.is_open:
                await hands.press("enter")
            await read_and_approve(app, hands)
        keys, began = hands.keys, time.monotonic() - began

    await play(app, story)
    found = faults(scene, tasks)
    say(f"{found['decisions']} mixed approvals: {keys} keys ({keys / len(tasks):.2f} each), {began:.1f} s")
    say(f"  {len(GROUPS)} groups of equal changes ({sum(GROUPS)} tasks), {ALONE} alone, {WITH_LOCK} with a lock file")
    say(f"  wrong {found['wrong']}, double {found['double']}, stale {found['stale']}, unseen {found['unseen']}")


def moves(scene: Fleet, tasks: list[str], dice: random.Random) -> Iterator[None]:
    """Another approver decides, and commits move: a step at a time. Whoever has ended is followed by another task."""
    numbers = count()
    while True:
        task = dice.choice(tasks)
        now = scene.task(task)
        if now.reason is Reason.APPROVAL_REQUIRED:
            answer = DecisionKind.APPROVE if dice.random() < 0.2 else DecisionKind.REJECT
            with suppress(OnloopError):
                scene.decides(task, answer, "ben")
        elif now.state is State.SUBMITTED:
            kind = f"group {dice.randrange(4)}" if dice.random() < 0.6 else f"own {next(numbers)}"
            scene.waits(task, kind, f"{next(numbers):040x}")
        yield


async def churning(wanted: int, seed: int = 13) -> None:
    """So many decisions while another approver decides and commits move."""
    total: Counter[str] = Counter()
    began, rounds, dice = time.monotonic(), 0, random.Random(seed)  # noqa: S311 - no secret is made of it
    while total["decisions"] < wanted:
        rounds += 1
        total += await one_fleet(dice)
    seconds = time.monotonic() - began
    say(f"{total['decisions']} decisions under churn in {seconds:.0f} s: {rounds} fleets of 40, heads move")
    say(f"  wrong {total['wrong']}, double {total['double']}, stale {total['stale']}")


async def one_fleet(dice: random.Random) -> Counter[str]:
    """A fleet of forty until nothing of it waits any more, with what was wrong."""
    scene, tasks = fleet({f"repo-{n:02}": f"group {n % 4}" if n < 24 else f"own {n}" for n in range(40)})
    app, churn, over = scene.dashboard(), moves(scene, tasks, dice), asyncio.Event()

    async def others() -> None:
        while not over.is_set():
            next(churn)
            await asyncio.sleep(0.05)

    async def story(pilot: Pilot[str]) -> None:
        hands, steps = Hands(pilot, scene), 0
        await until(pilot, lambda: bool(app.main.inbox.arrangement.rows))
        moving = asyncio.create_task(others())
        while steps < MOST_STEPS and any(waiting(scene, task) for task in tasks):
            steps += 1
            if not app.main.sheet.is_open:
                await hands.press("enter")
                await pilot.pause(0.02)
            if app.main.sheet.is_open:
                await read_and_approve(app, hands, churn=True)
        over.set()
        await moving

    await play(app, story)
    return faults(scene, tasks)


def say(words: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{words}\n")
    sys.stdout.flush()


def waiting(scene: Fleet, task: str) -> bool:
    """Whether the task waits for approval."""
    return scene.task(task).reason is Reason.APPROVAL_REQUIRED


def main() -> None:
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--churn", type=int, default=1_000, help="how many decisions under churn")
    given = parser.parse_args()
    asyncio.run(hundred())
    if given.churn:
        asyncio.run(churning(given.churn))


if __name__ == "__main__":
    main()
