"""A record of a process that we started. With it, our other processes find that process, and no other with its pid."""

from __future__ import annotations

import os
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

from onloop.identity.resolution import state_and_start

_BOOT = Path("/proc/sys/kernel/random/boot_id")


def remember(record: Path, pid: int) -> None:
    """Record the process `pid`, which leads its own process group."""
    record.write_text(f"{pid} {_birth(pid)}", encoding="utf-8")


def remembered_pid(record: Path) -> int | None:
    """The pid of the remembered process while it is alive; None if it ended or another one has its pid now."""
    try:
        pid, _, born = record.read_text(encoding="utf-8").partition(" ")
    except (OSError, UnicodeDecodeError):
        return None
    return int(pid) if pid.isdigit() and born and _birth(int(pid)) == born else None


def signal_group(pid: int, number: signal.Signals) -> None:
    """Send a signal to a whole process group, if it is still there."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, number)


def end_remembered(record: Path) -> None:
    """Kill the remembered process with its group, if it is still the same process, and remove the record."""
    pid = remembered_pid(record)
    if pid is not None:
        signal_group(pid, signal.SIGKILL)
    record.unlink(missing_ok=True)


def _birth(pid: int) -> str:
    """When a process began, which with its pid identifies it. Empty for a zombie, and if there is no such process."""
    if _BOOT.exists():  # Linux: without `ps`, which small images lack
        found = state_and_start(pid)
        return "" if found is None or found[0] == "Z" else f"{found[1]} after boot {_BOOT.read_text().strip()}"
    asked = subprocess.run(["ps", "-o", "stat=,lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    status, _, born = asked.stdout.strip().partition(" ")
    return "" if status.startswith("Z") else born.strip()
