"""A defect of ours in a verb: one line for a person, one object for an agent, and a trace without values."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from onloop.errors import Exit

BROKEN = """
import sys
from onloop.cli import main
def broken(context):
    token = "correct horse " + "battery staple"
    raise LookupError(f"no \\x1b[31mbook\\nof {len(token)}")
main._function = lambda found: broken
sys.exit(main.run(sys.argv[1:]))
"""


def run_broken(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "XDG_STATE_HOME": str(folder), "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    command = [sys.executable, "-c", BROKEN, *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


def test_a_person_gets_one_line_and_where_the_trace_is(tmp_path: Path) -> None:
    done = run_broken(tmp_path, "help")

    (kept,) = (tmp_path / "onloop" / "defects").iterdir()
    assert done.returncode == Exit.INTERNAL
    assert done.stderr.startswith("onloop: onloop ended by a defect of ours: LookupError (")
    assert str(kept) in done.stderr and "Traceback" not in done.stderr + done.stdout
    assert "in broken" in kept.read_text() and "horse battery" not in kept.read_text()


def test_an_agent_gets_its_one_object(tmp_path: Path) -> None:
    done = run_broken(tmp_path, "help", "--json")

    assert done.returncode == Exit.INTERNAL
    assert json.loads(done.stdout)["error"] == "defect"
