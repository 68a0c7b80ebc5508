"""Agents: who holds what, and what a person sees when nothing moves any more."""

from __future__ import annotations

import pytest

from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.leases import Heartbeat
from onloop.machine import commands as c
from onloop.machine.definition import ContextLimits, FanOut, Step
from onloop.machine.principal import Principal
from onloop.machine.usage import Usage
from onloop.store.rows import Lease
from onloop.views.sub_agents import SubAgentNews
from onloop_tui.model.agents.agent_rows import QUIET_MS, STILL_MS, AgentRow, agent_line
from onloop_tui.model.drawing.text_line import Tone, plain, width_of
from support.passing import context
from support.scenario import Scenario, claim, create
from support.steps import defined, develop
from support.tui_scenes import MINUTE, NOON, Scene, list_text, playing, screen_text, shows, until

LIMITS = ContextLimits(60, 85)
PARTS = FanOut((develop(context=LIMITS),), spawn=True)
SWARM = defined(Step("develop.parts", role="implementer", fan_out=PARTS, context=LIMITS))


def at_work() -> Scene:
    """Three agents at work in three repositories; a fourth repository waits."""
    scene = Scene()
    scene.enrol("ana")
    tasks = scene.fleet(["billing", "ledger", "cart", "flags"])
    for task, name in zip(tasks[:3], ("ada", "bo", "cy"), strict=True):
        scene.claim(task, name)
        scene.clock.later(1_000)
    return scene


async def test_agents_are_listed_by_name_with_their_task_and_when_they_moved() -> None:
    app = at_work().dashboard()

    async with playing(app) as pilot:
        await pilot.press("4")
        await shows(pilot, "[4 Agents]", "agent", "progress", "▶ ● live   ada")
        rows = [row for row in screen_text(app).splitlines() if "● live" in row]
        assert [next(name for name in ("ada", "bo", "cy") if name in row) for row in rows] == ["ada", "bo", "cy"]
        assert "billing" in rows[0] and "r7k2m.1" in rows[0] and "develop.remediate" in rows[0]


async def test_agents_stand_in_the_order_that_is_asked_for_and_no_row_moves_by_itself() -> None:
    scene = at_work()
    scene.clock.later(STILL_MS)
    scene.claim("r7k2m.4", "aa")
    app = scene.dashboard()

    def names() -> list[str]:
        rows = [row for row in list_text(app).splitlines() if "live" in row or "still" in row or "quiet" in row]
        return [next(name for name in ("ada", "bo", "cy", "aa") if f" {name} " in row) for row in rows]

    async with playing(app) as pilot:
        await pilot.press("4")
        await until(pilot, lambda: names() == ["aa", "ada", "bo", "cy"])
        await pilot.press("S")
        await until(pilot, lambda: names() == ["ada", "bo", "cy", "aa"])
        await shows(pilot, "order longest without progress first")
        scene.cancels("r7k2m.2")
        await until(pilot, lambda: names() == ["ada", "cy", "aa"])
        scene.claim(scene.fleet(["late"], run="z9z9z")[0], "bo")
        await until(pilot, lambda: names() == ["ada", "cy", "aa", "bo"])
        await pilot.press("R")
        await pilot.press("S", "S", "S", "S")
        await until(pilot, lambda: names() == ["aa", "ada", "bo", "cy"])


async def test_an_agent_that_was_not_heard_of_is_quiet_and_one_without_work_is_still() -> None:
    scene = at_work()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await pilot.press("4")
        await shows(pilot, "● live   ada")
        scene.clock.later(QUIET_MS)
        await shows(pilot, "○ quiet  ada")
        scene.clock.later(STILL_MS)
        _, agent = scene.claim("r7k2m.4", "di")
        scene.clock.later(STILL_MS)
        scene.gateway.perform(Heartbeat(agent, lease_ms=3_600_000))
        await shows(pilot, "◐ still  di")
        scene.clock.later(60 * MINUTE)
        await shows(pilot, "✗ lapsed ada")


async def test_n_finds_the_agent_that_does_not_move_and_w_says_what_is_known_of_it() -> None:
    scene = at_work()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await pilot.press("4")
        await shows(pilot, "▶ ● live   ada")
        await pilot.press("n")
        await shows(pilot, "everybody is alive and moves")
        scene.clock.later(QUIET_MS)
        scene.claim("r7k2m.4", "zoe")
        await shows(pilot, "● live   zoe")
        await pilot.press("G", "n")
        await shows(pilot, "▶ ○ quiet  ada")
        await pilot.press("w")
        await shows(pilot, "agent:ada holds r7k2m.1 at develop.remediate, epoch 1")


async def test_how_full_a_context_is_and_who_is_whose_sub_agent_is_in_the_row_and_in_words() -> None:
    scene = Scene(definition=SWARM)
    scene.enrol("ana")
    (task,) = scene.fleet(["billing"])
    _, lead = scene.claim(task, "lead")
    for title in ("menu", "till"):
        scene.gateway.perform(PerformCommand(lead, task, c.Spawn(lead.id, lead.epoch, title)))
    _, part = scene.claim(f"{task}.1", "part")
    scene.gateway.perform(PerformCommand(part, f"{task}.1", c.ReportContext(part.id, part.epoch, 60)))
    app = scene.dashboard()

    async with playing(app, (150, 40)) as pilot:
        await pilot.press("4")
        await shows(pilot, "sub-agents", "2 of 2 live", "of r7k2m.1", "ctx 60%")
        await pilot.press("w")
        await shows(pilot, "2 of its 2 sub-agents are live, each in an environment of its own")
        await pilot.press("w", "j", "w")
        await shows(
            pilot, "a sub-agent of r7k2m.1 in an environment", "60 % of its context in use, as it says (advised"
        )
        scene.cancels(f"{task}.2")
        await shows(pilot, "1 of 2 live")


async def test_what_an_agent_used_stands_in_the_widest_rows_and_in_words_and_a_dash_where_it_tells_nothing() -> None:
    scene = Scene()
    scene.enrol("ana")
    one, _ = scene.fleet(["billing", "ledger"])
    _, ada = scene.claim(one, "ada")
    app = scene.dashboard()

    async with playing(app, (160, 24)) as pilot:
        await pilot.press("4")
        await shows(pilot, "tokens, cost", "–  –")
        told = c.ReportUsage(ada.id, ada.epoch, "claude", Usage(120_000, 100_000, 3_456, 421_000))
        scene.gateway.perform(PerformCommand(ada, one, told))
        await shows(pilot, "123k  $0.42")
        await pilot.press("w")
        await shows(
            pilot, "120,000 tokens in, 100,000 of them from a cache, 3,456 out, $0.42; 1 of 1 claims tell tokens"
        )


def delegating() -> tuple[Scene, Principal]:
    """Ada and bo at work, and a repository that waits; ada has two sub-agents in its own process."""
    scene = Scene()
    scene.enrol("ana")
    tasks = scene.fleet(["billing", "ledger", "cart"])
    _, ada = scene.claim(tasks[0], "ada")
    scene.claim(tasks[1], "bo")
    scene.gateway.perform(
        Heartbeat(ada, lease_ms=60 * MINUTE, news=(SubAgentNews("a1", "Explore", "looks for callers"),))
    )
    scene.clock.later(3 * MINUTE)
    scene.gateway.perform(Heartbeat(ada, lease_ms=60 * MINUTE, news=(SubAgentNews("a2", "Plan"),)))
    return scene, ada


@pytest.mark.parametrize("size", [(80, 24), (140, 45)], ids=["narrow", "wide"])
async def test_sub_agents_in_an_agents_own_process_stand_beneath_it_until_they_end(size: tuple[int, int]) -> None:
    scene, ada = delegating()
    app = scene.dashboard()

    async with playing(app, size) as pilot:
        await pilot.press("4")
        await shows(pilot, "└ Explore", "process of r7k2m.1 says: looks for callers", "for 3m", "└ Plan")
        if size[0] > 100:
            await shows(pilot, "2 sub-agents")
        rows = [row for row in list_text(app).splitlines() if "r7k2m." in row and " › " not in row]
        order = ("ada", "Explore", "Plan", "bo")
        assert [next(name for name in order if name in row) for row in rows] == list(order)
        scene.gateway.perform(Heartbeat(ada, news=(SubAgentNews("a1", ended=True),)))
        await until(pilot, lambda: "Explore" not in screen_text(app))
        scene.cancels("r7k2m.1")
        await until(pilot, lambda: "Plan" not in screen_text(app))


async def test_on_a_sub_agent_w_says_what_it_shares_and_enter_opens_the_task_of_its_process() -> None:
    scene, ada = delegating()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await pilot.press("4")
        await shows(pilot, "▶ ● live   ada")
        await pilot.press("w")
        await shows(pilot, "2 sub-agents in its own process, as it says")
        await pilot.press("w", "j", "w")
        await shows(pilot, "Explore (a1), process of r7k2m.1, for 3m", "the environment of r7k2m.1 and its isolation")
        await shows(pilot, "agent:ada says that it is there, and nobody has verified it", "says: looks for callers")
        await pilot.press("w", "enter")
        await shows(pilot, "r7k2m.1 billing", "in its agent's process (not evidence)", "┆ looks for callers")
        await pilot.press("escape")
        await shows(pilot, "▶         └ Explore")
        scene.gateway.perform(Heartbeat(ada, news=(SubAgentNews("a1", ended=True),)))
        await until(pilot, lambda: "Explore" not in screen_text(app))
        await shows(pilot, "▶         └ Plan")
        assert app.main.view.subject() is not None


async def test_from_a_sub_agent_n_finds_the_next_agent_that_does_not_move() -> None:
    scene, ada = delegating()
    scene.claim("r7k2m.3", "cy")
    scene.clock.later(QUIET_MS)
    scene.gateway.perform(Heartbeat(ada))
    app = scene.dashboard()

    async with playing(app) as pilot:
        await pilot.press("4")
        await shows(pilot, "○ quiet  bo", "○ quiet  cy", "● live   ada")
        await pilot.press("j", "n")
        await shows(pilot, "▶ ○ quiet  bo")
        await pilot.press("n")
        await shows(pilot, "▶ ○ quiet  cy")


async def test_the_tree_counts_them_beside_the_holder_and_w_names_them() -> None:
    scene, _ = delegating()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await pilot.press("2", "+")
        await shows(pilot, "ada: work +2")
        await pilot.press("g", "j", "w")
        await shows(pilot, "└ Explore (a1), process of r7k2m.1, for 3m, as its agent says", "┆ looks for callers")


def test_in_a_narrow_terminal_the_context_is_kept_and_the_kinship_is_not() -> None:
    lease = Lease("r1.1", 1, "agent:ada", NOON + MINUTE, NOON, NOON)
    task = Scenario(SWARM).given(create(), claim(), context(90)).task
    row = AgentRow(lease, task, SWARM.steps[0], parent="r1")

    shown = plain(agent_line(row, NOON, 80))

    assert "ctx 90%" in shown and "of r1" not in shown and width_of(agent_line(row, NOON, 80)) <= 80
    assert "of r1" in plain(agent_line(row, NOON, 140))
    assert row.context.tone is Tone.BAD


async def test_enter_opens_the_task_of_the_agent_and_escape_comes_back_to_it() -> None:
    app = at_work().dashboard()

    async with playing(app) as pilot:
        await pilot.press("4")
        await shows(pilot, "▶ ● live   ada")
        await pilot.press("j", "enter")
        await shows(pilot, "r7k2m.2 ledger", "nothing is asked of a person now")
        await pilot.press("escape")
        await shows(pilot, "▶ ● live   bo")


async def test_a_filter_leaves_the_agents_whose_task_fits_until_escape() -> None:
    app = at_work().dashboard()

    async with playing(app) as pilot:
        await pilot.press("4")
        await shows(pilot, "bo", "cy")
        await pilot.press("slash", *"repo:cart", "enter")
        await until(pilot, lambda: "ledger" not in screen_text(app))
        await shows(pilot, "cy", "filter")
        await pilot.press("slash", *" nonsense:1")
        await shows(pilot, "✗ ", "at column")
        await pilot.press("escape")
        await shows(pilot, "ledger")


async def test_nobody_at_work_is_said_with_what_would_change_it() -> None:
    scene = Scene()
    scene.enrol("ana")
    scene.fleet(["billing"])
    app = scene.dashboard()

    async with playing(app) as pilot:
        await pilot.press("4")
        await shows(pilot, "nobody is at work, and 1 task wait", "onloop work --role ROLE")
