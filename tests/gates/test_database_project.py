"""A real project whose tests need PostgreSQL: its source distribution, and a gate with a database beside it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from gates.conftest import bare_origin_at
from gates.desk import Desk
from onloop.gates.evaluation import GateSubject
from onloop.gates.repository.mirror import Mirror
from onloop.machine.definition import CommandGate
from onloop.machine.task import Verdict
from onloop.records import replace
from onloop.workflow.loader import load

pytestmark = pytest.mark.projects

VERSION = "1.31.6"
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
WORKFLOW = b"""\
workflow: with-a-database
description: The tests of a driver, beside a database.
environment:
  setup:
    - [python3, -m, venv, .venv]
    - [.venv/bin/python, -m, pip, install, -q, pytest, hatchling, versioningit, editables]
    - [.venv/bin/python, -m, pip, install, -q, scramp, python-dateutil, pytz, pytest-mock]
  build: [[.venv/bin/python, -m, pip, install, -q, --no-build-isolation, --no-deps, -e, .]]
  network: true
  git: true
  variables: {PGHOST: 127.0.0.1}
  services:
    - name: db
      prepare:
        - [sh, -c, "echo pw > {data}/pw"]
        - [initdb, -D, "{data}/db", -U, postgres, "--pwfile={data}/pw", --auth=scram-sha-256, -E, UTF8, --locale=C]
      command: [postgres, -D, "{data}/db", -h, 127.0.0.1, -k, ""]
      port: 5432
steps:
  - id: develop.write
    role: implementer
    gates:
      - id: tests
        command:
          [.venv/bin/python, -m, pytest, -q, "--junitxml={report}", test/native/test_query.py]
        junit: {min_tests: 20}
"""


@pytest.mark.skipif(shutil.which("initdb") is None, reason="PostgreSQL is not on PATH")
def test_the_tests_of_a_driver_run_beside_a_database(tmp_path: Path) -> None:
    origin = bare_origin_at(tmp_path)
    tree = distribution(tmp_path / "download")
    origin.commit({str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()})
    origin.git("tag", "-a", "-m", "release", VERSION, "refs/heads/main")
    mirror = Mirror(tmp_path / "mirrors" / "origin.git", str(origin.path))
    mirror.create()
    base, definition = mirror.refresh("main"), load(WORKFLOW, "workflow.yaml")
    origin.commit({"CHANGE": "1\n"}, "work")
    head = mirror.refresh("work")
    certificates = (("PIP_CERT", str(CERTIFICATES)),) if CERTIFICATES.exists() else ()
    variables = (*definition.environment.variables, *certificates)
    desk = Desk(origin, mirror, environment=replace(definition.environment, variables=variables))
    gate = definition.steps[0].gates[0]
    assert isinstance(gate, CommandGate)
    evidence = desk.ask(gate, GateSubject("r1", "d" * 64, head, mirror.tree(head), base))
    assert evidence.verdict is Verdict.PASS, f"{evidence.summary}\n{desk.output(evidence)}"
    assert evidence.tests is not None
    assert evidence.tests.ran >= 20


def distribution(place: Path) -> Path:
    """The folder of the driver's source distribution; skipped, and said, where no registry has it for us."""
    place.mkdir()
    words = ("download", "-q", "--no-deps", "--no-binary", "pg8000", "-d", str(place))
    ran = subprocess.run(
        [sys.executable, "-m", "pip", *words, f"pg8000=={VERSION}"],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    found = [*place.glob("*.tar.gz")]
    if not found:
        pytest.skip(f"no registry has pg8000 for us: {ran.stderr[-300:]}")
    with tarfile.open(found[0]) as file:
        file.extractall(place, filter="data")
    return next(folder for folder in place.iterdir() if folder.is_dir())
