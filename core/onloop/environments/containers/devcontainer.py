"""The kind `devcontainer`: a container as the base of the task's repository describes it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from onloop.environments.containers.container import INSIDE, Container, ContainerShape
from onloop.environments.containers.container_maker import ContainerMaker
from onloop.environments.containers.devcontainer_file import (
    PLACES,
    DevcontainerSpec,
    filled,
    read_devcontainer,
)
from onloop.environments.port import EnvironmentTrouble, TaskFolders, Wanted
from onloop.errors import BadInput
from onloop.gates.command_process import run_ordered
from onloop.machine.agent_environment import EnvironmentKind
from onloop.records import field
from onloop.text import safe

CAPABILITIES = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "SETGID", "SETUID", "KILL")
"""What package managers need to set a container up; all of it is within the container's own user namespace."""

_LAST = 600


class Devcontainer(Container):
    """See LiveEnvironment: a container that is set up once for each clone that comes into it."""

    spec: DevcontainerSpec = field(default_factory=lambda: DevcontainerSpec(""))
    ready: set[Path] = field(default_factory=set)

    def bring_in(self, folders: TaskFolders) -> None:
        """See LiveEnvironment; the commands of the file run once the clone is there, for as long as they may."""
        super().bring_in(folders)
        if folders.clone not in self.ready and not folders.clone.is_relative_to(self.room.path):
            for argv in self.spec.commands:
                self._set_up(argv)
            self.ready.add(folders.clone)

    def _set_up(self, argv: tuple[str, ...]) -> None:
        environment = {"HOME": str(INSIDE.home), **self.variables()}
        order = self.order(argv, environment)
        told = {"argv": list(order.argv), "folder": str(order.folder), "environment": dict(order.environment)}
        ran = run_ordered(json.loads(json.dumps(told)), timeout_ms=int(1_000 * self.wanted.limits.setup_s))
        if ran.exit_code != 0:
            words = safe(ran.output[-_LAST:].decode("utf-8", "replace").strip(), _LAST)
            how = f"exit code {ran.exit_code}" if ran.exit_code is not None else ran.ending.value
            what = safe(" ".join(argv), 120)
            hint = "mend it on the base, or let it reach what it needs: onloop work --reach HOST"
            raise EnvironmentTrouble(f"the devcontainer's {what!r} ended with {how}: {words}", hint=hint)


class DevcontainerMaker(ContainerMaker):
    """See EnvironmentMaker."""

    def __init__(self, kept: Path) -> None:
        super().__init__(kept, EnvironmentKind.DEVCONTAINER)

    def make(self, wanted: Wanted) -> Container:
        """See EnvironmentMaker; what the file says is read from the base."""
        spec = self._spec(wanted)
        made = self.started(wanted, ContainerShape(spec.image, is_read_only=False, capabilities=CAPABILITIES))
        try:
            added = dict[str, str]()
            for name, value in spec.variables:
                added[name] = filled(value, {**made.shape.variables, **added}, str(INSIDE.clone))
        except BadInput as problem:
            made.remove()
            raise EnvironmentTrouble(problem.message, hint=problem.hint) from problem
        shape = made.shape
        shape.added = _without_ours(added)
        if "PATH" in added:
            shape.variables = {**shape.variables, "PATH": added["PATH"]}
        words = (*made.kind_details, f"{len(spec.commands)} commands of the base's devcontainer file")
        return Devcontainer(made.engine, wanted, made.room, shape, kind_details=words, spec=spec)

    def _spec(self, wanted: Wanted) -> DevcontainerSpec:
        for place in PLACES:
            content = wanted.base_file(place)
            if content is not None:
                try:
                    return read_devcontainer(content, place)
                except BadInput as problem:
                    raise EnvironmentTrouble(problem.message, hint=problem.hint) from problem
        words = f"the base of {wanted.task or 'no task'} has no {PLACES[0]}"
        raise EnvironmentTrouble(words, hint="commit one, or use container:IMAGE")


def _without_ours(added: Mapping[str, str]) -> Mapping[str, str]:
    """The variables without those that say where things of ours are."""
    return {name: value for name, value in added.items() if name not in {"PATH", "HOME", "TMPDIR"}}
