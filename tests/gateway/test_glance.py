"""The short path of the real `onloop check` says what the long one says, and leaves to it whatever is unusual."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.shop import Shop
from onloop.errors import Exit
from onloop.machine import commands as c
from scenario import FAIL, HEAD, MINUTE, OTHER_HEAD, work

ROOT = Path(__file__).parents[2]
BOTH_PATHS = """\
import sys
from onloop.cli.glance import glance
from onloop.cli.main import run
code = glance(as_json="--json" in sys.argv)
print("=====", code)
print("=====", run(["check", *sys.argv[1:]]))
"""
LEFT = None
"""What the short path answers when it leaves the answer to the long one."""


def both(shop: Shop, folder: Path, head: str, *words: str, secret: str = "") -> tuple[str, int | None, str, int]:
    """What the short and the long path print, each with its exit code, in a clone whose HEAD is at `head`."""
    git_dir = folder / "environments" / "r1" / ".git"
    git_dir.mkdir(parents=True, exist_ok=True)
    (git_dir / "HEAD").write_text(f"{head}\n")
    paths = os.pathsep.join(str(ROOT / part) for part in ("core", "tui"))
    environment = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": paths,
        "PYTHONUTF8": "1",
        "ONLOOP_STORE": str(folder / "store"),
        "ONLOOP_TOKEN": secret or shop.secrets["r1"],
    }
    command = [sys.executable, "-c", BOTH_PATHS, *words]
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60)
    short, code, long, full = [part for line in ran.stdout.split("===== ") for part in line.split("\n", 1)][:-1] or []
    return short, None if code == "None" else int(code), long, int(full)


def running(shop: Shop) -> None:
    shop.submit(shop.claim())


def redo(shop: Shop) -> None:
    running(shop)
    shop.report(verdict=FAIL)


def achieved(shop: Shop) -> None:
    running(shop)
    shop.report()


def question(shop: Shop) -> None:
    redo(shop)
    shop.ask(shop.agent(shop.secrets["r1"]), "Which \u202eport\x1b[31m?\nThis one?")


def ended(shop: Shop) -> None:
    running(shop)
    shop.cancel()


def released(shop: Shop) -> None:
    redo(shop)
    agent = shop.agent(shop.secrets["r1"])
    shop.gateway.perform(agent, "r1", c.Release(agent.id, agent.epoch, c.ReleaseCause.STOPPED))


SITUATIONS = {
    running: Exit.NOT_YET,
    redo: Exit.REDO,
    achieved: Exit.OK,
    question: Exit.HELD,
    ended: Exit.ENDED,
    released: Exit.NOT_YOURS,
}
