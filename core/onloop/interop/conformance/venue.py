"""Where cases are played: a repository of the suite's own, the gateway's command or URL, and who speaks to it."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Any, TypeVar

from onloop.errors import Exit, Unavailable
from onloop.interop.conformance.given_workflows import WORKFLOWS
from onloop.interop.conformance.replies import Deviation, TrialReply
from onloop.interop.conformance.schema_fit import misfit
from onloop.interop.conformance.speakers import HandedSecret, Speaker, object_in
from onloop.interop.conformance.wire import Wire
from onloop.records import MutableRecord, Record, field

PERSON, PASSPHRASE = "ana", "correct horse battery"
"""Who is enrolled in a store that the suite makes."""

AGENT_VARIABLES = ("ONLOOP_TASK", "ONLOOP_TOKEN", "ONLOOP_OUT", "ONLOOP_IN", "ONLOOP_CLONE", "ONLOOP_STEP")
LONGEST_GIT_S = 60
LONGEST_REST_S = 8.0
"""How long a task that was given back may rest before it can be claimed again."""
_QUIET_GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "GIT_TERMINAL_PROMPT": "0"}
_SEED = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in {"NAME": "Seed", "EMAIL": "seed@example.org"}.items()
}
T = TypeVar("T")


class TrialGateway(Record):
    """What is given to reach the gateway under trial.

    `owner` runs what only the store's owner does (`init`, `start`, `fleet`) and what reads; `agents` everything else.
    """

    agents: Speaker
    owner: Speaker
    env: Mapping[str, str]
    schemas: Callable[[str], Mapping[str, Any]]
    person: str = PERSON
    passphrase: str = PASSPHRASE
    launcher: str = ""
    wire: Wire | None = None


class Venue(MutableRecord):
    """Plays cases below `folder`; what several cases look at is made once."""

    folder: Path
    gateway: TrialGateway
    _made: dict[str, Any] = field(default_factory=dict)
    _names: Any = field(default_factory=lambda: count(1))

    def once(self, name: str, make: Callable[[], T]) -> T:
        """What `make` gives, made when it is first asked for."""
        if name not in self._made:
            self._made[name] = make()
        found: T = self._made[name]
        return found

    def fresh(self, word: str) -> str:
        """A name that nothing has yet."""
        return f"{word}-{next(self._names)}"

    @property
    def repository(self) -> Path:
        """A bare repository with one commit on main, in which the suite's workflows are."""
        return self.once("repository", lambda: self.new_repository("conformance"))

    def new_repository(self, name: str) -> Path:
        """Another repository like it."""
        seed, bare = self.folder / "seeds" / name, self.folder / f"{name}.git"
        (seed / ".onloop").mkdir(parents=True)
        (seed / "README.md").write_text(f"# {name}\n", encoding="utf-8")
        for workflow, text in WORKFLOWS.items():
            (seed / ".onloop" / f"{workflow}.yaml").write_text(text, encoding="utf-8")
        self.git(seed, "init", "--quiet", "--initial-branch=main")
        self.git(seed, "add", "--all")
        self.git(seed, "commit", "--quiet", "--message=Begin", env=_SEED)
        self.git(self.folder, "clone", "--quiet", "--bare", str(seed), str(bare))
        return bare

    def git(self, folder: Path, *words: str, env: Mapping[str, str] | None = None) -> str:
        """What git prints; Unavailable where it fails."""
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        done = subprocess.run(
            ["git", *words], cwd=folder, env={**kept, **_QUIET_GIT, **(env or {})}, capture_output=True,
            text=True, timeout=LONGEST_GIT_S, check=False,
        )  # fmt: skip
        if done.returncode:
            raise Unavailable(
                f"git {words[0]} failed: {done.stderr.strip()[:300]}", hint="the suite needs git and disk"
            )
        return done.stdout.strip()

    def spoken(
        self, speaker: Speaker, words: Sequence[str], *, env: Mapping[str, str] | None = None,
        cwd: Path | None = None, secrets: Sequence[HandedSecret] = (),
    ) -> TrialReply:  # fmt: skip
        """The answer to a call; without `env` nobody is an agent."""
        around = {name: value for name, value in self.gateway.env.items() if name not in AGENT_VARIABLES}
        code, text, err = speaker.run(words, {**around, **(env or {})}, cwd or self.folder, secrets)
        return TrialReply(" ".join(words)[:500], code, text, err, object_in(text))

    def look(self, *words: str) -> TrialReply:
        """A verb that reads, with `--json`, as the store's owner."""
        return self.spoken(self.gateway.owner, (*words, "--json"))

    def nobody(self, *words: str, env: Mapping[str, str] | None = None) -> TrialReply:
        """A verb with `--json`, asked by somebody without any credential."""
        return self.spoken(self.gateway.agents, (*words, "--json"), env=env)

    def decided(self, *words: str, person: str = "", passphrase: str = "") -> TrialReply:
        """A verb of a person, who proves their passphrase."""
        secrets = (HandedSecret("--passphrase-fd", passphrase or self.gateway.passphrase),)
        who = person or self.gateway.person
        return self.spoken(self.gateway.agents, (*words, "--as", who, "--json"), secrets=secrets)

    def begun(self, workflow: str = "one", repository: Path | None = None, title: str = "Say hello") -> str:
        """The id of a new task."""
        where = str(repository or self.repository)
        words = ("start", f".onloop/{workflow}.yaml", "--repo", where, "--title", title, "--no-base-check", "--json")
        return str(self.spoken(self.gateway.owner, words).ends(0).value("task"))

    def claim(self, *words: str, json: bool = True) -> TrialReply:
        """The answer to a claim."""
        secrets = (HandedSecret("--token-fd", self.gateway.launcher),) if self.gateway.launcher else ()
        return self.spoken(self.gateway.agents, ("claim", *words, *(("--json",) if json else ())), secrets=secrets)

    def taken(self, task: str = "", role: str = "implementer", workflow: str = "one", name: str = "ada") -> TakenTask:
        """A task that an agent has just claimed; a new one where none is given."""
        task = task or self.begun(workflow)
        reply = self._claimed(task, "--role", role, "--name", name).ends(0)
        env = {str(key): str(value) for key, value in dict(reply.value("env")).items()}
        return TakenTask(self, task, env, Path(str(reply.value("place"))), reply)

    def _claimed(self, *words: str) -> TrialReply:
        """The answer to a claim, asked again as long as a task that was given back is to rest a little."""
        until = time.monotonic() + LONGEST_REST_S
        while (reply := self.claim(*words)).code == Exit.NOTHING and time.monotonic() < until:
            time.sleep(0.3)
        return reply

    def fits(self, reply: TrialReply, schema: str) -> TrialReply:
        """The reply, if its object fits a published schema."""
        if problem := misfit(reply.data, self.gateway.schemas(schema)):
            raise reply.wrong(f"an object that fits the schema `{schema}`: {problem}")
        return reply

    def shown(self, task: str) -> TrialReply:
        """The task, as `show` has it."""
        return self.look("show", task).ends(0)

    def events(self, task: str) -> Sequence[Mapping[str, Any]]:
        """The events of a task."""
        found = self.look("log", task, "--limit", "1000").ends(0).value("events")
        return list(found)

    def waiting(self) -> str:
        """A new task whose work is done, and which waits for an approval."""
        work = self.taken(workflow="release")
        work.hello()
        work.onloop("submit").ends(0)
        return work.task

    def enrolled(self, name: str, group: str) -> None:
        """Enrol another person, with the passphrase of the first, in a group."""
        secrets = (
            HandedSecret("--passphrase-fd", self.gateway.passphrase),
            HandedSecret("--new-passphrase-fd", self.gateway.passphrase),
        )
        words = ("enrol", name, "--group", group, "--as", self.gateway.person, "--json")
        self.spoken(self.gateway.owner, words, secrets=secrets).ends(0)

    def asked(self, task: str) -> Mapping[str, Any]:
        """The one request that is open at a task."""
        found = self.shown(task).value("asked")
        if len(found) != 1:
            raise Deviation(f"show {task}", f"{len(found)} requests", "one open request")
        return dict(found[0])

    def approve(self, task: str, *words: str, person: str = "", passphrase: str = "") -> TrialReply:
        """The answer to an approval of what is shown now."""
        digest = str(self.asked(task)["digest"])
        return self.decided("approve", task, "--digest", digest, *words, person=person, passphrase=passphrase)


class TakenTask(Record):
    """A task under an agent's lease: its environment, and its clone."""

    venue: Venue
    task: str
    env: Mapping[str, str]
    place: Path
    claimed: TrialReply

    @property
    def epoch(self) -> int:
        """The fencing number of the lease."""
        return int(self.claimed.value("epoch"))

    @property
    def head(self) -> str:
        """HEAD of the clone."""
        return self.venue.git(self.place, "rev-parse", "HEAD")

    def onloop(self, *words: str, env: Mapping[str, str] | None = None, json: bool = True) -> TrialReply:
        """A verb of the agent, in its clone."""
        around = {**self.env, **(env or {})}
        said = (*words, "--json") if json else words
        return self.venue.spoken(self.venue.gateway.agents, said, env=around, cwd=self.place)

    def commit(self, files: Mapping[str, str], message: str = "Work") -> str:
        """The commit that these files make."""
        for name, text in files.items():
            (self.place / name).parent.mkdir(parents=True, exist_ok=True)
            (self.place / name).write_text(text, encoding="utf-8")
        own = {name: value for name, value in self.env.items() if name.startswith("GIT_")}
        self.venue.git(self.place, "add", "--all")
        self.venue.git(self.place, "commit", "--quiet", "--allow-empty", f"--message={message}", env={**_SEED, **own})
        return self.head

    def hello(self) -> str:
        """The commit that the gate wants."""
        return self.commit({"hello.txt": f"hello from {self.task}\n"})
