"""The house has floors, rooms have one subject, and what must stay light stays light: checked, not hoped for."""

from __future__ import annotations

import ast
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = sorted([*ROOT.glob("core/**/*.py"), *ROOT.glob("tui/**/*.py")])
LONGEST_FILE = 400
LONGEST_FUNCTION = 45
MOST_FILES = 20
SAME_WORD = {"port"}
"""Stems that name the same kind of thing in several rooms: what callers see of the gateway, and of a store."""
PURE = ("core/onloop/errors.py", "core/onloop/text.py", "core/onloop/machine", "core/onloop/attention")
IMPURE_MODULES = {
    *("apsw", "asyncio", "datetime", "getpass", "glob", "http", "httpx", "io", "logging", "multiprocessing", "os"),
    *("pathlib", "pydantic", "random", "secrets", "select", "shutil", "signal", "socket", "sqlite3", "subprocess"),
    *("sys", "tempfile", "textual", "threading", "time", "urllib", "uuid", "watchfiles"),
}


def _environment() -> dict[str, str]:
    paths = os.pathsep.join(str(ROOT / part) for part in ("core", "tui"))
    return {**os.environ, "PYTHONPATH": paths}


def _imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


def _linted(root: Path) -> subprocess.CompletedProcess[str]:
    script = "from importlinter.cli import lint_imports_command; lint_imports_command(['--no-cache'])"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(str(root / part) for part in ("core", "tui"))}
    return subprocess.run(
        [sys.executable, "-c", script], cwd=root, env=environment, capture_output=True, text=True, check=False
    )


def test_dependencies_run_one_way() -> None:
    linted = _linted(ROOT)

    assert linted.returncode == 0, linted.stdout[-3000:] + linted.stderr[-2000:]


def test_a_package_without_a_place_a_model_that_sees_textual_and_a_circle_are_found(tmp_path: Path) -> None:
    for part in ("core", "tui"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__", "*.md", "*.svg"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    lounge = tmp_path / "core/onloop/lounge"
    lounge.mkdir()
    (lounge / "__init__.py").write_text("import onloop.cli\n")
    snapshot = tmp_path / "tui/onloop_tui/model/ground/snapshot.py"
    snapshot.write_text(snapshot.read_text() + "\nfrom textual.app import App\n")
    subject = tmp_path / "tui/onloop_tui/model/ground/subject.py"
    subject.write_text(subject.read_text() + "\nimport onloop_tui.model.sheet.sections\n")

    found = _linted(tmp_path)

    assert found.returncode != 0
    for broken in ("onloop.lounge", "onloop_tui.model is not allowed to import textual", "No cycles are allowed"):
        assert broken in found.stdout, found.stdout[-3000:]


def test_no_room_has_more_than_twenty_files_unless_it_has_rooms_within() -> None:
    rooms = {path.parent for path in SOURCE}
    full = {
        str(room.relative_to(ROOT)): len(files)
        for room in rooms
        if len(files := [f for f in room.glob("*.py") if f.name != "__init__.py"]) > MOST_FILES
        and not any((inner / "__init__.py").exists() for inner in room.iterdir() if inner.is_dir())
    }

    assert full == {}


def test_no_word_names_two_modules_or_two_classes() -> None:
    named: dict[str, list[str]] = {}
    for path in SOURCE:
        if path.stem not in {"__init__", "__main__", *SAME_WORD}:
            named.setdefault(path.stem, []).append(str(path.relative_to(ROOT)))
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef):
                named.setdefault(node.name, []).append(str(path.relative_to(ROOT)))

    assert {word: places for word, places in named.items() if len(places) > 1} == {}


@pytest.mark.parametrize("floor", PURE)
def test_the_pure_floors_see_no_clock_file_process_or_network(floor: str) -> None:
    path = ROOT / floor
    files = [path] if path.is_file() else sorted(path.glob("**/*.py"))
    found = {f"{file.name}: {name}" for file in files for name in _imports(file) if name in IMPURE_MODULES}

    assert files
    assert found == set()


def test_no_file_is_longer_than_a_room() -> None:
    lengths = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8").count("\n") for path in SOURCE}

    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_the_dashboards_work_beside_its_keys_is_begun_in_one_place() -> None:
    """A coroutine that is made before its worker begins is awaited by nobody where that is put away."""
    begun = {path.name for path in SOURCE if ".run_worker(" in path.read_text(encoding="utf-8")}

    assert begun == {"app.py", "background.py"}


def _is_a_flat_match(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it does nothing but choose by kind, in two lines for each: a table, which reads best in one piece."""
    match = node.body[-1]
    return (
        isinstance(match, ast.Match)
        and len(node.body) == 2
        and all(len(case.body) <= 2 and not hasattr(case.body[0], "body") for case in match.cases)
    )


def test_every_function_can_be_read_without_scrolling() -> None:
    long = [
        f"{path.relative_to(ROOT)}:{node.lineno} {node.name}"
        for path in SOURCE
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or node.lineno) - node.lineno + 1 > LONGEST_FUNCTION
        and not _is_a_flat_match(node)
    ]

    assert long == []


def test_the_top_level_holds_only_what_belongs_there() -> None:
    folders = {path.name for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith((".", "__"))}

    assert folders <= {"core", "tui", "tests", "screenshots"}


@pytest.mark.parametrize(
    "words", [("check",), ("next",), ("submit",), ("ask", "why?"), ("release",), ("fail", "no"), ("heartbeat",)]
)
def test_verbs_of_agents_load_neither_dashboard_nor_pydantic(words: tuple[str, ...], tmp_path: Path) -> None:
    script = (
        "import sys; from onloop.cli.main import run; run(sys.argv[1:]);"
        "heavy = {'textual', 'rich', 'pydantic', 'httpx', 'ruamel'} & {name.partition('.')[0] for name in sys.modules};"
        "sys.exit(','.join(sorted(heavy)) or 0)"
    )
    environment = {**_environment(), "ONLOOP_TOKEN": "none", "ONLOOP_STORE": str(tmp_path / "store")}
    ran = subprocess.run(
        [sys.executable, "-c", script, *words], env=environment, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stderr
    assert "there is no store in" in ran.stderr


@pytest.mark.parametrize("words", [("attention",), ("list",), ("tree",), ("why", "r1"), ("log",)])
def test_verbs_that_only_look_load_nothing_that_starts_programs(words: tuple[str, ...], tmp_path: Path) -> None:
    script = (
        "import sys; from onloop.cli.main import run; run(sys.argv[1:]);"
        "sys.exit(','.join(sorted({'subprocess', 'tempfile', 'onloop.gates.repository.git'} & set(sys.modules))) or 0)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script, *words, "--store", str(tmp_path / "store")],
        env=_environment(),
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stderr
    assert "there is no store in" in ran.stderr


def test_a_glance_loads_next_to_nothing() -> None:
    script = (
        "import sys; before = set(sys.modules); import onloop.cli.glance; print(*sorted(set(sys.modules) - before))"
    )
    ran = subprocess.run([sys.executable, "-c", script], env=_environment(), capture_output=True, text=True, check=True)
    loaded = {name for name in ran.stdout.split() if not name.startswith("onloop")}

    assert loaded & {"json", "re", "enum", "dataclasses", "argparse", "hashlib", "typing", "subprocess"} == set()


def test_everything_that_is_installed_is_explained() -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    project = tomllib.loads("\n".join(lines))["project"]
    reasons = {line.split("#", 1)[0].strip(): line.partition("#")[2].strip() for line in lines}

    unexplained = [name for name in project["dependencies"] if not reasons.get(f'"{name}",')]
    assert unexplained == []
