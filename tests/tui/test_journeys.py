"""Three people at a real terminal: an engineer who asks why, an approver who decides, an operator who retries."""

from __future__ import annotations

from pathlib import Path

import pytest

from onloop.access.opening import create_home
from onloop.home import Home
from onloop.identity.scram import LEAST_COST
from onloop.machine.limits import Id, Statement, Title, Words
from onloop.machine.state import Reason, State
from onloop.machine.task import Verdict
from onloop_tui.store_access import access_of
from support.tmux_pane import Pane, needs_tmux, pane
from support.tui_attacks import fitting, hostile_strings
from support.tui_scenes import CHEAP, PASSPHRASE, Scene

pytestmark = [pytest.mark.terminal, needs_tmux]

CAUSE = "AttributeError: module 'kvlite' has no attribute 'legacy_scan'"


def _home(folder: Path, cost: int = CHEAP) -> Home:
    """Two approvals, and two tasks that fail for one cause; ben decides."""
    home = Home(folder / "store")
    create_home(
        home,
        store_id="s",
        person="ben",
        groups=("approvers",),
        passphrase=PASSPHRASE,
        email="",
        scripted=False,
        cost=cost,
    )
    scene = Scene(store=access_of(home).open().store)
    tasks = scene.fleet(["billing", "ledger", "sessions", "cart"])
    for task in tasks[:2]:
        scene.wants_approval(task)
    for task in tasks[2:]:
        scene.fails(task, CAUSE)
    scene.store.close()
    return home


def _scene(home: Home) -> Scene:
    return Scene(store=access_of(home).open().store)


def _sign(terminal: Pane, passphrase: str, *then: str) -> None:
    """Type it into the field, which never echoes it, and go on to what comes then."""
    terminal.insist("Space", "passphrase    •")  # the field has the focus only some time after it is seen
    terminal.insist("C-u", "passphrase", without="•")
    terminal.type(passphrase)
    terminal.shows("•" * len(passphrase))
    assert passphrase not in terminal.screen
    terminal.insist("Enter", *then)


def _leave(terminal: Pane) -> None:
    terminal.insist("Escape", "q quit")
    terminal.insist("q", "it ended with 0")
    assert terminal.told("alternate_on") == "0"


def test_an_engineer_goes_from_the_tree_to_a_task_and_learns_why_it_stands(tmp_path: Path) -> None:
    home = _home(tmp_path)

    with pane(tmp_path, str(home.store)) as terminal:
        terminal.shows("[1 Inbox]", "◆ approve")
        assert terminal.told("alternate_on") == "1"
        terminal.press("2")
        terminal.shows("[2 Tree]", "r7k2m.3", "✗ failing")
        terminal.press("/")
        terminal.shows("state: repo: gate:")
        terminal.type("state:input_required repo:cart")
        terminal.insist("Enter", "r7k2m.4", "Esc clears it", without="repo:cart")
        terminal.insist("n", "▶ │   ✗ failing")
        terminal.insist("p", "▶ │   ✗ failing", without="moved by")
        terminal.press("w")
        terminal.shows("moved by", "AttributeError: module", "legacy_scan")
        terminal.insist("Escape", "r7k2m.4", without="moved by")
        terminal.insist("Enter", "r7k2m.4 cart at develop.remediate", "── gates", "✗ failed")
        _leave(terminal)


def test_an_approver_reads_approves_with_a_passphrase_and_gets_the_next(tmp_path: Path) -> None:
    home = _home(tmp_path, LEAST_COST)

    with pane(tmp_path, str(home.store)) as terminal:
        terminal.shows("▶ ◆ approve")
        terminal.press("Enter")
        terminal.shows("r7k2m.1 billing", "── subject")
        terminal.insist("a", "Who decides?")
        _sign(terminal, "not the passphrase", "the passphrase for 'ben' is wrong")
        _sign(terminal, PASSPHRASE, "Enter confirms")
        terminal.insist("Enter", "✓ approve:", "r7k2m.2 ledger")
        _leave(terminal)

    scene = _scene(home)
    assert [decision.by for decision in scene.task("r7k2m.1").decisions] == ["human:ben"]
    assert not scene.task("r7k2m.2").decisions
    scene.store.close()


def test_an_operator_goes_from_a_cause_to_one_of_its_tasks_and_retries_it(tmp_path: Path) -> None:
    home = _home(tmp_path)

    with pane(tmp_path, str(home.store)) as terminal:
        terminal.shows("▶ ◆ approve")
        terminal.press("3")
        terminal.shows("[3 Fleet]", "✗ failing")
        terminal.insist("n", "▶ ✗ failing")
        terminal.insist("t", "Who decides?")
        _sign(terminal, PASSPHRASE, "Retry: a note for the agent's brief")
        terminal.type("the new name is scan")
        terminal.shows("the new name is scan")
        terminal.insist("Enter", "✓ retry:")
        _leave(terminal)

    scene = _scene(home)
    retried = [task for task in ("r7k2m.3", "r7k2m.4") if scene.task(task).state is State.SUBMITTED]
    assert len(retried) == 1
    assert scene.task(retried[0]).feedback[-1].text == "the new name is scan"
    scene.store.close()


@pytest.mark.parametrize("term", ["tmux-256color", "screen"])
def test_it_is_the_same_over_ssh_where_a_terminal_knows_little(tmp_path: Path, term: str) -> None:
    home = _home(tmp_path)

    with pane(tmp_path, str(home.store), environment={"TERM": term, "LANG": "C.UTF-8"}, size=(80, 24)) as terminal:
        terminal.shows("[1 Inbox]", "▶ ◆ approve", "? keys")
        assert terminal.told("pane_title") == "onloop: 4 need you"
        terminal.tmux("resize-window", "-x", "120", "-y", "40")
        terminal.shows("data")
        terminal.press("j")
        terminal.shows("▶ ✗ failing")
        _leave(terminal)


def test_without_colour_nothing_coloured_reaches_the_terminal(tmp_path: Path) -> None:
    home = _home(tmp_path)

    with pane(tmp_path, str(home.store), environment={"NO_COLOR": "1"}) as terminal:
        terminal.shows("▶ ◆ approve")
        sequences = {part.partition("m")[0] for part in terminal.coloured.split("\x1b[")[1:]}
        numbers = {number for sequence in sequences for number in sequence.split(";") if number}
        assert "7" in numbers, "the row under the cursor is in reverse"
        assert numbers <= {"0", "1", "2", "3", "4", "7", "39", "49"}
        _leave(terminal)


def test_forty_hostile_strings_change_neither_the_title_nor_the_keys_of_a_real_terminal(tmp_path: Path) -> None:
    home = Home(tmp_path / "store")
    create_home(
        home,
        store_id="s",
        person="ben",
        groups=("approvers",),
        passphrase=PASSPHRASE,
        email="",
        scripted=False,
        cost=CHEAP,
    )
    scene = _scene(home)
    text = iter(hostile_strings(40, seed=11))
    tasks = scene.fleet([fitting(f"landmark{next(text)}", Id) for _ in range(8)], title=fitting(next(text), Title))
    for task in tasks:
        scene.submit(task, fitting(next(text), Statement))
        scene.passes(task, "patched", fitting(next(text), Words))
        scene.passes(task, "notes", next(text)[:200])
        scene.report(
            task, "tests", Verdict.FAIL, f"cause {task} of its own", "".join(text) if task == tasks[-1] else ""
        )
    assert scene.task(tasks[0]).reason is Reason.ROUNDS_EXHAUSTED
    scene.store.close()

    with pane(tmp_path, str(home.store)) as terminal:
        terminal.shows("[1 Inbox]", "▶ ✗ failing", "8 repos")
        for key in "23451":
            terminal.press(key)
            terminal.shows(f"[{key} ")
            assert terminal.told("pane_title") in {"onloop", "onloop: 8 need you"}
            assert terminal.told("alternate_on") == "1"
        terminal.press("Enter")
        terminal.shows("── subject")
        terminal.press("G")
        terminal.shows("what the agent says")
        assert terminal.told("pane_title") == "onloop: 8 need you"
        assert terminal.tmux("list-buffers") == "", "nothing was put on the clipboard"
        _leave(terminal)
