"""An agent's environment: a clone with its own refs, configuration and objects, and no link to anything of ours."""

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

from onloop.errors import BadInput, FailureKind, OnloopError, Unavailable, kind_of
from onloop.gates.contents.large_clones import clone_large_files
from onloop.gates.contents.large_files import brought_large_files
from onloop.gates.contents.submodule_clones import clone_submodules
from onloop.gates.contents.submodule_parts import submodule_parts
from onloop.gates.contents.tags import give_tags, tags_on, tags_or_none
from onloop.gates.repository import head as heads
from onloop.gates.repository.folders import built
from onloop.gates.repository.git import LONG_S, Git
from onloop.gates.repository.loan import loaned, own_objects
from onloop.gates.repository.mirror import Mirror
from onloop.gates.repository.ref_names import check_ref_name, check_task
from onloop.gates.upkeep.shared_history import link_history
from onloop.machine.agent_names import check_agent

PREPARE_S = 2 * LONG_S
"""How long an existing clone may take to fetch what is new, in seconds."""

NO_PUSH = "no-push://the-gateway-merges-what-was-approved"
"""The push URL of `origin` in an agent's clone. Git has no such transport, so a push fails and shows this text."""

_FETCH = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance", "--no-recurse-submodules")
_BEGUN = "refs/onloop/begun"
"""The ref that records at which commit a clone began."""


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
        submodules: bool = False,
        lfs: bool = False,
    ) -> bool:
        """Makes the clone, on branch `onloop/<task>` at the target's tip, committing as `agent`; True if it is new.

        An existing clone keeps every commit, file and setting; only `origin/<target>` moves to the target's new tip.
        The next agent in it names itself by GIT_AUTHOR_… and GIT_COMMITTER_…. Call this while no agent runs in the
        clone, because it removes the locks of a killed git. With `start`, a commit that was merged for the task, a new
        clone begins there, and a clone that began elsewhere is renamed. What the tasks in `merges` handed in is
        fetched, too. With `submodules` and `lfs`, those of the commit where it begins are filled.
        """
        branch = f"onloop/{check_task(task)}"
        mirror.create()
        tip = mirror.refresh(target)
        tags_or_none(mirror)
        if start is not None and heads.read_ref(self.path / ".git", _BEGUN) != start:
            self._set_aside()
        if os.path.lexists(self.path):
            self._learn(mirror, target, tip)
            return False
        name = check_agent(agent)
        with built(self.path) as folder:
            _clone(folder, mirror, target, branch, start or tip, merges)
            _configure(Git(folder / ".git"), mirror.bare_origin, name)
            if submodules:
                clone_submodules(submodule_parts(mirror, start or tip, tip), folder, NO_PUSH)
            if lfs:
                clone_large_files(mirror, brought_large_files(mirror, start or tip, tip), folder)
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
        submodules: bool = False,
        lfs: bool = False,
    ) -> bool:
        """As `prepare`, in a process that has no file of ours open, because an agent controls the folder."""
        order = {
            "place": str(self.path),
            "mirror": [str(mirror.path), mirror.origin, str(mirror.credentials or ""), mirror.tolerated],
            "brought": mirror.brought,
            "words": [target, task, agent],
            "more": {"start": start, "submodules": submodules, "lfs": lfs},
            "merges": merges,
        }
        words = [sys.executable, "-I", "-S", __file__]
        try:
            ran = subprocess.run(
                words, input=json.dumps(order).encode(), capture_output=True, cwd="/", timeout=PREPARE_S, check=False
            )
            answer = json.loads(ran.stdout or b"{}")
        except (subprocess.TimeoutExpired, ValueError) as problem:
            raise Unavailable(f"cannot prepare {self.path}: {problem}", hint="try again") from None
        if "problem" in answer:
            error = BadInput if answer["code"] == BadInput.code else Unavailable
            kind = FailureKind(answer["kind"]) if answer["kind"] else None
            raise error(answer["problem"], hint=answer["hint"], kind=kind)
        if "new" not in answer:
            raise Unavailable(f"cannot prepare {self.path}: its process ended", hint="try again")
        return bool(answer["new"])

    def _set_aside(self) -> None:
        number = 1
        while os.path.lexists(aside := self.path.with_name(f"{self.path.name}@{number}")):
            number += 1
        if os.path.lexists(self.path):
            self.path.rename(aside)

    def head(self) -> str | None:
        """The commit at HEAD, read without running git."""
        return heads.head(self.path)

    def _learn(self, mirror: Mirror, target: str, tip: str) -> None:
        """Fetches the target's new commits through a repository of ours: git never reads the agent's configuration."""
        objects = own_objects(self.path)
        for lock in ("index.lock", "HEAD.lock"):
            (objects.parent / lock).unlink(missing_ok=True)
        ref = f"refs/remotes/origin/{check_ref_name(target)}"
        old_tip = heads.read_ref(objects.parent, ref)
        new = [
            tag for tag in tags_on(mirror.git, tip) if heads.read_ref(objects.parent, f"refs/tags/{tag.name}") is None
        ]
        if old_tip == tip and not new:
            return
        with loaned(objects, {"refs/heads/known": old_tip} if old_tip else {}) as git:
            source = f"refs/heads/{target}:refs/heads/tip"
            writer = git._replace(objects=objects, settings=mirror.lenient)
            writer.run("fetch", *_FETCH, "--end-of-options", str(mirror.path), source, timeout_s=LONG_S)
            give_tags(writer, mirror, new)
        for tag in new:
            with suppress(OSError):  # a tag of the agent's own is in its place
                _write_ref(objects.parent, f"refs/tags/{tag.name}", tag.object)
        try:
            _write_ref(objects.parent, ref, tip)
        except OSError as error:
            raise Unavailable(
                f"cannot write {ref} in {self.path}: {error.strerror}",
                hint="remove what is there in .git, then try again",
                kind=kind_of(error),
            ) from error


def address_of(agent: str) -> str:
    """The email address of an agent's commits, made from its bare name."""
    return f"{agent}@agents.onloop.invalid"


def _clone(folder: Path, mirror: Mirror, target: str, branch: str, begin: str, tasks: tuple[str, ...]) -> None:
    ref = f"refs/remotes/origin/{target}"
    git = Git(folder / ".git", work_tree=folder, settings=mirror.lenient)
    git.run("init", "--quiet", "--template=", f"--initial-branch={branch}")
    if known := link_history(mirror, target, folder / ".git" / "objects"):
        git.run("update-ref", ref, known)
    git.run("fetch", *_FETCH, "--end-of-options", str(mirror.path), f"refs/heads/{target}:{ref}", timeout_s=LONG_S)
    for task in tasks:
        handed = f"refs/onloop/tasks/{check_task(task)}/*:refs/remotes/origin/tasks/{task}/*"
        git.run("fetch", *_FETCH, "--end-of-options", str(mirror.path), handed, timeout_s=LONG_S)
    give_tags(git, mirror, tags_on(mirror.git, begin))
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
    """Writes a loose ref as git does, by lock file and rename. It follows no link, which could lead outside."""
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
    """Prepare the environment that an order on standard input describes; the answer is JSON."""
    order = json.loads(sys.stdin.buffer.read())
    path, origin, credentials, tolerated = order["mirror"]
    declared = Path(credentials) if credentials else None
    mirror = Mirror(Path(path), origin, declared, tuple(tolerated), order["brought"])
    answer: dict[str, object]
    try:
        new = Environment(Path(order["place"])).prepare(
            mirror, *order["words"], merges=tuple(order["merges"]), **order["more"]
        )
        answer = {"new": new}
    except OnloopError as problem:
        answer = {"problem": problem.message, "hint": problem.hint, "code": problem.code, "kind": problem.kind}
    except OSError as problem:
        words = f"cannot use {problem.filename or order['place']}: {problem.strerror or problem}"
        hint = "look at the environment, then claim again"
        answer = {"problem": words, "hint": hint, "code": Unavailable.code, "kind": kind_of(problem)}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main()
