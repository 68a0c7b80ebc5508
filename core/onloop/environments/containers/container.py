"""A container in which agents work: no network, no rights, nothing of the host but its room and what is brought."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from onloop.environments.brought.runtime import PLACE
from onloop.environments.containers.engine import Engine
from onloop.environments.port import (
    Attested,
    EnvironmentTrouble,
    InsideOrder,
    TaskFolders,
    Wanted,
)
from onloop.environments.room import CLONE, GIVEN, HOME, OUT, TEMPORARY, EnvironmentRoom
from onloop.records import MutableRecord, field
from onloop.text import safe

RUN_INSIDE, WORK_INSIDE = Path("/onloop-run"), Path("/work")
PYTHON = (f"{PLACE}/bin/python3", "-I", "-S", f"{PLACE}/inside.py")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SWEEP_S = 30.0
INSIDE = TaskFolders(
    WORK_INSIDE / CLONE, WORK_INSIDE / OUT, WORK_INSIDE / GIVEN, WORK_INSIDE / TEMPORARY, WORK_INSIDE / HOME
)


class ContainerShape(MutableRecord):
    """What a container is made of: the image, whether its files may change, and the capabilities that it keeps.

    `variables` are those of its image, `added` are set for every command as well.
    """

    image: str
    is_read_only: bool = True
    capabilities: tuple[str, ...] = ()
    variables: Mapping[str, str] = field(default_factory=dict)
    added: Mapping[str, str] = field(default_factory=dict)


class Container(MutableRecord):
    """See LiveEnvironment."""

    engine: Engine
    wanted: Wanted
    room: EnvironmentRoom
    shape: ContainerShape
    folders: TaskFolders | None = None
    kind_details: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """See LiveEnvironment."""
        return self.wanted.id

    @property
    def name(self) -> str:
        """What the engine calls it."""
        return name_of(self.id)

    @property
    def user(self) -> int | None:
        """See LiveEnvironment."""
        return self.engine.user

    @property
    def is_shared(self) -> bool:
        """See LiveEnvironment."""
        return False

    def bring_in(self, folders: TaskFolders) -> None:
        """See LiveEnvironment."""
        self.folders = folders
        self.room.take_in(folders)

    def inside(self) -> TaskFolders:
        """See LiveEnvironment."""
        return INSIDE

    def variables(self) -> Mapping[str, str]:
        """See LiveEnvironment."""
        return {
            "TMPDIR": "/tmp",  # noqa: S108 - inside
            "PATH": f"{self.path}:{PLACE}/bin",
            "ONLOOP_URL": f"unix:{RUN_INSIDE / self.wanted.gateway.name}",
            **self.shape.added,
        }

    @property
    def path(self) -> str:
        """The PATH of the image, or the usual one."""
        return self.shape.variables.get("PATH", _PATH)

    @property
    def python(self) -> tuple[str, ...]:
        """See LiveEnvironment."""
        return PYTHON[:3]

    @property
    def sees_host_programs(self) -> bool:
        """See LiveEnvironment."""
        return False

    def order(self, argv: tuple[str, ...], environment: Mapping[str, str]) -> InsideOrder:
        """See LiveEnvironment: what the command gets is in a file, because every user of the host sees argv."""
        named = self.room.order(
            {
                "argv": argv,
                "folder": str(INSIDE.clone),
                "environment": dict(environment),
                "egress": str(RUN_INSIDE / self.wanted.egress.name) if self.wanted.reach else "",
                "ports": self.wanted.loopback_ports,
            }
        )
        words = ("exec", "--interactive", self.name, *PYTHON, "run", str(RUN_INSIDE / named))
        return InsideOrder((self.engine.program, *self.engine.words, *words), Path("/"), dict(os.environ))

    def ask_inside(self, *argv: str, timeout_s: float) -> str:
        """What a command of ours prints inside."""
        return self.engine.ask("exec", self.name, *argv, timeout_s=timeout_s)

    def attest(self) -> Attested:
        """See LiveEnvironment: as the engine says now, not as we asked."""
        told = self._inspected()
        host = told.get("HostConfig") or {}
        problems = [
            "it is privileged" if host.get("Privileged") else "",
            f"its network is {host.get('NetworkMode')}" if host.get("NetworkMode") != "none" else "",
            "it shares the host's processes" if host.get("PidMode") == "host" else "",
            "it shares the host's IPC" if host.get("IpcMode") == "host" else "",
            "it has mounts that nobody asked for" if not self._has_own_mounts(told) else "",
        ]
        if wrong := "; ".join(filter(None, problems)):
            raise EnvironmentTrouble(
                f"{self.engine.name} made {self.name} otherwise than asked: {wrong}", hint="look at it"
            )
        digest = str(told.get("ImageDigest") or told.get("Image") or "").removeprefix("sha256:")
        return Attested(self.wanted.offer.gives, safe(self.shape.image, 300), digest[:128], self._details())

    def _inspected(self) -> Mapping[str, Any]:
        try:
            (told,) = json.loads(self.engine.ask("inspect", "--type", "container", self.name))
        except (ValueError, TypeError):
            raise EnvironmentTrouble(f"{self.engine.name} does not describe {self.name}", hint="try again") from None
        state = told.get("State") or {}
        if not isinstance(told, dict) or not state.get("Running"):
            raise EnvironmentTrouble(f"{self.name} does not run any more", hint="it is made anew by itself")
        return told

    def _has_own_mounts(self, told: Mapping[str, Any]) -> bool:
        mounts = told.get("Mounts") or ()
        targets = {str(each.get("Destination")) for each in mounts if each.get("Type") == "bind"}
        return targets == {str(PLACE), str(RUN_INSIDE), str(WORK_INSIDE)}

    def _details(self) -> tuple[str, ...]:
        reach = ", ".join(self.wanted.reach)
        limits = self.wanted.limits
        return (
            f"{self.engine.name}, no capabilities" if not self.shape.capabilities else self.engine.name,
            "a user namespace" if self.engine.namespace and self.engine.name == "podman" else "the engine's user",
            f"no network but {reach} by proxy" if reach else "no network",
            "read-only root" if self.shape.is_read_only else "a root of its own",
            f"{limits.memory_mib} MiB, {limits.processes} processes"
            if self.engine.has_limits
            else "no limits on all of it",
            *self.kind_details,
        )

    def is_alive(self) -> bool:
        """See LiveEnvironment."""
        try:
            self._inspected()
        except EnvironmentTrouble:
            return False
        return True

    def sweep(self) -> None:
        """See LiveEnvironment."""
        self.ask_inside(*PYTHON, "sweep", timeout_s=SWEEP_S)

    def bring_out(self) -> None:
        """See LiveEnvironment."""
        if self.folders is not None:
            self.room.give_out(self.folders)

    def remove(self) -> None:
        """See LiveEnvironment."""
        remove_container(self.engine, self.id)
        with suppress(EnvironmentTrouble):
            self.bring_out()
        self.room.remove()


def name_of(environment: str) -> str:
    """The name of the container of an environment."""
    return f"onloop-{environment}"


def remove_container(engine: Engine, environment: str) -> None:
    """Remove the container of an environment, if there is one; EnvironmentTrouble where it stays."""
    with suppress(EnvironmentTrouble):
        engine.ask("rm", "--force", "--volumes", name_of(environment))
    if engine.ask("ps", "--all", "--quiet", "--filter", f"name=^{name_of(environment)}$"):
        raise EnvironmentTrouble(
            f"{engine.name} does not remove {name_of(environment)}", hint=f"{engine.name} rm -f it"
        )
