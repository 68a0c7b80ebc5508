"""Hooks: what a vendor's agent is told, and what is written into its files."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.agents.hooks.forms.hook_places import HookFolders, HookPlace, HookScope, place_of, scopes_of
from onloop.agents.hooks.forms.managed_trust import trouble_of, who_can_change
from onloop.agents.hooks.forms.shared_file import LARGEST_FILE
from onloop.agents.hooks.payload import payload_of
from onloop.agents.hooks.ruling import LONGEST_REASON, HookReply, Ruling, reply_of, ruling_on
from onloop.agents.vendors.known_vendors import HOOKED as VENDORS
from onloop.agents.vendors.known_vendors import VENDORS as EVERY
from onloop.agents.vendors.vendor import STOP, Vendor, hook_argument
from onloop.errors import BadInput, Exit

CLAUDE = VENDORS["claude"]


@pytest.mark.parametrize(
    ("verdict", "ruling"),
    [
        (Exit.OK, Ruling.LET),
        (Exit.NOT_YET, Ruling.BLOCK),
        (Exit.REDO, Ruling.BLOCK),
        (Exit.HELD, Ruling.STOP),
        (Exit.NOT_YOURS, Ruling.STOP),
        (Exit.SPENT, Ruling.STOP),
        (Exit.ENDED, Ruling.STOP),
        (Exit.UNAVAILABLE, Ruling.STOP),
        (Exit.INTERNAL, Ruling.STOP),
    ],
)
def test_only_what_the_agent_itself_can_mend_sends_it_on(verdict: Exit, ruling: Ruling) -> None:
    assert ruling_on(verdict, "because").ruling is ruling


@given(st.sampled_from(Ruling), st.text())
def test_a_reply_is_one_object_with_a_reason_wherever_the_vendor_needs_one(ruling: Ruling, why: str) -> None:
    reply = reply_of(HookReply(ruling, why))

    assert json.loads(json.dumps(reply)) == reply
    assert set(reply) <= {"decision", "reason", "continue", "stopReason"}
    reason = reply.get("reason", reply.get("stopReason", "none is needed"))
    assert isinstance(reason, str) and reason.strip() and len(reason) <= LONGEST_REASON


@given(st.binary(max_size=300))
def test_what_cannot_be_read_counts_as_the_end_of_a_turn(content: bytes) -> None:
    assert isinstance(payload_of(content).event, str)
    assert payload_of(b"\xff{").event == payload_of(b"[" * 100_000).event == payload_of(b"[]").event == STOP


def test_work_in_the_background_ends_no_turn() -> None:
    assert payload_of(b'{"hook_event_name": "Stop", "background_tasks": [{"id": "b1"}]}').in_background
    assert not payload_of(b'{"hook_event_name": "Stop", "background_tasks": []}').in_background


def settings(vendor: Vendor, folder: Path, **more: str) -> HookPlace:
    return place_of(vendor, HookScope.PROJECT, HookFolders(folder, folder / "home", folder / "root"), **more)


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=lambda vendor: vendor.name)
def test_installing_twice_is_installing_once_and_leaves_what_others_wrote(vendor: Vendor, tmp_path: Path) -> None:
    place = settings(vendor, tmp_path)
    place.path.parent.mkdir()
    others = {"theme": "dark", "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "lint"}]}]}}
    place.path.write_text(json.dumps(others), encoding="utf-8")

    assert [place.install(), place.install()] == [True, False]
    assert set(place.events()) == set(vendor.hooks())
    assert json.loads(place.path.read_text(encoding="utf-8"))["hooks"]["Stop"][0] == others["hooks"]["Stop"][0]  # type: ignore[index]
    assert [place.uninstall(), place.uninstall()] == [True, False]
    assert json.loads(place.path.read_text(encoding="utf-8")) == others


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=lambda vendor: vendor.name)
def test_installing_over_an_older_hook_adds_what_it_lacked_and_all_of_it_goes_again(
    vendor: Vendor, tmp_path: Path
) -> None:
    place = settings(vendor, tmp_path)
    place.path.parent.mkdir()
    assert vendor.hook is not None
    stop = vendor.hook.stop
    older = {stop: vendor.hooks()[stop]}
    place.path.write_text(json.dumps({"hooks": older}), encoding="utf-8")

    assert place.events() == (stop,)
    assert place.install()

    hooks = json.loads(place.path.read_text(encoding="utf-8"))["hooks"]
    assert hooks == vendor.hooks() and len(hooks) > 1
    assert place.uninstall() and not place.path.exists()


def test_a_handler_of_others_in_the_group_of_ours_stays(tmp_path: Path) -> None:
    place = settings(CLAUDE, tmp_path)
    lint, ours = {"type": "command", "command": "lint"}, {"type": "command", "command": "/opt/bin/onloop hook claude"}
    place.path.parent.mkdir()
    place.path.write_text(json.dumps({"hooks": {"Stop": [{"hooks": [lint, ours]}]}}), encoding="utf-8")

    assert place.install() and not place.install()
    assert place.uninstall()

    assert json.loads(place.path.read_text(encoding="utf-8")) == {"hooks": {"Stop": [{"hooks": [lint]}]}}


def test_going_over_to_http_takes_the_place_of_the_command_and_goes_as_it_does(tmp_path: Path) -> None:
    command, http = settings(CLAUDE, tmp_path), settings(CLAUDE, tmp_path, url="https://gw.example.org:8443/")

    assert command.install() and http.install() and not http.install()
    hooks = json.loads(http.path.read_text(encoding="utf-8"))["hooks"]
    handlers = [handler for groups in hooks.values() for group in groups for handler in group["hooks"]]
    assert {handler["url"] for handler in handlers} == {"https://gw.example.org:8443/v1/hooks/claude"}
    assert all(handler["allowedEnvVars"] == ["ONLOOP_TOKEN"] for handler in handlers)
    assert "onl_" not in http.path.read_text(encoding="utf-8"), "no token is in it, only its variable's name"
    assert command.uninstall() and not http.path.exists()


@pytest.mark.parametrize("vendor", EVERY.values(), ids=lambda vendor: vendor.name)
@pytest.mark.parametrize("scope", HookScope)
def test_every_vendor_has_its_hook_in_every_form(vendor: Vendor, scope: HookScope, tmp_path: Path) -> None:
    folders = HookFolders(tmp_path / "p", tmp_path / "h", tmp_path / "r")
    if scope not in scopes_of(vendor):
        with pytest.raises(BadInput, match="no file of hooks that no user changes"):
            place_of(vendor, scope, folders)
        return
    place = place_of(vendor, scope, folders, program="/opt/onloop/bin/onloop")

    assert [place.events(), place.install(), place.install()] == [(), True, False]
    text = place.path.read_text(encoding="utf-8")
    assert "/opt/onloop/bin/onloop" in text and text == place.content()
    assert set(place.events()) == (set(vendor.hooks()) or {"Stop", "PreToolUse"})
    assert [place.uninstall(), place.uninstall()] == [True, False]
    assert not place.path.exists()


def test_requirements_of_an_administrator_keep_every_byte_beside_our_block(tmp_path: Path) -> None:
    place = place_of(VENDORS["codex"], HookScope.MANAGED, HookFolders(tmp_path, tmp_path, tmp_path))
    place.path.parent.mkdir(parents=True)
    own = "# ours\nallow_managed_hooks_only = true\n[features]\nhooks = true\n[[hooks.Stop]]\n[[hooks.Stop.hooks]]\n"
    own += 'type = "command"\ncommand = "lint"'
    place.path.write_text(own, encoding="utf-8")

    assert place.install() and not place.install()
    read = tomllib.loads(place.path.read_text(encoding="utf-8"))
    assert [group["hooks"][0]["command"] for group in read["hooks"]["Stop"]] == ["lint", "onloop hook codex"]
    assert place.uninstall()

    assert place.path.read_text(encoding="utf-8") == own + "\n"


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ("[features]\nhooks = false\n", "turns hooks off"),
        ("[features]\nother = true\n", "without hooks"),
        ("a = \n", "line 1"),
        ("# >>> onloop hook codex\n[[hooks.Stop]]\n", ":1: the block of onloop has no end"),
        ('hooks = "none"\n', "not valid TOML"),
    ],
)
def test_requirements_that_would_not_say_what_they_should_are_left_as_they_are(
    content: str, where: str, tmp_path: Path
) -> None:
    place = place_of(VENDORS["codex"], HookScope.MANAGED, HookFolders(tmp_path, tmp_path, tmp_path))
    place.path.parent.mkdir(parents=True)
    place.path.write_text(content, encoding="utf-8")

    with pytest.raises(BadInput) as refused:
        place.install()

    assert where in refused.value.message and str(place.path) in refused.value.message
    assert place.path.read_text(encoding="utf-8") == content


BROKEN = {
    "cut off": (b'{\n "a": 1,', ":2:"),
    "a list": (b"[]", ":1: not a JSON object"),
    "hooks are a list": (b'{"hooks": []}', "form of a hooks file"),
    "groups are an object": (b'{"hooks": {"Stop": {}}}', "form of a hooks file"),
    "a comment": (b'{\n  "a": 1, // mine\n  "b": 2}', ":2:11: a comment, which would be lost"),
    "a comment before": (b'/* mine */ {"a": 1}', ":1:1: a comment"),
    "twice": (b'{"a": 1,\n\n"a": 2}', ":3: 'a' is there twice"),
    "a number too exact": (b'{"a":\n 0.12345678901234567890123}', ":2: the number"),
    "no number": (b'{"a": NaN}', ":1: the number NaN"),
    "not UTF-8": (b'{\n"a": "\xff"}', ":2: not UTF-8"),
    "UTF-16": ("{}".encode("utf-16"), ":1: not UTF-8"),
    "too deep": (b'{"a":' + b"[" * 100_000, "recursion"),
    "too large": (b'{"a": "' + b"x" * LARGEST_FILE + b'"}', "larger than"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_settings_that_cannot_be_rewritten_without_loss_are_refused_by_line_and_left(name: str, tmp_path: Path) -> None:
    content, where = BROKEN[name]
    place = settings(CLAUDE, tmp_path)
    place.path.parent.mkdir()
    place.path.write_bytes(content)

    for change in (place.install, place.uninstall):
        with pytest.raises(BadInput) as refused:
            change()
        assert (
            where in refused.value.message.replace("RecursionError: ", "") and str(place.path) in refused.value.message
        )
    assert place.path.read_bytes() == content


@pytest.mark.parametrize(
    "content",
    [
        b'\xef\xbb\xbf{\r\n\t"a": "\xc3\xa9"\r\n}\r\n',
        b'{\n    "n": 1.50,\n    "big": 123456789012345678901234567890\n}',
        b'{\n  "lone": "\\ud800"\n}\n',
    ],
    ids=["mark, CRLF, tabs", "four spaces, no end, numbers", "half a letter"],
)
def test_a_file_keeps_its_style_and_values_over_install_and_uninstall(content: bytes, tmp_path: Path) -> None:
    place = settings(CLAUDE, tmp_path)
    place.path.parent.mkdir()
    place.path.write_bytes(content)
    place.path.chmod(0o640)

    assert place.install()
    assert (b"\r\n" in place.path.read_bytes()) == (b"\r\n" in content)
    assert place.path.stat().st_mode & 0o777 == 0o640
    assert place.uninstall()

    assert place.path.read_bytes().replace(b"1.5,", b"1.50,") == content


def test_a_link_of_a_repository_is_refused_and_a_persons_own_is_followed(tmp_path: Path) -> None:
    target = tmp_path / "dotfiles.json"
    target.write_text("{}\n", encoding="utf-8")
    folders = HookFolders(tmp_path / "p", tmp_path / "h", tmp_path)
    project, user = (place_of(CLAUDE, scope, folders) for scope in (HookScope.PROJECT, HookScope.USER))
    for place in (project, user):
        place.path.parent.mkdir(parents=True)
        place.path.symlink_to(target)

    with pytest.raises(BadInput, match="is a link"):
        project.install()
    assert user.install() and user.path.is_symlink() and "onloop hook claude" in target.read_text(encoding="utf-8")
    project.path.unlink()
    project.path.parent.rmdir()
    project.path.parent.symlink_to(tmp_path / "h")
    with pytest.raises(BadInput, match="lies behind one"):
        project.install()


def test_what_is_no_file_or_another_users_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = settings(CLAUDE, tmp_path)
    place.path.parent.mkdir()
    os.mkfifo(place.path)
    with pytest.raises(BadInput, match="is not a file"):
        place.install()
    place.path.unlink()
    place.path.write_text("{}", encoding="utf-8")
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    with pytest.raises(BadInput, match="belongs to another user"):
        place.install()


@pytest.mark.parametrize("name", ["opencode", "copilot"])
def test_a_file_that_others_wrote_in_the_place_of_ours_is_left(name: str, tmp_path: Path) -> None:
    place = settings(EVERY[name], tmp_path)
    place.path.parent.mkdir(parents=True)
    place.path.write_text("export const Mine = 1\n", encoding="utf-8")

    assert place.events() == ()
    for change in (place.install, place.uninstall):
        with pytest.raises(BadInput, match="not a file that onloop wrote"):
            change()
    assert place.path.read_text(encoding="utf-8") == "export const Mine = 1\n"


def test_a_managed_hook_says_who_could_change_it(tmp_path: Path) -> None:
    mine = tmp_path / "onloop"
    mine.write_text("", encoding="utf-8")
    mine.chmod(0o777)

    assert who_can_change(Path("/usr/bin/env")) == "" or os.stat("/usr/bin/env").st_uid != 0  # noqa: PTH116
    assert str(mine) in who_can_change(mine)
    assert "No such file" in who_can_change(tmp_path / "gone")
    assert any("on the agent's own PATH" in found for found in trouble_of(Path("/usr/bin/env"), "onloop"))
    assert any(str(mine) in found for found in trouble_of(Path("/usr/bin/env"), str(mine)))


def test_the_hook_on_the_command_line_is_the_hook_of_the_file() -> None:
    assert json.loads(hook_argument(CLAUDE)) == {"hooks": CLAUDE.hooks()}
    assert tomllib.loads(hook_argument(VENDORS["codex"])) == {"hooks": VENDORS["codex"].hooks()}
