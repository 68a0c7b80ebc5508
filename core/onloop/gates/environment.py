"""An agent's environment: a clone with its own refs, configuration and objects, that leads back to nothing of ours."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from onloop.errors import BadInput, OnloopError, Unavailable
from onloop.gates.repository import head as heads
from onloop.gates.repository.folders import built
from onloop.gates.repository.git import LONG_S, Git
from onloop.gates.repository.loan import loaned, own_objects
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import check_ref_name, check_task
from onloop.machine.agent_names import check_agent

PREPARE_S = 2 * LONG_S
"""How long a clone that is there may take to learn of what is new, in seconds."""

NO_PUSH = "no-push://the-gateway-merges-what-was-approved"
"""The push URL of `origin` in an agent's clone; git knows no such transport, so a push fails and says this."""

_FETCH = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")
_BEGUN = "refs/onloop/begun"
"""Where a clone says at which commit it was begun."""


@dataclass(frozen=True, slots=True)
class Environment:
    """The folder in which agents work on one task, attempt after attempt."""

    path: Path

    def prepare(
        self,
        mirror: Mirror,
        target: str,
        task: str,
        agent: str,
        *,
        start: str | None = None,
        merges: tuple[str, ...] = (),
    ) -> bool:
        """Makes the clone, on branch `onloop/<task>` at the target's tip, committing as `agent`; True if it is new.

        One that is there keeps every commit, file and setting, and only learns the target's new tip as
        `origin/<target>`: whoever works in it next says by GIT_AUTHOR_… and GIT_COMMITTER_… who they are.
        Call it while no agent runs in it: what a killed git locked is unlocked.
        With `start`, a commit that was merged for the task, a new clone begins there, and a clone that began
        elsewhere is set aside beside it. What the tasks in `merges` handed in is fetched, too, `start` with it.
        """
        branch = f"onloop/{check_task(task)}"
        mirror.create()
        tip = mirror.refresh(target)
        if start is not None and heads.read_ref(self.path / ".git", _BEGUN) != start:
            self._set_aside()
        if os.path.lexists(self.path):
            self._learn(mirror, target, tip)
            return False
        name = check_agent(agent)
        with built(self.path) as folder:
            _clone(folder, mirror, target, branch, start or tip, merges)
            _configure(Git(folder / ".git"), mirror.origin, name)
        return True

    def prepare_apart(
        self,
        mirror: Mirror,
        target: str,
        task: str,
        agent: str,
        *,
        start: str | None = None,
        merges: tuple[str, ...] = (),
    ) -> bool:
        """As `prepare`, in a process that has nothing of ours open: the folder is an agent's."""
        order = {
            "place": str(self.path),
            "mirror": [str(mirror.path), mirror.origin],
            "words": [target, task, agent],
            "start": start,
            "merges": merges,
        }
        words = [sys.executable, "-I", __file__]  # with site-packages: records are of msgspec
        try:
            ran = subprocess.run(
                words, input=json.dumps(order).encode(), capture_output=True, cwd="/", timeout=PREPARE_S, check=False
            )
            said = json.loads(ran.stdout or b"{}")
        except (subprocess.TimeoutExpired, ValueError) as problem:
            raise Unavailable(f"{self.path} could not be prepared: {problem}", hint="try again") from None
        if "problem" in said:
            kind = BadInput if said["code"] == BadInput.code else Unavailable
            raise kind(said["problem"], hint=said["hint"])
        if "new" not in said:
            raise Unavailable(f"{self.path} could not be prepared: its process ended", hint="try again")
        return bool(said["new"])

    def _set_aside(self) -> None:
        number = 1
        while os.path.lexists(aside := self.path.with_name(f"{self.path.name}@{number}")):
            number += 1
        if os.path.lexists(self.path):
            self.path.rename(aside)

    def head(self) -> str | None:
        """The commit that HEAD names, read without running git."""
        return heads.head(self.path)

    def _learn(self, mirror: Mirror, target: str, tip: str) -> None:
        """Copies the target's new commits in, through a repository of ours: the agent's configuration stays unread."""
        objects = own_objects(self.path)
        for lock in ("index.lock", "HEAD.lock"):
            (objects.parent / lock).unlink(missing_ok=True)
        ref = f"refs/remotes/origin/{check_ref_name(target)}"
        known = heads.read_ref(objects.parent, ref)
        if known == tip:
            return
        with loaned(objects, {"refs/heads/known": known} if known else {}) as git:
            source = f"refs/heads/{target}:refs/heads/tip"
            writer = git._replace(objects=objects)
            writer.run("fetch", *_FETCH, "--end-of-options", str(mirror.path), source, timeout_s=LONG_S)
        try:
            _write_ref(objects.parent, ref, tip)
        except OSError as error:
            raise Unavailable(
                f"cannot write {ref} in {self.path}: {error.strerror}",
                hint="remove what stands in its place in .git, then try again",
            ) from error


def address_of(agent: str) -> str:
    """The address under which an agent commits, by its bare name."""
    return f"{agent}@agents.onloop.invalid"


def _clone(folder: Path, mirror: Mirror, target: str, branch: str, begin: str, tasks: tuple[str, ...]) -> None:
    ref = f"refs/remotes/origin/{target}"
    git = Git(folder / ".git", work_tree=folder)
    git.run("init", "--quiet", "--template=", f"--initial-branch={branch}")
    git.run("fetch", *_FETCH, "--end-of-options", str(mirror.path), f"refs/heads/{target}:{ref}", timeout_s=LONG_S)
    for task in tasks:
        handed = f"refs/onloop/tasks/{check_task(task)}/*:refs/remotes/origin/tasks/{task}/*"
        git.run("fetch", *_FETCH, "--end-of-options", str(mirror.path), handed, timeout_s=LONG_S)
    git.run("checkout", "--quiet", "-B", branch, begin, timeout_s=LONG_S)
    if tasks:
        git.run("update-ref", _BEGUN, begin)


def _configure(git: Git, origin: str, agent: str) -> None:
    settings = {
        "user.name": agent,
        "user.email": address_of(agent),
        "user.useConfigOnly": "true",
        "commit.gpgSign": "false",
        "remote.origin.url": origin,
        "remote.origin.pushurl": NO_PUSH,
        "remote.origin.fetch": "+refs/heads/*:refs/remotes/origin/*",
    }
    for name, value in settings.items():
        git.run("config", "--local", name, value)


def _write_ref(git_dir: Path, ref: str, commit: str) -> None:
    """Writes a loose ref as git does, by lock file and rename; a link on the way, which could lead out, is refused."""
    *folders, leaf = ref.split("/")
    place = os.open(git_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        for name in folders:
            place = _step_into(place, name)
        with suppress(FileNotFoundError):
            os.unlink(f"{leaf}.lock", dir_fd=place)
        lock = os.open(f"{leaf}.lock", os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o644, dir_fd=place)
        with os.fdopen(lock, "w") as file:
            file.write(f"{commit}\n")
        os.rename(f"{leaf}.lock", leaf, src_dir_fd=place, dst_dir_fd=place)
    finally:
        os.close(place)


def _step_into(place: int, name: str) -> int:
    with suppress(FileExistsError):
        os.mkdir(name, dir_fd=place)
    inner = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW, dir_fd=place)
    os.close(place)
    return inner


def main() -> None:
    """Prepare one environment, as an order on standard input says; the answer is JSON."""
    order = json.loads(sys.stdin.buffer.read())
    mirror = Mirror(Path(order["mirror"][0]), order["mirror"][1])
    told: dict[str, object]
    try:
        new = Environment(Path(order["place"])).prepare(
            mirror, *order["words"], start=order["start"], merges=tuple(order["merges"])
        )
        told = {"new": new}
    except OnloopError as problem:
        told = {"problem": problem.message, "hint": problem.hint, "code": problem.code}
    except OSError as problem:
        words = f"{problem.filename or order['place']} cannot be used: {problem.strerror or problem}"
        told = {"problem": words, "hint": "look at the environment, then claim again", "code": Unavailable.code}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
