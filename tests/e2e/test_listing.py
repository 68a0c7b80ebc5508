"""`onloop list` in columns and an order of one's own, in the words of the dashboard."""

from __future__ import annotations

from support.world import World


def test_tasks_are_listed_in_the_columns_and_the_order_that_are_asked_for(world: World) -> None:
    world.init()
    run = world.fleet(world.origin("beta"), world.origin("alpha"))

    listed = world.onloop("list", "--run", run, "--columns", "repo,workflow,state", "--sort", "repo")
    assert listed.code == 0, listed.err
    first, header, *rows = listed.out.splitlines()
    assert first.startswith("in every row: workflow ") and header.split() == ["TASK", "REPO", "STATE"]
    named = [row.split()[1] for row in rows if row.startswith(f"{run}.")]
    assert named == ["alpha", "beta"]

    turned = world.onloop("list", "--run", run, "--sort=-repo", "--json").json["tasks"]
    assert [task["repo"] for task in turned if task["repo"]] == ["beta", "alpha"]
    assert "STATE" in world.onloop("list", "--sort", "age").out.splitlines()[0], "the usual columns, in that order"
