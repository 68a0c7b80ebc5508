"""The plain dashboard: one line after the other, rows as sentences, news as they come, and the same door."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.access.opening import create_home
from onloop.attention.groups import Group
from onloop.attention.viewer import NOBODY
from onloop.errors import Exit
from onloop.home import Home
from onloop.machine.state import State
from onloop.machine.task import DecisionKind
from onloop.store.port import TaskFilter
from onloop_tui.bindings import KEYS
from onloop_tui.model.drawing.text_line import GUTTER, Span, Tone, heading, line
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.inbox.order import shown_rows
from onloop_tui.model.spoken.announcement import GAP_MS, MOST, SaidSoFar, announced_after
from onloop_tui.model.spoken.spoken_line import parts_of, spoken
from onloop_tui.model.spoken.spoken_row import cause_sentence, spoken_age, task_sentence
from onloop_tui.plain import plain_console
from onloop_tui.plain.plain_console import MOST_NEWS, UNREAD_S, PlainConsole
from onloop_tui.settings import plain_is_wanted
from onloop_tui.store_access import access_of
from support.slow_line import SlowLine, on_slow_line
from support.tmux_pane import AGAIN_S, Pane, needs_tmux, pane
from support.tui_scenes import CHEAP, MINUTE, PASSPHRASE, Scene, busy
from support.waiting import DEADLINE_S

ATTACK = "\x1b]52;c;cHduZWQ=\x07\x9b5m\u202e"


# -- sentences


def _seen(scene: Scene) -> Snapshot:
    with scene.store.reading() as at:
        tasks, house = tuple(at.tasks(TaskFilter())), at.house()
    return Snapshot().after(tasks, house, 1).at(scene.clock())


@pytest.mark.parametrize(
    ("ms", "words"),
    [
        (0, "0 seconds"),
        (1_000, "1 second"),
        (59_999, "59 seconds"),
        (60_000, "1 minute"),
        (12 * 60_000, "12 minutes"),
        (130 * 60_000, "2 hours 10 minutes"),
        (100 * 3_600_000, "4 days 4 hours"),
    ],
)
def test_a_duration_is_said_in_whole_words(ms: int, words: str) -> None:
    assert spoken_age(ms) == words


def test_a_row_is_one_sentence_with_its_place_what_it_is_whose_and_for_how_long() -> None:
    scene = busy()
    scene.clock.later(12 * MINUTE)
    seen = _seen(scene)
    rows = shown_rows(seen.board, seen.groups, seen.tasks, scene.clock(), NOBODY)

    said = cause_sentence(rows[0], 1, len(rows), scene.clock())
    assert said.startswith("1 of 3, needs you: approve release at ship.approve, 2 tasks, ")
    assert "waiting 13 minutes" in said
    assert "new" in said
    asked = cause_sentence(rows[1], 2, len(rows), scene.clock())
    assert "question" in asked
    assert asked.endswith("It says: Keep the old key format, or rewrite stored keys?")


def test_a_foreign_text_in_a_sentence_is_safe_and_short() -> None:
    scene = Scene()
    (task,) = scene.fleet([f"cart{ATTACK}"], title=ATTACK * 10)
    scene.asks(task, ATTACK * 400)
    seen = _seen(scene)
    (row,) = shown_rows(seen.board, seen.groups, seen.tasks, scene.clock(), NOBODY)

    said = cause_sentence(row, 1, 1, scene.clock()) + task_sentence(seen.tasks[task], 1, 1, scene.clock())
    assert said.isprintable()
    assert len(said) < 2_500


def test_what_is_only_drawn_is_not_said_and_what_is_quoted_is_said_to_be() -> None:
    drawn = [
        heading("gates", 40),
        (Span("  ✓ passed    ", Tone.GOOD), Span("tests · 2m ago")),
        line(""),
        (GUTTER, Span("a  ·  b → c", Tone.UNTRUSTED)),
        heading("diff", 40),
        line("+  x  ·  y"),
    ]

    assert [*spoken(drawn[:4])] == ["gates", "passed: tests, 2m ago", "quoted: a  ·  b → c"]
    assert [part.title for part in parts_of(drawn)] == ["", "gates", "diff"]
    assert parts_of(drawn)[-1].lines == ("+  x  ·  y",)


# -- announcements


def _groups(scene: Scene) -> tuple[Group, ...]:
    return _seen(scene).groups


def test_news_are_said_the_most_important_first_and_the_rest_is_counted() -> None:
    scene = busy()
    before = SaidSoFar.of((), 0)
    _, said = announced_after(before, _groups(scene) * 2, GAP_MS)

    assert said[0].startswith("new, needs you: approve release at ship.approve")
    assert len(said) == MOST + 1
    assert said[-1] == "and 3 changes more"


def test_what_grows_and_what_is_cleared_is_said_once() -> None:
    scene = busy()
    told = SaidSoFar.of(_groups(scene), 0)
    scene.wants_approval("r7k2m.9")
    grown, said = announced_after(told, _groups(scene), GAP_MS)
    assert said == ("more, needs you: approve release at ship.approve, 3 tasks",)
    assert announced_after(grown, _groups(scene), 3 * GAP_MS)[1] == ()
    _, gone = announced_after(grown, _groups(scene)[1:], 3 * GAP_MS)
    assert gone == ("no longer needs you: approve release at ship.approve, 3 tasks",)


def test_what_only_one_task_needs_is_said_with_its_repository() -> None:
    scene = Scene()
    scene.enrol("ana")
    (task,) = scene.fleet(["guestbook"])
    scene.wants_approval(task)

    told, said = announced_after(SaidSoFar.of((), 0), _groups(scene), GAP_MS)
    _, gone = announced_after(told, (), 2 * GAP_MS)
    assert said == ("new, needs you: approve release at ship.approve, guestbook",)
    assert gone == ("no longer needs you: approve release at ship.approve, guestbook",)


@given(st.lists(st.tuples(st.integers(1, GAP_MS), st.integers(0, 3)), max_size=30))
def test_never_more_than_one_announcement_comes_within_the_gap_and_none_is_lost(story: list[tuple[int, int]]) -> None:
    groups = _groups(_STILL)
    told, now, last = SaidSoFar.of((), 0), 0, -GAP_MS
    for passed, count in story:
        now += passed
        told, said = announced_after(told, groups[:count], now)
        assert len(said) <= MOST + 1
        if said:
            assert now - last >= GAP_MS
            last = now
    told, _ = announced_after(told, groups, now + 2 * GAP_MS)
    assert {*told.counts} == {group.cause for group in groups}


_STILL = busy()


# -- in a real terminal


def _home(folder: Path) -> tuple[Home, Scene]:
    home = Home(folder / "store")
    create_home(
        home,
        store_id="s",
        person="ana",
        groups=("approvers",),
        passphrase=PASSPHRASE,
        email="",
        scripted=False,
        cost=CHEAP,
    )
    scene = Scene(store=access_of(home).open().store)
    first, second, *_ = scene.fleet(["billing", "cart", f"flags{ATTACK}", "ledger"])
    scene.wants_approval(first)
    scene.clock.later(MINUTE)
    scene.asks(second, f"Keep the old key format? {ATTACK}")
    return home, scene


@contextmanager
def _talking(folder: Path, home: Home, **more: str) -> Iterator[Pane]:
    environment: Mapping[str, str] = {"ONLOOP_PLAIN": "1", **more}
    with pane(folder, str(home.store), environment=environment, size=(120, 100)) as terminal:
        terminal.shows("onloop, plain", "1 of 2, needs you", "onloop>")
        yield terminal


def _say(terminal: Pane, words: str, *then: str) -> None:
    """Type it, on an empty screen, and wait for what it leads to."""
    terminal.tmux("send-keys", "-R")
    terminal.type(words)
    terminal.press("Enter")
    terminal.shows(*then)


def _reply(terminal: Pane, word: str, *then: str) -> None:
    """Answer what is asked before anything is sent, until that was not too soon to have been heard."""
    terminal.tmux("send-keys", "-R")
    for _ in range(int(DEADLINE_S / AGAIN_S)):
        terminal.type(word)
        terminal.press("Enter")
        if terminal.has(then, "", AGAIN_S):
            return
    raise AssertionError(terminal.screen)


@needs_tmux
def test_a_person_who_listens_reads_approves_with_their_passphrase_and_hears_what_became_of_it(tmp_path: Path) -> None:
    home, scene = _home(tmp_path)

    with _talking(tmp_path, home) as terminal:
        assert terminal.told("alternate_on") == "0"
        _say(terminal, "approve", "shown: ", "Section gates.", "You can type: approve, reject")
        assert not scene.task("r7k2m.1").decisions
        _say(terminal, "approve", "Who decides?")
        _say(terminal, "ana", "passphrase")
        _say(terminal, PASSPHRASE, "You decide about", "Type yes to approve r7k2m.1, anything")
        assert PASSPHRASE not in terminal.screen
        _reply(terminal, "no", "Nothing was sent.")
        assert not scene.task("r7k2m.1").decisions
        _say(terminal, "approve", "Type yes to approve")
        _reply(terminal, "yes", "Done. approve: r7k2m.1")
        terminal.shows("1 of 1, needs you: a question")
        (decision,) = scene.task("r7k2m.1").decisions
        assert (decision.answer, decision.by) == (DecisionKind.APPROVE, "human:ana")
        _say(terminal, "quit", "it ended with 0")


@needs_tmux
def test_a_decision_is_about_what_was_read_last_and_never_about_the_task_read_before(tmp_path: Path) -> None:
    home, scene = _home(tmp_path)

    with _talking(tmp_path, home) as terminal:
        _say(terminal, "open", "Task r7k2m.1")
        _say(terminal, "filter repo:cart", "r7k2m.1 is left.", "1 of 1, needs you: a question")
        _say(terminal, "approve", "Task r7k2m.2", "quoted: Keep the old key format?")
        _say(terminal, "filter", "2 rows.", "2 of 2, needs you: a question")
        _say(terminal, "k", "1 of 2, needs you: approve")
        _say(terminal, "open", "Task r7k2m.1")
        scene.cancels("r7k2m.1")
        terminal.shows("no longer needs you: approve")
        _say(terminal, "", "r7k2m.1 is left.", "1 of 1, needs you: a question")
        scene.asks("r7k2m.4", "Which one?")
        scene.cancels("r7k2m.2")
        terminal.shows("no longer needs you: ")
        _say(terminal, "cancel", "What was read is not in this list any more", "1 of 1, needs you: a question")
        assert "Task r7k2m.4" not in terminal.screen
        _say(terminal, "cancel", "Task r7k2m.4", "Who decides?")


@pytest.mark.parametrize(("soon_s", "heard"), [(0.0, "yes"), (1e9, None)])
def test_an_answer_that_came_before_its_question_could_be_read_does_not_count(
    soon_s: float, heard: str | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plain_console, "UNREAD_S", soon_s)
    monkeypatch.setattr(sys, "stdin", io.StringIO("yes\nyes\n"))

    assert PlainConsole(lambda: ()).ask("Type yes: ", anew=True) == heard
    assert ("type it again" in capsys.readouterr().out) is (heard is None)


INTERRUPTED = """
import os, signal, sys
from onloop_tui import __main__ as entry
from onloop_tui.plain import plain_sheet
real = plain_sheet.PlainSheet._performed
def interrupted(sheet, *given):
    answer = real(sheet, *given)
    os.kill(os.getpid(), signal.SIGINT)
    return answer
plain_sheet.PlainSheet._performed = interrupted
sys.exit(entry.main())
"""


def test_an_interruption_while_a_decision_is_sent_never_says_that_nothing_was_sent(tmp_path: Path) -> None:
    home, scene = _home(tmp_path)
    line_of = _on_line(tmp_path, "-c", INTERRUPTED, str(home.store))
    try:
        line_of.until(b"onloop> ", DEADLINE_S)
        for typed, then in (
            (b"pause", b"Who decides?"),
            (b"ana", b"passphrase"),
            (PASSPHRASE.encode(), b"empty goes back"),
            (b"lunch", b"Type yes to pause"),
        ):
            line_of.press(typed + b"\r")
            line_of.until(then, DEADLINE_S)
        end = time.monotonic() + DEADLINE_S
        while b"so it may count: open reads r7k2m.1 again" not in line_of.arrived:
            assert time.monotonic() < end, bytes(line_of.arrived[-2000:])
            line_of.carry(2 * UNREAD_S)
            line_of.press(b"yes\r")
            line_of.carry(3.0)
    finally:
        _end(line_of)
    assert scene.task("r7k2m.1").state is State.PAUSED
    assert b"nothing was sent" not in line_of.arrived


def test_lines_that_nobody_types_are_refused(tmp_path: Path) -> None:
    home, _ = _home(tmp_path)
    done = subprocess.run(
        [sys.executable, "-m", "onloop_tui", str(home.store)],
        input=b"pause\nana\n\nyes\n",
        env={**_environment(tmp_path), "ONLOOP_PLAIN": "1"},
        capture_output=True,
        timeout=DEADLINE_S,
        check=False,
    )

    assert done.returncode == Exit.UNAVAILABLE
    assert done.stderr.decode().startswith("onloop: the plain dashboard needs a terminal")


def test_what_is_kept_of_news_while_something_is_typed_is_bounded_and_the_rest_is_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    console = PlainConsole(lambda: ())
    for number in range(50 * MOST_NEWS):
        console.announce([f"new, needs you: {number}"])
    monkeypatch.setattr(sys, "stdin", io.StringIO("x\n"))

    assert console.ask("onloop> ") == "x"
    said = capsys.readouterr().out.splitlines()
    assert len(said) <= MOST_NEWS + 2
    assert said[0] == f"{49 * MOST_NEWS} news came before these; inbox reads what needs you"
    assert said[MOST_NEWS] == f"new, needs you: {50 * MOST_NEWS - 1}"


@needs_tmux
def test_a_wrong_passphrase_sends_nothing_and_an_answer_goes_to_the_agent(tmp_path: Path) -> None:
    home, scene = _home(tmp_path)

    with _talking(tmp_path, home) as terminal:
        _say(terminal, "next", "2 of 2, needs you: a question")
        _say(terminal, "answer", "quoted: Keep the old key format?", "Who decides?")
        _say(terminal, "ana", "passphrase")
        _say(terminal, "wrong, surely", "Nothing was sent.")
        _say(terminal, "e", "Who decides?")
        _say(terminal, "", "passphrase")
        _say(terminal, PASSPHRASE, "Answer")
        _say(terminal, "Keep it\\", "and:")
        _say(terminal, "as it is", "Type yes to answer")
        _reply(terminal, "yes", "Done. answer: r7k2m.2")
        assert scene.task("r7k2m.2").state is not State.INPUT_REQUIRED
        assert any("Keep it\nas it is" in fed.text for fed in scene.task("r7k2m.2").feedback)


@needs_tmux
def test_news_come_between_what_is_typed_and_never_into_it(tmp_path: Path) -> None:
    home, scene = _home(tmp_path)

    with _talking(tmp_path, home) as terminal:
        scene.asks("r7k2m.4", "Which one?")
        terminal.shows("new, needs you: a question at develop.remediate")
        terminal.type("he")
        terminal.shows("onloop> he")
        scene.fails("r7k2m.3", "landmark")
        _say(terminal, "lp", "a beginning of a word is enough", "new, needs you: ")


@needs_tmux
def test_every_word_of_help_says_something_and_what_is_not_spoken_names_the_command(tmp_path: Path) -> None:
    home, _ = _home(tmp_path)

    with _talking(tmp_path, home) as terminal:
        for words, then in (
            ("tree", "1 of 5"),
            ("5", "Log: "),
            ("agents", "Nothing is in this list."),
            ("inbox", "Inbox: 2 rows."),
            ("fleet", "from the command line: onloop list"),
            ("output", "onloop logs r7k2m.1 -f"),
            ("why", "cleared by: an approval"),
            ("/repo:billing", "1 row, by the filter."),
            ("back", "The filter is lifted."),
            ("list", "2 of 2, needs you"),
            ("down", "2 of 2, needs you"),
            ("j", "There is no more."),
            ("nonsense", "unknown command 'nonsense'"),
        ):
            _say(terminal, words, then)
        _say(terminal, "again", "‹U+202E›")
        terminal.press("C-c")
        terminal.shows("Type quit to leave.")


def test_nothing_is_drawn_over_and_no_agent_can_have_the_terminal_do_anything(tmp_path: Path) -> None:
    home, _ = _home(tmp_path)
    line_of = _on_line(tmp_path, "-m", "onloop_tui", str(home.store))
    try:
        line_of.until(b"onloop> ", DEADLINE_S)
        for typed, then in ((b"tree\r", b"1 of 5"), (b"next\r", b"2 of 5"), (b"open\r", b"back leaves it")):
            line_of.press(typed)
            line_of.until(then, DEADLINE_S)
        os.kill(line_of.pid, signal.SIGTERM)
        _, status = os.waitpid(line_of.pid, 0)
    finally:
        _end(line_of)
    assert os.waitstatus_to_exitcode(status) == 0
    assert b"\x1b" not in line_of.arrived
    assert b"\x07" not in line_of.arrived


def _environment(folder: Path) -> dict[str, str]:
    paths = os.pathsep.join(path for path in sys.path if path)
    return {**os.environ, "TERM": "xterm-256color", "XDG_STATE_HOME": str(folder), "PYTHONPATH": paths}


def _on_line(folder: Path, *argv: str) -> SlowLine:
    environment = {**_environment(folder), "ONLOOP_PLAIN": "1"}
    return on_slow_line((sys.executable, *argv), environment, size=(100, 40), one_way_s=0.0, rate=1e9)


def _end(line_of: SlowLine) -> None:
    """End the program, if it has not ended."""
    with suppress(ProcessLookupError, ChildProcessError):
        os.kill(line_of.pid, signal.SIGKILL)
        os.waitpid(line_of.pid, 0)


@pytest.mark.parametrize(
    ("environment", "wanted"),
    [({"ONLOOP_PLAIN": "1"}, True), ({"ONLOOP_PLAIN": "0"}, False), ({"TERM": "dumb"}, True), ({}, False)],
)
def test_the_environment_may_ask_for_it(environment: dict[str, str], wanted: bool) -> None:
    assert plain_is_wanted(environment) is wanted


def test_every_word_of_an_act_is_one_that_can_be_typed() -> None:
    words = [key.word for key in KEYS]

    assert len(words) == len({*words})
