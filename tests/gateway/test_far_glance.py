"""The short path over HTTPS says what the long one says, and leaves to it whatever is unusual."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.letting_in import let_in
from gateway.over_http import OpenedDoor, Wired, certified, over_http
from gateway.shop import LAUNCHER, Shop
from gateway.test_glance import SITUATIONS
from onloop.errors import Exit
from onloop.gateway.service import Gateway
from onloop.home import Home
from support.scenario import HEAD, OTHER_HEAD
from support.zygote import run_python

ROOT = Path(__file__).parents[2]
BOTH_PATHS = """\
import contextlib, io, json, sys
from onloop.cli.far_glance import far_glance
from onloop.cli.main import run
def printed(path):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = path()
    return code, out.getvalue()
verb, *words = sys.argv[1:]
short = printed(lambda: far_glance(verb, as_json="--json" in words))
print(json.dumps([short, printed(lambda: run([verb, *words]))]))
"""
ALLOWED = {"__future__", "_socket", "_ssl", "_json", "stat", "os", "sys", "time"}
"""What the short path may load besides ours."""


@dataclass
class Far:
    """A shop whose agents are on another machine."""

    shop: Shop
    folder: Path
    url: str

    def surroundings(self, head: str = HEAD) -> dict[str, str]:
        """The environment of the agent of r1, and the clone with HEAD at `head` that goes with it."""
        git_dir = self.folder / "elsewhere/onloop/stores/s1/environments/r1/.git"
        git_dir.mkdir(parents=True, exist_ok=True)
        (git_dir / "HEAD").write_text(f"{head}\n")
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.pathsep.join(str(ROOT / part) for part in ("core", "tui")),
            "XDG_STATE_HOME": str(self.folder / "elsewhere"),
            "ONLOOP_URL": self.url,
            "ONLOOP_CA": certified().ca,
            "ONLOOP_TOKEN": self.shop.secrets["r1"],
            "ONLOOP_TASK": "r1",
        }

    def both(self, verb: str, *words: str, head: str = HEAD, **more: str) -> tuple[object, object]:
        """What the short and the long path answer and print."""
        code, out, err = run_python(BOTH_PATHS, verb, *words, env={**self.surroundings(head), **more})
        assert code == 0, err
        short, long = json.loads(out)
        return tuple(short), tuple(long)


@pytest.fixture
def far(today: Shop, tmp_path: Path) -> Iterator[Far]:
    """A shop whose agents and launcher reach it over HTTPS."""
    secret = let_in(today, LAUNCHER.name, ("*",))
    today.begin()
    door: OpenedDoor
    with over_http(Home(tmp_path / "store"), today.clock) as door:
        wired = Wired(door.url, Gateway(today.store, today.clock), secret)
        today.gateway = wired
        yield Far(today, tmp_path, door.url)
        wired.close()


@pytest.mark.parametrize("words", [("check",), ("check", "--json"), ("next",), ("next", "--json")], ids=" ".join)
@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.__name__)
def test_the_short_path_over_https_prints_what_the_long_one_prints(
    far: Far, situation: Callable[[Shop], None], words: tuple[str, ...]
) -> None:
    far.shop.gateway.person("ana", "the passphrase of ana", typed=True)
    situation(far.shop)
    log = far.shop.log()

    short, long = far.both(*words)

    assert short == long
    assert isinstance(short, tuple) and short[0] == SITUATIONS[situation] and short[1]
    assert far.shop.log() == log


def test_another_head_a_freeze_and_a_token_that_is_over_take_the_long_path(far: Far) -> None:
    agent = far.shop.claim()
    far.shop.submit(agent)
    assert far.both("check", head=OTHER_HEAD)[0] == (None, "")

    far.shop.gateway.person("ana", "the passphrase of ana", typed=True)
    far.shop.freeze()
    short, long = far.both("check")
    assert short == (None, "")
    assert isinstance(long, tuple) and long[0] == Exit.HELD

    far.shop.unfreeze()
    short, long = far.both("check", ONLOOP_TOKEN="onl_agt_none")
    assert short == (None, "")
    assert isinstance(long, tuple) and long[0] == Exit.NOT_YOURS


def test_a_gateway_that_is_not_there_is_said_by_the_long_path(far: Far) -> None:
    far.shop.submit(far.shop.claim())
    far.url = "https://127.0.0.1:1"

    short, long = far.both("check")

    assert short == (None, "")
    assert isinstance(long, tuple) and long[0] == Exit.UNAVAILABLE


def test_the_short_path_over_https_loads_next_to_nothing(far: Far) -> None:
    far.shop.submit(far.shop.claim())
    script = (
        "import sys; before = set(sys.modules)\n"
        "from onloop.cli.far_glance import far_glance\n"
        "code = far_glance('check', as_json=True)\n"
        "print(code, *sorted(set(sys.modules) - before))"
    )
    words = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT / 'core')!r})\n{script}"]
    ran = subprocess.run(words, env=far.surroundings(), capture_output=True, text=True, check=True)
    code, *loaded = ran.stdout.splitlines()[-1].split()

    assert code == str(int(Exit.NOT_YET))
    assert {name for name in loaded if name.partition(".")[0] != "onloop"} <= ALLOWED
    assert "_ssl" in loaded
