"""Hooks: what a vendor's agent is told, and what is written into its files."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.agents.hooks.installation import install, installed_events, uninstall
from onloop.agents.hooks.payload import payload_of
from onloop.agents.hooks.ruling import LONGEST_REASON, HookReply, Ruling, reply_of, ruling_on
from onloop.agents.vendors.known_vendors import HOOKED as VENDORS
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


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=lambda vendor: vendor.name)
def test_installing_twice_is_installing_once_and_leaves_what_others_wrote(vendor: Vendor, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "settings.json"
    path.parent.mkdir()
    others = {"theme": "dark", "hooks": {"Stop": [{"hooks": [{"type": "command", "command": "lint"}]}]}}
    path.write_text(json.dumps(others), encoding="utf-8")

    assert [install(vendor, path), install(vendor, path)] == [True, False]
    assert installed_events(vendor, path) == tuple(vendor.hooks())
    assert json.loads(path.read_text(encoding="utf-8"))["hooks"]["Stop"][0] == others["hooks"]["Stop"][0]  # type: ignore[index]
    assert [uninstall(vendor, path), uninstall(vendor, path)] == [True, False]
    assert json.loads(path.read_text(encoding="utf-8")) == others


@pytest.mark.parametrize("vendor", VENDORS.values(), ids=lambda vendor: vendor.name)
def test_installing_over_an_older_hook_adds_what_it_lacked_and_all_of_it_goes_again(
    vendor: Vendor, tmp_path: Path
) -> None:
    path = tmp_path / "settings.json"
    assert vendor.hook is not None
    stop = vendor.hook.stop
    older = {stop: vendor.hooks()[stop]}
    path.write_text(json.dumps({"hooks": older}), encoding="utf-8")

    assert installed_events(vendor, path) == (stop,)
    assert install(vendor, path)

    hooks = json.loads(path.read_text(encoding="utf-8"))["hooks"]
    assert hooks == vendor.hooks() and len(hooks) > 1
    assert uninstall(vendor, path) and not path.exists()


def test_a_file_that_held_only_our_hook_goes_with_it(tmp_path: Path) -> None:
    path = tmp_path / ".claude" / "settings.local.json"

    install(CLAUDE, path)
    uninstall(CLAUDE, path)

    assert not path.exists()


@pytest.mark.parametrize("content", ["{", "[]", '{"hooks": []}', '{"hooks": {"Stop": {}}}'])
def test_a_file_that_we_do_not_understand_is_left_as_it_is(content: str, tmp_path: Path) -> None:
    path = tmp_path / "settings.json"
    path.write_text(content, encoding="utf-8")

    for change in (install, uninstall):
        with pytest.raises(BadInput) as refused:
            change(CLAUDE, path)
        assert str(path) in refused.value.message
    assert path.read_text(encoding="utf-8") == content


def test_the_hook_on_the_command_line_is_the_hook_of_the_file() -> None:
    assert json.loads(hook_argument(CLAUDE)) == {"hooks": CLAUDE.hooks()}
    assert tomllib.loads(hook_argument(VENDORS["codex"])) == {"hooks": VENDORS["codex"].hooks()}
