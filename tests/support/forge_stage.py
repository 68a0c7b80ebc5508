"""A task whose origin is on the test forge, and the effects of its workflow: real git, a real gateway, a real forge."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import cast

from gateway.shop import VERIFIER, Clock, Shop
from onloop.access.opening import GatewayHandle
from onloop.forges import configured
from onloop.gates.evaluation import GateContext
from onloop.gateway.jobs import FreeJobs, TakeJob
from onloop.gateway.upkeep import FireTimers
from onloop.home import Home
from onloop.machine.definition import Definition, Step
from onloop.machine.task import Submission, Task
from onloop.store.memory import MemoryStore
from onloop.store.rows import Job
from onloop.verifier.effects.executor import EffectExecutor
from onloop.verifier.effects.outside_deed import FindForge, declared_forge
from onloop.verifier.effects.recorder import EffectRecorder
from support.deadly import Fate, mortal_forge, mortal_handle
from support.forge import APP, TestForge
from support.steps import defined

WORK = Step("develop.implement", role="implementer")


class Clocked(TestForge):
    """A test forge that goes by the clock of a shop."""

    __test__ = False

    def __init__(self, folder: Path, clock: Clock) -> None:
        super().__init__(folder, lambda: clock() / 1000)


class ForgeStage:
    """One repository of the forge, one task, and whoever carries its effects out: all in this process."""

    def __init__(self, folder: Path, *, app: bool = True, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.forge = Clocked(folder / "forge", self.clock)
        self.forge.repository(APP)
        self.repo = self.forge.world.repository(APP)
        self.home = Home(folder / "state" / "store")
        self.home.store.mkdir(parents=True, mode=0o700)
        self.forge.declare(self.home.store, app=app)
        self.origin = self.forge.origin(APP)
        self.begin_anew()

    def begin_anew(self) -> None:
        """Another store, which knows nothing of the forge."""
        self.shop = Shop(MemoryStore(), self.clock)
        self.mirror = self.home.mirror(self.origin)
        self.mirror.create()

    def close(self) -> None:
        """The forge answers nobody any more."""
        self.forge.close()

    def commit(self, text: str, branch: str = "agent") -> str:
        """A commit of an agent, on top of main; the mirror has it."""
        sha = self.forge.push(APP, branch, {"work.txt": text}, "Work")
        self.mirror.refresh("main")
        self.mirror.refresh(branch)
        return sha

    def handed(self, head: str, statement: str = "") -> Submission:
        """What the commit is when it is handed in."""
        base = self.mirror.merge_base(head, self.mirror.refresh("main"))
        return Submission(head, self.mirror.tree(head), base, self.mirror.authors(base, head), statement=statement)

    def stand(self, *steps: Step, head: str = "", statement: str = "", run: str = "r1") -> Task:
        """A task that has handed in work, at the first of these steps."""
        self.shop.begin(defined(WORK, *steps), origin=self.origin, run=run)
        self.shop.submit(self.shop.claim(run), self.handed(head or self.commit("one\n"), statement))
        return self.shop.task(run)

    def take(self, *, effects: bool = True) -> Job | None:
        """A verifier takes what waits."""
        self.shop.gateway.perform(FreeJobs())
        return self.shop.gateway.perform(TakeJob(VERIFIER, 60_000, effects=effects))

    def carry_out(self, find_forge: FindForge = declared_forge, at: Callable[[str], None] = lambda _: None) -> str:
        """The effect that waits is carried out; the answer says how it ended."""
        job = self.take()
        assert job is not None, self.shop.task()
        return self.executor(find_forge, at).carry_out(job)

    def show(self, find_forge: FindForge = declared_forge) -> str:
        """The forge is told how the task stands; empty where there is nothing to tell."""
        job = self.take(effects=False)
        return "" if job is None else self.executor(find_forge).report_check(job)

    def executor(
        self, find_forge: FindForge, at: Callable[[str], None] = lambda _: None, opened: GatewayHandle | None = None
    ) -> EffectExecutor:
        """Whoever carries effects out."""
        recorder = EffectRecorder(opened or self.opened, _no_workshop, lambda: False, at)
        return EffectExecutor(recorder, find_forge=find_forge)

    @property
    def opened(self) -> GatewayHandle:
        """The gateway, with the store's folder."""
        return GatewayHandle(self.home, self.shop.gateway)

    def live(self, fate: Fate) -> None:
        """A verifier works until nothing waits, or until it is killed."""
        executor = self.executor(mortal_forge(fate), lambda _: fate.pass_by(), mortal_handle(self.opened, fate))
        while True:
            job, effect = self.take(effects=False), False
            if job is None:
                job, effect = self.take(), True
            if job is None:
                return
            executor.carry_out(job) if effect else executor.report_check(job)

    def later(self, ms: int = 600_000) -> None:
        """Time passes, and what is due comes."""
        self.clock.now += ms
        self.shop.gateway.perform(FireTimers())

    def pulls(self) -> list[int]:
        """The numbers of all pull requests."""
        return sorted(self.repo.pulls)

    def checks(self) -> list[tuple[str, str, str | None]]:
        """Name, commit and conclusion of all check runs; None while one is not completed."""
        return [
            (run["name"], run["head_sha"], run["conclusion"] if run["status"] == "completed" else None)
            for run in self.repo.checks
        ]


def _no_workshop(task: Task, definition: Definition, stopped: Callable[[], bool]) -> GateContext:
    return cast("GateContext", None)  # no gate runs here


def forget_forges() -> None:
    """The next process knows no forge yet."""
    configured._OPENED.clear()
