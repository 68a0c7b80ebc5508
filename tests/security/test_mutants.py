"""Defences that could once be removed without any test noticing (the survivors of a mutation run), one test each.

Redundant on purpose: `core.useReplaceRefs` beside `GIT_NO_REPLACE_OBJECTS`, of which removing one changes nothing, and
both are tested together; `is_file(follow_symlinks=False)` beside O_NOFOLLOW on artefacts, which matters in a race only,
and is tried at the moment of opening; an agent's missing voice beside the row of Approve, so that the table itself is
held against its reviewed copy.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.test_authorize import PRINCIPALS, REVIEWED
from onloop.access import verifier_process
from onloop.errors import Ground, NotAllowed
from onloop.gates import warden
from onloop.gates.repository.folders import scratch
from onloop.gates.repository.mirror import Mirror
from onloop.gateway.authorize import ALLOWED, authorize
from onloop.home import Home
from onloop.machine import commands as c
from onloop.machine.definition import HumanGate
from onloop.machine.rules.people.entitlement import is_approved, valid_approvals
from onloop.machine.task import Submission
from onloop.records import replace
from support.patches import patch
from support.scenario import (
    ANA,
    BASE,
    BEN,
    HEAD,
    OTHER_BASE,
    OTHER_HEAD,
    PEOPLE,
    TASK,
    approve,
    claim,
    report,
    submit,
    workflow,
)
from support.steps import develop, human, ship
from support.waiting import wait_for
from support.world import GIT

NOBODY = 65534
SYSTEM_PYTHON = Path("/usr/bin/python3")
AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


def test_the_table_of_who_may_do_what_is_the_reviewed_one_row_by_row() -> None:
    told = {kind.__name__: " ".join(sorted(who.value for who in kinds)) for kind, kinds in ALLOWED.items()}

    assert told == REVIEWED


@pytest.mark.parametrize("decision", [c.Approve, c.Reject])
def test_an_agent_that_approves_is_refused_for_what_it_is_and_not_for_its_voice(decision: type) -> None:
    agent = PRINCIPALS[2]

    with pytest.raises(NotAllowed) as no:
        authorize(agent, decision("r1.1/release/9", "f" * 64, None, ""), TASK)

    assert (no.value.ground, no.value.message) == (Ground.KIND, f"agent:alfa may not {decision.__name__.lower()}")


@pytest.mark.parametrize(
    ("head", "base"), [(OTHER_HEAD, BASE), (HEAD, OTHER_BASE)], ids=["another head", "another base"]
)
def test_an_approval_is_for_the_head_and_the_base_that_it_was_given_for(head: str, base: str) -> None:
    step = ship(human(quorum=2))
    gate = next(gate for gate in step.gates if isinstance(gate, HumanGate))
    task = workflow(develop(), step).given(claim(), submit(), report(), approve(ANA)).task
    assert isinstance(task.submission, Submission)
    assert (task.submission.head, task.submission.base) == (HEAD, BASE)
    both = replace(task, decisions=(*task.decisions, replace(task.decisions[-1], by=BEN)))
    assert is_approved(both, step, gate, PEOPLE)

    changed = replace(both, submission=replace(task.submission, head=head, base=base))

    assert valid_approvals(changed, step, gate, PEOPLE) == ()
    assert not is_approved(changed, step, gate, PEOPLE)


def _git(folder: Path, *words: str) -> str:
    env = {**os.environ, **GIT, "GIT_AUTHOR_NAME": "m", "GIT_AUTHOR_EMAIL": "m@x", "GIT_COMMITTER_NAME": "m"}
    env["GIT_COMMITTER_EMAIL"] = "m@x"
    return subprocess.run(
        ["git", *words], cwd=folder, env=env, capture_output=True, text=True, check=True
    ).stdout.strip()


def test_a_replaced_commit_is_seen_as_it_is_in_trees_diffs_and_files(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    _git(origin, "init", "-q", "-b", "main")
    for words in ("harmless", "evil"):
        (origin / "a.py").write_text(words, encoding="utf-8")
        _git(origin, "add", "a.py")
        _git(origin, "commit", "-q", "-m", words)
    good, evil = _git(origin, "rev-parse", "main~1"), _git(origin, "rev-parse", "main")
    mirror = Mirror(tmp_path / "mirror.git", str(origin))
    mirror.create()
    mirror.refresh("main")
    true_tree = mirror.tree(evil)
    _git(tmp_path, "--git-dir=mirror.git", "replace", evil, good)
    assert _git(tmp_path, "--git-dir=mirror.git", "show", f"{evil}:a.py") == "harmless", "git itself believes it"

    assert mirror.tree(evil) == true_tree
    assert "+evil" in patch(mirror, good, evil)
    assert mirror.read_file(evil, "a.py", 100) == b"evil"


def test_a_verifier_is_started_with_nothing_of_ours_or_of_pythons_in_its_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What `onloop` runs as is put aside for a program that says what it was given."""
    says = "import os, pathlib, sys; pathlib.Path(sys.argv[1]).write_text('\\n'.join(os.environ) + '\\n.')"
    told = tmp_path / "told"
    monkeypatch.setattr(verifier_process, "own_command", lambda *_: [sys.executable, "-I", "-c", says, str(told)])
    for name in ("ONLOOP_TASK", "ONLOOP_URL", "PYTHONPATH", "PYTHONSTARTUP", "PYTHONHOME"):
        monkeypatch.setenv(name, "from-an-agent")
    home = Home(tmp_path / "store")
    home.store.mkdir(mode=0o700)

    verifier_process.ensure_verifier(home)

    wait_for(lambda: told.exists() and told.read_text().endswith("."), lambda: "nothing was started")
    names = told.read_text().splitlines()
    assert [name for name in names if name.startswith(("ONLOOP_", "PYTHON"))] == []


@pytest.fixture
def crowded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path


@AS_ROOT
def test_what_another_user_left_under_our_name_is_not_swept_away(crowded: Path) -> None:
    """Root may remove anything: what is not its own it leaves alone, or a stranger would choose what goes."""
    theirs, ours = crowded / "onloop-gate-theirs", crowded / "onloop-gate-ours"
    for folder in (theirs, ours):
        (folder / "deep").mkdir(parents=True)
    os.chown(theirs, NOBODY, NOBODY)

    with scratch("gate"):
        assert (theirs / "deep").is_dir()
        assert not ours.exists()


@AS_ROOT
@pytest.mark.skipif(not SYSTEM_PYTHON.exists(), reason="it needs a Python that every user may start")
def test_no_process_of_the_same_user_may_look_into_a_warden() -> None:
    """Who may not be dumped has its descriptors owned by root in /proc, so that nobody else of its user opens them."""
    place = Path(tempfile.mkdtemp())
    try:
        place.chmod(0o755)
        program = place / "warden.py"
        shutil.copy(warden.__file__, program)
        program.chmod(0o644)
        with _as_nobody("-I", "-S", str(program), "1") as watched, _as_nobody("-c", "input()") as plain:
            wait_for(lambda: _owner(watched.pid) == 0, lambda: f"its descriptors belong to {_owner(watched.pid)}")
            assert _owner(plain.pid) == NOBODY
            for process in (watched, plain):
                process.kill()
    finally:
        shutil.rmtree(place)


def _as_nobody(*words: str) -> subprocess.Popen[bytes]:
    streams = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen([str(SYSTEM_PYTHON), *words], user=NOBODY, group=NOBODY, cwd="/", **streams)  # type: ignore[call-overload,no-any-return]


def _owner(pid: int) -> int:
    return Path(f"/proc/{pid}/fd").stat().st_uid
