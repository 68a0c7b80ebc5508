"""The built-in workflows' environment on real projects of six build systems, each in a fresh repository."""

from __future__ import annotations

import subprocess
import sys
import tarfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from gates.conftest import bare_origin_at
from gates.desk import Desk
from onloop.gates.evaluation import GateSubject
from onloop.gates.repository.mirror import Mirror
from onloop.machine.definition import CommandGate
from onloop.machine.task import Verdict
from onloop.records import replace
from onloop.workflow.builtins import builtin
from onloop.workflow.loader import load

pytestmark = pytest.mark.projects

PROJECTS = {
    "setuptools": ("six==1.17.0", "six.py"),
    "hatch": ("iniconfig==2.1.0", "src/iniconfig/__init__.py"),
    "flit": ("tomli==2.2.1", "src/tomli/__init__.py"),
    "poetry": ("pastel==0.2.1", "pastel/__init__.py"),
    "setuptools_scm": ("pluggy==1.5.0", "src/pluggy/__init__.py"),
    "a C extension": ("markupsafe==3.0.2", "src/markupsafe/__init__.py"),
}
MORE = {"setuptools": ("-k", "not tkinter and not move_items"), "poetry": ("tests",)}
FEATURE = load(builtin("feature"), "feature.yaml")
CERTIFICATES = Path("/etc/ssl/certs/ca-certificates.crt")
DOWNLOAD_S = 300


def own_test(name: str) -> dict[str, bytes]:
    """A test for distributions that leave out their own."""
    return {"test_it_is_installed.py": f"import {name}\n\n\ndef test_it():\n    assert {name}.__name__\n".encode()}


def gate_of_tests() -> CommandGate:
    gates = (gate for step in FEATURE.steps for gate in step.gates if isinstance(gate, CommandGate))
    return next(gate for gate in gates if gate.id == "tests")


def sources(project: str, place: Path) -> Path:
    """The folder of a source distribution, as its tar file has it."""
    name = project.partition("==")[0]  # what builds it may come as a wheel: built from its sources it takes minutes
    words = ("download", "-q", "--no-deps", "--no-binary", name, "-d", str(place), project)
    ran = subprocess.run(
        [sys.executable, "-m", "pip", *words], capture_output=True, text=True, timeout=DOWNLOAD_S, check=False
    )
    found = [*place.glob("*.tar.gz")]
    if not found:
        pytest.skip(f"no registry has {project} for us: {ran.stderr[-300:]}")
    with tarfile.open(found[0]) as file:
        file.extractall(place, filter="data")
    return next(folder for folder in place.iterdir() if folder.is_dir())


def files_below(folder: Path) -> Mapping[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", PROJECTS)
def test_the_tests_of_a_real_project_run_on_a_fresh_clone(kind: str, tmp_path: Path) -> None:
    project, module = PROJECTS[kind]
    origin = bare_origin_at(tmp_path)
    (tmp_path / "download").mkdir()
    name = project.partition("==")[0]
    tree = {**files_below(sources(project, tmp_path / "download")), **own_test(name)}
    origin.commit(tree)
    version = project.partition("==")[2]
    origin.git("tag", version, "refs/heads/main")
    mirror = Mirror(tmp_path / "mirror.git", str(origin.path))
    mirror.create()
    base = mirror.refresh("main")
    certificates = (("PIP_CERT", str(CERTIFICATES)),) if CERTIFICATES.exists() else ()
    desk = Desk(origin, mirror, environment=replace(FEATURE.environment, variables=certificates))
    origin.commit({module: tree[module] + b"\n# a change\n"}, "work")
    head = mirror.refresh("work")
    subject = GateSubject("r1", "d" * 64, head, mirror.tree(head), base)
    gate = replace(gate_of_tests(), argv=(*gate_of_tests().argv, *MORE.get(kind, ())))
    evidence = desk.ask(gate, subject)
    assert evidence.verdict is Verdict.PASS, f"{evidence.summary}\n{desk.output(evidence)}"
    again = desk.ask(gate, subject)
    assert again.verdict is Verdict.PASS and again.spent is not None and again.spent.setup_cached
