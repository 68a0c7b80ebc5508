"""A real gateway and its plain twin, asked the same: their answers, and all that they hold, are compared each time."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass

from hypothesis.stateful import RuleBasedStateMachine

from gateway.model_views import differences
from gateway.plain_model import Deed, PlainModel
from gateway.plain_task import OK, PlainTask
from gateway.shared_store import SharedStore
from gateway.shop import Clock, Shop
from gateway.team_shared_store import TeamSharedStore
from onloop.errors import OnloopError
from onloop.gateway.command_operations import PerformCommand
from onloop.machine import commands as c
from onloop.machine.denials import Denied
from onloop.machine.digest import shown_digest
from onloop.machine.principal import INTAKE, Principal, PrincipalKind
from onloop.records import Record


class Act(Record):
    """A command that was given, and what it means to the model."""

    who: Principal
    task: str
    command: c.Command
    deed: Deed
    key: str
    body: int


@dataclass(frozen=True)
class Taken:
    """A claim that was made under a key."""

    agent: str
    task: str | None
    key: str
    got: str
    epoch: int


class Twins(RuleBasedStateMachine):
    """One store and one model of it; rules say what is tried."""

    kind_of_store: type[SharedStore | TeamSharedStore] = SharedStore

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.shared = self.kind_of_store(self.clock)
        self.model = PlainModel(self.clock.now)
        self.doom, self.turn, self.counted, self.agreed = 0, 0, 0, True
        self.agents: dict[str, list[Principal]] = {}
        self.secrets: dict[str, str] = {}
        self.taken: list[Taken] = []
        self.acts: list[Act] = []
        self.heads: dict[str, list[tuple[str, int]]] = {}
        self.shown: dict[tuple[str, int], tuple[str, str]] = {}

    def do(self, act: Callable[[Shop], object], answer: Callable[[], int]) -> bool:
        """Have it done and answered; False where it was refused, or lost with the process that did it."""
        self.model.now, self.turn, self.agreed = self.clock.now, self.turn + 1, False
        before, done, spare = self.last(), self.model.deeds, deepcopy(self.model) if self.doom else None
        expected, exits = answer(), list[int]()

        def tried(shop: Shop) -> None:
            try:
                act(shop)
            except OnloopError as no:
                exits.append(no.exit.value)
                raise
            exits.append(OK)

        if spare is None:
            self.tell(tried)
        elif not self.die_in(tried) and self.is_lost(before, done):
            self.model, expected = spare, -1
        said = exits[0] if exits else expected  # whoever was killed says nothing
        assert expected in {-1, said}, f"the gateway says {said}, and the model {expected}"
        self.compare()
        assert (self.last() > before) == (self.model.deeds > done), "something is logged exactly if something was done"
        self.agreed = True
        return expected == OK

    def tell(self, tried: Callable[[Shop], None]) -> None:
        try:
            tried(self.shop)
        except OnloopError as no:
            assert no.hint.strip()

    def is_lost(self, before: int, done: int) -> bool:
        """Whether a command that nobody was told the answer of has not happened."""
        return bool(differences(self.model, self.shop)) or (self.last() == before and self.model.deeds > done)

    def die_in(self, tried: Callable[[Shop], object]) -> bool:
        point, self.doom, self.agreed = self.doom, 0, False
        return self.shared.die_in(tried, point)

    @property
    def shop(self) -> Shop:
        """Whose turn it is, three times in a row: what a connection remembers of its writing is used, and voided."""
        return self.shared.shops[self.turn // 3 % 2]

    @property
    def other(self) -> Shop:
        """The one that looks at what was done."""
        return self.shared.shops[1 - self.turn // 3 % 2]

    def last(self) -> int:
        """The newest event but for denials, of which there are seldom many in a row."""
        with self.other.store.reading() as at:
            for limit in (2, 1000):
                newest = at.log(newest=True, limit=limit)
                if found := [event.seq for event in newest if event.name != Denied.__name__]:
                    return found[-1]
        return 0

    def compare(self) -> None:
        """The store says what the model says; what people are asked is noted as it is shown to them."""
        self.agreed = False
        found = differences(self.model, self.other)
        assert not found, f"the store and the model differ: {found}"
        for task in self.work():
            if task.asked is not None and (task.name, task.asked.number) not in self.shown:
                request = self.other.asked(task.name)
                seen = (request.id, shown_digest(self.other.task(task.name), request))
                assert seen not in self.shown.values()
                self.shown[task.name, task.asked.number] = seen
        self.agreed = True

    def perform(self, who: Principal, task: str, command: c.Command, deed: Deed, *, keyed: bool = False) -> bool:
        self.counted += 1
        key = f"key-{self.counted}" if keyed else ""
        act = Act(who, task, command, deed, key, self.counted)
        if keyed:
            self.acts.append(act)
        return self.repeat(act)

    def repeat(self, act: Act) -> bool:
        key = f"{act.who.id} {act.key}" if act.key else ""
        by = INTAKE if isinstance(act.command, c.Submit) else act.who  # only the gateway makes submissions
        said = act.command if isinstance(act.command, c.Submit) else act.who
        holder = (said.agent if isinstance(said, c.Submit) else said.id, said.epoch)
        return self.do(
            lambda shop: shop.gateway.perform(PerformCommand(by, act.task, act.command, key=act.key)),
            lambda: self.model.perform(act.task, act.who.id, act.deed, key, act.body, holder),
        )

    def work(self) -> list[PlainTask]:
        return [task for task in self.model.tasks.values() if task.step]

    def one(self, number: int) -> PlainTask:
        """A task; one that has not ended, if there is one; seldom just any."""
        found = [task for task in self.work() if not task.over and number < 7] or self.work()
        return found[number % len(found)]

    def among(self, number: int, fits: Callable[[PlainTask], object]) -> PlainTask:
        """A task for which something can be done, if there is one; seldom one for which it cannot."""
        found = [task for task in self.work() if fits(task)]
        return found[number % len(found)] if found and number else self.one(number)

    def agent(self, task: PlainTask, *, stale: bool = False) -> Principal:
        """Whoever has the task, or had it once."""
        known = self.agents.get(task.name) or [Principal(PrincipalKind.AGENT, "alfa", task.name)]
        return known[0] if stale else known[-1]

    def teardown(self) -> None:
        """In the end every row is what the log folds to, and every chain is whole."""
        try:
            if self.agreed:  # what follows a difference would only hide it
                self.shop.secrets.update(self.secrets)
                self.shop.check()
                assert self.shared.problems() == ()
        finally:
            self.shared.remove()
