"""QEMU's command: a machine without a network, whose disks are copies in memory of files that it cannot write."""

from __future__ import annotations

import os
import shutil
from enum import StrEnum
from pathlib import Path

from onloop.environments.port import EnvironmentLimits
from onloop.environments.vm.machine_image import MachineImage
from onloop.environments.vm.vm_keeper import LINE

PROGRAM = "qemu-system-x86_64"
MACHINE = "x86_64"
MOST_CPUS = 8
NAME = "onloop-vm-"
"""What the name of every machine begins with, by which it is found."""
_PATH = "/usr/local/bin:/usr/bin:/bin"
_SANDBOX = "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"


class Accelerator(StrEnum):
    """What runs the machine's instructions: the processor itself, or a translator, which is some ten times slower."""

    KVM = "kvm"
    TCG = "tcg"


def program() -> str | None:
    """The path of QEMU on this machine."""
    return shutil.which(PROGRAM, path=_PATH)


def cpus_of(limits: EnvironmentLimits, accelerator: Accelerator) -> int:
    """How many processors a machine gets; translated ones hinder each other, so that is one if nobody asks for more."""
    wanted = limits.cpus or (1 if accelerator is Accelerator.TCG else MOST_CPUS)
    return max(1, min(wanted, os.cpu_count() or 1, MOST_CPUS))


def qemu_command(
    name: str, image: MachineImage, disk: Path, limits: EnvironmentLimits, accelerator: Accelerator
) -> tuple[str, ...]:
    """The command of the machine `name`. It has no device but two disks, one line to its keeper, and a console."""
    kernel = (
        f"root=/dev/nvme0n1 rw init=/onloop-start console=ttyS0 quiet loglevel=3 panic=-1 random.trust_cpu=on "
        f"mitigations=off processes={limits.processes}"
    )
    return (
        *(program() or PROGRAM, "-name", f"{NAME}{name}", "-nodefaults", "-no-user-config", "-no-reboot"),
        *("-display", "none", "-nic", "none", "-sandbox", _SANDBOX),
        *("-accel", accelerator.value, "-machine", "q35,vmport=off,usb=off", "-smp", str(cpus_of(limits, accelerator))),
        *("-cpu", "host" if accelerator is Accelerator.KVM else "max", "-m", f"{limits.memory_mib}M"),
        *("-kernel", str(image.kernel), "-append", kernel),
        *("-drive", f"file={_escaped(image.root)},format=raw,if=none,id=root,snapshot=on"),
        *("-device", "nvme,id=disks,serial=onloop", "-device", "nvme-ns,drive=root,bus=disks,nsid=1"),
        *("-drive", f"file={_escaped(disk)},format=raw,if=none,id=kit,readonly=on"),
        *("-device", "nvme-ns,drive=kit,bus=disks,nsid=2"),
        *("-serial", "stdio", "-device", "virtio-serial-pci"),
        *("-chardev", f"socket,id=line,fd={LINE}", "-device", "virtserialport,chardev=line,name=onloop"),
    )


def _escaped(path: Path) -> str:
    return str(path).replace(",", ",,")
