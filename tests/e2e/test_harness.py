"""`onloop harness` as it is typed: a gate fails, a lesson is proposed and adopted, and the next refusal has it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.conftest import end_verifier
from onloop.access.opening import enrol, open_file
from onloop.errors import Exit
from onloop.home import Home
from support.world import PASSPHRASE, Ran, World

WORKFLOW = """\
workflow: small
description: Make it greet.
steps:
  - id: develop.write
    role: implementer
    brief: Make it greet.
    rounds: 3
    gates:
      - {id: greets, command: [sh, -c, "cat hello.txt; grep -q hello hello.txt"]}
  - id: ship.approve
    gates: [{id: release, human: {from: [approvers]}}]
    on_reject: develop.write
"""
ONLOOP = f"{sys.executable} -m onloop.cli.entry"
LESSON = "GREET-FIRST: write hello into hello.txt before you submit."


@dataclass(frozen=True, slots=True)
class Taught:
    """A world in which a gate failed twice for one cause and once for another, and what was said in it."""

    world: World
    folder: Path

    def by(self, person: str, *words: str) -> Ran:
        return self.world.onloop("harness", *words, "--as", person, "--json", passphrase=PASSPHRASE)

    def work(self, name: str, wrong: str) -> None:
        """A task whose agent hands in what is wrong until its brief tells the lesson, or it has tried twice."""
        origin = self.world.origin(name, {"small.yaml": WORKFLOW})
        begun = self.world.onloop("start", "small.yaml", "--repo", str(origin), "--no-base-check", "--json")
        assert begun.code == 0, begun.err
        own = self.folder / name
        own.mkdir()
        script = (
            f"cat > {own}/brief; echo x >> {own}/tries; n=$(wc -l < {own}/tries); "
            f"if grep -q GREET-FIRST {own}/brief || test $n -gt 2; then echo hello > hello.txt; "
            f'else echo "error: {wrong} $n" > hello.txt; fi; git add -A; git commit -qm try; '
            f"{ONLOOP} submit > {own}/submitted.$n || true; {ONLOOP} check --json > {own}/checked || true; "
            f"{ONLOOP} harness adopt aaaa1111 --reason mine --as ana > {own}/adopted 2>&1 || echo $? >> {own}/adopted"
        )
        self.world.onloop("work", "--role", "implementer", "--once", "--", *self.world.agent(script))
        self.world.until(begun.json["task"], "input_required", "approval_required")

    def read(self, name: str, file: str) -> str:
        return (self.folder / name / file).read_text()

    def failure(self) -> Any:
        """The one that strikes for the greeting."""
        found = self.world.onloop("harness", "--json").json["failures"]
        return next(each for each in found if "greeting" in each["cause"])


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Taught]:
    world = World(tmp_path_factory.mktemp("taught"))
    world.init()
    opened = open_file(Home(world.store))
    ana = opened.gateway.person("ana", PASSPHRASE, typed=False)
    for name, groups in {"ben": ("approvers",), "cleo": ("leads",)}.items():
        enrol(opened, ana, name, groups, f"{name}@example.org", PASSPHRASE)
    opened.close()
    made = Taught(world, tmp_path_factory.mktemp("said"))
    made.work("first", "greeting is missing in line")
    yield made
    end_verifier(world)


def test_a_lesson_that_an_approver_adopted_is_in_the_next_refusal_of_that_cause_and_in_no_other(taught: Taught) -> None:
    world, failure = taught.world, taught.failure()
    assert (failure["kind"], failure["gate"], failure["tasks"], failure["strikes"]) == ("gate", "greets", 1, 2)
    assert (failure["followed"], failure["again"]) == (1, 1)
    assert failure["encodings"][0]["command"].startswith(f"onloop harness propose {failure['id']}")
    assert failure["id"] in world.onloop("harness").out

    proposed = taught.by("cleo", "propose", failure["id"], "--lesson", LESSON)
    lesson = proposed.json["lesson"]
    assert proposed.code == 0, proposed.err
    assert f"onloop harness adopt {lesson}" in world.onloop("attention").out
    refused = taught.by("cleo", "adopt", lesson, "--reason", "mine")
    assert (refused.code, "not an approver" in refused.err) == (Exit.NOT_YOURS, True)
    assert taught.by("ben", "adopt", lesson, "--reason", "agreed").json["adopted"] == [lesson]
    assert lesson not in world.onloop("attention").out

    taught.work("second", "greeting is missing in line")
    taught.work("third", "nobody is at home in")

    said = taught.read("second", "submitted.1")
    assert f"lesson {lesson} from human:cleo, adopted by human:ben" in said
    assert f"  | {LESSON}" in said
    assert LESSON in taught.read("second", "brief")
    assert taught.read("second", "tries").count("x") == 2
    assert [each["id"] for each in json.loads(taught.read("second", "checked")).get("lessons", [])] == []
    assert LESSON not in taught.read("third", "submitted.1") + taught.read("third", "brief")

    (told,) = world.onloop("harness", "lessons", "--json").json["lessons"]
    seen = [(told[name]["hits"], told[name]["of"]) for name in ("without", "told")]
    assert seen == [(1, 1), (0, 1)]
    assert (told["state"], told["worth"], told["by"]) == ("in_force", "not known yet", "human:ben")
    assert "without" in world.onloop("harness", "lessons").out
    assert taught.by("ben", "drop", lesson, "--reason", "enough").json["dropped"] == [lesson]
    assert world.onloop("harness", "lessons", "--json").json["lessons"] == []
    assert world.onloop("store", "verify").code == 0


def test_an_agent_adopts_and_proposes_nothing_and_its_try_is_counted(taught: Taught) -> None:
    words, code = taught.read("first", "adopted").splitlines()[0], taught.read("first", "adopted").splitlines()[-1]

    assert code == str(Exit.NOT_YOURS.value), words
    assert "may not adopt a lesson" in words
    log = taught.world.onloop("log", "house", "--json").out
    assert "adopt a lesson" in log


def test_a_change_of_files_begins_as_a_task_with_the_evidence_as_its_brief(taught: Taught) -> None:
    origin = taught.world.origin("improved")
    failure = taught.failure()
    words = ("propose", failure["id"], "--kind", "agents-md", "--repo", str(origin), "--workflow", "feature")
    begun = taught.world.onloop("harness", *words, "--json")

    assert begun.code == 0, begun.err
    task = begun.json["task"]
    assert begun.json["title"] == "Encode as agents-md: gate greets of develop.write"
    claimed = taught.world.onloop("claim", task, "--role", "planner", "--json").json
    brief = taught.world.onloop("next", env=claimed["env"]).out
    assert "Add to AGENTS.md" in brief
    assert "    > " in brief and "greeting is missing" in brief


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("report", "x"), "one word too many"),
        (("--since", "yesterday-ish"), "is no time"),
        (("--workflow", "nope"), "nope"),
        (("propose",), "which failure?"),
        (("propose", "ffffffff"), "there is no failure"),
        (("adopt",), "which lesson?"),
        (("adopt", "\x1b[31mffffffff", "--reason", "x", "--as", "ana"), "there is no lesson"),
    ],
)
def test_what_cannot_be_done_is_said(taught: Taught, words: tuple[str, ...], told: str) -> None:
    ran = taught.world.onloop("harness", *words, passphrase=PASSPHRASE)

    assert ran.code == Exit.USAGE and told in ran.err and "Traceback" not in ran.err and "\x1b" not in ran.err


def test_words_of_a_lesson_that_are_missing_too_long_or_not_printable_are_refused_or_cleaned(taught: Taught) -> None:
    failure = taught.failure()["id"]

    assert taught.by("ana", "propose", failure).json["text"].startswith("`onloop next` shows what gate greets runs")
    assert "what is to be said" in taught.by("ana", "propose", failure, "--lesson", " ").err
    long = taught.by("ana", "propose", failure, "--lesson", "x" * 100_000)
    assert long.code == Exit.USAGE and "too long" in long.err
    odd = taught.by("ana", "propose", failure, "--lesson", "\x1b[2Jtidy\x07 up")
    assert odd.code == 0 and "\x1b" not in odd.out
    assert "\x1b" not in taught.world.onloop("harness", "lessons").out
    assert "\x1b" not in taught.world.onloop("attention").out
