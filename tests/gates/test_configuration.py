"""Which changed files configure tests, or bring code into them that is no test."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from gates.desk import Desk, command
from onloop.gates.configuration import MOST_FLAGS, flag_kind, flags, flags_for
from onloop.gates.repository.file_changes import ChangedPath, FileKind, Status
from onloop.gates.repository.mirror import Mirror
from onloop.machine.flags import Flag, FlagKind
from onloop.machine.task import Verdict

if TYPE_CHECKING:
    from gates.conftest import Origin

KINDS = {
    FlagKind.SHADOW: """
        pytest.py unittest/__init__.py json.py argparse.py difflib.py src/json.py tests/difflib.py _pytest/main.py
        src/pluggy/__init__.py Json.PY xml/etree/ElementTree.py coverage.so
    """,
    FlagKind.PLUGIN: """
        conftest.py a/b/conftest.py lib/sitecustomize.py usercustomize.py evil.PTH .venv/bin/pytest
        node_modules/jest/index.js src/shop/__pycache__/__init__.cpython-311.pyc __pycache__/app_test.cpython-311.pyc
        shop.pyc green-1.dist-info/entry_points.txt src/green.egg-info/entry_points.txt _hypothesis_pytestplugin.py
        src/pytest_green.py
    """,
    FlagKind.CONFIGURATION: """
        pytest.ini setup.cfg pyproject.toml noxfile.py .coveragerc jest.config.mjs tests/vitest.config.ts .mocharc.json
    """,
    FlagKind.TEST_CHANGED: """
        tests/test_a.py test_a.py a/b_test.go src/x.test.ts src/x_spec.rb spec/a_spec.rb src/test/java/a/B.java
        app/FooTest.java app/TestFoo.kt __tests__/a.js src/tests.rs tests/data.json app/tests.py
        tests/test_conftest.py src/__snapshots__/a.snap
    """,
    FlagKind.BUILD: """
        sub/Makefile package.json setup.py Cargo.toml go.mod pom.xml a/rules.mk .gitattributes scripts/check.sh test.sh
        run_tests.sh ci/run-test.sh bin/test scripts/ci-check src/shop/_fast.cpython-311-x86_64-linux-gnu.so lib/a.jar
    """,
    FlagKind.DEPENDENCIES: "requirements-dev.txt a/uv.lock package-lock.json go.sum",
    FlagKind.CI: ".github/workflows/ci.yml .onloop/feature.yaml .gitlab-ci.yml CODEOWNERS",
}
OTHERS = """
    src/app.py docs/makefile.md a/pytest.py.txt x/github/a pytester/a.py app/json.py app/types.py attest.py latest/a.py
    json/data.txt contest.py src/app/logging.py greatest.ts protest.go latest.sh deploy.sh bin/shop src/checks/a.sql
"""


@pytest.fixture
def desk(origin: Origin, mirror: Mirror) -> Desk:
    return Desk(origin, mirror)


def test_what_a_change_does_to_its_judges_is_on_record_worst_first(desk: Desk) -> None:
    desk.base({"tox.ini": "[pytest]\n", "src/app.py": "1", "tests/test_a.py": "1", "tests/test_b.py": "1"})
    files = {"tests/conftest.py": "", "src/app.py": "2", "x.pth": "import os", "json.py": "", "tests/test_a.py": "2"}
    subject = desk.submit({**files, "tests/test_c.py": "1"}, "tox.ini", "tests/test_b.py")
    evidence = desk.ask(command("true"), subject)
    assert evidence.verdict is Verdict.PASS
    assert [(flag.path, flag.kind.value) for flag in evidence.flags] == [
        ("json.py", "shadow"),
        ("tests/conftest.py", "plugin"),
        ("x.pth", "plugin"),
        ("tox.ini", "configuration"),
        ("tests/test_b.py", "test_deleted"),
        ("tests/test_a.py", "test_changed"),
        ("tests/test_c.py", "test_added"),
    ]


@pytest.mark.parametrize(("path", "kind"), [(path, kind) for kind, paths in KINDS.items() for path in paths.split()])
def test_what_decides_a_verdict_is_known_by_its_path(path: str, kind: FlagKind) -> None:
    assert flag_kind(path) is kind


@pytest.mark.parametrize("path", OTHERS.split())
def test_what_decides_no_verdict_is_left_out(path: str) -> None:
    assert flag_kind(path) is None


def test_a_flag_beyond_the_most_is_not_forgotten() -> None:
    changed = [ChangedPath(f"tests/test_{n:04}.py", Status.ADDED, FileKind.FILE) for n in range(MOST_FLAGS + 3)]
    found = flags(changed)
    assert len(found) == MOST_FLAGS + 1
    assert found[-1].path.startswith("and 3 more paths, sha256 ")
    assert flags([*changed[:-1], dataclasses.replace(changed[-1], path="tests/test_z.py")])[-1] != found[-1]


def test_changed_tests_are_no_flag_of_a_gate_that_only_reads_code(desk: Desk) -> None:
    changed = [ChangedPath(path, Status.MODIFIED, FileKind.FILE) for path in ("tests/test_a.py", "ruff.toml", "ast.py")]
    kept = ["ast.py", "ruff.toml"]
    assert [flag.path for flag in flags_for(command("ruff", "check"), changed)] == kept
    assert [flag.path for flag in flags_for(command("{python}", "-m", "ruff", "check"), changed)] == kept
    assert [flag.path for flag in flags_for(command("make", "ruff"), changed)] == [*kept, "tests/test_a.py"]


def test_what_the_command_of_a_gate_or_of_setup_runs_is_flagged_whatever_its_name() -> None:
    paths = ("tools/judge", "app/verdict.py", "src/green/__main__.py", "prepare.txt", "app/other.py")
    changed = [ChangedPath(path, Status.MODIFIED, FileKind.FILE) for path in paths]
    run = {
        "tools/judge": command("sh", "./tools/judge"),
        "app/verdict.py": command("env", "A=1", "{python}", "-m", "app.verdict"),
        "src/green/__main__.py": command("{python}", "-m", "green"),
    }
    for path, gate in run.items():
        assert flags_for(gate, changed) == (Flag(path, FlagKind.COMMAND),)
    assert flags_for(command("cargo", "test"), changed, setup=[["sh", "prepare.txt"]]) == (
        Flag("prepare.txt", FlagKind.COMMAND),
    )
    assert flags_for(command("ruff", "check", "app/other.py"), changed) == ()


def test_what_ran_the_tests_at_the_base_and_no_longer_does_is_flagged(desk: Desk) -> None:
    desk.base({"go.sh": "python3 -m pytest -q\n", "gone.sh": "pytest\n", "app.py": "1\n"})
    evidence = desk.ask(command("true"), desk.submit({"go.sh": "exit 0\n", "app.py": "2\n"}, "gone.sh"))
    assert evidence.flags == (Flag("go.sh", FlagKind.REACHES), Flag("gone.sh", FlagKind.REACHES))
