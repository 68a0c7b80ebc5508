"""`onloop serve --web`: what it refuses, what it says, and that the page is there."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest

from onloop.errors import Exit
from support.other_users import readable_python, why_not
from support.waiting import DEADLINE_S
from support.world import World

SERVE = ("-m", "onloop.cli.entry", "serve", "--listen", "127.0.0.1:0", "--web")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("--web",), "add --listen HOST:PORT"),
        (("--listen", "127.0.0.1:0", "--web-user", "nobody"), "add --web"),
        (("--listen", "0.0.0.0:0", "--tls-cert", "a", "--tls-key", "b", "--web"), "add --public-url"),
        (("--listen", "127.0.0.1:0", "--behind-proxy", "10.0.0.5", "--web"), "add --public-url"),
        (("--listen", "127.0.0.1:0", "--web", "--web-user", "no-such-user"), "there is no user 'no-such-user'"),
    ],
)
def test_options_that_cannot_be_are_refused_in_words(world: World, words: tuple[str, ...], why: str) -> None:
    world.init()
    ran = world.onloop("serve", *words)
    assert (ran.code, why in ran.err) == (Exit.USAGE, True), ran.err


@pytest.mark.skipif(bool(why_not()), reason=f"nobody else can be here: {why_not()}")
def test_dashboards_never_run_as_root_and_a_user_who_cannot_run_them_is_named_before_anything_is_served(
    world: World,
) -> None:
    world.init()
    as_root = world.onloop("serve", "--listen", "127.0.0.1:0", "--web", "--web-user", "root")
    assert (as_root.code, "do not run as root" in as_root.err) == (Exit.USAGE, True), as_root.err
    shut = world.folder / "shut"
    shut.mkdir(mode=0o700)
    ran = subprocess.run(
        [str(readable_python(shut / "python")), *SERVE],
        env=world.environment,
        capture_output=True,
        text=True,
        timeout=DEADLINE_S,
    )
    assert (ran.returncode, "cannot run the dashboard" in ran.stderr) == (Exit.UNAVAILABLE, True), ran.stderr


def test_without_the_extra_it_is_named(world: World) -> None:
    world.init()
    script = (
        "import sys; sys.modules['wsproto'] = None; from onloop.cli.entry import main;"
        "sys.argv[1:] = ['serve', '--listen', '127.0.0.1:0', '--web']; raise SystemExit(main())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], env=world.environment, capture_output=True, text=True, timeout=DEADLINE_S
    )
    assert (ran.returncode, "pip install 'onloop[web]'" in ran.stderr) == (Exit.UNAVAILABLE, True), ran.stderr


@pytest.mark.skipif(os.geteuid() == 0 and bool(why_not()), reason=f"nobody else can be here: {why_not()}")
def test_it_says_where_the_page_is_and_as_whom_it_runs_and_ends_when_it_is_told_to(world: World) -> None:
    world.init()
    with _serving(world) as (process, url, said):
        assert "as nobody" in said if os.geteuid() == 0 else "as this user" in said
        with httpx.Client(base_url=url, trust_env=False, timeout=DEADLINE_S) as asked:
            assert asked.get("/web").headers["content-type"] == "text/html; charset=utf-8"
            assert asked.get("/web/session").status_code == 401
        process.send_signal(signal.SIGTERM)
        assert process.wait(DEADLINE_S) == 0


@contextmanager
def _serving(world: World) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    """A gateway with a page, the page's URL, and what was said of it."""
    with ExitStack() as block:
        python = Path(sys.executable)
        if os.geteuid() == 0:
            folder = Path(block.enter_context(tempfile.TemporaryDirectory(prefix="onloop-open-")))
            folder.chmod(0o755)
            python = readable_python(folder / "python")
        yield from _served_by(world, python)


def _served_by(world: World, python: Path) -> Iterator[tuple[subprocess.Popen[str], str, str]]:
    command = [str(python), *SERVE]
    process = subprocess.Popen(command, env=world.environment, stderr=subprocess.PIPE, text=True, cwd=world.folder)
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        found = re.search(r"the dashboard is a page at (http://127\.0\.0\.1:\d+)/web; it runs", said)
        assert found is not None, said
        assert f", and at {found[1]}" in process.stderr.readline()
        yield process, found[1], said
    finally:
        process.kill()
        process.communicate()
