"""The kind `container`: makes containers from an image that is named, finds those that were left, removes them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from onloop.environments.brought.runtime import PLACE, runtime
from onloop.environments.containers.container import (
    PYTHON,
    RUN_INSIDE,
    WORK_INSIDE,
    Container,
    ContainerShape,
    name_of,
    remove_container,
)
from onloop.environments.containers.engine import Engine, engine
from onloop.environments.port import EnvironmentTrouble, FoundEnvironment, Wanted
from onloop.environments.room import EnvironmentRoom
from onloop.machine.agent_environment import EnvironmentKind

LABEL = "onloop."
_FIELDS = ("id", "kind", "worker", "task", "store")
_TEMPORARY = "rw,nosuid,nodev,size=2g,mode=1777"


class ContainerMaker:
    """See EnvironmentMaker. What is brought into every container is kept in `kept`."""

    def __init__(
        self,
        kept: Path,
        kind: EnvironmentKind = EnvironmentKind.CONTAINER,
        found_engine: Callable[[], Engine | None] = engine,
    ) -> None:
        self._kept, self._kind, self._engine = kept, kind, found_engine

    @property
    def kind(self) -> EnvironmentKind:
        """See EnvironmentMaker."""
        return self._kind

    def problem(self) -> str:
        """See EnvironmentMaker."""
        return "" if self._engine() is not None else "no container engine answers: install podman"

    def make(self, wanted: Wanted) -> Container:
        """See EnvironmentMaker."""
        return self.started(wanted, ContainerShape(self._image(wanted.offer.name)))

    def started(self, wanted: Wanted, shape: ContainerShape) -> Container:
        """A container of this shape, running; nothing is left where that fails."""
        using = self._using()
        room = EnvironmentRoom(wanted.room, using.user)
        room.prepare()
        made = Container(using, wanted, room, shape)
        try:
            shape.variables = self._variables(using, shape.image, wanted)
            using.ask(*self._words(using, made), timeout_s=wanted.limits.start_s)
            made.ask_inside(f"{PLACE}/bin/python3", "-I", "-S", "-c", "", timeout_s=wanted.limits.start_s)
        except BaseException:
            with suppress(EnvironmentTrouble):
                made.remove()
            raise
        return made

    def _image(self, name: str) -> str:
        if not name or name.startswith("-"):
            raise EnvironmentTrouble(f"{name!r} is no image", hint="onloop work --environment container:IMAGE")
        return name

    def _variables(self, using: Engine, image: str, wanted: Wanted) -> Mapping[str, str]:
        """The variables of the image, which is fetched where it is not there yet."""
        try:
            told = using.ask("image", "inspect", "--format", "{{json .Config.Env}}", image)
        except EnvironmentTrouble:
            using.ask("pull", "--quiet", image, timeout_s=wanted.limits.setup_s)
            told = using.ask("image", "inspect", "--format", "{{json .Config.Env}}", image)
        with suppress(ValueError):
            pairs = (each.partition("=") for each in json.loads(told) or () if isinstance(each, str))
            return {name: value for name, _, value in pairs}
        return {}

    def _words(self, using: Engine, made: Container) -> tuple[str, ...]:
        wanted, shape = made.wanted, made.shape
        labels = {
            "id": wanted.id,
            "kind": self._kind.value,
            "worker": wanted.worker,
            "task": wanted.task,
            "store": wanted.store,
        }
        return (
            *("run", "--detach", "--name", made.name, "--pull", "never", "--hostname", "onloop", "--network", "none"),
            *(word for name, value in labels.items() for word in ("--label", f"{LABEL}{name}={value}")),
            *("--cap-drop", "ALL", *(word for name in shape.capabilities for word in ("--cap-add", name))),
            *("--security-opt", "no-new-privileges", *using.limiting(wanted.limits), *using.namespace),
            *(("--user", "0:0") if using.name == "podman" else ()),
            *(("--read-only",) if shape.is_read_only else ()),
            *("--tmpfs", f"/tmp:{_TEMPORARY}"),  # noqa: S108 - inside
            *("--volume", f"{runtime(self._kept)}:{PLACE}:ro"),
            *("--volume", f"{made.room.run}:{RUN_INSIDE}:ro", "--volume", f"{made.room.work}:{WORK_INSIDE}"),
            *("--workdir", "/", "--entrypoint", PYTHON[0], shape.image, *PYTHON[1:], "rest"),
        )

    def found(self, store: str) -> tuple[FoundEnvironment, ...]:
        """See EnvironmentMaker."""
        using = self._engine()
        if using is None:
            return ()
        wanted = (f"label={LABEL}store={store}", f"label={LABEL}kind={self._kind.value}")
        filters = [word for each in wanted for word in ("--filter", each)]
        shown = "\t".join(f'{{{{index .Labels "{LABEL}{name}"}}}}' for name in _FIELDS)
        if using.name == "docker":
            shown = "\t".join(f'{{{{.Label "{LABEL}{name}"}}}}' for name in _FIELDS)
        told = using.ask("ps", "--all", *filters, "--format", shown)
        rows = [line.split("\t") for line in told.splitlines()]
        return tuple(
            FoundEnvironment(row[0], self._kind, row[2], row[3]) for row in rows if len(row) == len(_FIELDS) and row[0]
        )

    def remove(self, environment: str) -> None:
        """See EnvironmentMaker."""
        remove_container(self._using(), environment)

    def removal(self, environment: str) -> tuple[str, ...]:
        """The command that removes one, for whoever outlives a worker that was killed."""
        using = self._using()
        return (using.program, *using.words, "rm", "--force", "--volumes", name_of(environment))

    def _using(self) -> Engine:
        using = self._engine()
        if using is None:
            raise EnvironmentTrouble(self.problem(), hint="onloop doctor says what this machine has")
        return using
