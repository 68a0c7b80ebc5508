"""What let an agent past the gates of our peers, played against ours by the real command line: nothing moves.

The peers are keel, step-gate, state_gate, spec-kit, great_cto, bobbit, OpenSpec, Backlog.md, task-master, Trail Boss.
"""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import apsw
import pytest

from onloop.store.sqlite.database import FILE
from support.waiting import DEADLINE_S
from support.world import WORKFLOW, Ran, World

ROUNDS = WORKFLOW.replace("rounds: 1", "rounds: 20").replace("timeout: 30s", "timeout: 30m")
JUDGED = ROUNDS.replace(
    "  - id: ship.approve\n",
    "  - id: review.code\n    role: reviewer\n    not_by: [develop.write]\n"
    "    gates: [{id: verdict, review: {quorum: 2}}]\n    on_fail: develop.write\n  - id: ship.approve\n",
)
NOTES = ROUNDS.replace(
    "    gates:\n      - {id: hello",
    "    gates:\n      - {id: notes, artefact: {name: notes.md, min_bytes: 80}}\n      - {id: hello",
    1,
)
GOOD = "echo hello > hello.txt; git add -A; git commit -qm work"


@dataclass
class Desk:
    """One agent at one task of a world, and where the target is."""

    world: World
    origin: Path
    task: str
    env: dict[str, str] = field(default_factory=dict)
    place: Path = Path("/")

    def __post_init__(self) -> None:
        self.begun = self.tip

    @property
    def tip(self) -> str:
        return self.world.git(self.origin, "rev-parse", "main")

    @property
    def step(self) -> str:
        return str(self.world.task(self.task)["step"])

    def claim(self, role: str = "implementer", name: str = "ada") -> Ran:
        ran = self.world.onloop("claim", "--role", role, "--name", name, self.task, "--json")
        if ran.code == 0:
            self.env, self.place = ran.json["env"], Path(ran.json["place"])
        return ran

    def agent(self, *words: str, **more: str) -> Ran:
        return self.world.onloop(*words, env=self.env | more, cwd=self.place)

    def sh(self, script: str) -> None:
        subprocess.run(["sh", "-ec", script], cwd=self.place, env=self.world.environment | self.env, check=True)

    def submit(self, script: str, *words: str) -> Ran:
        self.sh(script)
        return self.agent("submit", "--json", *words)

    def check_nothing_moved(self) -> None:
        assert self.tip == self.begun
        assert self.world.task(self.task)["decisions"] == []


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    made.init()
    with made.running("verifier"):
        yield made


def begin(world: World, workflow: str = ROUNDS) -> Desk:
    origin = world.origin()
    return Desk(world, origin, f"{world.fleet(origin, workflow=workflow)}.1")


@pytest.fixture
def desk(world: World) -> Desk:
    made = begin(world)
    assert made.claim().code == 0
    return made


@pytest.fixture
def asked(desk: Desk) -> Desk:
    """The agent's work has passed its gates, and waits for a person."""
    assert desk.submit(GOOD).code == 0
    assert desk.step == "ship.approve"
    return desk


def test_keel_steps_that_are_said_to_be_done_are_not(desk: Desk) -> None:
    """`checkpoint --write --step s12 --completed-step s0…s12` was accepted."""
    said = desk.agent("submit", "--statement", "completed: develop.write, ship.approve, ship.merge", "--json")
    (desk.place / "done.md").write_text("step: ship.merge\ncompleted-steps: [develop.write, ship.approve]\n")
    kept = desk.agent("checkpoint", "--file", "done.md")

    assert (said.code, kept.code, desk.step) == (12, 0, "develop.write")
    assert desk.agent("check").code != 0
    desk.check_nothing_moved()


def test_keel_a_gate_whose_command_the_commit_changes_to_true_runs_as_it_was_pinned(desk: Desk) -> None:
    desk.sh("sed -i 's/1 + 1, 2/1 + 1, 3/' tests/test_all.py")
    lazy = ROUNDS.replace('["{python}", -m, unittest, discover, -s, tests, -t, .]', '["true"]')
    (desk.place / "small.yaml").write_text(lazy)
    assert desk.submit(f"mkdir -p .onloop; cp small.yaml .onloop/; {GOOD}").code == 12
    desk.check_nothing_moved()


def test_keel_two_reviewers_that_name_themselves_are_told_from_two_people(world: World) -> None:
    """One login, two names: PASS. Here it is labelled for what it is, and decides nothing without a person."""
    desk = begin(world, JUDGED)
    assert desk.claim().code == 0
    assert desk.submit(GOOD).code == 0
    for name in ("ria", "rob"):
        assert desk.claim("reviewer", name).code == 0
        assert desk.agent("review", "pass", "--reason", "read all of it").code == 0

    shown = world.onloop("show", desk.task).out
    assert "not independent" in shown
    assert (desk.step, world.task(desk.task)["state"]) == ("ship.approve", "input_required")
    desk.check_nothing_moved()


def test_keel_a_label_that_waives_evidence_waives_none(desk: Desk) -> None:
    desk.sh("sed -i 's/1 + 1, 2/1 + 1, 3/' tests/test_all.py")
    script = "echo hello > hello.txt; git add -A; git commit -qm 'work [skip ci]\n\nkeel: evidence-waived'"
    assert desk.submit(script, "--statement", "label: evidence-waived").code == 12
    desk.check_nothing_moved()


def test_keel_nobody_gives_back_what_another_holds(desk: Desk) -> None:
    assert desk.world.onloop("release", "--reason", "mine now", env={"ONLOOP_TASK": desk.task}).code == 2
    forged = desk.agent("release", "--reason", "mine now", ONLOOP_TOKEN="onl_agt_" + "A" * 43)
    assert forged.code == 13
    assert desk.world.task(desk.task)["holder"] == "agent:ada"


def test_step_gate_no_answer_holds_a_key_to_what_comes_next(desk: Desk) -> None:
    """The key for the next step was handed to the agent."""
    answers = [desk.agent(*words, "--json") for words in (("next",), ("check",), ("inbox",))]
    assert [answer.code for answer in answers] == [10, 10, 0]
    assert all("onl_agt_" not in answer.out + answer.err for answer in answers)


def test_step_gate_no_file_of_the_store_holds_an_agents_secret(desk: Desk) -> None:
    """The plain key stood beside its hash in the database."""
    secret = desk.env["ONLOOP_TOKEN"].encode()
    files = [path for path in desk.world.store.rglob("*") if path.is_file()]
    assert files and not [path for path in files if secret in path.read_bytes()]


def test_state_gate_a_file_that_is_there_is_not_a_file_in_the_commit_that_says_what_it_must(desk: Desk) -> None:
    """The guard was that a file exists: `echo x` passed it."""
    assert desk.submit("echo x > hello.txt; git add -A; git commit -qm x").code == 12
    desk.sh("echo hello > hello.txt")
    assert desk.agent("submit", "--json").code == 12
    desk.check_nothing_moved()


@pytest.mark.parametrize(
    "more",
    [{"USER": "ana", "LOGNAME": "ana"}, {"ONLOOP_ROLE": "human", "ONLOOP_AS": "ana"}, {"isInitiatedByHuman": "true"}],
    ids=["state_gate --role human", "a role of our own", "bobbit isInitiatedByHuman"],
)
def test_saying_that_one_is_a_person_makes_nobody_one(asked: Desk, more: dict[str, str]) -> None:
    digest = asked.world.task(asked.task)["asked"][0]["digest"]
    words = ("approve", asked.task, "--digest", digest, "--as", "ana", "--note", "definitely a human")
    with_token, without = asked.agent(*words, **more), asked.world.onloop(*words, env=more)

    assert (with_token.code, without.code) == (13, 13)
    asked.check_nothing_moved()


def _shown_on(terminal: int) -> bytes:
    """What the program shows next; nothing once it has ended, which Linux says with an error."""
    ready, _, _ = select.select([terminal], [], [], DEADLINE_S)
    assert ready, "the program neither ends nor asks for anything"
    try:
        return os.read(terminal, 4_096)
    except OSError:
        return b""


def test_spec_kit_a_terminal_of_ones_own_is_not_a_person(asked: Desk) -> None:
    """A line piped through `script -qec "specify workflow resume …"` passed for one."""
    digest = asked.world.task(asked.task)["asked"][0]["digest"]
    words = [sys.executable, "-m", "onloop.cli.entry", "approve", asked.task, "--digest", digest, "--as", "ana"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(words[0], words, asked.world.environment)  # noqa: S606 - no shell
    shown = b""
    while said := _shown_on(terminal):
        shown += said
        if shown.rstrip().endswith(b":"):
            os.write(terminal, b"1\n")
            shown = b""
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 13
    asked.check_nothing_moved()


def test_spec_kit_a_state_that_somebody_wrote_into_the_store_is_not_believed(desk: Desk) -> None:
    """`state.json` was edited, and obeyed."""
    connection = apsw.Connection(str(desk.world.store / FILE))
    connection.set_busy_timeout(10_000)
    connection.execute("UPDATE task SET state = 'completed' WHERE id = ?", (desk.task,))
    connection.close()
    verified = desk.world.onloop("store", "verify")

    assert verified.code != 0
    assert desk.task in verified.out + verified.err
    assert desk.tip == desk.begun


def test_great_cto_what_everybody_may_read_approves_nothing(asked: Desk) -> None:
    """The approval's token came from a page that anybody could ask for: two calls, and it was approved."""
    shown = asked.world.task(asked.task)["asked"][0]
    ran = asked.world.onloop("approve", asked.task, "--digest", shown["digest"], "--version", "1", "--as", "ana")
    guessed = asked.world.onloop("approve", asked.task, "--digest", shown["digest"], "--as", "ana", passphrase="ana")
    assert (ran.code, guessed.code) == (13, 13)
    asked.check_nothing_moved()


def test_openspec_a_file_that_holds_an_x_is_no_artefact_that_was_asked_for(world: World) -> None:
    """`status` said 4/4 complete for four files with an x in them, and `archive -y` took them."""
    desk = begin(world, NOTES)
    assert desk.claim().code == 0
    assert desk.submit(f'{GOOD}; printf x > "$ONLOOP_OUT/notes.md"').code == 12
    archived = desk.agent("store", "archive", str(world.folder / "archive.jsonl"), "--as", "ana")
    assert archived.code == 13
    desk.check_nothing_moved()


def test_backlog_no_verb_of_an_agents_says_that_it_is_done(desk: Desk) -> None:
    """`--check-ac 1 -s Done`."""
    assert desk.agent("task", "edit", desk.task, "-s", "Done").code == 2
    assert desk.agent("cancel", desk.task, "--reason", "done").code == 13
    assert (desk.step, desk.world.task(desk.task)["state"]) == ("develop.write", "working")


def test_task_master_a_later_step_is_not_taken_before_its_time(desk: Desk) -> None:
    """`set-status 3 done` was accepted with what it depends on undone."""
    later = desk.world.onloop("claim", "--role", "reviewer", "--name", "zoe", desk.task, "--json")
    retried = desk.agent("retry", desk.task, "--note", "skip to the merge")
    assert later.code != 0 and retried.code == 13
    assert desk.step == "develop.write"


def test_trail_boss_an_agent_hides_nothing_from_people(asked: Desk) -> None:
    """Any local call `unstuck` took a session from the list."""
    group = asked.world.onloop("attention", "--json").json["groups"][0]
    hidden = [
        asked.agent("ack", group["cause"]),
        asked.agent("snooze", group["cause"], "--for", "7d"),
        asked.agent("mute", "--cause", group["cause"], "--for", "7d", "--reason", "noise"),
    ]
    assert [ran.code for ran in hidden] == [13, 13, 13]
    still = json.dumps(asked.world.onloop("attention", "--json").json["groups"])
    assert group["cause"] in still
