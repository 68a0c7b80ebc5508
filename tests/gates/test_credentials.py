"""The gateway's git reaches a private origin by what a person declared for it, and by nothing else."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from onloop.errors import BadInput, FailureKind, OnloopError, Unavailable
from onloop.gates.credentials.answering import answer
from onloop.gates.credentials.declared import access_for, declared
from onloop.gates.environment import Environment
from onloop.gates.repository.mirror import Mirror
from support.https_origin import TOKEN, USER, HttpsOrigin, authority, https_origin

if TYPE_CHECKING:
    from gates.conftest import Origin

CA = 'ca_file = "{ca}"\n'


@pytest.fixture
def served(origin: Origin) -> Iterator[HttpsOrigin]:
    origin.git("config", "http.receivepack", "true")
    with https_origin(origin.path.parent) as serving:
        yield serving


def private(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


def program(path: Path, text: str) -> Path:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o700)
    return path


def settings(folder: Path, served: HttpsOrigin, lines: str, *, below: str = "") -> Path:
    text = f'["https://{served.host}{below}"]\n{CA.format(ca=authority() / "ca.pem")}{lines}\n'
    return private(folder / "git.toml", text)


def mirror_of(folder: Path, served: HttpsOrigin, file: Path | None, origin: str = "") -> Mirror:
    mirror = Mirror(folder / "own" / "m.git", origin or served.url("origin.git"), file)
    mirror.create()
    return mirror


def sources(folder: Path) -> dict[str, str]:
    token = private(folder / "token", f"{TOKEN}\n")
    netrc = private(
        folder / "netrc", f"machine other login x password y\nmachine 127.0.0.1 login {USER} password {TOKEN}\n"
    )
    asked = program(folder / "askpass", f'case "$1" in Username*) echo {USER};; *) echo {TOKEN};; esac')
    helper = program(folder / "helper", f"cat > {folder}/asked; echo username={USER}; echo password={TOKEN}")
    store = private(folder / "stored", f"https://{USER}:{TOKEN}@PLACE\n")
    return {
        "token_file": f'token_file = "{token}"\nuser = "{USER}"',
        "token_env": f'token_env = "OF_A_TEST"\nuser = "{USER}"',
        "netrc": f'netrc = "{netrc}"',
        "askpass": f'askpass = "{asked}"',
        "helper": f'helper = ["{helper}"]',
        "git's own helper": f'helper = ["store", "--file", "{store}"]',
    }


@pytest.mark.parametrize("way", ["token_file", "token_env", "netrc", "askpass", "helper", "git's own helper"])
def test_a_private_origin_is_fetched_and_pushed_by_what_is_declared(
    way: str, served: HttpsOrigin, origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_A_TEST", TOKEN)
    lines = sources(tmp_path)[way]
    stored = tmp_path / "stored"
    stored.write_text(stored.read_text().replace("PLACE", served.host))
    mirror = mirror_of(tmp_path, served, settings(tmp_path, served, lines))
    tip = mirror.refresh("main")
    assert tip == origin.tip()
    identity = {f"GIT_{role}_{part}": "a@b" for role in ("AUTHOR", "COMMITTER") for part in ("NAME", "EMAIL")}
    result = mirror.git.run("commit-tree", "-p", tip, "-m", "x", mirror.tree(tip), variables=identity).text
    mirror.move("main", tip, result)
    assert origin.tip() == result


def test_nothing_of_a_token_is_left_in_clone_mirror_or_command_line(
    served: HttpsOrigin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = tmp_path / "seen"
    real = shutil.which("git")
    spy = tmp_path / "bin" / "git"
    spy.parent.mkdir()
    program(spy, f'echo "$@" >> {seen}; env >> {seen}; exec {real} "$@"')
    from onloop.gates.repository import git

    monkeypatch.setattr(git, "git_program", lambda: str(spy))
    mirror = mirror_of(tmp_path, served, settings(tmp_path, served, sources(tmp_path)["token_file"]))
    clone = tmp_path / "clone"
    Environment(clone).prepare(mirror, "main", "r7k2m.3", "ada")
    assert (clone / "README.md").exists() or any(clone.iterdir())
    assert "fetch" in seen.read_text()
    held = [seen, *(path for folder in (clone, mirror.path) for path in folder.rglob("*") if path.is_file())]
    assert [path for path in held if TOKEN.encode() in path.read_bytes()] == []


def test_without_a_declaration_a_private_origin_is_refused_as_auth(served: HttpsOrigin, tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as refused:
        mirror_of(tmp_path, served, settings(tmp_path, served, "")).refresh("main")
    assert refused.value.kind is FailureKind.AUTH
    assert "onloop doctor --repo URL" in refused.value.hint
    with pytest.raises(Unavailable) as refused:  # and without the CA, whom nobody here knows
        mirror_of(tmp_path, served, None).refresh("main")
    assert refused.value.kind is FailureKind.AUTH


def test_a_declaration_for_a_path_does_not_reach_beyond_it(served: HttpsOrigin, tmp_path: Path) -> None:
    lines = sources(tmp_path)["token_file"]
    file = settings(tmp_path, served, lines, below="/other")
    assert access_for(file, served.url("origin.git")) is None
    file = settings(tmp_path, served, lines, below="/origin")
    assert mirror_of(tmp_path, served, file).tip("main")
    assert access_for(file, served.url("origin-2.git")) is None


@pytest.mark.parametrize("asks_first", [True, False])
def test_a_redirect_to_another_host_gets_no_credential(
    asks_first: bool, served: HttpsOrigin, origin: Origin, tmp_path: Path
) -> None:
    with https_origin(origin.path.parent, redirect_to=served.url("")[:-1], is_open=not asks_first) as leading:
        file = settings(tmp_path, leading, sources(tmp_path)["token_file"])
        file.write_text(file.read_text() + f'["https://{served.host}"]\n{CA.format(ca=authority() / "ca.pem")}')
        with pytest.raises(Unavailable):
            mirror_of(tmp_path, leading, file).tip("main")
    secret = base64.b64encode(f"{USER}:{TOKEN}".encode()).decode()
    assert any(secret in (said or "") for said in leading.said) is asks_first
    assert served.said
    assert not any(secret in (said or "") for said in served.said)


def test_a_helper_is_told_what_was_not_accepted(served: HttpsOrigin, tmp_path: Path) -> None:
    helper = program(
        tmp_path / "h", f'echo "$1" >> {tmp_path}/actions; cat >/dev/null; echo username=x; echo password=wrong'
    )
    with pytest.raises(OnloopError):
        mirror_of(tmp_path, served, settings(tmp_path, served, f'helper = ["{helper}"]')).refresh("main")
    assert (tmp_path / "actions").read_text().split() == ["get", "erase"]


def test_an_old_origin_with_a_credential_still_works_and_is_shown_nowhere(
    served: HttpsOrigin, origin: Origin, tmp_path: Path
) -> None:
    old = served.url("origin.git").replace("://", f"://{USER}:{TOKEN}@")
    file = settings(tmp_path, served, "")
    mirror = mirror_of(tmp_path, served, file, old)
    Environment(tmp_path / "clone").prepare(mirror, "main", "r7k2m.3", "ada")
    config = (tmp_path / "clone" / ".git" / "config").read_text()
    assert TOKEN not in config
    assert served.url("origin.git") in config
    with pytest.raises(OnloopError) as missing:
        mirror.tip("nope")
    assert TOKEN not in missing.value.message + missing.value.hint


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ('["https://h"]\ntokenfile = "/x"\n', 2, "unknown field 'tokenfile'"),
        ('["https://h"]\ntoken_file = "x"\n', 2, "token_file is 'x'"),
        ('["https://a"]\nuser = "x"\n["https://h"]\n\nuser = 3\n', 5, "user is no text"),
        ('["https://h"]\nhelper = "cache"\n', 2, "helper is no list of words"),
        ('["https://h"]\ntoken_env = "A"\nnetrc = "/n"\n', 3, "both token_env and netrc"),
        ('["https://me:word@h"]\n', 1, "'https://***@h' is no address"),
        ('["ssh://h"]\nssh_key = "/k"\n', 1, "ssh://h has no known_hosts"),
        ('["ssh://h"]\ntoken_env = "A"\n', 2, "a field that ssh has no use for: 'token_env'"),
        ('["https://h"]\nproxy = "http://a:b@p"\n', 2, "proxy holds a credential"),
        ('["https://h"\n', 1, "(at line 1, column 13)"),
    ],
)
def test_a_mistake_is_named_with_file_and_line(text: str, where: int, what: str, tmp_path: Path) -> None:
    file = private(tmp_path / "git.toml", text)
    with pytest.raises(BadInput) as refused:
        declared(file)
    assert what in refused.value.message
    assert f"git.toml:{where}: " in refused.value.message or "column" in what


def test_a_file_that_others_can_read_or_that_is_a_link_is_refused(tmp_path: Path) -> None:
    file = private(tmp_path / "git.toml", "")
    file.chmod(0o640)
    with pytest.raises(BadInput, match="open to others") as refused:
        declared(file)
    assert f"chmod 600 {file}" in refused.value.hint
    (tmp_path / "link").symlink_to(private(tmp_path / "real", ""))
    with pytest.raises(BadInput, match="cannot be read"):
        declared(tmp_path / "link")


def test_a_question_about_another_place_gets_no_answer() -> None:
    known = {"protocol": "https", "host": "h", "path": "team", "user": "u", "password": "p"}
    right = {"protocol": "https", "host": "h", "path": "team/x.git"}
    assert answer(right, known) == "username=u\npassword=p\n"
    for wrong in ({"protocol": "http"}, {"host": "h:1"}, {"host": "other"}, {"path": "teams/x.git"}, {"path": ""}):
        assert answer(right | wrong, known) == ""
