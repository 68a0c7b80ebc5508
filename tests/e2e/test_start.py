"""Before work begins, targets are looked at and gates run on the base; what is wrong, people put right."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from support.lfs_server import pointer_to
from support.world import PASSPHRASE, WORKFLOW, World

WRONG = WORKFLOW.replace('["{python}", -m, unittest, discover, -s, tests, -t, .]', "[no-such-program]").replace(
    "        unittest: {min_tests: 1, no_fewer_than: base}\n", ""
)
RED = """\
import unittest
class T(unittest.TestCase):
    def test_known(self): self.fail("known")
    def test_good(self): pass
"""
PARTS = {
    ".gitattributes": "*.bin filter=lfs diff=lfs merge=lfs -text\n",
    "film.bin": pointer_to(b"film"),
    "pyproject.toml": '[build-system]\nrequires = ["setuptools-scm>=8"]\n',
}
HELLO = ("sh", "-ec", "echo hello > hello.txt; git add -A; git commit -qm hello")


def branched(world: World, name: str, branch: str) -> Path:
    """A bare repository whose HEAD names `branch`, the only one it has."""
    path = world.origin(name)
    world.git(path, "branch", "-m", "main", branch)
    return path


def test_a_red_base_is_held_before_any_agent_and_goes_on_no_worse_to_its_merge(world: World) -> None:
    world.init()
    run = world.fleet(world.origin("green"), world.origin("red", {"tests/test_all.py": RED}), check_base=True)

    held = world.task(f"{run}.2")
    assert (world.task(f"{run}.1")["reason"], held["reason"], held["attempt"]) == ("ready", "gate_failed", 0)
    assert held["detail"].startswith("red on the base ") and "known" in held["detail"]
    base, asked = held["base"], held["asked"][0]
    assert (base["state"], base["gates"][0]["mark"], base["accepted_by"]) == ("red", "failed", None)
    assert asked["no_worse"].startswith("agents start") and asked["amend"].startswith(f"onloop amend {run}.2 ")
    assert world.task(f"{run}.1")["base"]["state"] == "green"
    (group,) = world.onloop("attention", "--json").json["groups"]
    assert group["headline"] == "develop.write is red on its base, and no agent has started"

    assert world.decide("retry", f"{run}.2", "--no-worse-than-base").json["reason"] == "ready"
    world.onloop("work", "--role", "implementer", "--once", "--", *HELLO)
    world.onloop("work", "--role", "implementer", "--once", "--", *HELLO)
    found = world.until(f"{run}.2", "input_required", "approval_required")
    assert "no worse than the base" in found["gates"][1]["summary"]
    assert found["base"]["accepted_by"] == "human:ana"
    world.decide("approve", f"{run}.2")
    assert world.until(f"{run}.2", "completed")["result"]


def test_a_gate_that_cannot_run_is_mended_in_the_live_run(world: World) -> None:
    world.init()
    run = world.fleet(world.origin("shop"), workflow=WRONG, check_base=True)
    task = f"{run}.1"
    assert "no-such-program" in world.task(task)["detail"]
    refused = world.decide("retry", task, "--no-worse-than-base")
    assert refused.code == 11 and "onloop amend" in refused.json["hint"]

    control = world.origin("mended", {"small.yaml": WORKFLOW})
    amended = world.decide("amend", run, "--workflow", "small.yaml", "--control", str(control), "--reason", "a typo")

    assert [outcome["done"] for outcome in amended.json["outcomes"]] == [True, True]
    world.until(task, "submitted", "ready")
    world.onloop("work", "--role", "implementer", "--once", "--", *HELLO)
    asked = world.until(task, "input_required", "approval_required")["asked"]
    assert "The workflow was amended by human:ana: a typo." in asked[0]["question"]
    assert [(each["by"], each["reason"]) for each in world.task(task)["amendments"]] == [("human:ana", "a typo")]


def test_every_target_is_looked_at_and_nothing_begins_while_one_is_wrong(world: World) -> None:
    world.init()
    (world.folder / "origins/a b").mkdir(parents=True)
    shop, trunk, empty = world.origin("a b/shop"), branched(world, "trunk", "trunk"), world.folder / "empty.git"
    parts = world.origin("parts", PARTS)
    world.git(world.folder, "init", "--quiet", "--bare", str(empty))
    checkout, shallow, other = (world.folder / name for name in ("checkout", "shallow", "sha256"))
    world.git(world.folder, "clone", "--quiet", str(trunk), str(checkout))
    world.git(world.folder, "clone", "--quiet", "--depth=1", f"file://{trunk}", str(shallow))
    world.git(world.folder, "init", "--quiet", "--object-format=sha256", "--initial-branch=main", str(other))
    world.git(other, "-c", "user.name=x", "-c", "user.email=x@y", "commit", "--quiet", "--allow-empty", "-m", "x")
    targets = world.folder / "targets.txt"
    names = [
        f"'{shop}' # quoted",
        str(trunk),
        str(empty),
        "nowhere#1.git",
        str(checkout),
        str(shallow),
        str(other),
        str(parts),
    ]
    targets.write_text("\n".join([*names, f"file://{trunk}", "https://localhost:1/x.git"]) + "\n")

    looked = world.onloop("fleet", "cve-remediation", "--targets", str(targets), "--dry-run", "--json")
    assert "targets" in looked.out, looked
    found = {t["name"]: [(x["kind"], x["stops"]) for x in t["troubles"]] for t in looked.json["targets"]}
    refused = world.onloop("fleet", "cve-remediation", "--targets", str(targets))
    without = ("--skip-bad", "--no-base-check", "--json")
    begun = world.onloop("fleet", "cve-remediation", "--targets", str(targets), *without)

    assert found["shop"] == found["trunk"] == []
    assert found["parts"] == [("lfs", False)], "the built-in has `git: true`, which brings what its version comes from"
    lfs = "parts.git: 1 file in Git LFS (film.bin) would be pointers for agents and gates; write `lfs: true`"
    assert lfs in begun.err
    assert [t["branch"] for t in looked.json["targets"][:2]] == ["main", "trunk"]
    wrong = {name: [kind for kind, stops in troubles if stops] for name, troubles in found.items()}
    wrong = {name: kinds for name, kinds in wrong.items() if kinds}
    assert wrong == {
        "empty": ["empty"],
        "nowhere#1": ["missing"],
        "checkout": ["checked_out"],
        "shallow": ["shallow"],
        "sha256": ["sha256"],
        "trunk-2": ["duplicate"],
        "x": ["unreachable"],
    }
    assert (looked.code, refused.code, begun.code, begun.json["tasks"]) == (2, 2, 0, 3)
    assert "7 of 10 targets are not ready" in refused.err and "receive.denyCurrentBranch updateInstead" in refused.err
    assert begun.err.count("left out: ") == 7


def test_targets_join_a_live_fleet_and_are_put_right_in_it(world: World) -> None:
    world.init()
    run = world.fleet(world.origin("shop"))
    second = branched(world, "bank", "trunk")
    world.git(second, "branch", "release")
    targets = world.folder / "more.txt"
    targets.write_text(f"{second} release\n")

    added = world.onloop("fleet", "add", run, "--targets", str(targets), "--json")
    again = world.onloop("fleet", "add", run, "--targets", str(targets))
    moved = world.decide("retarget", f"{run}.2", "--branch", "trunk", "--reason", "a slip")
    agent = world.onloop("claim", f"{run}.1", "--role", "implementer", "--json").json["env"]
    forbidden = world.onloop("retarget", f"{run}.2", "--branch", "release", env=agent)

    assert added.json["tasks"] == [f"{run}.2"]
    assert again.code == 2 and "has " in again.err
    assert moved.code == 0 and forbidden.code == 13
    world.onloop("work", "--role", "implementer", "--once", "--", *HELLO)
    world.until(f"{run}.2", "input_required", "approval_required")
    world.decide("approve", f"{run}.2")
    world.until(f"{run}.2", "completed")
    assert "hello" in world.git(second, "show", "trunk:hello.txt")


def test_the_workflow_of_a_project_is_proposed_shown_to_be_green_and_found_by_start(world: World) -> None:
    world.init()
    origin = world.origin("tool", {"Makefile": "test:\n\t@grep -q shop README.md\n"})
    checkout = world.folder / "checkout"
    world.git(world.folder, "clone", "--quiet", str(origin), str(checkout))
    early = world.onloop("start", cwd=checkout)

    proposed = world.onloop("init", "--repo", ".", "--json", cwd=checkout)
    uncommitted = world.onloop("start", cwd=checkout)
    kept = world.onloop("init", "--repo", ".", "--json", cwd=checkout)
    world.git(checkout, "add", ".onloop")
    world.git(checkout, "-c", "user.name=x", "-c", "user.email=x@y", "commit", "--quiet", "-m", "workflow")
    world.git(checkout, "push", "--quiet")
    started = world.onloop("start", "--title", "Go", "--json", cwd=checkout)

    assert early.code == 2 and "onloop init --repo ." in early.err
    assert (proposed.json["green"], proposed.json["written"], kept.json["written"]) == (True, True, False)
    assert "make test" in (checkout / ".onloop/workflow.yaml").read_text()
    assert uncommitted.code == 2 and "git add .onloop" in uncommitted.err
    assert (started.code, started.json["reason"], started.json["workflow"]) == (0, "ready", "checkout")


def test_what_the_proof_set_up_is_there_when_work_begins(world: World) -> None:
    world.init()
    workflow = WORKFLOW.replace("steps:\n", 'environment:\n  setup: [[sh, -c, "echo x > made"]]\nsteps:\n', 1)
    origin = world.origin("tool", {".onloop/workflow.yaml": workflow})
    checkout = world.folder / "checkout"
    world.git(world.folder, "clone", "--quiet", str(origin), str(checkout))
    assert world.onloop("init", "--repo", ".", cwd=checkout).code == 0
    world.git(checkout, "-c", "user.name=x", "-c", "user.email=x@y", "commit", "--quiet", "--allow-empty", "-m", "more")
    world.git(checkout, "push", "--quiet")

    started = world.onloop("start", "--title", "Go", "--json", cwd=checkout)

    assert started.code == 0, started.err
    events = world.onloop("log", started.json["task"], "--json").json["events"]
    (reported,) = (json.loads(event["data"]) for event in events if event["name"] == "BaseReported")
    assert reported["evidence"]["spent"]["setup_cached"]


def test_where_no_repository_is_nothing_is_asked_and_no_store_made(world: World) -> None:
    proposed = world.onloop("init", "--repo", "/", passphrase=PASSPHRASE)

    assert proposed.code == 2 and "is in no git repository" in proposed.err
    assert not world.store.exists()


def test_a_project_that_is_red_is_said_to_be_and_its_workflow_says_so(world: World) -> None:
    world.init()
    origin = world.origin("tool", {"Makefile": "test:\n\t@echo broken; exit 1\n"})
    checkout = world.folder / "checkout"
    world.git(world.folder, "clone", "--quiet", str(origin), str(checkout))

    proposed = world.onloop("init", "--repo", ".", cwd=checkout)

    assert proposed.code == 10
    assert "NOT green" in proposed.out and "| broken" in proposed.err
    assert (checkout / ".onloop/workflow.yaml").read_text().startswith("# NOT GREEN on the base ")
    shutil.rmtree(checkout)
