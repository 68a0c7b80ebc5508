"""A small world for end-to-end tests: an origin repository, a store, and the real command line in subprocesses."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from onloop.access.opening import create_home
from onloop.home import Home
from onloop.identity.scram import RANDOM_COST
from support.printed import model_of, named
from support.waiting import DEADLINE_S, wait_for
from support.zygote import zygote

ROOT = Path(__file__).parents[2]
PASSPHRASE = "correct horse battery"
GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
AT_LEAST_S = 1.0
"""Time alone moves some things: so often a task is asked for, whether the store has changed or not."""

WORKFLOW = """\
workflow: small
description: Make it say hello.
steps:
  - id: develop.write
    role: implementer
    brief: Make it say hello.
    timeout: 30s
    attempts: {max: 2, backoff: 1s}
    rounds: 1
    gates:
      - {id: hello, file: {path: hello.txt, contains: hello}}
      - id: tests
        command: ["{python}", -m, unittest, discover, -s, tests, -t, .]
        unittest: {min_tests: 1, no_fewer_than: base}
  - id: ship.approve
    gates: [{id: release, human: {from: [approvers]}}]
    on_reject: develop.write
  - id: ship.merge
    effect: merge
"""

TESTS = """\
import pathlib, unittest
class T(unittest.TestCase):
    def test_one(self): self.assertTrue(pathlib.Path("README.md").exists())
    def test_two(self): self.assertEqual(1 + 1, 2)
"""


@dataclass(frozen=True, slots=True)
class Ran:
    """What a call of the command line gave."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Stdout as one JSON object."""
        return json.loads(self.out)


@dataclass(slots=True)
class World:
    """Everything below one folder; nothing outside is touched."""

    folder: Path
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def store(self) -> Path:
        return self.folder / "state" / "onloop" / "store"

    @property
    def environment(self) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith(("ONLOOP_", "GIT_", "XDG_"))}
        paths = os.pathsep.join(str(ROOT / part) for part in ("core", "tui"))
        own = {"XDG_STATE_HOME": str(self.folder / "state"), "HOME": str(self.folder), "PYTHONPATH": paths}
        own["PATH"] = os.pathsep.join((str(Path(sys.executable).parent), kept.get("PATH", os.defpath)))
        return kept | GIT | own | self.extra

    def onloop(
        self, *words: str, passphrase: str | None = None, env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> Ran:
        """Run `onloop WORDS…`; a passphrase is handed over through a file descriptor.

        What it prints with `--json` fits a model of its verb.
        """
        environment = self.environment | dict(env or {})
        if passphrase is None:
            return _fitting(words, Ran(*zygote().run(words, environment, cwd, None)))
        reader, writer = os.pipe()
        os.write(writer, passphrase.encode())
        os.close(writer)
        try:
            return _fitting(words, Ran(*zygote().run(words, environment, cwd, reader)))
        finally:
            os.close(reader)

    def origin(self, name: str = "shop", files: Mapping[str, str] | None = None) -> Path:
        """A bare repository with one commit on main."""
        path, work = self.folder / "origins" / f"{name}.git", self.folder / "seed" / name
        for relative, text in {"README.md": "# shop\n", "tests/test_all.py": TESTS, **(files or {})}.items():
            (work / relative).parent.mkdir(parents=True, exist_ok=True)
            (work / relative).write_text(text, encoding="utf-8")
        (work / "tests" / "__init__.py").touch()
        self.git(work, "init", "--quiet", "--initial-branch=main")
        self.git(work, "add", "--all")
        self.git(work, *_IDENTITY, "commit", "--quiet", "-m", "Begin")
        path.parent.mkdir(exist_ok=True)
        self.git(work, "clone", "--quiet", "--bare", ".", str(path))
        return path

    def git(self, folder: Path, *words: str) -> str:
        done = subprocess.run(
            ["git", *words], cwd=folder, env=self.environment, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def control(self, text: str = WORKFLOW, name: str = "small.yaml") -> Path:
        """A control repository that holds a workflow file."""
        return self.origin("control", {name: text})

    def init(self, name: str = "ana", *, scripted: bool = True, cost: int = RANDOM_COST) -> None:
        """Make the store with one approver: a script's for ever, unless it is said to be a person's."""
        create_home(
            Home(self.store),
            store_id="world",
            person=name,
            groups=("approvers",),
            passphrase=PASSPHRASE,
            email="",
            scripted=scripted,
            cost=cost,
        )

    def fleet(self, *origins: Path, workflow: str = WORKFLOW, check_base: bool = False) -> str:
        """Begin a fleet over the origins; the answer is the run's id."""
        targets = self.folder / "targets.txt"
        targets.write_text("".join(f"{shlex.quote(str(origin))}\n" for origin in origins), encoding="utf-8")
        control = self.control(workflow)
        more = () if check_base else ("--no-base-check",)
        begun = self.onloop(
            "fleet", "small.yaml", "--control", str(control), "--targets", str(targets), *more, "--json"
        )
        assert begun.code in {0, 11}, begun.err
        return str(begun.json["task"])

    def agent(self, script: str) -> list[str]:
        """The command of an agent that is a shell script."""
        return ["sh", "-ec", script]

    @contextmanager
    def running(self, *words: str) -> Any:
        """`onloop WORDS…` as a process that is told to stop, and does, at the end."""
        process = subprocess.Popen(
            [sys.executable, "-m", "onloop.cli.entry", *words],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.terminate()
            process.communicate(timeout=DEADLINE_S)

    def task(self, task_id: str) -> Any:
        """The task as `onloop show --json` gives it."""
        return self.onloop("show", task_id, "--json").json

    def until(self, task_id: str, state: str, reason: str | None = None) -> Any:
        """Wait until the task stands so; the answer is the task. It is asked for when the store has changed."""
        seen, asked = (0, 0), 0.0

        def stands() -> Any:
            nonlocal seen, asked
            now = self.written
            if now == seen and time.monotonic() - asked < AT_LEAST_S:
                return None
            seen, asked = now, time.monotonic()
            task = self.task(task_id)  # without a state where it is yet to be made
            return task.get("state") == state and task["reason"] == reason and task

        return wait_for(
            stands, lambda: f"{task_id} is not {state} ({reason}): {self.onloop('show', task_id).out}{self.logs()}"
        )

    @property
    def written(self) -> tuple[int, int]:
        """Other numbers whenever something was written to the store."""
        wal = self.store / "onloop.db-wal"
        try:
            found = wal.stat()
        except FileNotFoundError:
            return 0, 0
        return found.st_mtime_ns, found.st_size

    def decide(self, verb: str, task_id: str, *words: str, person: str = "ana") -> Ran:
        """A decision about what is shown now."""
        digest = [a["digest"] for a in self.task(task_id)["asked"]]
        shown = ["--digest", digest[0]] if verb in {"approve", "reject"} and digest else []
        return self.onloop(verb, task_id, *words, *shown, "--as", person, "--json", passphrase=PASSPHRASE)

    def logs(self) -> str:
        """What verifier and agents printed, for when a test fails."""
        return "".join(
            f"\n--- {path.name}\n{path.read_text(errors='replace')[-2000:]}"
            for path in sorted((self.store.parent / "logs").glob("*.log"))
        )


COMMIT = 'git add -A; git commit -qm "$1"'
_IDENTITY = ("-c", "user.name=Seed", "-c", "user.email=seed@example.org")


def _fitting(words: Sequence[str], ran: Ran) -> Ran:
    if "--json" in words and ran.out.startswith("{"):
        for printed in ran.out.splitlines() if named(words) == "watch" else (ran.out,):
            model_of(named(words), printed)
    return ran
