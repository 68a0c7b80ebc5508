"""Whether the processor itself can run machines here: tried with a whole one, because KVM may open and then hang."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from onloop.environments.port import EnvironmentTrouble
from onloop.environments.vm.qemu_command import Accelerator
from onloop.gates.repository.folders import private

TRIAL_S = 10.0
"""How long a machine may take to answer under KVM, which takes about two seconds."""
_DEVICE = Path("/dev/kvm")
_BOOT = Path("/proc/sys/kernel/random/boot_id")
_NOTE = "accelerator.json"


def accelerator(kept: Path, tried: Callable[[Accelerator, float], object]) -> Accelerator:
    """What to run machines with; `tried` starts and ends one. What was found is kept until this machine starts anew."""
    if not os.access(_DEVICE, os.R_OK | os.W_OK):
        return Accelerator.TCG
    known = _known(kept)
    if known is not None:
        return known
    try:
        tried(Accelerator.KVM, TRIAL_S)
        found = Accelerator.KVM
    except EnvironmentTrouble:
        found = Accelerator.TCG
    with suppress(OSError):
        private(kept)
        fresh = kept / f".{_NOTE}.{os.getpid()}"
        fresh.write_text(json.dumps({"boot": _boot(), "accelerator": found.value}), "utf-8")
        fresh.replace(kept / _NOTE)
    return found


def _known(kept: Path) -> Accelerator | None:
    with suppress(OSError, ValueError, KeyError, TypeError):
        note = json.loads((kept / _NOTE).read_text("utf-8"))
        if note["boot"] == _boot():
            return Accelerator(note["accelerator"])
    return None


def _boot() -> str:
    return _BOOT.read_text("ascii").strip()
