"""A forge runs what is promised: every Python, both systems, pinned actions, and no right that a job does not need."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from ruamel.yaml import YAML

from support.world import ROOT

FOLDER = ROOT / ".github" / "workflows"
FILES = sorted(FOLDER.glob("*.yml")) if FOLDER.exists() else []
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40}")

if not FILES:
    pytest.skip("what was unpacked here is a source distribution, without a forge's files", allow_module_level=True)


def _workflows() -> Iterator[tuple[str, Any]]:
    return ((path.name, YAML(typ="safe", pure=True).load(path)) for path in FILES)


def _jobs() -> Iterator[tuple[str, Any]]:
    return ((f"{name}: {job}", found) for name, read in _workflows() for job, found in read["jobs"].items())


def test_every_action_is_pinned_by_its_commit() -> None:
    used = [(name, step["uses"]) for name, job in _jobs() for step in job["steps"] if "uses" in step]

    assert used
    assert [(name, action) for name, action in used if not PINNED.fullmatch(action)] == []


def test_no_job_may_more_than_read() -> None:
    assert {name: read["permissions"] for name, read in _workflows() if read["permissions"] != {}} == {}
    assert {
        name: job.get("permissions") for name, job in _jobs() if job.get("permissions") != {"contents": "read"}
    } == {}
    assert [path.name for path in FILES if "secrets." in path.read_text(encoding="utf-8")] == []


def test_the_suite_runs_on_every_python_and_system_that_is_promised() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.compile(r"Programming Language :: Python :: (3\.\d+)")
    promised = [match[1] for words in project["classifiers"] if (match := named.fullmatch(words))]
    matrix = dict(_workflows())["ci.yml"]["jobs"]["test"]["strategy"]["matrix"]

    assert project["requires-python"] == f">={promised[0]}"
    assert matrix["python"] == promised
    assert {system.partition("-")[0] for system in matrix["system"]} == {"ubuntu", "macos"}
