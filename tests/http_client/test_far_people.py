"""People on another machine: the same verbs, exit codes and texts over a URL; a login reads, and decides nothing."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.over_http import OpenedDoor, certified, over_http
from onloop.access.opening import create_home, open_file, wall_clock
from onloop.errors import Exit
from onloop.home import Home
from onloop.machine.state import State
from onloop.views.changes import Changes
from onloop.views.known_task import known_task
from support.tui_scenes import Scene, commit
from support.zygote import zygote

PASSPHRASE = "long enough"
READS = (
    ("list",),
    ("attention",),
    ("tree",),
    ("show", "TASK"),
    ("why", "TASK"),
    ("people",),
    ("log", "--task", "TASK"),
)


@dataclass
class Desk:
    """A person's machine, and the store at the gateway of which they decide."""

    home: Home
    task: str
    url: str
    folder: Path

    def far(self, *words: str, passphrase: str | None = None, **more: str) -> tuple[int, str, str]:
        """The verb on the person's machine: exit code, what it printed, and why."""
        around = {"ONLOOP_URL": self.url, "ONLOOP_CA": certified().ca, "XDG_STATE_HOME": str(self.folder / "far")}
        return self._ran(words, {**around, **more}, passphrase)

    def here(self, *words: str) -> tuple[int, str, str]:
        """The verb over the file."""
        return self._ran(words, {"ONLOOP_STORE": str(self.home.store)}, None)

    def _ran(self, words: tuple[str, ...], env: dict[str, str], passphrase: str | None) -> tuple[int, str, str]:
        said = [self.task if word == "TASK" else word for word in words]
        around = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "USER": "ana", **env}
        if passphrase is None:
            return zygote().run(said, around, self.folder, None)
        reading, writing = os.pipe()
        os.write(writing, passphrase.encode())
        os.close(writing)
        try:
            return zygote().run([*said, "--passphrase-fd", "3"], around, self.folder, reading)
        finally:
            os.close(reading)

    def login(self, passphrase: str = PASSPHRASE) -> tuple[int, str, str]:
        return self.far("login", "--as", "ana", "--json", passphrase=passphrase)

    @property
    def logins(self) -> list[Path]:
        return list((self.folder / "far/onloop/sessions").glob("*"))


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A store in which one approval waits, behind a gateway that is open to the network."""
    home = Home(tmp_path / "near" / "store")
    home.store.parent.mkdir()
    create_home(
        home, store_id="s", person="ana", groups=("approvers",), passphrase=PASSPHRASE, email="", scripted=False
    )
    scene = Scene(store=open_file(home).gateway.store)
    (task,) = scene.fleet(["cart"])
    scene.wants_approval(task, what=commit(task, "Tests pass."))
    scene.store.close()

    def changes(wanted: str) -> Changes:
        opened = open_file(home)
        try:
            with opened.gateway.store.reading() as at:
                task = known_task(at, wanted)
            return opened.changes(task)
        finally:
            opened.close()

    door: OpenedDoor
    with over_http(home, wall_clock, changes) as door:
        yield Desk(home, task, door.url, tmp_path)


def test_who_is_not_logged_in_is_told_how_and_a_login_shows_what_the_file_shows(desk: Desk) -> None:
    code, out, why = desk.far("list")
    assert (code, out) == (Exit.NOT_YOURS, "")
    assert "onloop login --as NAME" in why

    code, out, why = desk.login()
    assert code == Exit.OK, why
    said = json.loads(out)
    assert (said["url"], said["person"]) == (desk.url, "ana")

    for words in READS:
        assert desk.far(*words) == desk.here(*words), words
    assert desk.far("show", "nothing.1")[:2] == desk.here("show", "nothing.1")[:2] == (Exit.USAGE, "")


def test_a_login_is_a_file_for_its_user_alone_and_goes_to_its_own_gateway_alone(desk: Desk) -> None:
    desk.login()
    (kept,) = desk.logins
    secret = json.loads(kept.read_text())["secret"]
    assert (kept.stat().st_mode & 0o777, kept.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    assert secret not in "".join(map(str, desk.login()))

    other = desk.url.replace("127.0.0.1", "localhost")
    assert desk.far("list", ONLOOP_URL=other)[0] == Exit.NOT_YOURS, "it was sent to another host"
    kept.chmod(0o640)
    code, _, why = desk.far("list")
    assert (code, "is not yours alone" in why) == (Exit.UNAVAILABLE, True)


def test_a_login_decides_nothing_and_each_decision_takes_the_passphrase(desk: Desk) -> None:
    desk.login()
    said = ("cancel", "TASK", "--as", "ana", "--reason", "not needed")
    assert desk.far(*said)[0] == Exit.NOT_YOURS
    assert desk.far(*said, passphrase="not right")[0] == Exit.NOT_YOURS
    code, out, why = desk.far(*said, passphrase=PASSPHRASE)

    assert code == Exit.OK, (out, why)
    opened = open_file(desk.home)
    with opened.gateway.store.reading() as at:
        task = at.task(desk.task)
        decided = [each.principal for each in at.log(task=desk.task) if each.principal.startswith("human:")]
    opened.close()
    assert task is not None and task.state is State.CANCELED
    assert set(decided) == {"human:ana"}


def test_logout_ends_the_session_at_the_gateway_and_forgets_it_here(desk: Desk) -> None:
    desk.login()
    (kept,) = desk.logins
    content = kept.read_text()

    assert json.loads(desk.far("logout", "--json")[1])["ended"] is True
    assert desk.logins == []
    kept.write_text(content)
    kept.chmod(0o600)
    code, _, why = desk.far("list")
    assert (code, "login" in why) == (Exit.NOT_YOURS, True), "the gateway takes it no more"
    assert desk.far("logout")[0] == Exit.OK
    assert "nobody is logged in" in desk.far("logout")[1]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://gateway.example:8080", "plain http is for 127.0.0.1 alone"),
        ("https://ana:secret@gateway.example", "without a user, a path or a query"),
        ("https://127.0.0.1:1", "no gateway answers at https://127.0.0.1:1"),
        ("ftp://gateway.example", "unix:/path/to/gateway.sock, or https://HOST:PORT"),
    ],
)
def test_a_url_that_leads_nowhere_says_so_without_its_secrets(tmp_path: Path, url: str, words: str) -> None:
    env = {"PATH": os.environ["PATH"], "ONLOOP_URL": url, "XDG_STATE_HOME": str(tmp_path)}

    code, out, why = zygote().run(["list"], env, tmp_path, None)

    assert code in {Exit.USAGE, Exit.UNAVAILABLE} and not out
    assert words in why
    assert "secret" not in why.replace("without", "")


def test_a_store_named_beside_a_url_is_refused_and_verbs_of_files_do_not_follow_it(desk: Desk) -> None:
    code, _, why = desk.far("list", "--store", str(desk.home.store))
    assert (code, "two places are named" in why) == (Exit.USAGE, True)
    code, _, why = desk.far("store", "verify")
    assert (code, "works on the store itself" in why) == (Exit.USAGE, True), why


def test_a_gateway_that_answers_nothing_is_waited_for_no_longer_than_it_takes(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        silent.close()
        env = {"PATH": os.environ["PATH"], "ONLOOP_URL": f"http://127.0.0.1:{port}", "XDG_STATE_HOME": str(tmp_path)}
        code, _, why = zygote().run(["login", "--as", "ana", "--passphrase-fd", "0"], env, tmp_path, None)

    assert (code, "is gone" in why) == (Exit.UNAVAILABLE, True)


def test_what_was_answered_there_is_taken_back_there_and_a_moment_that_has_been_is_seen(desk: Desk) -> None:
    scene = Scene(store=open_file(desk.home).gateway.store)
    (task,) = scene.fleet(["flags"], run="r8k2m")
    before = scene.log(task)[-1].seq
    scene.asks(task, "Which one?")
    scene.store.close()
    desk.login()
    listed, said = ("list", "--json"), ("--as", "ana", "--json")
    code, out, why = desk.far("answer", task, "The first.", *said, passphrase=PASSPHRASE)
    assert code == Exit.OK, (out, why)

    for at in (f"#{before}", str(before)):
        then, here = (json.loads(where(*listed, "--at", at)[1]) for where in (desk.far, desk.here))
        assert (then["tasks"], then["past"]) == (here["tasks"], here["past"])
        assert then["past"]["seq"] == before
        assert [each["state"] for each in then["tasks"] if each["task"] == task] == ["submitted"], (
            "nobody had asked yet"
        )
    assert desk.far("tree", "--at", f"#{before}") == desk.here("tree", "--at", f"#{before}")
    assert desk.far("list", "--at", "#999999")[0] == Exit.USAGE

    assert desk.far("undo", task, *said)[0] == Exit.NOT_YOURS, "a login takes nothing back"
    code, out, why = desk.far("undo", task, *said, passphrase=PASSPHRASE)
    assert (code, json.loads(out)["state"]) == (Exit.OK, State.INPUT_REQUIRED.value), why
    code, _, why = desk.far("undo", task, *said, passphrase=PASSPHRASE)
    assert (code, "nobody has decided anything" in why) == (Exit.NOTHING, True), why
