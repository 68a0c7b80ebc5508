"""A task whose work is a pull request of the test forge, or a branch of it, and a watch that looks when it is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.shop import Clock, Shop
from onloop.access.elsewhere.adopted_work import branch_place
from onloop.access.elsewhere.elsewhere_watch import ElsewhereWatch
from onloop.access.elsewhere.forge_views import forge_view, known_view
from onloop.access.elsewhere.pull_work import pull_place
from onloop.access.opening import GatewayHandle
from onloop.forges.port import RepositoryName
from onloop.gateway.service import Gateway
from onloop.home import Home
from onloop.machine.state import Reason, State
from onloop.machine.task import Task
from onloop.machine.work_elsewhere import WorkPlace
from onloop.store.sqlite.database import SqliteStore, create_store
from support.forge import APP, TestForge

STEP = "develop.implement"
LOOK_MS = 60_000


@dataclass
class PullDesk:
    """A shop with one task, the forge where its work is made, and what the watch said."""

    forge: TestForge
    shop: Shop
    opened: GatewayHandle
    watch: ElsewhereWatch
    said: list[str] = field(default_factory=list)
    number: int = 0

    @property
    def task(self) -> Task:
        """The task as it stands."""
        return self.shop.task("r1")

    @property
    def stands(self) -> tuple[State, Reason | None, str | None]:
        """State, reason and step."""
        return self.task.state, self.task.reason, self.task.step

    @property
    def head(self) -> str:
        """What was handed in; empty before."""
        return self.task.submission.head if self.task.submission is not None else ""

    @property
    def repo(self) -> RepositoryName:
        """The repository as adapters know it."""
        return RepositoryName(self.forge.host, *APP.split("/"))

    def pulled(self, head: str = "agent/fix", by: str = "robot", files: dict[str, str | None] | None = None) -> str:
        """Somebody's agent pushes a branch and opens a pull request; the answer is the commit."""
        sha = self.forge.push(APP, head, files or {"app.py": "print(2)\n"})
        self.number = self.forge.pull(APP, by, head)
        return sha

    def place(self) -> WorkPlace:
        """That pull request as a place."""
        view = known_view(self.opened, self.repo)
        return pull_place(view, self.repo, view.forge.pull_request(self.repo, self.number), STEP)

    def follow(self, place: WorkPlace | None = None) -> None:
        """A run begins whose work is made there."""
        self.shop.begin(origin=self.forge.origin(APP), elsewhere=place or self.place())

    def follow_branch(self, branch: str = "agent/fix") -> None:
        """A run begins whose work is what is pushed to a branch of plain git."""
        self.follow(branch_place(branch, STEP))

    def look(self) -> Task:
        """A minute later, the watch looks."""
        self.shop.clock.now += LOOK_MS
        self.watch.look(self.opened)
        return self.task

    def accounts(self, **people: str) -> None:
        """Declare whose accounts people's are, by their login now."""
        users = {name: self.forge.world.account(login) for name, login in people.items()}
        lines = [
            f'[{name}]\n"{self.forge.host}" = {{ login = "{user.login}", id = {user.id} }}'
            for name, user in users.items()
        ]
        file = self.opened.home.store / "people.toml"
        file.write_text("\n".join(lines))
        file.chmod(0o600)

    def comments(self) -> list[str]:
        """What is said in the conversation of the pull request."""
        return [each["body"] for each in self.forge.world.repository(APP).comments[self.number]]


@contextmanager
def pull_desk(folder: Path) -> Iterator[PullDesk]:
    """A desk over a store in the folder, and a forge with acme/app in it; both have one clock."""
    home, clock = Home(folder / "state" / "store"), Clock()
    create_store(home.store)
    shop = Shop(SqliteStore(home.store), clock)
    opened = GatewayHandle(home, Gateway(shop.store, clock))
    said: list[str] = []
    with TestForge(folder / "forge", lambda: clock() / 1000) as forge:
        forge.repository(APP)
        forge.declare(home.store)
        yield PullDesk(forge, shop, opened, ElsewhereWatch(forge_view, said.append), said)
        shop.check()
    opened.close()
