"""A budget is spent in the middle of an agent's run: its task is parked, a person adds to it, and it goes on."""

from __future__ import annotations

import json
import os
from typing import Any

from support.world import PASSPHRASE, WORKFLOW, World

LIMITED = WORKFLOW.replace("timeout: 30s", "timeout: 20m").replace(
    "    rounds: 1\n", "    rounds: 1\n    budget: {tokens: 100000, cost: 5}\n"
)

SPENDS = """\
#!/bin/sh
if [ "$1" = --version ]; then echo "2.1.332 (Claude Code)"; exit 0; fi
cat > /dev/null; resumed=
for word in "$@"; do [ "$word" = --resume ] && resumed=yes; done
used='"usage": {"input_tokens": 150000, "cache_read_input_tokens": 0, "output_tokens": 1}'
echo '{"type": "assistant", "session_id": "s-1", "message": {"id": "m1", "content": [], '"$used"'}}'
if [ -z "$resumed" ]; then exec tail -f /dev/null; fi
echo hello > hello.txt; git add -A; git commit -qm hello
echo '{"type": "result", "session_id": "s-1", "total_cost_usd": 0.25, "usage": {"input_tokens": 5, "output_tokens": 2}}'
"""
"""A program that starts and prints like Claude Code: its first run would never end by itself."""


def employed(world: World) -> dict[str, str]:
    folder = world.folder / "bin"
    folder.mkdir()
    (folder / "claude").write_text(SPENDS, encoding="utf-8")
    (folder / "claude").chmod(0o755)
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def budget_of(found: Any, figure: str) -> Any:
    return next(each for each in found["budgets"] if each["figure"] == figure)


def test_an_agent_is_stopped_in_the_middle_of_its_run_and_goes_on_when_a_person_has_added_to_the_budget(
    world: World,
) -> None:
    world.init()
    task = f"{world.fleet(world.origin(), workflow=LIMITED)}.1"
    env = employed(world)

    assert world.onloop("work", "--agent", "claude", "--once", env=env).code == 0
    parked = world.until(task, "input_required", "budget_exhausted")

    assert (parked["holder"], parked["used"]["tokens_in"], parked["used"]["micro_usd"]) == (None, 150_000, None)
    assert budget_of(parked, "tokens")["is_spent"] and budget_of(parked, "cost")["spent"] is None
    shown = world.onloop("show", task).out
    assert "budget: tokens of the step: 150,001 of 100,000, as its agents tell — spent" in shown
    assert "budget: cost of the step: no agent tells them; the budget cannot hold them" in shown
    assert "retry --more" in world.onloop("why", task).out
    assert f"it is refused until you add to the budget: onloop retry {task} --more" in shown
    refused = world.decide("retry", task)
    assert refused.code == 14 and f"onloop retry {task} --more tokens=…" in refused.err
    assert "--more: 'gold=3' is no limit" in world.decide("retry", task, "--more", "gold=3").err

    assert world.decide("retry", task, "--more", "tokens=400000").code == 0
    assert world.onloop("work", "--agent", "claude", "--once", env=env).code == 0
    done = world.until(task, "input_required", "approval_required")

    assert (done["used"]["tokens_in"], done["used"]["micro_usd"], done["used"]["claims"]) == (150_005, 250_000, 2)
    raised = [e for e in world.onloop("log", task, "--json").json["events"] if e["name"] == "BudgetRaised"]
    said = [json.loads(event["data"]) for event in raised]
    assert [(each["more"], each["by"]) for each in said] == [({"tokens": 400_000}, "human:ana")]


def test_a_run_s_budget_is_said_when_it_begins_and_its_agents_may_tell_what_they_use_themselves(world: World) -> None:
    world.init()
    origin = world.origin()
    start = ("start", "feature", "--repo", str(origin), "--no-base-check", "--budget")
    task = world.onloop(*start, "claims=1,cost=20", "--json").json["task"]
    tells = "onloop heartbeat --tokens-in 900 --tokens-out 100 --cost 0.42; onloop release --reason 'not mine'"

    assert world.onloop("work", "--role", "planner", "--once", "--", *world.agent(tells)).code == 0
    world.until(task, "submitted", "retry_backoff")
    world.onloop("retry", task, "--as", "ana", passphrase=PASSPHRASE)
    world.onloop("work", "--role", "planner", "--once", "--", *world.agent(tells))

    parked = world.until(task, "input_required", "budget_exhausted")
    assert (parked["used"]["micro_usd"], parked["used"]["claims"]) == (420_000, 1)
    assert "claims of the run: 1 of 1" in parked["detail"]
    assert [(each["scope"], each["figure"]) for each in parked["budgets"]] == [("run", "cost"), ("run", "claims")]
    for words in ("gold=1", "claims=0", "cost=1e9", "tokens=-5", "unknown=refuse", ""):
        assert world.onloop(*start, words).code == 2, words
