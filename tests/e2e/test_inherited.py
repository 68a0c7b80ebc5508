"""Whoever starts us lends nothing: no `GIT_*` of theirs leads us elsewhere, and an agent gets what was named."""

from __future__ import annotations

import json
from pathlib import Path

from support.world import WORKFLOW, World

GOOD = "echo hello > hello.txt; git add -A; git commit -qm hello"
ASKING = WORKFLOW.replace("steps:\n", "agent_env: [MODEL_KEY]\nsteps:\n", 1)


def _victim(world: World) -> tuple[Path, dict[str, str]]:
    """A repository of the user's own, and the variables of a hook that runs in it."""
    folder = world.folder / "victim"
    folder.mkdir()
    (folder / "mine.txt").write_text("mine\n")
    world.git(folder, "init", "--quiet", "--initial-branch=main")
    world.git(folder, "add", "--all")
    world.git(folder, "-c", "user.name=U", "-c", "user.email=u@x", "commit", "--quiet", "-m", "Mine")
    variables = {
        "GIT_DIR": str(folder / ".git"),
        "GIT_WORK_TREE": str(folder),
        "GIT_INDEX_FILE": str(folder / ".git" / "index"),
        "GIT_OBJECT_DIRECTORY": str(folder / ".git" / "objects"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.hooksPath",
        "GIT_CONFIG_VALUE_0": "/nonexistent",
    }
    return folder, variables


def test_a_hooks_git_variables_lead_no_verb_and_no_agent_into_the_users_own_repository(world: World) -> None:
    world.init()
    folder, variables = _victim(world)
    before = world.git(folder, "rev-parse", "HEAD"), world.git(folder, "status", "--porcelain")
    origin = world.origin(files={"small.yaml": WORKFLOW})
    begun = world.onloop("start", "small.yaml", "--repo", str(origin), "--json", env=variables)
    assert begun.code == 0, begun.err
    task = begun.json["task"]
    ran = world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(GOOD), env=variables)
    assert ran.code == 0, ran.err
    world.until(task, "input_required", "approval_required")
    assert world.decide("approve", task).code == 0
    world.until(task, "completed")

    assert (world.git(folder, "rev-parse", "HEAD"), world.git(folder, "status", "--porcelain")) == before
    assert world.git(origin, "show", "main:hello.txt") == "hello"


def test_an_agent_gets_the_usual_variables_those_named_and_nothing_more(world: World, tmp_path: Path) -> None:
    world.init()
    world.extra |= {
        "MODEL_KEY": "of the workflow",
        "OTHER_KEY": "of the worker",
        "AWS_SECRET_ACCESS_KEY": "nobody's",
        "SSH_AUTH_SOCK": "/run/agent",
        "GIT_SSH_COMMAND": "evil",
        "https_proxy": "http://me:word@proxy:1",
        "LC_TIME": "C",
        "CODEX_HOME": "/login",
    }
    world.fleet(world.origin(), workflow=ASKING)
    program = "import json, os, sys; json.dump(dict(os.environ), open(sys.argv[1], 'w'))"
    found = tmp_path / "environment"
    script = f'python3 -c "{program}" {found}; {GOOD}'
    ran = world.onloop(
        "work", "--role", "implementer", "--once", "--agent-env", "OTHER_KEY", "--", *world.agent(script)
    )
    assert ran.code == 0, ran.err

    environment = json.loads(found.read_text())
    assert environment["MODEL_KEY"] == "of the workflow"
    assert environment["OTHER_KEY"] == "of the worker"
    assert {"PATH", "HOME", "LC_TIME", "CODEX_HOME", "ONLOOP_TOKEN", "GIT_AUTHOR_NAME"} <= environment.keys()
    assert not {"AWS_SECRET_ACCESS_KEY", "SSH_AUTH_SOCK", "GIT_SSH_COMMAND", "https_proxy"} & environment.keys()
    assert "PYTHONPATH" not in environment


def test_a_variable_that_chooses_a_repository_or_an_identity_cannot_be_named(world: World) -> None:
    world.init()
    refused = world.onloop("work", "--role", "implementer", "--agent-env", "GIT_DIR", "--", "true")
    assert refused.code == 2
    assert "GIT_DIR is never given to an agent" in refused.err
    path = world.folder / "small.yaml"
    path.write_text(ASKING.replace("MODEL_KEY", "ONLOOP_TOKEN"))
    refused = world.onloop("validate", str(path))
    assert refused.code == 2
    assert "small.yaml:3:13" in refused.out + refused.err
    assert "ONLOOP_TOKEN is never given to an agent" in refused.out + refused.err
