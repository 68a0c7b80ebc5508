"""Makes virtual machines from images of this machine, finds those that were left, and ends them."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from onloop.environments.port import EnvironmentTrouble, FoundEnvironment, Wanted
from onloop.environments.room import EnvironmentRoom, explained
from onloop.environments.vm import vm_removal
from onloop.environments.vm.accelerator_trial import accelerator
from onloop.environments.vm.kit import kit
from onloop.environments.vm.machine_image import MachineImage, image_named
from onloop.environments.vm.machine_start import KeptMachine, end_machine, found_machines, started
from onloop.environments.vm.qemu_command import MACHINE, PROGRAM, Accelerator, program, qemu_command
from onloop.environments.vm.virtual_machine import PRIVATE, VirtualMachine, forget_room
from onloop.gates.repository.folders import private
from onloop.machine.agent_environment import EnvironmentKind
from onloop.records import replace

MOST_MEMORY_SHARE = 2
"""What part of this machine's memory one machine gets at most: one half."""


class VirtualMachineMaker:
    """See EnvironmentMaker. Images are in `folder`; what is brought into every machine is kept in `kept`."""

    def __init__(self, folder: Path, kept: Path, found_program: Callable[[], str | None] = program) -> None:
        self._folder, self._kept, self._program = folder, kept, found_program
        self._turn = threading.Lock()
        self._whole: set[str] = set()

    @property
    def kind(self) -> EnvironmentKind:
        """See EnvironmentMaker."""
        return EnvironmentKind.VM

    def problem(self) -> str:
        """See EnvironmentMaker."""
        if sys.platform != "linux" or os.uname().machine != MACHINE:
            return f"virtual machines are made on Linux on {MACHINE}"
        if self._program() is None:
            return f"there is no {PROGRAM}: apt-get install qemu-system-x86"
        return ""

    def make(self, wanted: Wanted) -> VirtualMachine:
        """See EnvironmentMaker."""
        if problem := self.problem():
            raise EnvironmentTrouble(problem, hint="onloop help environments")
        image = self._image(wanted.offer.name)
        wanted = replace(wanted, limits=replace(wanted.limits, memory_mib=_memory(wanted.limits.memory_mib)))
        with self._turn:  # else two that begin together would both make the disk, and both try KVM
            disk = kit(self._kept)
            found = accelerator(self._kept, lambda kind, seconds: self._tried(wanted, image, disk, kind, seconds))
        room = EnvironmentRoom(wanted.room)
        try:
            kept = self._started(wanted, image, disk, found, wanted.limits.start_s)
        except BaseException:
            forget_room(room)
            raise
        return VirtualMachine(wanted, image, found, kept, room)

    def _image(self, name: str) -> MachineImage:
        image = image_named(self._folder, name)
        if image is None:
            words = f"there is no image {name or 'of a virtual machine'} here"
            named = f" --name {name}" if name else ""
            raise EnvironmentTrouble(words, hint=f"make it: onloop environment build vm{named}")
        with self._turn:
            if image.digest not in self._whole:
                if not image.is_whole():
                    words = f"the image {image.name} is not what it was when it was made"
                    raise EnvironmentTrouble(words, hint=f"onloop environment build vm --name {image.name} --anew")
                self._whole.add(image.digest)
        return image

    def _tried(self, wanted: Wanted, image: MachineImage, disk: Path, kind: Accelerator, seconds: float) -> None:
        self._started(wanted, image, disk, kind, seconds).end()

    def _started(
        self, wanted: Wanted, image: MachineImage, disk: Path, kind: Accelerator, seconds: float
    ) -> KeptMachine:
        place = wanted.room / PRIVATE
        with explained(place):
            EnvironmentRoom(wanted.room).prepare()
            private(place)
        return started(wanted, qemu_command(wanted.id, image, disk, wanted.limits, kind), place, seconds)

    def found(self, store: str) -> tuple[FoundEnvironment, ...]:
        """See EnvironmentMaker."""
        return found_machines(store)

    def remove(self, environment: str) -> None:
        """See EnvironmentMaker."""
        end_machine(environment)

    def removal(self, environment: str) -> tuple[str, ...]:
        """See EnvironmentMaker."""
        return (sys.executable, "-I", "-S", vm_removal.__file__, environment)


def _memory(asked: int) -> int:
    """How much memory a machine gets, in MiB."""
    try:
        whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 1_048_576
    except (OSError, ValueError):
        return asked
    return max(256, min(asked, whole // MOST_MEMORY_SHARE))
