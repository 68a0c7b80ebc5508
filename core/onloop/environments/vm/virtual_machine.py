"""The kind `vm`: an agent in a machine of its own, with a kernel of its own and no network device."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from onloop.environments.port import (
    Attested,
    EnvironmentTrouble,
    InsideOrder,
    TaskFolders,
    Wanted,
)
from onloop.environments.room import EnvironmentRoom, explained
from onloop.environments.vm import vm_client
from onloop.environments.vm.machine_image import MachineImage
from onloop.environments.vm.machine_start import KeptMachine
from onloop.environments.vm.qemu_command import Accelerator, cpus_of
from onloop.environments.vm.vm_guest import PYTHON, RUN, WORK
from onloop.gates.repository.folders import private, remove_tree
from onloop.records import MutableRecord
from onloop.text import safe

INSIDE = TaskFolders(*(Path(WORK, name) for name in ("clone", "out", "in", "tmp", "home")))
GIVEN = "in"
_BACK = ("clone", "out", "tmp", "home")
PRIVATE = "vm"
"""The folder of a room that only our user enters."""
COPY_S, SWEEP_S, LOOK_S = 900.0, 30.0, 30.0
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/onloop/bin"


class VirtualMachine(MutableRecord):
    """See LiveEnvironment: folders are copied in and out, because nothing of the host is shared with it."""

    wanted: Wanted
    image: MachineImage
    accelerator: Accelerator
    kept: KeptMachine
    room: EnvironmentRoom
    folders: TaskFolders | None = None

    @property
    def id(self) -> str:
        """See LiveEnvironment."""
        return self.wanted.id

    @property
    def user(self) -> int | None:
        """See LiveEnvironment: its users are not this kernel's."""
        return None

    @property
    def is_shared(self) -> bool:
        """See LiveEnvironment."""
        return False

    @property
    def python(self) -> tuple[str, ...]:
        """See LiveEnvironment."""
        return PYTHON[:3]

    @property
    def sees_host_programs(self) -> bool:
        """See LiveEnvironment."""
        return False

    def bring_in(self, folders: TaskFolders) -> None:
        """See LiveEnvironment."""
        names = {GIVEN} if self.folders == folders else {name for name, _ in folders.each}
        named = [f"{name}={path}" for name, path in folders.each if name in names]
        self._ordered("in", WORK, *named, seconds=COPY_S)
        self.folders = folders

    def inside(self) -> TaskFolders:
        """See LiveEnvironment."""
        return INSIDE

    def variables(self) -> Mapping[str, str]:
        """See LiveEnvironment."""
        return {
            "TMPDIR": "/tmp",  # noqa: S108 - inside
            "PATH": _PATH,
            "ONLOOP_URL": f"unix:{RUN}/gateway.sock",
        }

    def order(self, argv: tuple[str, ...], environment: Mapping[str, str]) -> InsideOrder:
        """See LiveEnvironment: what the command gets is in a file, because every user of the host sees argv."""
        told = ordered_inside(self.wanted, argv, environment)
        return InsideOrder((*self._client, "run", written_order(self._private, told)), Path("/"), _few())

    @property
    def _private(self) -> Path:
        return self.room.path / PRIVATE

    @property
    def _client(self) -> tuple[str, ...]:
        return client_words(self.room.path)

    def attest(self) -> Attested:
        """See LiveEnvironment."""
        if not self.is_alive():
            raise EnvironmentTrouble(f"virtual machine {self.id} has ended", hint="it is made anew by itself")
        limits, reach = self.wanted.limits, ", ".join(self.wanted.reach)
        details = (
            f"QEMU, {self.accelerator.value}",
            f"kernel {safe(self.image.kernel_version, 60)} {self.image.kernel_digest[:16]}",
            f"root {self.image.root_digest[:16]}, a copy that ends with it",
            f"no network device; {reach} by proxy" if reach else "no network device",
            f"{limits.memory_mib} MiB, {cpus_of(limits, self.accelerator)} CPUs, {limits.processes} processes",
            f"ready in {self.kept.ready_ms} ms",
        )
        return Attested(
            self.wanted.offer.gives, f"{self.image.name} {self.image.recipe[:16]}", self.image.digest, details
        )

    def is_alive(self) -> bool:
        """See LiveEnvironment."""
        return self.kept.is_alive()

    def sweep(self) -> None:
        """See LiveEnvironment."""
        self._ordered("sweep", seconds=SWEEP_S)

    def bring_out(self) -> None:
        """See LiveEnvironment: what was there is replaced by what is inside, as a whole or not at all."""
        folders = self.folders
        if folders is None or not self.is_alive():
            return
        with explained(self._private):
            fresh = self._private / "back"
            remove_tree(fresh)
            private(fresh)
        with explained(self.image.root):  # a file of holes is not larger on its way than its disk could be
            most = str(min(self.wanted.limits.disk_mib * 1_048_576, self.image.root.stat().st_size))
        named = [f"{name}={fresh / name}" for name in _BACK]
        try:
            self._ordered("out", WORK, most, *named, seconds=COPY_S)
            with explained(folders.clone):
                for name, path in folders.each:
                    if name in _BACK:
                        remove_tree(path)
                        private(path.parent)
                        (fresh / name).rename(path)
        finally:
            remove_tree(fresh)

    def remove(self) -> None:
        """See LiveEnvironment."""
        self.kept.end()
        self.room.remove()

    def _ordered(self, *words: str, seconds: float) -> None:
        """Have the client do something; EnvironmentTrouble where it does not, in so many seconds."""
        try:
            ran = subprocess.run(
                [*self._client, *words],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                cwd="/",
                env=_few(),
                timeout=seconds,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as problem:
            words_of = safe(str(problem), 200)
            raise EnvironmentTrouble(f"virtual machine {self.id}: {words_of}", hint="it is made anew") from problem
        if ran.returncode != 0:
            said = safe(ran.stderr[-400:].decode("utf-8", "replace"), 400)
            raise EnvironmentTrouble(f"virtual machine {self.id}: {words[0]} failed: {said}", hint="it is made anew")


def client_words(room: Path) -> tuple[str, ...]:
    """The command that orders something in the machine of a room."""
    return (sys.executable, "-I", "-S", vm_client.__file__, str(room / PRIVATE / "control.sock"))


def ordered_inside(wanted: Wanted, argv: tuple[str, ...], environment: Mapping[str, str]) -> Mapping[str, object]:
    """What runs inside, for what was wanted."""
    return {
        "argv": argv,
        "folder": str(INSIDE.clone),
        "environment": dict(environment),
        "egress": f"{RUN}/egress.sock" if wanted.reach else "",
        "ports": wanted.loopback_ports,
    }


def written_order(folder: Path, order: Mapping[str, object]) -> str:
    """A file of ours with an order, which only our user can read."""
    with explained(folder):
        path = folder / f"order-{os.urandom(8).hex()}.json"
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(order, file)
    return str(path)


def _few() -> dict[str, str]:
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}


def forget_room(room: EnvironmentRoom) -> None:
    """Remove what there is of a room; what stays is found later."""
    with suppress(EnvironmentTrouble):
        room.remove()
