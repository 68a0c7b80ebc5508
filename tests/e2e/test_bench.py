"""`onloop bench` on a real finished task: verifiers tell agents apart, and nothing outside of the trials is touched."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path

import pytest

from e2e.conftest import end_verifier
from onloop.errors import Exit
from onloop.gates.strongest_box import strongest_box
from support.waiting import comes, wait_for
from support.world import Ran, World

WORKFLOW = """\
workflow: small
description: Make it say hello.
steps:
  - id: develop.write
    role: implementer
    brief: Make it say hello.
    timeout: 5m
    attempts: {max: 1}
    rounds: 1
    gates:
      - {id: greets, command: ["{python}", check.py], timeout: 1m}
      - {id: hello, file: {path: hello.txt, contains: hello}}
  - id: ship.merge
    effect: merge
"""
CHECK = 'raise SystemExit("hello" not in open("hello.txt").read())\n'
COMMITTED = "git add -A; git commit -qm Work\n"
HONEST = f"cat > /dev/null; echo hello > hello.txt; {COMMITTED}"
LAZY = f"cat > /dev/null; echo later > hello.txt; {COMMITTED}"
TAMPERING = f'cat > /dev/null; echo hello > hello.txt; echo "raise SystemExit(0)" > check.py; {COMMITTED}'
needs_box = pytest.mark.skipif(not strongest_box().kind.moves_paths, reason="no box here has files of its own")


@dataclass(frozen=True, slots=True)
class Finished:
    """A world in which a task is finished and merged."""

    world: World
    task: str
    merged: str
    submitted: str

    def agent(self, name: str, script: str) -> str:
        """An agent that is a script, as `--agent` takes it."""
        path = self.world.folder / "agents" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"#!/bin/sh\nset -e\n{script}")
        path.chmod(0o755)
        return f"{name}={path}"

    def bench(self, *words: str) -> Ran:
        """`onloop bench TASK WORDS…`, with agents in clones."""
        return self.world.onloop("bench", self.task, "--isolation", "none", *words)

    def started(self, *words: str) -> subprocess.Popen[str]:
        """The same as a process that can be killed."""
        command = [sys.executable, "-m", "onloop.cli.entry", "bench", self.task, "--isolation", "none", *words]
        return subprocess.Popen(command, env=self.world.environment, stderr=subprocess.PIPE, text=True)

    @property
    def trials(self) -> list[Path]:
        """What is left of trials."""
        folder = self.world.store.parent / "trials"
        return list(folder.iterdir()) if folder.exists() else []

    def kept(self) -> dict[str, str]:
        """Every file of the store but locks and what SQLite keeps beside its file, by its digest; and the log."""
        files = (path for path in self.world.store.rglob("*") if path.is_file() and path.suffix != ".lock")
        found = {str(path): sha256(path.read_bytes()).hexdigest() for path in files if "onloop.db-" not in path.name}
        found["log"] = self.world.onloop("log", "--limit", "10000", "--json").out
        return found


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Finished]:
    world = World(tmp_path_factory.mktemp("benched"))
    world.init()
    run = world.fleet(world.origin("shop", {"check.py": CHECK}), workflow=WORKFLOW)
    world.onloop("work", "--role", "implementer", "--once", "--", *world.agent(HONEST))
    task = world.until(f"{run}.1", "completed")
    end_verifier(world)
    yield Finished(
        world, f"{run}.1", world.git(world.folder / "origins" / "shop.git", "rev-parse", "main"), task["head"]
    )
    end_verifier(world)


def test_verified_gates_tell_agents_apart_and_neither_the_store_nor_the_solution_is_touched(finished: Finished) -> None:
    before, keep = finished.kept(), finished.world.folder / "keep"
    looks = f"git cat-file -e {finished.merged} && exit 9; git cat-file -e {finished.submitted} && exit 9\n"
    agents = ("--agent", finished.agent("honest", looks + HONEST), "--agent", finished.agent("lazy", LAZY))

    ran = finished.bench(*agents, "--repeat", "3", "--jobs", "2", "--keep", str(keep), "--json")

    assert ran.code == 0, ran.err
    honest, lazy = ran.json["configurations"]
    assert [(each["verified"]["hits"], each["verified"]["of"]) for each in (honest, lazy)] == [(3, 3), (0, 3)]
    assert (honest["lines"]["median"], honest["rounds"]["median"], lazy["rounds"]["median"]) == (1, 0, 1)
    (compared,) = ran.json["compared"]
    assert compared["verified"]["told_apart"] and compared["more"] is None
    assert Path(ran.json["results"]).read_text().count("\n") == 7
    for trial in keep.iterdir():
        places = [each.parent for each in trial.rglob("HEAD") if (each.parent / "objects").is_dir()]
        assert len(places) >= 3  # the origin, the mirror, the clone
        for place in places:
            for commit in (finished.merged, finished.submitted):
                asked = ["git", f"--git-dir={place}", "cat-file", "-e", commit]
                assert subprocess.run(asked, capture_output=True, check=False).returncode != 0, place
    assert finished.kept() == before
    assert finished.trials == []


@needs_box
def test_an_agent_that_tampers_with_what_judges_it_gains_nothing_in_a_box_of_its_own(finished: Finished) -> None:
    world, suite = finished.world, finished.world.folder / "suite.yaml"
    added = world.onloop("bench", "add", finished.task, "--suite", str(suite), "--json")
    assert added.json["added"], added.err
    told = "onloop heartbeat --tokens-in 1000 --tokens-out 100 --cost 0.25\n"
    sees = f"ls {world.store} 2>/dev/null && exit 9\ngrep -q 'Say it slyly' || exit 9\n"
    finished.agent("sly", sees + told + TAMPERING)
    (world.folder / "sly.md").write_text("Say it slyly.")
    agents = world.folder / "agents"
    with suite.open("a") as file:
        file.write(f"repeat: 1\nconfigurations:\n  - {{name: sly, command: [{agents / 'sly'}], brief: sly.md}}\n")

    ran = world.onloop("bench", "--suite", str(suite), "--show", str(agents), "--json")

    assert ran.code == 0, ran.err
    (sly,) = ran.json["configurations"]
    assert (sly["verified"]["hits"], sly["verified"]["of"], sly["changed"]) == (0, 1, 1)
    greets, hello = ran.json["gates"]
    assert (greets["passed"]["hits"], greets["changed"], hello["passed"]["hits"]) == (0, 1, 1)
    assert (sly["tokens"]["median"], sly["micro_usd"]["median"]) == (1_100, 250_000)
    assert ran.json["isolation"] == "box"
    assert finished.trials == []


def test_a_bench_that_is_stopped_or_killed_leaves_nothing_running_and_makes_again_what_was_cut(
    finished: Finished,
) -> None:
    folder = finished.world.folder / "killed"
    folder.mkdir()
    out, pid = folder / "out.jsonl", folder / "pid"
    waits = f"""\
echo >> {folder}/runs
case $(wc -l < {folder}/runs) in
  1|3) echo $$ > {pid}.new; mv {pid}.new {pid}; exec sleep 600;;
esac
"""
    words = ("--agent", finished.agent("waits", waits + HONEST), "--repeat", "2", "--out", str(out))
    for number, code, lines in ((signal.SIGINT, Exit.UNAVAILABLE, 1), (signal.SIGKILL, -signal.SIGKILL, 2)):
        process = finished.started(*words)
        agent = int(wait_for(lambda: pid.exists() and pid.read_text(), finished.world.logs))
        pid.unlink()
        process.send_signal(number)
        said = process.communicate()[1]
        assert process.returncode == code, said
        assert comes(partial(_is_gone, agent)), "its agent goes on"
        assert len(out.read_text().splitlines()) == lines
    first = out.read_text()
    with out.open("a") as file:
        file.write('{"task":"cut')

    ran = finished.bench(*words, "--json")

    assert (ran.code, ran.json["done"]) == (0, 2), ran.err
    assert "1 trials to make" in ran.err
    assert out.read_text().startswith(first)
    rows = [json.loads(line) for line in out.read_text().splitlines()[1:]]
    assert [(row["repetition"], row["end"]) for row in rows] == [(1, "reached"), (2, "reached")]
    assert finished.trials == []
    again = finished.bench(*words, "--md")
    assert "0 trials to make" in again.err and "| `waits` | 2 of 2" in again.out


def _is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    return False


def test_a_trial_that_takes_too_long_is_ended_and_counts_as_not_verified(finished: Finished) -> None:
    slow = finished.agent("slow", "exec sleep 600")

    ran = finished.bench("--agent", slow, "--repeat", "1", "--deadline", "3s", "--json")

    (found,) = ran.json["configurations"]
    assert (ran.code, found["out_of_time"], found["verified"]["of"]) == (0, 1, 1), ran.err
    assert finished.trials == []


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("nope", "--agent", "a=true"), Exit.USAGE, "there is no task 'nope'"),
        (("RUN", "--agent", "a=true"), Exit.USAGE, "is a fleet, and does no work itself"),
        (("TASK",), Exit.USAGE, "there is nothing to try"),
        (("--agent", "a=true"), Exit.USAGE, "there is no task to replay"),
        (("TASK", "--agent", "a=nowhere-to-be-found -q"), Exit.USAGE, "no 'nowhere-to-be-found' is here"),
        (("TASK", "--agent", "nobody"), Exit.USAGE, "there is no agent 'nobody'"),
        (("TASK", "--agent", "codex"), Exit.USAGE, "no codex is on the path"),
        (("TASK", "--agent", "a=true", "--agent", "a=false"), Exit.USAGE, "two configurations are called a"),
        (("TASK", "--agent", "a='true"), Exit.USAGE, "close its quotes"),
        (("TASK", "--agent", "a=true", "--repeat", "0"), Exit.USAGE, "--repeat 0 is not possible"),
        (("TASK", "--agent", "a=true", "--jobs", "65"), Exit.USAGE, "--jobs 65 is not possible"),
        (("TASK", "--agent", "a=true", "--deadline", "0s"), Exit.USAGE, "--deadline 0s is not possible"),
        (("TASK", "--agent", "a=true", "--brief", "/nowhere.md"), Exit.USAGE, "/nowhere.md cannot be read"),
        (("TASK", "--agent", "a=true", "--isolation", "cage"), Exit.USAGE, "is no kind of environment"),
        (
            ("TASK", "--agent", "a=true", "--isolation", "none", "--show", "/"),
            Exit.USAGE,
            "agents would work in clones",
        ),
        (("TASK", "--agent", "claude", "--model=--yolo"), Exit.USAGE, "cannot be a model"),
        (("TASK", "--agent", "a=true", "--json", "--md"), Exit.USAGE, "several formats"),
        (("add", "TASK"), Exit.USAGE, "onloop bench add TASK --suite FILE"),
    ],
)
def test_what_cannot_be_benched_is_said_before_anything_is_made(
    finished: Finished, words: tuple[str, ...], code: int, told: str
) -> None:
    names = {"TASK": finished.task, "RUN": finished.task.partition(".")[0]}
    ran = finished.world.onloop("bench", *(names.get(word, word) for word in words))
    assert ran.code == code and told in f"{ran.err}{ran.out}", ran
    assert "Traceback" not in ran.err and finished.trials == []


def test_where_no_such_place_is_made_here_it_says_that_clones_would_do(finished: Finished) -> None:
    words = ("bench", finished.task, "--agent", "a=true", "--isolation", "container:debian")
    tools = finished.world.folder / "tools"
    tools.mkdir()
    for name in ("git", "python3"):
        (tools / name).symlink_to(str(shutil.which(name)))
    ran = finished.world.onloop(*words, env={"PATH": str(tools)})
    assert ran.code == Exit.UNAVAILABLE and "no container can be made here" in ran.err
    assert "--isolation none lets agents work in clones" in ran.err


def test_an_agent_may_not_bench_because_it_would_see_finished_work(finished: Finished) -> None:
    ran = finished.world.onloop("bench", finished.task, "--agent", "a=true", env={"ONLOOP_TOKEN": "t"})
    assert ran.code == Exit.NOT_YOURS and "an agent may not bench" in ran.err


@pytest.mark.soak
def test_agents_that_do_the_same_are_not_told_apart_by_five_repetitions_and_one_that_skips_its_tests_is(
    finished: Finished,
) -> None:
    agents = (("one", HONEST), ("other", HONEST), ("skips", LAZY))
    named = [word for name, script in agents for word in ("--agent", finished.agent(name, script))]

    ran = finished.bench(*named, "--jobs", "2", "--json")

    assert ran.code == 0, ran.err
    found = {(each["first"], each["second"]): each for each in ran.json["compared"]}
    assert [each["verified"]["told_apart"] for each in found.values()] == [False, True, True]
    assert found["one", "other"]["more"] is None and found["one", "skips"]["counted"] == [5, 5]
    assert not found["one", "other"]["lines"]["told_apart"]
