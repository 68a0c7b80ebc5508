"""`onloop serve --listen`: what it refuses, and how it ends."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from onloop.errors import Exit
from onloop.home import Home
from support.waiting import DEADLINE_S, wait_for
from support.world import World


@contextmanager
def listening_in_clear(world: World) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A gateway that listens at a port of loopback, and its URL."""
    command = [sys.executable, "-m", "onloop.cli.entry", "serve", "--listen", "127.0.0.1:0"]
    process = subprocess.Popen(command, env=world.environment, stderr=subprocess.PIPE, text=True, cwd=world.folder)
    assert process.stderr is not None
    try:
        said = process.stderr.readline()
        assert ", and at http://127.0.0.1:" in said, said + process.stderr.read()
        yield process, said.rpartition(" ")[2].strip()
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("words", "exit_code", "why"),
    [
        (("--listen", "0.0.0.0:0"), Exit.USAGE, "--tls-cert FILE --tls-key FILE"),
        (("--listen", "example.org"), Exit.USAGE, "is not an address and a port"),
        (("--tls-cert", "a.pem"), Exit.USAGE, "add --listen HOST:PORT"),
        (("--public-url", "https://a.example"), Exit.USAGE, "add --listen HOST:PORT"),
        (("--listen", "127.0.0.1:0", "--tls-cert", "a.pem"), Exit.USAGE, "belong together"),
        (("--listen", "127.0.0.1:0", "--behind-proxy", "proxy"), Exit.USAGE, "is not an IP address"),
    ],
)
def test_options_that_cannot_be_are_refused_in_words(
    world: World, words: tuple[str, ...], exit_code: Exit, why: str
) -> None:
    world.init()
    ran = world.onloop("serve", *words)
    assert (ran.code, why in ran.err) == (exit_code, True), ran.err
    assert not Home(world.store).socket.exists()


def test_a_port_that_is_taken_is_said_and_nothing_is_served(world: World) -> None:
    world.init()
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        where = f"127.0.0.1:{other.getsockname()[1]}"
        ran = world.onloop("serve", "--listen", where)
    assert (ran.code, where in ran.err) == (Exit.UNAVAILABLE, True), ran.err
    assert not Home(world.store).socket.exists()


def test_without_the_extra_it_is_named(world: World) -> None:
    world.init()
    script = (
        "import sys; sys.modules['uvicorn'] = None; from onloop.cli.entry import main;"
        "sys.argv[1:] = ['serve', '--listen', '127.0.0.1:0']; raise SystemExit(main())"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], env=world.environment, capture_output=True, text=True, timeout=DEADLINE_S
    )
    assert (ran.returncode, "pip install 'onloop[server]'" in ran.stderr) == (Exit.UNAVAILABLE, True), ran.stderr


def test_told_to_stop_it_lets_nobody_in_and_ends_what_waits(world: World) -> None:
    world.init()
    with listening_in_clear(world) as (process, url), ThreadPoolExecutor(1) as pool:
        client = httpx.Client(base_url=url, trust_env=False, timeout=DEADLINE_S)
        assert [client.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]
        home = Home(world.store)

        def slow() -> bytes:
            """A request whose body comes late."""
            where = url.partition("://")[2]
            host, _, port = where.partition(":")
            with socket.create_connection((host, int(port)), DEADLINE_S) as made:
                made.sendall(
                    f"POST /v1/agent HTTP/1.1\r\nHost: {where}\r\nContent-Type: application/json\r\n"
                    "Idempotency-Key: k\r\nContent-Length: 2\r\n\r\n".encode()
                )
                begun.append(True)
                wait_for(lambda: not home.socket.exists(), lambda: "it still listens")
                made.sendall(b"{}")
                return made.recv(65_536)

        begun: list[bool] = []
        answer = pool.submit(slow)
        wait_for(lambda: begun, lambda: "nothing was asked")
        process.send_signal(signal.SIGTERM)
        assert answer.result(DEADLINE_S).startswith(b"HTTP/1.1 4"), "it was answered, not cut off"
        assert process.wait(DEADLINE_S) == Exit.OK
        with pytest.raises(httpx.TransportError):
            httpx.get(f"{url}/healthz", trust_env=False)
        client.close()
