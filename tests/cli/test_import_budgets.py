"""What each verb may load: a budget for every one of them, so that none grows slow by an import that nobody noticed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from onloop.cli.verb import Verb
from onloop.cli.verb_table import VERBS

ROOT = Path(__file__).parents[2]
OURS_BESIDE = frozenset({"vm_frames", "vm_keeper", "vm_tree"})
"""Modules of ours that also run without the package, and so are found by their plain names."""

USUAL = frozenset({"onloop", "msgspec", "typing_extensions", "apsw"}) | OURS_BESIDE
"""What any verb may load besides the standard library; `typing_extensions` comes with `msgspec`, where it is there."""

FILES = USUAL | {"pydantic", "pydantic_core", "annotated_types", "typing_extensions", "typing_inspection", "ruamel"}
"""What a verb may load that reads workflow files, or the words of the guides."""

BUDGETS = {
    **dict.fromkeys(
        ("start", "fleet", "amend", "retarget", "validate", "graph", "workflow", "help", "demo", "init"), FILES
    ),
    **dict.fromkeys(("verifier", "serve", "work", "doctor", "store", "enrol", "repository", "hook"), FILES),
    **dict.fromkeys(("completion", "policy", "simulate", "enter", "gc", "trigger", "schedule", "calls"), FILES),
    **dict.fromkeys(("adopt", "tickets", "audit", "bench"), FILES),
}
"""The verbs with a budget of their own; all others have the usual one."""

MACHINERY = ("onloop.gateway", "onloop.machine.operation", "onloop.views", "onloop.remote", "onloop.store.sqlite")
"""What the short way of an agent's question has no need of."""

LOADED = """
import contextlib, io, json, os, sys
words = json.loads(sys.argv[1])
sys.argv[1:] = words
before = set(sys.modules)
with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
    from onloop.cli.main import run
    try:
        run(words)
    except SystemExit:
        pass
found = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps(sorted(name for name in found - sys.stdlib_module_names if not name.startswith("_"))))
"""


def words_of(row: Verb) -> list[str]:
    """The fewest words that a verb takes."""
    words = [row.name]
    for argument in row.arguments:
        name, options = argument.names[0], argument.options
        value = next(iter(options.get("choices", ("x",))))
        if name.startswith("--"):
            words += [name, value] if options.get("required") else []
        elif options.get("nargs") not in {"?", "..."}:
            words.append(value)
    return [*words, "--dir", "/dev/null/x"] if row.name == "demo" else words


def loaded(program: str, *words: str, folder: Path) -> str:
    """What a program prints in an environment without a store."""
    given = {"HOME": str(folder), "ONLOOP_STORE": str(folder / "store"), "PATH": os.environ["PATH"]}
    paths = os.pathsep.join(str(ROOT / part) for part in ("core", "tui"))
    ran = subprocess.run(
        [sys.executable, "-c", program, *words],
        env={**given, "PYTHONPATH": paths},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        cwd=folder,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


@pytest.mark.parametrize("row", VERBS, ids=lambda row: row.name)
def test_a_verb_loads_no_more_than_its_budget(row: Verb, tmp_path: Path) -> None:
    found = set(json.loads(loaded(LOADED, json.dumps(words_of(row)), folder=tmp_path)))

    assert found - BUDGETS.get(row.name, USUAL) == set()


@pytest.mark.parametrize("module", ["glance", "hook"])
def test_the_short_ways_of_check_next_and_hook_load_nothing_of_the_machinery(module: str, tmp_path: Path) -> None:
    program = f"import sys, json; import onloop.cli.entry, onloop.cli.{module}; print(json.dumps(sorted(sys.modules)))"
    found = json.loads(loaded(program, folder=tmp_path))

    unwanted = {"argparse", "pydantic", *(("msgspec", "typing") if module == "glance" else ("apsw",))}
    assert unwanted & set(found) == set()
    assert [name for name in found if name.startswith(MACHINERY)] == []
