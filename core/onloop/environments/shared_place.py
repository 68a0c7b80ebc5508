"""The kinds `none` and `clone`: an agent works in its folders on this machine, as the user who runs the worker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from onloop.environments.port import (
    Attested,
    EnvironmentTrouble,
    FoundEnvironment,
    InsideOrder,
    TaskFolders,
    Wanted,
)
from onloop.machine.agent_environment import EnvironmentKind
from onloop.records import MutableRecord


class SharedPlace(MutableRecord):
    """See LiveEnvironment: there is nothing but the task's folders, so nothing has to be removed."""

    wanted: Wanted
    folders: TaskFolders | None = None

    @property
    def id(self) -> str:
        """See LiveEnvironment."""
        return self.wanted.id

    @property
    def user(self) -> int | None:
        """See LiveEnvironment."""
        return None

    @property
    def is_shared(self) -> bool:
        """See LiveEnvironment."""
        return True

    def bring_in(self, folders: TaskFolders) -> None:
        """See LiveEnvironment."""
        self.folders = folders

    def inside(self) -> TaskFolders:
        """See LiveEnvironment."""
        if self.folders is None:
            raise EnvironmentTrouble(f"{self.id} has no task's folders", hint="claim the task again")
        return self.folders

    def variables(self) -> Mapping[str, str]:
        """See LiveEnvironment: agents have what their worker has."""
        return {}

    @property
    def python(self) -> tuple[str, ...]:
        """See LiveEnvironment: there is nothing to prove."""
        return ()

    @property
    def sees_host_programs(self) -> bool:
        """See LiveEnvironment."""
        return True

    def order(self, argv: tuple[str, ...], environment: Mapping[str, str]) -> InsideOrder:
        """See LiveEnvironment."""
        return InsideOrder(argv, Path(self.inside().clone), environment)

    def attest(self) -> Attested:
        """See LiveEnvironment."""
        return Attested(self.wanted.offer.gives, details=("the worker's own user, files and network",))

    def is_alive(self) -> bool:
        """See LiveEnvironment."""
        return True

    def sweep(self) -> None:
        """See LiveEnvironment: the warden ends what runs."""

    def bring_out(self) -> None:
        """See LiveEnvironment."""

    def remove(self) -> None:
        """See LiveEnvironment."""


class SharedPlaceMaker:
    """See EnvironmentMaker."""

    def __init__(self, kind: EnvironmentKind = EnvironmentKind.CLONE) -> None:
        self._kind = kind

    @property
    def kind(self) -> EnvironmentKind:
        """See EnvironmentMaker."""
        return self._kind

    def problem(self) -> str:
        """See EnvironmentMaker."""
        return ""

    def make(self, wanted: Wanted) -> SharedPlace:
        """See EnvironmentMaker."""
        return SharedPlace(wanted)

    def found(self, store: str) -> tuple[FoundEnvironment, ...]:
        """See EnvironmentMaker."""
        del store
        return ()

    def remove(self, environment: str) -> None:
        """See EnvironmentMaker."""
        del environment

    def removal(self, environment: str) -> tuple[str, ...]:
        """See EnvironmentMaker."""
        del environment
        return ()
