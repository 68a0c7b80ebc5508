"""Random histories of a target, and a merge that is approved in the middle of them: real git, a real gateway."""

from __future__ import annotations

import os
import random
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

from gateway.shop import VERIFIER, Shop
from onloop.access.opening import GatewayHandle
from onloop.errors import BadInput
from onloop.gates.evaluation import GateContext
from onloop.gateway.jobs import FreeJobs, TakeJob
from onloop.home import Home
from onloop.machine.definition import Step
from onloop.machine.events import EffectStarted
from onloop.machine.state import Reason
from onloop.machine.task import Submission
from onloop.store.codec import event_from_text
from onloop.store.memory import MemoryStore
from onloop.store.rows import Job
from onloop.verifier.effects.executor import EffectExecutor
from onloop.verifier.effects.recorder import EffectRecorder
from support.steps import defined, merge, ship

Tree = dict[str, tuple[str, ...]]
Files = Mapping[str, str | tuple[str, str]]
COMMITS = 14
MOST_APPROVALS = 4
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "GIT_CONFIG_NOSYSTEM": "1", "LC_ALL": "C"}


def git(folder: Path, *words: str, given: bytes = b"") -> str:
    """Git as anybody would run it; its output."""
    ran = subprocess.run(["git", *words], cwd=folder, env=ENVIRONMENT, input=given, capture_output=True, check=True)
    return ran.stdout.decode().strip()


@dataclass(slots=True)
class Pool:
    """Commits of all shapes over one root or two: edits, renames, deletions, reverts, cherry-picks, criss-crosses."""

    rng: random.Random
    trees: list[Tree] = field(default_factory=list)
    parents: list[tuple[int, ...]] = field(default_factory=list)
    lines: int = 0

    def fill(self) -> None:
        """Make all commits, each on top of any that are there."""
        self._add(self._first(), ())
        if self.rng.random() < 0.1:
            self._add(self._first(), ())
        while len(self.trees) < COMMITS:
            parent = self.rng.randrange(len(self.trees))
            self._add(*self.rng.choice((self._edited, self._edited, self._edited, self._merged, self._reverted,
                                        self._picked))(parent))  # fmt: skip

    def stream(self) -> bytes:
        """All of it for `git fast-import`; commit n is the branch c<n>."""
        said = []
        for number, (tree, parents) in enumerate(zip(self.trees, self.parents, strict=True)):
            said += [f"commit refs/heads/c{number}", f"mark :{number + 1}"]
            said += [f"committer Ada <ada@example.org> {1_700_000_000 + number} +0000", "data 1", "x"]
            said += [f"{'merge' if n else 'from'} :{parent + 1}" for n, parent in enumerate(parents)]
            said += ["deleteall"]
            for path, lines in tree.items():
                text = "".join(f"{line}\n" for line in lines)
                said += [f"M 100644 inline {path}", f"data {len(text)}", text]
            said += [""]
        return "\n".join(said).encode()

    def _add(self, tree: Tree, parents: tuple[int, ...]) -> None:
        self.trees.append(tree)
        self.parents.append(parents)

    def _line(self) -> str:
        self.lines += 1
        return f"line {self.lines}"

    def _first(self) -> Tree:
        paths = ("a/one", "a/two", "b/three", "four")
        return {path: tuple(self._line() for _ in range(12)) for path in paths}

    def _edited(self, parent: int) -> tuple[Tree, tuple[int, ...]]:
        tree = dict(self.trees[parent])
        for _ in range(self.rng.randint(1, 3)):
            self._edit(tree)
        return tree, (parent,)

    def _edit(self, tree: Tree) -> None:
        path, what = self.rng.choice([*tree, "new"]), self.rng.random()
        if path == "new" or what < 0.1:
            tree[f"{self.rng.choice('abc')}/f{self.rng.randint(1, 4)}"] = tuple(self._line() for _ in range(5))
        elif what < 0.2 and len(tree) > 2:
            del tree[path]
        elif what < 0.35:
            tree[f"{self.rng.choice('abc')}/r{self.rng.randint(1, 4)}"] = tree.pop(path)
        elif what < 0.42:
            folder, other = path.partition("/")[0], self.rng.choice("abc")
            for old in [p for p in tree if p.startswith(f"{folder}/")]:
                tree[f"{other}/{old.partition('/')[2]}"] = tree.pop(old)
        else:
            lines, at = list(tree[path]), self.rng.randrange(len(tree[path]) + 1)
            lines[at : at + self.rng.choice((0, 1, 1, 2))] = [self._line() for _ in range(self.rng.randint(0, 2))]
            tree[path] = tuple(lines)

    def _merged(self, parent: int) -> tuple[Tree, tuple[int, ...]]:
        """Two histories meet, and each path is as on either side: not always what git would have made of it."""
        other = self.rng.randrange(len(self.trees))
        mine, theirs = self.trees[parent], self.trees[other]
        tree = {path: self.rng.choice([t[path] for t in (mine, theirs) if path in t]) for path in mine | theirs}
        return tree, (parent,) if other == parent else (parent, other)

    def _reverted(self, parent: int) -> tuple[Tree, tuple[int, ...]]:
        before = self.parents[parent]
        return dict(self.trees[before[0] if before else parent]), (parent,)

    def _picked(self, parent: int) -> tuple[Tree, tuple[int, ...]]:
        """A cherry-pick: what another commit has at some paths, without its history."""
        other = self.trees[self.rng.randrange(len(self.trees))]
        paths = self.rng.sample(sorted(other), k=min(2, len(other)))
        return self.trees[parent] | {path: other[path] for path in paths}, (parent,)


@dataclass(frozen=True, slots=True)
class Landed:
    """A target that was moved from `tip` to `merged` after people had been shown `base` → `head`."""

    origin: Path
    tip: str
    merged: str
    base: str
    head: str

    def unseen(self) -> list[str]:
        """Every commit, path and line that came in or went without having been shown."""
        commits = set(self._git("rev-list", self.merged, f"^{self.tip}")) - {self.merged}
        commits -= set(self._git("rev-list", self.head, f"^{self.base}"))
        paths = set(self._paths(self.tip, self.merged)) - set(self._paths(self.base, self.head))
        (came, went), (shown_came, shown_went) = self._lines(self.tip, self.merged), self._lines(self.base, self.head)
        lines = ((came - went) - shown_came) | ((went - came) - shown_went)
        return [*commits, *paths, *lines]

    def _git(self, *words: str) -> list[str]:
        return [line for line in git(self.origin, *words).split("\n") if line]

    def _paths(self, old: str, new: str) -> list[str]:
        return self._git("diff-tree", "-r", "--name-only", "--no-renames", old, new)

    def _lines(self, old: str, new: str) -> tuple[set[str], set[str]]:
        said = self._git("diff-tree", "-r", "-p", "--no-renames", old, new)
        said = [line for line in said if not line.startswith(("+++", "---"))]
        return {x[1:] for x in said if x.startswith("+")}, {x[1:] for x in said if x.startswith("-")}


class Stage:
    """One origin, and one task of a workflow in which a person approves and the gateway merges: all in this process."""

    def __init__(self, folder: Path) -> None:
        self.origin, self.home = folder / "origin.git", Home(folder / "state" / "store")
        self.shop, self.mirror = Shop(MemoryStore()), self.home.mirror(str(self.origin))
        self.put = ""
        git(folder, "init", "--quiet", "--bare", "--template=", str(self.origin))
        self.home.store.mkdir(parents=True, mode=0o700)
        self.mirror.create()

    def load(self, stream: bytes) -> list[str]:
        """Have the origin hold what a stream for `git fast-import` says; the answer is its marked commits in order."""
        git(self.origin, "fast-import", "--quiet", "--force", "--export-marks=marks", given=stream)
        marks = (line.split() for line in (self.origin / "marks").read_text().splitlines())
        return [commit for _, commit in sorted(marks, key=lambda pair: int(pair[0][1:]))]

    def commit(self, files: Files, *parents: str, name: str = "Ada", branch: str = "made") -> str:
        """A commit of exactly these files: texts, or a mode with an object's id or a link's goal."""
        said = [
            f"commit refs/heads/{branch}",
            "mark :1",
            f"committer {name} <{name.lower()}@example.org> 1700000000 +0000",
        ]
        said += [
            "data 1",
            "x",
            *(f"{'merge' if n else 'from'} {parent}" for n, parent in enumerate(parents)),
            "deleteall",
        ]
        for path, what in files.items():
            mode, text = what if isinstance(what, tuple) else ("100644", what)
            is_link = mode == "160000"
            said += [f"M {mode} {text} {path}"] if is_link else [f"M {mode} inline {path}", f"data {len(text)}", text]
        (self.origin / "refs/heads" / branch).unlink(missing_ok=True)
        return self.load("\n".join([*said, ""]).encode())[0]

    def move(self, commit: str) -> None:
        """Somebody else puts the target somewhere."""
        self.put = commit
        (self.origin / "refs/heads/main").write_text(f"{commit}\n")

    @property
    def target(self) -> str:
        """Where the target is."""
        return (self.origin / "refs/heads/main").read_text().strip()

    def handed(self, head: str) -> Submission:
        """What an agent's commit is when it hands it in now, with everything computed from the mirror."""
        tip = self.mirror.refresh("main")
        (self.origin / "refs/heads/work").write_text(f"{head}\n")
        self.mirror.refresh("work")
        base = self.mirror.merge_base(head, tip)
        return Submission(head, self.mirror.tree(head), base, self.mirror.authors(base, head))

    def submit(self, what: Submission) -> None:
        """The task begins, and an agent hands this in."""
        workflow = defined(Step("develop.implement", role="implementer"), ship(), merge())
        self.shop.begin(workflow, origin=str(self.origin))
        self.shop.submit(self.shop.claim(), what)

    def merge(self, at: Callable[[str], None] = lambda _: None) -> str:
        """The person approves what is shown, and the effect is carried out; the answer says how that ended."""
        self.shop.approve()
        self.shop.later(1000)
        return self.carry_out(at)

    def take(self) -> Job:
        """A verifier takes the effect that waits."""
        self.shop.gateway.perform(FreeJobs())
        job = self.shop.gateway.perform(TakeJob(VERIFIER, 60_000, effects=True))
        assert job is not None
        return job

    def carry_out(self, at: Callable[[str], None] = lambda _: None, job: Job | None = None) -> str:
        """The effect that waits, or that was taken before, is carried out."""
        opened = GatewayHandle(self.home, self.shop.gateway)
        return EffectExecutor(EffectRecorder(opened, _no_workshop, lambda: False, at)).carry_out(job or self.take())

    @property
    def shown(self) -> Submission:
        """What people are shown now."""
        now = self.shop.task().submission
        assert now is not None
        return now

    def intent(self) -> EffectStarted:
        """The last intent in the log."""
        begun = [event_from_text(e.name, e.data) for e in self.shop.log("r1") if e.name == "EffectStarted"][-1]
        assert isinstance(begun, EffectStarted)
        return begun


class Drama(Stage):
    """A task on one random history: submitted, approved, merged, while the target goes wherever it likes."""

    def __init__(self, folder: Path, seed: int) -> None:
        super().__init__(folder)
        self.rng = random.Random(seed)  # noqa: S311 - histories, not secrets
        self.asked_again, self.words = 0, list[str]()
        pool = Pool(self.rng)
        pool.fill()
        self.commits = self.load(pool.stream())
        self.move(self.rng.choice(self.commits))

    def play(self) -> Landed | None:
        """What was merged in the end; None where nothing was, and then the target is where others put it."""
        head = self.rng.choice(self.commits)
        try:
            handed = self.handed(head)
        except BadInput:  # no history in common
            return None
        if handed.head == handed.base:
            return None
        self.submit(handed)
        return self._merged()

    def _meanwhile(self, point: str) -> None:
        if point != "moved" and self.rng.random() < 0.15:
            self.move(self.rng.choice(self.commits))

    def _merged(self) -> Landed | None:
        for _ in range(MOST_APPROVALS):
            shown = self.shown
            if self.rng.random() < 0.7:
                self.move(self.rng.choice(self.commits))
            self.words.append(self.merge(self._meanwhile))
            if self.shop.task().reason is not Reason.APPROVAL_REQUIRED:
                break
            self.asked_again += 1
            assert self.target == self.put
        if self.target == self.put:
            return None
        begun = self.intent()
        assert begun.result == self.target
        return Landed(self.origin, begun.expected, begun.result, shown.base, shown.head)


def _no_workshop(*_: object) -> GateContext:
    """No gate of this workflow is the verifier's."""
    return cast("GateContext", None)
