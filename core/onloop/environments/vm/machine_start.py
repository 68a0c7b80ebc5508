"""Starts a machine's keeper and waits until the machine answers; finds and ends those that outlived their worker."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from onloop.environments.port import EnvironmentTrouble, FoundEnvironment, Wanted
from onloop.environments.vm import vm_keeper
from onloop.environments.vm.qemu_command import NAME
from onloop.machine.agent_environment import EnvironmentKind
from onloop.records import MutableRecord
from onloop.text import safe

MOST_S = 86_400.0
"""How long a machine lives at most, in seconds."""
LARGEST_ANSWER = 16_384
END_S = 5.0
_LABELS = "ONLOOP_VM"
_PROC = Path("/proc")


class KeptMachine(MutableRecord):
    """A machine that runs, behind its keeper; `kernel` and `boot` are what it said of itself."""

    keeper: subprocess.Popen[bytes]
    control: Path
    kernel: str = ""
    boot: str = ""
    ready_ms: int = 0

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.keeper.poll() is None

    def end(self) -> None:
        """End it: the keeper kills it where its own input ends, and the kernel where the keeper is killed."""
        stdin = self.keeper.stdin
        if stdin is not None:
            with suppress(OSError):
                stdin.close()
        try:
            self.keeper.wait(END_S)
        except subprocess.TimeoutExpired:
            self.keeper.kill()
            self.keeper.wait()
        if self.keeper.stdout is not None:
            self.keeper.stdout.close()


def started(wanted: Wanted, argv: tuple[str, ...], private: Path, start_s: float) -> KeptMachine:
    """The machine of a QEMU command, once it answers; EnvironmentTrouble says why it does not."""
    control = private / "control.sock"
    labels = {"id": wanted.id, "store": wanted.store, "worker": wanted.worker, "task": wanted.task}
    order = {
        "argv": argv,
        "environment": {"PATH": "/usr/bin:/bin", "TMPDIR": str(private), _LABELS: json.dumps(labels)},
        "run": str(wanted.gateway.parent),
        "control": str(control),
        "start_s": start_s,
        "most_s": MOST_S,
        "disk_mib": wanted.limits.disk_mib,
    }
    keeper = subprocess.Popen(
        [sys.executable, "-I", "-S", vm_keeper.__file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={"PATH": "/usr/bin:/bin", _LABELS: json.dumps(labels)},
        start_new_session=True,
    )
    made = KeptMachine(keeper, control)
    try:
        answer = _answer(keeper, json.dumps(order).encode() + b"\n", start_s + END_S)
    except BaseException:
        made.end()
        raise
    ready = answer.get("ready")
    if not isinstance(ready, dict):
        made.end()
        said = safe(f"{answer.get('problem', 'its keeper ended')}: {answer.get('console', '')}", 600)
        raise EnvironmentTrouble(f"virtual machine {wanted.id} does not start: {said}", hint="onloop doctor")
    made.kernel, made.boot = safe(str(ready.get("kernel")), 100), safe(str(ready.get("boot")), 100)
    made.ready_ms = int(answer.get("ms", 0))
    return made


def _answer(keeper: subprocess.Popen[bytes], order: bytes, seconds: float) -> Mapping[str, Any]:
    """The first line that the keeper says; none where it says nothing in time."""
    stdin, stdout = keeper.stdin, keeper.stdout
    assert stdin is not None and stdout is not None  # noqa: S101 - both were asked for
    deadline, line = time.monotonic() + seconds, b""
    with suppress(OSError, ValueError):
        stdin.write(order)
        stdin.flush()
        while not line.endswith(b"\n") and len(line) < LARGEST_ANSWER:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([stdout], [], [], left)[0]:
                return {"problem": "it was not ready in time"}
            piece = os.read(stdout.fileno(), LARGEST_ANSWER)
            if not piece:
                break
            line += piece
        found = json.loads(line)
        return found if isinstance(found, dict) else {}
    return {}


def found_machines(store: str) -> tuple[FoundEnvironment, ...]:
    """The machines of a store that run here, or whose keepers do: each process of ours says which it is."""
    found = {}
    for labels in (labels for _, labels in _ours()):
        if labels.get("store") == store:
            known = FoundEnvironment(labels["id"], EnvironmentKind.VM, labels["worker"], labels["task"])
            found[known.id] = known
    return tuple(found.values())


def end_machine(environment: str) -> None:
    """Kill a machine and its keeper; EnvironmentTrouble where something goes on."""
    deadline = time.monotonic() + END_S
    while left := [pid for pid, labels in _ours() if labels.get("id") == environment]:
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        if time.monotonic() > deadline:
            raise EnvironmentTrouble(f"cannot end the virtual machine {environment}", hint=f"kill {left[0]}")
        time.sleep(0.02)


def _ours() -> Iterator[tuple[int, Mapping[str, str]]]:
    """Each process that a keeper is or started, with what it was labelled with; those that have ended are none."""
    for path in _PROC.iterdir() if _PROC.is_dir() else ():
        if not path.name.isdigit():
            continue
        with suppress(OSError, ValueError, KeyError):
            words = (path / "cmdline").read_bytes().split(b"\0")
            is_keeper = vm_keeper.__file__.encode() in words
            is_machine = any(word.startswith(NAME.encode()) for word in words)
            if (is_keeper or is_machine) and path.stat().st_uid == os.getuid():
                found = dict(each.partition("=")[::2] for each in (path / "environ").read_text("utf-8").split("\0"))
                labels = json.loads(found[_LABELS])
                yield int(path.name), {name: str(labels[name]) for name in ("id", "store", "worker", "task")}
