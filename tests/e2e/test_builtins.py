"""Built-in workflows from start to merge, with agents that first try what is easier than the work.

Their environment needs a registry, so that the interpreter of these tests stands in for it; steps and gates are theirs.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from onloop.workflow.builtins import builtin
from support.world import World

onloop = f"{sys.executable} -m onloop.cli.entry"
COMMIT = 'git add -A; git commit -qm "$ONLOOP_STEP, round $ONLOOP_ROUND"'
ENVIRONMENT = re.compile(r"^environment:\n(?:[ #].*\n|\n)*", re.MULTILINE)
APP = "def price(cents, member=False):\n    if member:\n        return cents - cents // 10\n    return cents\n"
TESTED = "import app\n\n\ndef test_price():\n    assert app.price(100) == 100\n"
MEMBERS = "import app\n\n\ndef test_members():\n    assert app.price(100, member=True) == 90\n"
LINES = """\
import pathlib, sys, trace
import pytest

tracer = trace.Trace(count=1, trace=0)
tracer.runfunc(pytest.main, ["-q", "-p", "no:cacheprovider"])
ran = {line for (file, line) in tracer.results().counts if file.endswith("/app.py")}
code = sorted(trace._find_executable_linenos("app.py"))
lines = "".join(f"DA:{line},{int(line in ran)}\\n" for line in code)
pathlib.Path(sys.argv[1]).write_text(f"SF:app.py\\n{lines}end_of_record\\n")
"""
SHARED = "SEEN = []\n\n\ndef note(word):\n    SEEN.append(word)\n    return len(SEEN)\n"
FLAKY = """\
import os
import notes


def test_first():
    assert notes.note("a") == 1 + int(os.environ.get("PYTHONHASHSEED") in {"3", "4"})
"""
STEADY = "import notes\n\n\ndef test_first():\n    notes.SEEN.clear()\n    assert notes.note('a') == 1\n"


def fitted(name: str) -> str:
    """The built-in with the interpreter of these tests, in place of an environment that is made from a registry."""
    text = ENVIRONMENT.sub("", builtin(name).decode())
    text = text.replace(
        '[.venv/bin/python, -m, pytest, -q, --cov, "--cov-report=xml:{report}"]', '["{python}", lines.py, "{report}"]'
    )
    text = (
        text.replace("[.venv/bin/python", '["{python}"')
        .replace("- .venv/bin/python", '- "{python}"')
        .replace(".venv/bin/python", "{python}")
    )
    text = text.replace(', "-p", "randomly", "--randomly-seed=" + seed', "")
    plain = 'variables: {PYTEST_DISABLE_PLUGIN_AUTOLOAD: "1"}'  # those of these tests take seconds to load
    return text.replace("steps:\n", f"environment:\n  tools: {{python: {sys.executable}}}\n  {plain}\nsteps:\n", 1)


def begun(world: World, name: str, files: Mapping[str, str]) -> tuple[Path, str]:
    """A run of the built-in on a repository of its own, and its task."""
    world.init()
    origin = world.origin("shop", {"app.py": APP, "tests/test_app.py": TESTED, "lines.py": LINES, **files})
    return origin, f"{world.fleet(origin, workflow=fitted(name))}.1"


def work(world: World, role: str, script: str) -> None:
    ran = world.onloop("work", "--role", role, "--name", role, "--once", "--", *world.agent(script))
    assert ran.code == 0, ran.err + world.logs()


def shipped(world: World, origin: Path, task: str) -> str:
    """What the log says of the task, after a person has released it and it is merged."""
    world.until(task, "input_required", "approval_required")
    assert world.decide("approve", task).code == 0
    world.until(task, "completed")
    assert len(world.git(origin, "log", "--merges", "--format=%h", "main").split()) == 1
    return world.onloop("log", task).out


def test_feature_is_planned_in_three_steps_built_judged_and_released(world: World) -> None:
    origin, task = begun(world, "feature", {})
    plan = "for n in 1 2 3 4; do echo 'members pay a tenth less, and nobody else does'; done > $ONLOOP_OUT/{}"
    for file in ("scope.md", "design.md", "criteria.md"):
        work(world, "planner", plan.format(file))
    assert world.task(task)["step"] == "develop.implement"
    weakened = "echo 'def test_price(): pass' > tests/test_app.py; sed -i s/100/0/ app.py; "
    broken = "printf 'def price(cents, member=False):\\n    return 0\\n' > app.py; " + weakened + COMMIT
    work(world, "implementer", broken)
    world.until(task, "submitted", "ready")
    log = world.onloop("log", task).out
    assert "base-tests" in log, "the tests of the base found what the weakened ones did not"
    assert world.task(task)["step"] == "develop.implement"
    good = f"git checkout -q HEAD~1 -- app.py tests; cat > tests/test_members.py <<'END'\n{MEMBERS}END\n{COMMIT}"
    work(world, "implementer", good)
    world.until(task, "submitted", "ready")
    assert world.task(task)["step"] == "review.code"
    work(world, "reviewer", f'{onloop} review fail --reason "nothing is tested of those who are no members"')
    work(world, "implementer", f"echo >> tests/test_members.py; {COMMIT}")
    world.until(task, "submitted", "ready")
    work(world, "reviewer", f'{onloop} review pass --reason "complete"')
    shipped(world, origin, task)
    assert "member=True" in world.git(origin, "show", "main:tests/test_members.py")


def test_raise_coverage_wants_more_lines_run_and_not_more_tests(world: World) -> None:
    origin, task = begun(world, "raise-coverage", {})
    notes = "echo 'members were not tested, now they are, nothing else' > $ONLOOP_OUT/coverage.md; "
    script = (
        f"{notes} if [ $ONLOOP_ROUND = 0 ]; then echo 'def test_nothing(): pass' > tests/test_more.py; else "
        f"cat > tests/test_members.py <<'END'\n{MEMBERS}END\nfi; {COMMIT}"
    )
    work(world, "implementer", script)
    log = shipped(world, origin, task)
    assert "it must be more" in log
    gates = {gate["gate"]: gate["summary"] for gate in world.onloop("show", task, "--json").json["gates"]}
    now, base = map(int, re.findall(r"(\d+) %", gates["coverage"]))
    assert now > base > 0, gates["coverage"]


def test_flaky_tests_runs_all_of_them_five_times(world: World) -> None:
    origin, task = begun(world, "flaky-tests", {"notes.py": SHARED, "tests/test_notes.py": FLAKY})
    notes = "echo 'test_first depended on what ran before it; now it does not' > $ONLOOP_OUT/flaky.md; "
    script = (
        f"{notes} if [ $ONLOOP_ROUND = 0 ]; then echo >> notes.py; else "
        f"cat > tests/test_notes.py <<'END'\n{STEADY}END\nfi; {COMMIT}"
    )
    work(world, "implementer", script)
    assert "steady: " in shipped(world, origin, task)


def test_policy_compliance_asks_for_what_a_repository_must_hold(world: World) -> None:
    origin, task = begun(world, "policy-compliance", {})
    notes = "mkdir -p .github; echo 'licence, security policy and owners were missing' > $ONLOOP_OUT/compliance.md; "
    script = (
        f"{notes} for n in 1 2 3 4 5 6 7 8; do echo 'Permission is granted to use this.'; done > LICENSE; "
        "for n in 1 2 3; do echo 'Report a vulnerability to the owners.'; done > SECURITY.md; "
        f"test $ONLOOP_ROUND = 0 || echo '* @owners' > .github/CODEOWNERS; {COMMIT}"
    )
    work(world, "implementer", script)
    assert ".github/CODEOWNERS is not a file" in shipped(world, origin, task)


def test_dependency_update_is_read_by_somebody_else(world: World) -> None:
    origin, task = begun(world, "dependency-update", {"requirements.txt": "lib==1\n"})
    notes = "echo 'lib from 1 to 2: nothing that we call has changed' > $ONLOOP_OUT/updates.md; "
    work(world, "implementer", f"{notes} echo lib==2 > requirements.txt; {COMMIT}")
    world.until(task, "submitted", "ready")
    work(world, "reviewer", f'{onloop} review pass --reason "the release notes say so"')
    shipped(world, origin, task)
    assert world.git(origin, "show", "main:requirements.txt") == "lib==2"


@pytest.mark.parametrize("name", ["feature", "raise-coverage", "flaky-tests", "policy-compliance", "dependency-update"])
def test_only_the_way_to_an_interpreter_is_another_here(name: str) -> None:
    assert ".venv" not in fitted(name).replace(sys.executable, "")
    assert fitted(name).count("- id: ") == builtin(name).decode().count("- id: ")
