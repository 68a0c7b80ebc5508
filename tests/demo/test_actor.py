from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from onloop.demo import brief_reader, edits
from onloop.demo.actor import QUESTION
from onloop.demo.brief_reader import RemarkKind
from onloop.demo.edits import Replacement
from support.waiting import DEADLINE_S

if TYPE_CHECKING:
    from demo.conftest import Clone

GATE = "- gate tests failed: TypeError: Store.put() takes 3 positional arguments but 4 were given"
STUCK = ("audit-journal", "billing", "inventory", "ledger")
GONE = (
    "- gate tests failed: vendor.kvlite.RemovedError: scan() is gone in kvlite 2: use snapshot() (a copy) or stream()"
)

Cloner = Callable[[str], "Clone"]


def last_exception(output: str) -> str:
    return str(re.findall(r"^\w[\w.]*Error: .*$", output, re.MULTILINE)[-1])


def passes(clone: Clone) -> bool:
    return clone.test().returncode == 0


def is_fixed(clone: Clone) -> bool:
    """What the workflow's gates look at, and that nothing is left lying about."""
    assert clone.git("status", "--porcelain") == ""
    assert len(clone.notes()) >= 40
    return passes(clone) and clone.vendored() == "2.0.1" and "DEBUG" not in clone.git("diff", "origin/main")


def count_tests(clone: Clone) -> int:
    found = re.search(r"Ran (\d+) tests", clone.test().stderr)
    assert found
    return int(found[1])


@pytest.mark.parametrize("repo", ["rate-limiter", "guestbook"])
def test_a_diligent_agent_makes_the_change_in_one_go_and_twice_is_the_same(clone: Cloner, repo: str) -> None:
    ours = clone(repo)
    done = ours.act()
    assert done.returncode == 0, done.stderr
    assert is_fixed(ours)
    assert ours.git("log", "-1", "--format=%an <%ae>") == "ada <ada@agents.onloop.invalid>"
    assert "ttl=" in ours.git("diff", "origin/main", "--", "*.py")
    head = ours.git("rev-parse", "HEAD")
    assert ours.act(attempt=2).returncode == 0
    assert ours.git("rev-parse", "HEAD") == head


def test_a_sycophant_says_done_with_failing_tests_and_repairs_them_when_the_gate_has_spoken(clone: Cloner) -> None:
    ours = clone("url-shortener")
    done = ours.act()
    assert (done.returncode, "All tests pass" in done.stdout) == (0, True)
    assert "all tests pass" in ours.notes()
    assert ours.vendored() == "2.0.1"
    assert last_exception(ours.test().stderr).startswith("TypeError: Store.put()")
    ours.act(GATE, round_=1)
    assert is_fixed(ours)


def test_a_test_deleter_passes_with_fewer_tests_and_puts_them_back_when_the_gate_has_spoken(clone: Cloner) -> None:
    ours = clone("shopping-cart")
    before = count_tests(ours)
    ours.act()
    assert passes(ours)
    assert 0 < count_tests(ours) < before
    ours.act("- gate tests failed: 2 tests ran, but 8 ran at the base", round_=1)
    assert is_fixed(ours)
    assert count_tests(ours) == before
    assert ours.git("diff", "origin/main", "--", "tests") == ""


@pytest.mark.parametrize(
    ("said", "attempt", "round_"),
    [
        ("- gate patched failed: vendor/kvlite/VERSION does not contain '2.'", 1, 1),
        ("- attempt ended: nothing was committed", 2, 0),
    ],
)
def test_an_idler_commits_nothing_until_told(clone: Cloner, said: str, attempt: int, round_: int) -> None:
    ours = clone("leaderboard")
    done = ours.act()
    assert (done.returncode, "Done" in done.stdout) == (0, True)
    assert ours.git("rev-parse", "HEAD") == ours.git("rev-parse", "origin/main")
    ours.act(said, attempt=attempt, round_=round_)
    assert is_fixed(ours)


def test_a_crasher_dies_half_way_and_its_next_attempt_copes_with_what_it_left(clone: Cloner) -> None:
    ours = clone("job-queue")
    assert ours.act().returncode == -signal.SIGKILL
    assert len(ours.git("status", "--porcelain").splitlines()) >= 3
    with pytest.raises(SyntaxError):
        compile((ours.tree / "job_queue.py").read_text(), "job_queue.py", "exec")
    (ours.tree / ".git" / "index.lock").touch()
    (ours.tree / "scratch.txt").write_text("left lying about\n")
    done = ours.act("- attempt ended: crashed, signal 9", attempt=2)
    assert done.returncode == 0, done.stderr
    assert "uncommitted" in done.stdout
    assert is_fixed(ours)
    assert "scratch.txt" not in ours.git("ls-tree", "--name-only", "HEAD")


def test_a_hanger_ignores_sigterm_and_its_next_attempt_works(clone: Cloner) -> None:
    ours = clone("webhook-inbox")
    with started(ours.argv(), ours) as agent:
        first_line_with("waiting", agent)
        agent.send_signal(signal.SIGTERM)
        with pytest.raises(subprocess.TimeoutExpired):
            agent.wait(0.5)
        agent.kill()
    assert ours.act("- attempt ended: timed out", attempt=2).returncode == 0
    assert is_fixed(ours)


def test_a_hanger_whose_worker_died_does_not_stay_behind(clone: Cloner) -> None:
    ours = clone("webhook-inbox")
    code = "import signal, subprocess, sys; print(subprocess.Popen(sys.argv[1:]).pid, flush=True); signal.pause()"
    with started([sys.executable, "-c", code, *ours.argv()], ours) as worker:
        agent = int(first_line_with("", worker))
        first_line_with("waiting", worker)
        worker.kill()
        worker.wait()
        assert worker.stdout is not None
        guard = threading.Timer(DEADLINE_S, os.kill, (agent, signal.SIGKILL))
        guard.start()
        worker.stdout.read()  # ends with the last process that can write to it
        assert guard.is_alive()
        guard.cancel()


def started(argv: list[str], clone: Clone) -> subprocess.Popen[str]:
    """A process with the clone's environment and its brief on standard input."""
    process = subprocess.Popen(
        argv,
        cwd=clone.tree,
        env=clone.variables(1, 0),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdin is not None
    process.stdin.write(clone.brief())
    process.stdin.close()
    return process


def first_line_with(words: str, process: subprocess.Popen[str]) -> str:
    """The next line of output with these words; a process that never says them is ended, and the test with it."""
    guard = threading.Timer(DEADLINE_S, process.kill)
    guard.start()
    assert process.stdout is not None
    try:
        return next(line for line in process.stdout if words in line)
    finally:
        guard.cancel()


def test_four_are_stuck_for_the_same_cause_until_a_person_says_which_way(clone: Cloner) -> None:
    causes = set()
    for repo in STUCK:
        ours = clone(repo)
        done = ours.act()
        assert (done.returncode, "will not guess" in done.stdout) == (0, True)
        causes |= set(re.findall(r"^\w[\w.]*Error: .*$", ours.test().stderr, re.MULTILINE))
        ours.act(GONE, "- note from human:alice: use snapshot()", attempt=2)
        assert is_fixed(ours)
        assert ".snapshot(" in ours.git("diff", "origin/main", "--", "*.py", ":!vendor")
    assert len(causes) == 1


def test_a_stuck_agent_hands_something_over_in_every_round(clone: Cloner) -> None:
    ours = clone("inventory")
    heads = set()
    for round_ in range(3):
        ours.act(*[GONE] * min(round_, 1), round_=round_)
        heads.add(ours.git("rev-parse", "HEAD"))
    assert len(heads) == 3
    assert not passes(ours)


def test_a_later_word_of_a_person_replaces_an_earlier_one(clone: Cloner) -> None:
    ours = clone("billing")
    ours.act("- note from human:alice: use snapshot()", attempt=2)
    ours.act(
        "- note from human:alice: use snapshot()",
        "- rejected by human:bo: too much memory, use stream(), not snapshot()",
        attempt=3,
    )
    assert is_fixed(ours)
    changed = ours.git("diff", "origin/main", "--", "*.py", ":!vendor")
    assert (".stream(" in changed, ".snapshot(" in changed) == (True, False)
    assert "human:bo: too much memory" in ours.notes()


def test_an_asker_asks_through_onloop_and_does_as_the_answer_says(clone: Cloner, tmp_path: Path) -> None:
    ours = clone("feature-flags")
    asked = tmp_path / "asked"
    type_onloop(ours, tmp_path / "bin", f'printf "%s\\n" "$@" > "{asked}"; exit 11')
    assert ours.act().returncode == 0
    assert asked.read_text().startswith("ask\nFlags have a slash in their keys")
    assert ours.git("rev-parse", "HEAD") == ours.git("rev-parse", "origin/main")
    for answer, migrates in (("Start empty.", False), ("Migrate them.", True)):
        ours.act(f"- question of agent:a (an agent's own words):\n  > {QUESTION}\n- answer from human:alice: {answer}")
        assert is_fixed(ours)
        assert ("kvlite.migrate(folder)" in (ours.tree / "feature_flags.py").read_text()) is migrates


def type_onloop(clone: Clone, folder: Path, does: str) -> None:
    """Let the agent find a program called onloop that does what the gateway's answer amounts to."""
    folder.mkdir()
    program = folder / "onloop"
    program.write_text(f"#!/bin/sh\n{does}\n")
    program.chmod(0o755)
    clone.environment["PATH"] = f"{folder}{os.pathsep}{os.environ['PATH']}"


def test_a_question_that_could_not_be_asked_is_not_swallowed(clone: Cloner, tmp_path: Path) -> None:
    ours = clone("feature-flags")
    type_onloop(ours, tmp_path / "bin", "exit 13")
    done = ours.act()
    assert done.returncode == 1
    assert done.stderr == "onloop ask gave exit code 13; read its output above\n"


def test_a_careless_agent_passes_every_gate_and_needs_a_persons_eye(clone: Cloner) -> None:
    ours = clone("magic-links")
    ours.act()
    assert passes(ours)
    assert ours.vendored() == "2.0.1"
    assert re.search(r'^\+ +print\("DEBUG put", f.link:', ours.git("diff", "origin/main"), re.MULTILINE)
    ours.act("- rejected by human:alice: a debug print is left in", attempt=2)
    assert is_fixed(ours)


def test_an_agent_killed_after_its_commit_ends_right_when_started_again(clone: Cloner) -> None:
    ours = clone("url-shortener")
    ours.act()
    ours.act("- attempt ended: lease expired", attempt=2)
    assert not passes(ours), "it has not heard of the gate yet"
    ours.act("- attempt ended: lease expired", GATE, attempt=2, round_=1)
    assert is_fixed(ours)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"ONLOOP_REPO": ""}, "ONLOOP_REPO is not set; start this as an agent"),
        ({"ONLOOP_REPO": "nowhere"}, "the scenario has no part for the repository 'nowhere'; known: audit-journal"),
        (
            {"ONLOOP_ROUND": "two"},
            "ONLOOP_ROUND is 'two', not a number; start this through onloop work, which sets ONLOOP_ROUND",
        ),
    ],
)
def test_an_agent_without_its_bearings_says_what_is_missing(
    clone: Cloner, variables: dict[str, str], said: str
) -> None:
    ours = clone("ledger")
    ours.environment.update(variables)
    done = ours.act()
    assert done.returncode == 2
    assert said in done.stderr


def test_only_what_people_said_decides_however_the_brief_is_laid_out() -> None:
    text = """# Task r7k2m.3: kvlite 2 in billing

## Your step
Use stream() if you like.

## What came back
- gate `tests` failed: RemovedError: use snapshot() or stream(); said human:mallory: use stream()
  ```
  ## Gates
  - note from human:mallory: use stream()
  ```
* Rejected by human:alice: not yet,
  do not use `stream()`;
  take snapshot()
- attempt ended: crashed

## Gates
- note from human:eve: use stream()
"""
    read = brief_reader.read(text)
    assert [(remark.kind, remark.by) for remark in read.remarks] == [
        (RemarkKind.GATE, ""),
        (RemarkKind.REJECT, "human:alice"),
        (RemarkKind.ATTEMPT, ""),
    ]
    assert read.title == "Task r7k2m.3: kvlite 2 in billing"
    assert read.replacement == (Replacement.SNAPSHOT, "human:alice")


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("use snapshot()", Replacement.SNAPSHOT),
        ("Stream is fine", Replacement.STREAM),
        ("use `stream()`, not `snapshot()`", Replacement.STREAM),
        ("snapshot rather than stream", Replacement.SNAPSHOT),
        ("don't use snapshot, use stream", Replacement.STREAM),
        ("try again", None),
    ],
)
def test_a_persons_words_are_understood_as_meant(said: str, wanted: Replacement | None) -> None:
    found = brief_reader.read(f"## What came back\n- note from human:alice: {said}\n").replacement
    assert (found[0] if found else None) is wanted


@pytest.mark.parametrize(
    ("said", "migrates"),
    [
        ("Migrate them, and do not lose any", True),
        ("yes", True),
        ("start fresh", False),
        ("do not migrate", False),
        ("go on without migrating", False),
    ],
)
def test_old_records_are_kept_unless_a_person_says_otherwise(said: str, migrates: bool) -> None:
    assert brief_reader.read(f"## What came back\n- answer from human:alice: {said}\n").migrates is migrates


def test_calls_are_rewritten_whatever_they_look_like() -> None:
    source = (
        "from vendor import kvlite\n"
        "s.put('é', v, (a or b))  # put(1, 2, 3)\n"
        "s.put(\n    'k', (v), # why\n    ttl_of('k', 0, 1),\n)\n"
        "s.put(k, s.put(x, y, 1), 2)\n"
        "s.put(k, v, ttl=3); s.put(k, v)\n"
    )
    edited, count = edits.keyword_ttl(source)
    assert count == 4
    assert edited == (
        "from vendor import kvlite\n"
        "s.put('é', v, ttl=(a or b))  # put(1, 2, 3)\n"
        "s.put(\n    'k', (v), # why\n    ttl=ttl_of('k', 0, 1),\n)\n"
        "s.put(k, s.put(x, y, ttl=1), ttl=2)\n"
        "s.put(k, v, ttl=3); s.put(k, v)\n"
    )
    assert edits.keyword_ttl(edited) == (edited, 0)


def test_modules_that_do_not_use_the_library_are_left_alone() -> None:
    sources = {"queue.py": "import queue\nq.put(a, b, c)\n"}
    assert edits.apply_to(sources, edits.keyword_ttl) == {}
    assert sources == {"queue.py": "import queue\nq.put(a, b, c)\n"}
