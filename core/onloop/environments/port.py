"""The port of environments: what a worker asks of each kind, whatever it is made of.

A worker *makes* an environment, *brings in* a task's folders, *attests* what it made, runs commands inside (*order*),
*brings out* what agents left, and *removes* it. What a killed worker left behind is *found* by its label and removed.
Everything that comes out of one is hostile: capped in size and time, and never opened by a process with the store open.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol

from onloop.errors import Unavailable
from onloop.machine.agent_environment import ISOLATION, EnvironmentKind
from onloop.machine.definition import Isolation
from onloop.records import Record, field


class EnvironmentTrouble(Unavailable):
    """An environment could not be made, died, cannot be trusted, or cannot be removed: no fault of an agent's."""

    code = "environment_trouble"


class Offer(Record):
    """What a worker gives its agents: `container:IMAGE` is a kind and a name, `box` a kind alone.

    `isolation` is how far it separates, where its kind alone does not say so.
    """

    kind: EnvironmentKind = EnvironmentKind.CLONE
    name: str = ""
    isolation: Isolation | None = None

    @property
    def gives(self) -> Isolation:
        """How far it separates."""
        return self.isolation or ISOLATION[self.kind]

    @property
    def words(self) -> str:
        """As it is written on the command line."""
        return f"{self.kind.value}:{self.name}" if self.name else self.kind.value


class TaskFolders(Record):
    """A task's folders: its clone, what its agent hands over, what it is given, its temporary files, and its home.

    The home is the agent's own: nothing of a person's is in it but the vendor's login.
    """

    clone: Path
    out: Path
    given: Path
    temporary: Path
    home: Path

    @property
    def each(self) -> tuple[tuple[str, Path], ...]:
        """The folders by their names."""
        return (
            *(("clone", self.clone), ("out", self.out), ("in", self.given)),
            *(("tmp", self.temporary), ("home", self.home)),
        )


class EnvironmentLimits(Record):
    """What everything in one environment may use together; times in seconds."""

    memory_mib: int = 8_192
    processes: int = 2_048
    cpus: int = 0
    """0: as many as the machine has."""
    disk_mib: int = 65_536
    """What the task's folders may hold, where the kind can see to it."""
    start_s: float = 120.0
    """How long it may take to be ready; set-up that a devcontainer asks for has its own limit."""
    setup_s: float = 1_800.0


def _never() -> bool:
    return False


class Wanted(Record):
    """An environment that is wanted. `id` names it on this machine; it is found by the labels `store` and `worker`.

    `room` is a private folder of its own on the host, which its kind may use, and in which two sockets will listen for
    whoever is inside: `gateway` and `egress`, a proxy that allows the addresses in `reach`. `task` may be empty: then
    it is made ahead of time, for whichever comes.
    """

    id: str
    store: str
    worker: str
    offer: Offer
    room: Path
    task: str = ""
    run: str = ""
    reach: tuple[str, ...] = ()
    readable: tuple[Path, ...] = ()
    """Folders of the host that whoever is inside may read, where the kind shares its files."""
    limits: EnvironmentLimits = EnvironmentLimits()
    stopped: Callable[[], bool] = _never
    base_file: Callable[[str], bytes | None] = field(default=lambda _path: None)
    """The content of a file of the base that the task's repository has; None where there is none, or no task."""

    @property
    def gateway(self) -> Path:
        """The socket on the host at which whoever is inside reaches the gateway."""
        return self.room / "run" / "gateway.sock"

    @property
    def egress(self) -> Path:
        """The socket on the host of the proxy to the addresses in `reach`."""
        return self.room / "run" / "egress.sock"

    @property
    def loopback_ports(self) -> tuple[int, ...]:
        """The ports of the host's own loopback among `reach`, which answer on the loopback inside as well."""
        found = (address.rpartition(":") for address in self.reach)
        return tuple(int(port) for host, _, port in found if host in {"127.0.0.1", "localhost"} and port.isdigit())


class InsideOrder(Record):
    """How the warden starts a command so that it runs inside: on the host, in `folder`, in `box` where there is one.

    The brief is on its standard input, what it prints is the agent's output, its exit code the agent's.
    """

    argv: tuple[str, ...]
    folder: Path
    environment: Mapping[str, str]
    box: Mapping[str, object] | None = None


class Attested(Record):
    """What a launcher can say of an environment that it made; `isolation` is what it is meant to be."""

    isolation: Isolation
    image: str = ""
    digest: str = ""
    details: tuple[str, ...] = ()


class FoundEnvironment(Record):
    """An environment of ours that is on this machine: by whose worker it was made (`PID@START`), and for what."""

    id: str
    kind: EnvironmentKind
    worker: str
    task: str = ""


class LiveEnvironment(Protocol):
    """An environment that was made. One thread uses it at a time."""

    @property
    def id(self) -> str:
        """As it was wanted."""

    @property
    def user(self) -> int | None:
        """The user id that whoever is inside has on the host; None where it is ours, or not of this kernel."""

    @property
    def is_shared(self) -> bool:
        """Whether it works in the task's folders on the host themselves; else they are brought in and out."""

    def bring_in(self, folders: TaskFolders) -> None:
        """Put a task's folders inside, before each round: what is inside already stays, but for what is given (`in`).

        EnvironmentTrouble says why it cannot.
        """

    def inside(self) -> TaskFolders:
        """Where the folders that were brought in are inside."""

    def variables(self) -> Mapping[str, str]:
        """What every command inside needs: PATH with `onloop` on it, ONLOOP_URL, and what its image sets."""

    @property
    def python(self) -> tuple[str, ...]:
        """The words that start a bare interpreter inside, for a probe; empty where none is known."""

    @property
    def sees_host_programs(self) -> bool:
        """Whether the programs of the host are inside under their own paths; else those of an image are."""

    def order(self, argv: tuple[str, ...], environment: Mapping[str, str]) -> InsideOrder:
        """How to run a command in the clone inside, with this environment and no other."""

    def attest(self) -> Attested:
        """What it is, as the platform that made it says; EnvironmentTrouble where it is not there any more."""

    def is_alive(self) -> bool:
        """Whether a command could run inside now."""

    def sweep(self) -> None:
        """End everything that runs inside, after each round; EnvironmentTrouble where something goes on."""

    def bring_out(self) -> None:
        """Bring the task's folders back to the host, after each round and once nothing runs inside any more."""

    def remove(self) -> None:
        """End and remove all of it; EnvironmentTrouble where something is left. Removing twice is no trouble."""


class EnvironmentMaker(Protocol):
    """One kind of environment on this machine."""

    @property
    def kind(self) -> EnvironmentKind:
        """Which kind."""

    def problem(self) -> str:
        """Why this machine cannot make any, in words; empty where it can."""

    def make(self, wanted: Wanted) -> LiveEnvironment:
        """Make one; EnvironmentTrouble says why it cannot, and then nothing is left of it."""

    def found(self, store: str) -> tuple[FoundEnvironment, ...]:
        """All that are on this machine for the store, by their labels; those that are half made or dead, too."""

    def remove(self, environment: str) -> None:
        """Remove one that was found; EnvironmentTrouble where something of it is left."""

    def removal(self, environment: str) -> tuple[str, ...]:
        """The command that removes one, for whoever outlives a worker that was killed; empty where none is needed."""
