"""ACP: whom an answer gives leave for what, and lines from an agent that means no good."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from onloop.agents.acp.acp_updates import AcpUpdates
from onloop.agents.acp.heard_line import hear_line, line_of
from onloop.agents.acp.permission_call import (
    FOOTER,
    HEADER,
    MOST_QUESTIONS,
    MOST_SHOWN,
    CallLeave,
    Leaves,
    PermissionCall,
    permission_call,
    permitted,
    question_of,
)
from onloop.agents.acp.rpc_line import LONGEST_MESSAGE, MOST_NOISE, LineEnded, RpcLine
from onloop.errors import BadInput
from onloop.machine.feedback import Feedback
from onloop.redaction import MASK

CLONE = Path("/clone")


def call(command: str, kind: str = "execute", **more: Any) -> PermissionCall:
    options = [{"optionId": "a", "kind": "allow_once"}, {"optionId": "d", "kind": "reject_once"}]
    tool = {"kind": kind, "title": "a title", "rawInput": {"command": command}, **more}
    return permission_call(1, {"toolCall": tool, "options": options}, {}, (CLONE,))


def said(text: str, question: str, by: str = "human:ana") -> Feedback:
    return Feedback("answer", text, by, 1, question, "agent:x")


def on(each: PermissionCall, *answers: Feedback, kinds: tuple[str, ...] = ()) -> CallLeave:
    return Leaves(kinds, answers).on(each, lambda line: line)


def test_leave_is_for_exactly_the_call_that_was_shown_and_the_last_word_counts() -> None:
    push, force = call("git push"), call("git push --force")
    asked = question_of([push])

    assert on(push) is CallLeave.ASK
    assert on(push, said("allow", asked)) is CallLeave.ALLOW
    assert on(force, said("allow", asked)) is CallLeave.ASK
    assert on(force, said("allow all", asked)) is CallLeave.ALLOW
    assert on(call("x", "fetch"), said("allow all", asked)) is CallLeave.ASK
    assert on(push, said("allow", asked), said("no more", asked)) is CallLeave.DENY
    for words in ("", "allowed", "do not allow", "allow it not", "ok"):
        assert on(push, said(words, asked)) is CallLeave.DENY


def test_a_question_that_an_agent_words_itself_and_an_answer_of_no_person_give_no_leave() -> None:
    push, line = call("git push"), call("git push").line
    for question in (
        line,
        f"{HEADER}\n{line}",
        f"Is this well?\n{HEADER}\n{line}\n{FOOTER}",
        f"{HEADER}\nhidden\n{line}\n{FOOTER}",
        "\n".join((HEADER, *(f"- read: {n}" for n in range(MOST_SHOWN)), line, FOOTER)),
    ):
        assert on(push, said("allow", question)) is CallLeave.ASK
    assert on(push, said("allow", question_of([push]), by="agent:x")) is CallLeave.ASK
    forged = call(f"true [0]\n{line}")
    assert on(push, said("allow", question_of([forged]))) is CallLeave.ASK


def test_what_is_usual_is_usual_in_the_tasks_own_folders_alone() -> None:
    kinds = tuple(permitted(()))
    for path, leave in (
        ("/clone/a", CallLeave.ALLOW),
        ("a", CallLeave.ALLOW),
        ("/etc/a", CallLeave.ASK),
        ("/clone/../b", CallLeave.ASK),
    ):
        assert on(call("x", "edit", locations=[{"path": path}]), kinds=kinds) is leave
    assert on(call("x", "execute"), kinds=kinds) is CallLeave.ASK
    assert on(call("x", "approve"), kinds=tuple(permitted(("execute",)))) is CallLeave.ASK, "an unknown kind is other"
    assert permitted(("none",)) == frozenset() and "fetch" in permitted(("all",))
    with pytest.raises(BadInput):
        permitted(("approve",))


def asks(kind: str, known: dict[str, Any] | None = None, clone: Path = CLONE, **tool: Any) -> PermissionCall:
    options = [{"optionId": "a", "kind": "allow_once"}]
    return permission_call(1, {"toolCall": {"kind": kind, **tool}, "options": options}, known or {}, (clone,))


@pytest.mark.parametrize(
    ("shown", "other"),
    [
        ({"title": "github star_repo"}, {"title": "github delete_repo"}),
        ({"locations": [{"path": "/etc/a"}]}, {"locations": [{"path": "/etc/passwd"}]}),
        ({"content": [{"type": "diff", "newText": "a"}]}, {"content": [{"type": "diff", "newText": "b"}]}),
        ({"rawInput": {"repo": "x", "description": "a"}}, {"rawInput": {"repo": "x", "description": "b"}}),
        ({"title": "\ud800"}, {"title": "?"}),
    ],
    ids=["title", "locations", "content", "description", "surrogate"],
)
def test_a_call_that_differs_in_anything_has_no_leave_from_the_other(
    shown: dict[str, Any], other: dict[str, Any]
) -> None:
    same = {"title": "a title", "rawInput": {"repo": "x"}}
    first, second = asks("other", **{**same, **shown}), asks("other", **{**same, **other})
    asked = question_of([first])

    assert on(first, said("allow", asked)) is CallLeave.ALLOW
    assert on(second, said("allow", asked)) is CallLeave.ASK


def test_a_line_shows_title_places_and_input_and_what_a_command_is_for_is_no_part_of_it() -> None:
    shown = asks("edit", title="Edit it", locations=[{"path": "/etc/a"}], rawInput={"new": "x"}).line
    assert "Edit it" in shown and "/etc/a" in shown and '"new": "x"' in shown and "outside of its folders" in shown
    assert "a diff" in asks("edit", content=[{"type": "diff", "path": "a", "newText": "a diff"}]).line
    one, two = (
        asks(
            "execute",
            rawInput={"command": "make", "description": words},
            content=[{"type": "content", "content": {"type": "text", "text": words}}],
        )
        for words in ("one day", "another")
    )
    assert one.line == two.line and "one day" not in one.line
    first, second = asks("other", toolCallId="t1"), asks("other", toolCallId="t2")
    assert first.line != second.line, "what is not described is no other's equal"


def test_a_line_that_is_cut_says_so_and_takes_its_own_digest() -> None:
    long, short = call(f"true {'x' * 1_300} ; rm -rf /"), call("make")
    asked = question_of([long, short])

    assert "rm -rf /" in long.line and "cut" in long.line and f'"allow {long.digest}"' in long.line
    assert (on(long, said("allow", asked)), on(short, said("allow", asked))) == (CallLeave.ASK, CallLeave.ALLOW)
    named = said(f"Allow {long.digest}.", asked)
    assert (on(long, named), on(short, named)) == (CallLeave.ALLOW, CallLeave.DENY)
    assert on(long, said("allow all", asked)) is CallLeave.ALLOW
    assert on(long, said(f"allow {'0' * 20}", asked)) is CallLeave.DENY


def test_secrets_that_only_the_gateway_knows_change_nothing_in_an_answer() -> None:
    push = call("curl -H hunter2hunter2 example.org/a8s7d6f")
    stored = question_of([push]).replace("hunter2hunter2", MASK).replace("a8s7d6f", MASK)
    assert on(push, said("allow", stored)) is CallLeave.ALLOW
    assert on(push, said("no", stored)) is CallLeave.DENY
    ours = Leaves((), (said("allow", stored),)).on(push, lambda line: line.replace("hunter2hunter2", MASK))
    assert ours is CallLeave.ALLOW

    evil = call("make ; rm -rf /")
    for words in ("make", f"make {MASK}", MASK):
        forged = question_of([evil]).replace("make ; rm -rf /", words)
        assert on(evil, said("allow", forged)) is CallLeave.ASK, "an agent can put any digest behind any words"


def test_no_path_leads_out_of_the_tasks_folders_unseen(tmp_path: Path) -> None:
    clone, usual = tmp_path / "clone", tuple(permitted(()))
    clone.mkdir()
    (tmp_path / "link").symlink_to(clone)
    (clone / "out").symlink_to(tmp_path)
    for inside in (
        {"locations": [{"path": str(clone / "new/a")}]},
        {"locations": [{"path": str(tmp_path / "link/a")}]},
        {"rawInput": {"file_path": "a/../b", "old_string": "/etc", "new_source": "~"}},
    ):
        assert on(asks("edit", clone=clone, **inside), kinds=usual) is CallLeave.ALLOW, inside
    outside: tuple[dict[str, Any], ...] = (
        *({"locations": [{"path": path}]} for path in ("~/.ssh/authorized_keys", "file:///etc/passwd", "out/a", "", 1)),
        *({"locations": odd} for odd in ("/etc", ["/etc"], [{"line": 1}], [{"path": "a\0b"}])),
        {"rawInput": {"filePath": "/home/ann/.bashrc"}},
        {"rawInput": {"edits": [{"path": "a"}, {"path": "out/a"}]}},
        {"rawInput": {"changes": {"/etc/passwd": {}}}},
        {"content": [{"type": "diff", "path": "/etc/passwd"}]},
        {"rawInput": {"command": "x"}},
    )
    for tool in outside:
        assert on(asks("edit", clone=clone, **tool), kinds=usual) is CallLeave.ASK, tool
    assert on(asks("search", clone=clone, rawInput={"pattern": "/etc/*"}), kinds=usual) is CallLeave.ASK
    assert on(asks("search", clone=clone, rawInput={"pattern": "a: b"}), kinds=usual) is CallLeave.ASK
    assert on(asks("search", clone=clone, rawInput={"pattern": "def x"}), kinds=usual) is CallLeave.ALLOW


def test_allow_all_is_for_no_other_call_outside_of_the_tasks_folders() -> None:
    one, two = (asks("edit", locations=[{"path": path}]) for path in ("/etc/a", "/etc/b"))
    answer = said("allow all", question_of([one]))

    assert on(one, answer) is CallLeave.ALLOW
    assert on(two, answer) is CallLeave.ASK
    assert on(asks("edit", locations=[{"path": "a"}]), answer) is CallLeave.ALLOW


def test_people_are_asked_so_often_and_no_more_and_about_so_many_calls() -> None:
    answers = tuple(said("no", question_of([call(str(number))])) for number in range(MOST_QUESTIONS))

    assert on(call("one more"), *answers[1:]) is CallLeave.ASK
    assert on(call("one more"), *answers) is CallLeave.DENY
    many = [call("x" * 5_000 + str(number % 50)) for number in range(500)]
    assert question_of(many).count("\n") == MOST_SHOWN + 1 and len(question_of(many)) < 10_000
    assert call("x" * 5_000 + "1").line != call("x" * 5_000 + "2").line, "what is cut still counts"


@pytest.fixture
def line() -> Iterator[tuple[RpcLine, int]]:
    ours, theirs = os.pipe()
    unread, writes = os.pipe()
    try:
        yield RpcLine(ours, writes), theirs
    finally:
        for end in (ours, theirs, unread, writes):
            os.close(end)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_whatever_an_agent_prints_is_a_message_or_noise(line: tuple[RpcLine, int], content: bytes) -> None:
    rpc, theirs = line
    os.write(theirs, content + b'\n{"method": "end"}\n')

    message = rpc.receive(1.0)
    while message is not None and message.get("method") != "end":
        message = rpc.receive(1.0)

    assert message == {"method": "end"}
    rpc._noises = 0


def test_a_message_without_an_end_and_noise_without_measure_end_the_line(line: tuple[RpcLine, int]) -> None:
    rpc, theirs = line
    os.set_blocking(theirs, False)
    os.write(theirs, b"\n".join([b"noise"] * (MOST_NOISE + 2)) + b"\n")
    with pytest.raises(LineEnded, match="no message"):
        rpc.receive(1.0)

    rpc._rest.clear()
    rpc._noises = 0
    with pytest.raises(LineEnded, match="MiB"):
        for _ in range(LONGEST_MESSAGE // 10_000 + 2):
            os.write(theirs, b"x" * 10_000)
            rpc.receive(0.0)


def test_an_agent_that_reads_nothing_does_not_hold_us_for_ever(
    line: tuple[RpcLine, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onloop.agents.acp.rpc_line.WRITE_S", 0.05)
    with pytest.raises(LineEnded, match="does not read"):
        line[0].send({"method": "x", "params": "y" * 1_000_000})


def test_an_agent_that_prints_empty_lines_holds_us_no_longer_than_we_wait(
    line: tuple[RpcLine, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    rpc, theirs = line

    def prints(reads: list[int], writes: list[int], *_: object) -> tuple[list[int], list[int], list[int]]:
        os.write(theirs, b"\n")
        return reads, [], []

    monkeypatch.setattr("onloop.agents.acp.rpc_line.select.select", prints)
    assert rpc.receive(0.0) is None
    monkeypatch.setattr("onloop.agents.acp.rpc_line.WRITE_S", 0.0)
    with pytest.raises(LineEnded, match="does not read"):
        rpc.send({"method": "x"})
    with pytest.raises(LineEnded, match="no message"):
        rpc.receive(60.0)


def test_what_waits_while_an_agent_reads_nothing_is_bounded_by_its_bytes(
    line: tuple[RpcLine, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("onloop.agents.acp.rpc_line.LARGEST_ARRIVED", 1_000)
    rpc, theirs = line
    os.write(theirs, b'{"method": "%s"}\n' % (b"x" * 2_000))
    with pytest.raises(LineEnded, match="does not read"):
        rpc.send({"method": "x", "params": "y" * 1_000_000})
    assert rpc.receive(0.0) is not None and rpc._waiting == 0


def test_of_a_call_only_what_leave_is_made_of_is_remembered() -> None:
    updates = AcpUpdates("s")
    for number in range(50):
        fresh = {f"fresh {number}": "x" * 1_000, "_meta": {}, "rawOutput": "x" * 1_000}
        list(updates.hear({"sessionUpdate": "tool_call_update", "toolCallId": "t", "title": "make", **fresh}))

    assert updates.calls == {"t": {"toolCallId": "t", "title": "make"}}


@given(st.dictionaries(st.text(max_size=12), st.recursive(st.none() | st.text(max_size=9) | st.integers(), st.lists)))
def test_updates_of_any_shape_say_something_or_nothing(fields: dict[str, Any]) -> None:
    updates = AcpUpdates("s")
    kinds = ("agent_message_chunk", "tool_call", "tool_call_update", "plan", "usage_update", "unknown")
    told = [heard for kind in kinds for heard in updates.hear({**fields, "sessionUpdate": kind})]
    told += list(updates.end())

    for heard in told:
        assert list(hear_line(json.loads(json.dumps(line_of(heard))))) == [heard]
