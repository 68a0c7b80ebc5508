"""Records of what permissions are judged by: what the store says, what lies on the machine, who runs agents."""

from __future__ import annotations

from enum import StrEnum

from onloop.insight.permissions.path_access import MachineUser, PathFact
from onloop.insight.permissions.permission_graph import PermissionChain
from onloop.machine.definition import Definition, Isolation
from onloop.machine.launchers import Grant
from onloop.records import Record


class PathUse(StrEnum):
    """What reaching a path takes: reading it or writing it."""

    READ = "read"
    WRITE = "write"


class GuardedPath(Record):
    """A path that grants something to whoever reads or writes it; `fact` is None where nothing is there."""

    name: str
    use: PathUse
    grants: str
    why: str
    close: str
    fact: PathFact | None
    path: str


class AgentUser(Record):
    """A user of the machine as whom agents run, and from what that is known.

    `least` is the least separation of their environments; with a box or more, they are not that user to the machine.
    """

    user: MachineUser
    known_from: str
    least: Isolation = Isolation.NONE

    @property
    def name(self) -> str:
        """How its agents are called in ways."""
        return f"agents of {self.user.words}"

    @property
    def is_boxed(self) -> bool:
        """Whether every environment keeps its agents from this user's files."""
        order = list(Isolation)
        return order.index(self.least) >= order.index(Isolation.BOX)


class PersonGrant(Record):
    """A person, their groups, and the account of the machine that has their name, where there is one."""

    name: str
    groups: tuple[str, ...]
    account: int | None = None
    keys: int = 0


class LentRight(Record):
    """Who may decide in whose place."""

    by: str
    to: str
    until: int
    words: str


class LauncherGrant(Record):
    """A launcher that people let in."""

    name: str
    grant: Grant
    by: str


class WorkflowUse(Record):
    """A workflow that work begins under, and by what: a live run, a schedule, a trigger."""

    name: str
    used_by: str
    definition: Definition
    repositories: tuple[str, ...] = ()


class TableRow(Record):
    """A deed that decides, and the kinds of principal that the table of rights lets do it."""

    deed: str
    kinds: tuple[str, ...]


class HeldCredential(Record):
    """What a person declared of outside: in which file, of whom or what, with where its secret is, and what it may."""

    file: str
    table: str
    may: str


class PermissionGrounds(Record):
    """All that permissions are judged by. `store_read` is false where the store itself was not looked at."""

    store: str
    store_read: bool = False
    scripted: bool = False
    people: tuple[PersonGrant, ...] = ()
    lent: tuple[LentRight, ...] = ()
    launchers: tuple[LauncherGrant, ...] = ()
    workflows: tuple[WorkflowUse, ...] = ()
    agents: tuple[AgentUser, ...] = ()
    paths: tuple[GuardedPath, ...] = ()
    table: tuple[TableRow, ...] = ()
    credentials: tuple[HeldCredential, ...] = ()
    judge: MachineUser | None = None
    """Whose user gates run as: the store's owner."""
    open_box: str = ""
    """What the box of gates was seen not to keep code from; empty where nothing was seen."""
    unknown: tuple[str, ...] = ()


class PermissionGrant(Record):
    """One line of who may what: the kind of holder, who, what, on which repositories, and until when or by whom."""

    kind: str
    holder: str
    may: str
    where: str = ""
    note: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What makes it the same grant in two audits."""
        return self.kind, self.holder, self.may, self.where


class PermissionAudit(Record):
    """What was found: who may what, the ways to each goal, how many edges were looked at, what cannot be known here."""

    store: str
    grants: tuple[PermissionGrant, ...]
    chains: tuple[PermissionChain, ...] = ()
    looked: int = 0
    unknown: tuple[str, ...] = ()
