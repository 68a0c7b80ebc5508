"""Programs of ours that run without our packages: an agent owns what they open, or code under judgement does."""

from __future__ import annotations

import subprocess
import sys

import pytest

from onloop.gates import environment, warden
from onloop.gates.credentials import answering
from onloop.gates.intake import collector
from onloop.gates.repository import head

PROGRAMS = [str(module.__file__) for module in (answering, collector, environment, head, warden)]


@pytest.mark.parametrize("program", PROGRAMS, ids=[name.rpartition("/")[2] for name in PROGRAMS])
def test_a_program_that_a_bare_interpreter_runs_imports_nothing_but_python_itself(program: str) -> None:
    words = [sys.executable, "-I", "-S", program]

    ran = subprocess.run(words, input=b"{}", capture_output=True, timeout=60, check=False, cwd="/")

    assert b"ModuleNotFoundError" not in ran.stderr, ran.stderr.decode()
