"""Runs things in boxes, as whoever runs this: also as a script of its own, so that another user can.

`python box_trials.py probe KIND`, `python box_trials.py strongest`, `python box_trials.py stay KIND NAME`.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path

from onloop.gates.box import syscalls
from onloop.gates.box.folder_owners import give, take_back
from onloop.gates.box.kind import Box, BoxKind
from onloop.gates.box.proof.probe import ProbeReport, decoys, probe
from onloop.gates.box.visible import Inside, Layered, VisibleFiles, inside
from onloop.gates.command_process import Limits, Ran, run
from onloop.gates.strongest_box import empty_view, kept_by, refusals, strongest_box, unused_user

PYTHON = "/usr/bin/python3"
LONG_MS = 60_000
ORDINARY = 12_345
KEY_CALLS = {"x86_64": (248, 250), "aarch64": (217, 219)}
READ_KEYS = f"""
import ctypes, json, os
keyctl = {KEY_CALLS}[os.uname().machine][1]
ids = [int(line.split()[0], 16) for line in open("/proc/keys") if "onloop-hush" in line]
read = []
for key in ids:
    held = ctypes.create_string_buffer(4)
    ctypes.CDLL(None).syscall(keyctl, 11, key, held, 4)
    read.append(held.value.decode())
print(json.dumps(read))
"""
ROOT = Path(__file__).parents[2]


@contextmanager
def empty() -> Iterator[tuple[Path, VisibleFiles]]:
    """A folder of our own that others can enter, and a view of empty folders in it."""
    place = Path(tempfile.mkdtemp(prefix="box-trial-"))
    place.chmod(0o755)
    try:
        yield place, empty_view(place / "view")
    finally:
        take_back(place / "view")
        shutil.rmtree(place)


def box_of(kind: BoxKind, limits: str | None = None) -> Box:
    user = None if kind is BoxKind.NONE else unused_user()
    return Box(kind, user, True, limits or kept_by())


def run_in(
    box: Box,
    view: VisibleFiles,
    argv: Sequence[str],
    *,
    limits: Limits | None = None,
    timeout_ms: int = LONG_MS,
    more: Mapping[str, str] | None = None,
) -> Ran:
    """Runs a command in a box, in its checkout, with the environment that a gate would have."""
    names: Inside = inside(box, view)
    environment = {"PATH": "/usr/bin:/bin", "HOME": names.home, "TMPDIR": names.tmp, **(more or {})}
    return run(
        argv,
        folder=names.checkout,
        environment=environment,
        timeout_ms=timeout_ms,
        limits=limits,
        box=box,
        view=view,
    )


def proof_of(box: Box, *, network: bool = False, nested: bool = False) -> ProbeReport:
    """What the probe shows of a box, on things of ours that lie beside its view."""
    with empty() as (place, plain), decoys(place / "ours") as targets:
        view = replace(plain, network=network, nested=nested)
        return probe(box, lambda argv: run_in(box, view, argv), replace(targets, python=PYTHON))


def as_user(*words: str, before: Sequence[str] = (), first: Sequence[str] = ()) -> dict[str, object]:
    """What this file says as a script to an ordinary user, started through `before`, and as we are through `first`."""
    change = ("setpriv", "--reuid", str(ORDINARY), "--regid", str(ORDINARY), "--clear-groups")
    place = _readable()
    argv = [*first, *(change if os.geteuid() == 0 else ()), *before, PYTHON, "-B", str(place / "trials.py"), *words]
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(place)}
    done = subprocess.run(argv, env=environment, cwd="/", capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    said: dict[str, object] = json.loads(done.stdout)
    return said


@cache
def _readable() -> Path:
    """A copy that every user can read: a checkout may lie where only its owner can."""
    place = Path(tempfile.mkdtemp(prefix="box-trials-"))
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    place.chmod(0o755)
    shutil.copytree(ROOT / "core" / "onloop", place / "onloop", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(__file__, place / "trials.py")
    return place


def _told(proof: ProbeReport) -> dict[str, object]:
    return {"box": proof.box, "strong": proof.is_strong, "cells": {cell.name: cell.stopped for cell in proof.cells}}


def _main(verb: str, *words: str) -> dict[str, object]:
    match verb, words:
        case "probe", (kind,):
            return _told(proof_of(box_of(BoxKind(kind))))
        case "strongest", ():
            knobs = {refusal.kind: (refusal.why, refusal.knob) for refusal in refusals()}
            return {"refusals": knobs, **_told(proof_of(strongest_box()))}
        case "run", (kind, *argv):
            with empty() as (_, view):
                ran = run_in(box_of(BoxKind(kind)), view, argv)
                return {"ending": ran.ending, "code": ran.exit_code, "output": ran.output.decode()}
        case "layers", (kind,):
            return _layered(box_of(BoxKind(kind)))
        case "keys", (kind,):
            _hold_key("onloop-hush")
            with empty() as (_, view):
                outside = subprocess.run([PYTHON, "-c", READ_KEYS], capture_output=True, check=True)
                ran = run_in(box_of(BoxKind(kind)), view, [PYTHON, "-c", READ_KEYS])
                return {"outside": json.loads(outside.stdout), "inside": json.loads(ran.output)}
        case "limits", (kind, program):
            with empty() as (_, view):
                ran = run_in(box_of(BoxKind(kind), "watcher"), view, [PYTHON, "-c", program], limits=SMALL)
                return {"ending": ran.ending, "problem": ran.problem}
        case _:
            raise SystemExit(f"there is no {verb} {words}")


def _layered(box: Box) -> dict[str, object]:
    """What code reads and writes over two layers, and what is then in the layers and in its own."""
    with empty() as (place, plain):
        lowers = tuple(place / name for name in ("upper: of two", "lower, of two"))
        for lower in lowers:
            lower.mkdir(mode=0o755)
            (lower / "said").write_text(lower.name)
        (lowers[1] / "gone").write_text("x")
        layer = Layered(plain.checkout, lowers, place / "view" / "room")
        for folder in (layer.upper, layer.work):
            folder.mkdir(parents=True)
        if box.user is not None:
            for folder in lowers:
                give(folder, box.user)
        script = "cat said; rm gone; echo mine > said; test ! -e gone; cat said"
        ran = run_in(box, replace(plain, layered=(layer,)), ["sh", "-ec", script])
        kept = [(lower / "said").read_text() for lower in lowers]
        own = (layer.upper / "said").read_text() if (layer.upper / "said").exists() else ""
        return {"code": ran.exit_code, "output": ran.output.decode(), "kept": kept, "own": own}


def _hold_key(name: str) -> None:
    """Puts a key into a session keyring of our own."""
    add_key, keyctl = KEY_CALLS[os.uname().machine]
    syscalls.system_call(keyctl, 1, None)
    syscalls.system_call(add_key, b"user", name.encode(), b"hush", 4, -3)


MIB = 1024 * 1024
SMALL = Limits(processes=40, memory_bytes=192 * MIB, disk_bytes=64 * MIB)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_main(*sys.argv[1:])))
