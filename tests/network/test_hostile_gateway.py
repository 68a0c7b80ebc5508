"""A hostile gateway at `$ONLOOP_URL`: it neither writes to terminals and folders, nor gets what belongs to others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from network.hostile import Hostile, hostile, said
from support.listening import Authority
from support.world import Ran, World
from support.zygote import zygote

TOKEN = "onl_agt_" + "x" * 43
CONTROL = {chr(code) for code in (*range(32), 127, *range(128, 160))} - {"\n", "\t"}


def _ok(**fields: object) -> bytes:
    told = {"store": "s1", "task": "r1", "commit": "", "exit": 0, "text": "proceed\n", "json": "{}"}
    return said(json.dumps({"ok": {**told, **fields}}).encode())


def _problem(**fields: object) -> bytes:
    told = {"type": "x", "title": "x", "status": 403, "detail": "no", "code": "not_allowed", "exit": 13, "hint": ""}
    return said(json.dumps({**told, **fields}).encode(), "403 Forbidden", "application/problem+json")


ESCAPE = "\x1b]0;you are mine\x07\x1b[2J\u202e\x9b31m"
EVIL = {
    "writes to the terminal": _ok(text=ESCAPE),
    "writes to the terminal in JSON": _ok(json=ESCAPE),
    "writes to the terminal in an error": _problem(detail=ESCAPE, hint=ESCAPE),
    "names a code that is none": _ok(exit=4_000),
    "names a code that is text": _ok(exit="0; rm -rf"),
    "names a store above": _ok(store="../../../../../../tmp", commit="a" * 40),
    "names a task above": _ok(task="../../../../../../tmp", commit="a" * 40),
    "nests without end": said(b'{"ok":' + b"[" * 200_000),
    "says nothing": said(b""),
    "says null": said(b"null"),
    "is a page": said(b"<html>sign in</html>", kind="text/html"),
    "sends elsewhere": said(b"", "307 Temporary Redirect", more="Location: https://elsewhere.example/v1/check\r\n"),
    "promises more than it has": said(b'{"ok": {', length=10**15),
    "has a length that is none": said(b"{}").replace(b"Content-Length: 2", b"Content-Length: -2"),
    "speaks another protocol": b"SSH-2.0-OpenSSH_9.6\r\n",
    "has a header without end": b"HTTP/1.1 200 OK\r\nX: " + b"x" * 3_000_000,
    "is compressed": said(b"\x1f\x8b" + b"x" * 100, more="Content-Encoding: gzip\r\n"),
}


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Hostile]:
    (tmp_path / "ca").mkdir()
    with hostile(Authority(tmp_path / "ca"), lambda _: said(b"{}")) as made:
        yield made


@pytest.fixture
def world(tmp_path: Path, gateway: Hostile) -> World:
    place = {"ONLOOP_URL": gateway.url, "ONLOOP_CA": str(gateway.authority.file), "ONLOOP_TOKEN": TOKEN}
    return World(tmp_path, place)


def _is_clean(ran: Ran) -> None:
    for printed in (ran.out, ran.err):
        assert not CONTROL & set(printed), repr(printed)
        assert "\u202e" not in printed
        assert "Traceback" not in printed, printed
        assert TOKEN not in printed


@pytest.mark.parametrize("what", EVIL)
def test_what_it_answers_to_an_agent_neither_harms_a_terminal_nor_ends_in_a_traceback(
    world: World, gateway: Hostile, what: str
) -> None:
    gateway.answer = lambda _: EVIL[what]

    for words in (("check",), ("check", "--json"), ("next",)):
        ran = Ran(*zygote().run(words, world.environment, None, None))
        _is_clean(ran)
        assert ran.code in {0, 2, 10, 11, 12, 13, 14, 15, 16, 17}, ran
        assert ran.code != 0 or ran.out.strip() in {"proceed", "{}"}


def test_a_token_is_sent_to_nobody_but_the_gateway_that_is_named(
    world: World, gateway: Hostile, tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    with hostile(Authority(tmp_path / "other"), lambda _: said(b"{}")) as elsewhere:
        where = f"Location: {elsewhere.url}/v1/check\r\nRefresh: 0; url={elsewhere.url}\r\n"
        for status in ("301 Moved", "302 Found", "307 Temporary Redirect", "308 Permanent Redirect"):
            gateway.answer = lambda _, status=status: said(b"", status, more=where)  # type: ignore[misc]
            _is_clean(world.onloop("check"))
            _is_clean(world.onloop("list"))
        assert gateway.asked
        assert elsewhere.asked == []


def test_a_certificate_that_nobody_vouches_for_gets_no_token(world: World, gateway: Hostile, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    mine = Authority(tmp_path / "mine")

    ran = world.onloop("check", env={"ONLOOP_CA": str(mine.file)})

    _is_clean(ran)
    assert ran.code == 17
    assert "certificate" in ran.err
    assert gateway.asked == []


@pytest.mark.parametrize("url", ["http://192.0.2.1:8443", "http://gateway.example", "https://user:secret@127.0.0.1:1"])
def test_nothing_goes_in_the_clear_to_another_machine(world: World, url: str) -> None:
    ran = world.onloop("check", env={"ONLOOP_URL": url})

    _is_clean(ran)
    assert ran.code == 2, ran
    assert "secret" not in ran.err
