"""The sheet shows what a decision is about: facts first, what is missing said, what the agent says last."""

from __future__ import annotations

import subprocess
from pathlib import Path

from onloop.cli.render import dossier_lines
from onloop.gates.repository.mirror import Mirror
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.message_sending import save_checkpoint, tell
from onloop.machine import commands as c
from onloop.machine.definition import FanOut, HumanGate, ReviewGate, Step
from onloop.machine.flags import Flag, FlagKind
from onloop.machine.messages import MessageKind
from onloop.machine.task import Artefact, DecisionKind, Evidence, Submission, Verdict
from onloop.records import replace
from onloop.views.dossier import ShownArtefact, dossier_of
from onloop.views.effective_status import EffectiveStatus
from onloop_tui.model.decide.actions import asked_for
from onloop_tui.model.drawing.text_line import plain
from onloop_tui.model.sheet.sections import headings, sheet_lines
from onloop_tui.panels.sheet_panel import Mode
from support.steps import defined, develop
from support.tui_decisions import type_in
from support.tui_scenes import (
    MERGE,
    MINUTE,
    NOON,
    REMEDIATE,
    REMEDIATION,
    Scene,
    busy,
    commit,
    playing,
    screen_text,
    shows,
    until,
)


def _sheet(scene: Scene, task: str, width: int = 100) -> list[str]:
    dossier = scene.place.dossier(task)
    return [plain(line) for line in sheet_lines(dossier, asked_for(dossier, None), scene.clock(), width)]


def _titles(scene: Scene, task: str) -> list[str]:
    dossier = scene.place.dossier(task)
    lines = sheet_lines(dossier, asked_for(dossier, None), scene.clock(), 100)
    return [plain(lines[i]).strip("─ ") for i in headings(lines)]


def test_the_question_and_what_each_answer_would_do_come_first() -> None:
    scene = busy()
    head = commit("r7k2m.1").head[:12]

    lines = _sheet(scene, "r7k2m.1")

    assert lines[0] == f"May {head} in billing pass ship.approve?"
    assert lines[1] == "  about    patch kvlite (CVE-2026-1)"
    assert lines[2] == f"  approve  → ship.merge starts: merge {head} into main of billing"
    assert lines[3].startswith("  reject   → r7k2m.1 goes back to develop.remediate")
    assert lines[4].startswith("  reassign → human:NAME or group:NAME is told; who may decide stays as it is")
    assert lines[5].startswith("  cancel   → the task ends as canceled")
    assert "for approvers · proof A1 or better · asked 1m ago" in lines[6]


def test_a_question_stands_first_and_a_long_one_leaves_its_answers_in_sight() -> None:
    scene = busy()
    lines = _sheet(scene, "r7k2m.7", 80)

    assert lines[:2] == [
        "agent:coder asks at develop.remediate, in its own words:",
        "┆ Keep the old key format, or rewrite stored keys?",
    ]
    assert lines[2].startswith("  answer   → the answer goes into the brief")
    assert sum("rewrite stored keys" in text for text in lines) == 1

    scene.asks("r7k2m.9", "word " * 700)
    lines = _sheet(scene, "r7k2m.9", 80)
    assert next(i for i, text in enumerate(lines) if text.startswith("  answer   →")) < 12
    assert "all of it stands at the end of this sheet" in "".join(lines[:12])
    assert sum(text.count("word") for text in lines[lines.index(_last_heading(lines)) :]) == 700


def _last_heading(lines: list[str]) -> str:
    return [text for text in lines if text.startswith("── ")][-1]


def test_the_subject_is_named_by_its_digests() -> None:
    scene = busy()
    work = commit("r7k2m.1")
    dossier = scene.place.dossier("r7k2m.1")

    text = "\n".join(_sheet(scene, "r7k2m.1"))

    assert f"{work.head[:12]} on base {work.base[:12]}, tree {work.tree[:12]}" in text
    assert f"cve-remediation {'d' * 12}" in text
    assert dossier.asked[0].request.id in text
    assert f"shown     {dossier.asked[0].digest[:12]}" in text


def test_a_gate_says_verdict_verifier_age_and_that_it_is_about_this_commit() -> None:
    lines = _sheet(busy(), "r7k2m.3")
    at = next(i for i, line in enumerate(lines) if "develop.remediate tests" in line)

    assert lines[at].strip().startswith("✗ failed")
    assert "has no attribute 'legacy_scan'" in lines[at + 1]
    assert "4m ago · by verifier:v1 · on this commit · evidence" in lines[at + 2]


def test_before_anything_is_submitted_every_gate_is_calm() -> None:
    text = "\n".join(_sheet(busy(), "r7k2m.7"))

    assert "– not yet    develop.remediate tests" in text
    assert "· later      ship.approve release" in text
    assert "nothing is submitted yet" in text
    assert "MISSING" not in text and "⚠" not in text


def test_a_commit_that_changes_what_a_gate_reads_is_warned_of() -> None:
    scene = Scene()
    scene.enrol("ana")
    (task,) = scene.fleet(["cart"])
    scene.submit(task)
    scene.report(task, "tests", Verdict.PASS, "14 tests", changed_config=("conftest.py",))
    scene.passes(task, "patched")
    scene.passes(task, "notes")

    assert "⚠ the commit changes what decides this: conftest.py (configures the tests)" in "\n".join(
        _sheet(scene, task)
    )


def test_what_was_changed_and_decides_what_the_gates_said_stands_before_them() -> None:
    scene = Scene()
    scene.enrol("ana")
    (task,) = scene.fleet(["cart"])
    scene.submit(task)
    flags = (Flag("json.py", FlagKind.SHADOW), Flag("tests/test_a.py", FlagKind.TEST_CHANGED))
    scene.report(task, "tests", Verdict.PASS, "14 tests", flags=flags, tests_from="b" * 40)
    scene.passes(task, "patched")
    scene.passes(task, "notes")

    shown = "\n".join(_sheet(scene, task))
    assert "⚠ json.py: takes the place of a standard module or of the test runner" in shown
    assert "⚠ tests/test_a.py: a test file is changed" in shown
    assert "the tests of bbbbbbbbbbbb, the base, were run" in shown
    titles = _titles(scene, task)
    assert titles.index("changed, and decides what the gates said") == titles.index("gates") - 1


def test_the_output_of_a_failed_gate_is_shown_behind_the_gutter() -> None:
    scene = busy()

    assert "output of tests" in _titles(scene, "r7k2m.3")
    assert "┆ Traceback (most recent call last):" in _sheet(scene, "r7k2m.3")
    assert "output of tests" not in _titles(scene, "r7k2m.1")


def test_what_the_agent_says_comes_last_and_is_labelled() -> None:
    scene = busy()
    lines = _sheet(scene, "r7k2m.1")

    assert _titles(scene, "r7k2m.1")[-1] == "what the agent says (not evidence)"
    assert lines[-1] == "┆ All tests pass."


def test_what_the_agent_handed_over_can_be_read_before_what_it_says() -> None:
    scene = busy()
    dossier = replace(
        scene.place.dossier("r7k2m.1"),
        artefacts=(ShownArtefact("review.md", 30, "ab" * 32, "Looks right.\n[/ really"),),
    )

    lines = [plain(shown).strip() for shown in sheet_lines(dossier, asked_for(dossier, None), scene.clock(), 100)]
    start = next(n for n, text in enumerate(lines) if "review.md (handed over by the agent)" in text)

    assert lines[start + 1 : start + 3] == ["┆ Looks right.", "┆ [/ really"]
    assert any("what the agent says" in text for text in lines[start:])


def test_who_worked_and_what_was_decided_before_is_told() -> None:
    scene = busy()
    ana = scene.person()
    assert ana.voice is not None
    from onloop.machine import commands as c

    asked = scene.place.dossier("r7k2m.1").asked[0]
    scene.gateway.perform(
        PerformCommand(ana, "r7k2m.1", c.Reject(asked.request.id, asked.digest, ana.voice, "no tests for expiry"))
    )
    scene.clock.later(MINUTE)
    scene.wants_approval("r7k2m.1", what=commit("r7k2m.1", "Now with tests.", head="e" * 40))
    text = "\n".join(_sheet(scene, "r7k2m.1"))

    assert "worked    develop.remediate: agent:coder" in text
    assert "● reject by human:ana (A1) 1m ago" in text
    assert "┆ no tests for expiry" in text


def test_a_submission_without_a_readable_diff_says_that_it_is_missing() -> None:
    assert "  ⚠ MISSING: no diff was read, or the commit changes nothing" in _sheet(busy(), "r7k2m.1")


def _git(folder: Path, *argv: str) -> str:
    env = {"GIT_CONFIG_GLOBAL": "/dev/null", "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder), "PATH": "/usr/bin:/bin"}
    who = ("-c", "user.name=Coder", "-c", "user.email=coder@agents.example")
    done = subprocess.run(["git", *who, *argv], cwd=folder, env=env, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _repository(tmp_path: Path) -> tuple[Mirror, Submission]:
    """A real origin with one commit after its first, and a mirror that has both."""
    origin = tmp_path / "cart"
    origin.mkdir()
    _git(origin, "init", "-q", "-b", "main")
    (origin / "cart.py").write_text("total = 1\n")
    _git(origin, "add", "-A")
    _git(origin, "commit", "-qm", "first")
    base = _git(origin, "rev-parse", "HEAD")
    (origin / "cart.py").write_text("total = 2\n")
    (origin / "uv.lock").write_text("kvlite 2.0.1\n")
    _git(origin, "add", "-A")
    _git(origin, "commit", "-qm", "second")
    head, tree = _git(origin, "rev-parse", "HEAD"), _git(origin, "rev-parse", "HEAD^{tree}")
    mirror = Mirror(tmp_path / "mirror.git", str(origin))
    mirror.create()
    mirror.refresh("main")
    notes = Artefact("remediation.md", "5" * 64, 812)
    return mirror, Submission(head, tree, base, ("coder@agents.example",), (notes,), "Done.", NOON)


async def test_the_files_and_the_diff_of_a_real_commit_are_shown_risky_ones_first(tmp_path: Path) -> None:
    mirror, work = _repository(tmp_path)
    scene = Scene(mirror_of=lambda _: mirror, origins={"cart": mirror.origin})
    scene.enrol("ana")
    (task,) = scene.fleet(["cart"])
    scene.wants_approval(task, what=work)
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("enter")
        await shows(pilot, f"May {work.head[:12]} in cart pass ship.approve?")
        await pilot.press("]", "]", "]")
        await shows(pilot, "files: 2 files, +2 −1, 1 to look at first", "⚠ uv.lock  +1 −0  added", "pins dependencies")
        await pilot.press("]")
        await shows(pilot, "┆ +kvlite 2.0.1", "┆ -total = 1", "┆ +total = 2")


async def test_reading_is_said_until_the_facts_are_there(tmp_path: Path) -> None:
    mirror, work = _repository(tmp_path)
    app_scene = Scene(mirror_of=lambda _: mirror, origins={"cart": mirror.origin})
    app_scene.enrol("ana")
    (task,) = app_scene.fleet(["cart"])
    app_scene.wants_approval(task, what=work)
    app = app_scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        app.main.action_go()
        assert app.main.sheet.mode is Mode.READING
        assert plain(app.main.sheet.body.lines[0]) == f"reading {task} …"
        await shows(pilot, "May ")


async def test_n_goes_through_those_with_the_same_cause() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "✗ failing")
        await pilot.press("G", "enter")
        await shows(pilot, "r7k2m.3 sessions", "1 of 4")
        await pilot.press("n")
        await shows(pilot, "r7k2m.4 cart", "2 of 4")
        await pilot.press("N")
        await shows(pilot, "r7k2m.3 sessions", "1 of 4")
        await pilot.press("N")
        await shows(pilot, "r7k2m.6 journal", "4 of 4")


async def test_the_sheet_scrolls_by_line_page_section_and_to_its_ends() -> None:
    app = busy().dashboard()

    async with playing(app, (80, 24)) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("enter")
        await shows(pilot, "── subject ")
        body = app.main.sheet.body
        first = headings(body.lines)[0]
        for keys, line in ((("j",), 1), (("down", "k"), 1), (("g",), 0), (("]",), first), (("[",), 0)):
            await pilot.press(*keys)
            await until(pilot, lambda line=line: body.scroll_offset.y == line)  # type: ignore[misc]  # bound now
        await pilot.press("G")
        await shows(pilot, "┆ All tests pass.")
        await pilot.press("pageup")
        await until(pilot, lambda: body.scroll_offset.y < len(body.lines) - body.size.height)


async def test_a_task_that_moved_on_is_said_to_have_and_r_reads_it_again() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("enter")
        await shows(pilot, "r7k2m.1 billing")
        scene.cancels("r7k2m.1")
        await shows(pilot, 'human:ana canceled it 0 s ago: "not needed"; R reads it again')
        await pilot.press("R")
        await shows(pilot, "changed since shown: it is canceled", "nothing is asked of a person now")
        await shows(pilot, "it has ended: canceled")


async def test_what_somebody_else_decided_is_said_at_once_and_enter_does_not_write_over_it() -> None:
    scene = busy()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("enter")
        await shows(pilot, "r7k2m.1 billing")
        scene.clock.later(MINUTE)
        await pilot.press("a")
        await shows(pilot, "Enter confirms")
        scene.decides("r7k2m.1", DecisionKind.REJECT, "ben", "the old keys are lost")
        told = 'human:ben rejected release 0 s ago: "the old keys are lost"; R reads it again'
        await shows(pilot, told)
        scene.clock.later(MINUTE)
        await pilot.press("enter")
        await shows(pilot, "Enter confirms an act", "human:ben rejected release", "the old keys are lost")

    assert [d.by for d in scene.task("r7k2m.1").decisions] == ["human:ben"]


def _for_two() -> tuple[Scene, str]:
    """A task that two people must approve."""
    release = HumanGate("release", ("approvers",), quorum=2)
    scene = Scene(definition=replace(REMEDIATION, steps=(REMEDIATE, Step("ship.approve", gates=(release,)), MERGE)))
    scene.enrol("ana", "ben")
    (task,) = scene.fleet(["cart"])
    scene.wants_approval(task)
    return scene, task


async def test_what_is_being_written_outlives_the_decision_of_somebody_else() -> None:
    scene, task = _for_two()
    app = scene.dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("r")
        await shows(pilot, "Reject:")
        await type_in(pilot, "the keys are lost")
        scene.decides(task, DecisionKind.APPROVE, "ben", "")
        await shows(pilot, "human:ben approved release 0 s ago", "the keys are lost")
        scene.clock.later(MINUTE)
        await pilot.press("enter")
        await shows(pilot, "when you looked", "1 of 2 have approved")
        scene.clock.later(MINUTE)
        await pilot.press("r")
        await shows(pilot, "the keys are lost", "what you wrote before is in it")

    assert [d.by for d in scene.task(task).decisions] == ["human:ben"]


def test_the_second_of_two_sees_what_the_first_said() -> None:
    scene, task = _for_two()
    assert "  ● 0 of 2 have approved" in _sheet(scene, task)
    person = scene.person()
    dossier = scene.place.dossier(task)
    (asked,) = dossier.asked
    assert person.voice is not None
    command = c.Approve(asked.request.id, asked.digest, person.voice, "read it twice")
    scene.gateway.perform(PerformCommand(person, task, command))
    scene.clock.later(MINUTE)

    lines = _sheet(scene, task)

    at = lines.index("  ● 1 of 2 have approved")
    assert lines[at + 1] == '  ● human:ana approved release 60 s ago: "read it twice" (A1)'
    assert at < 12
    with scene.store.reading() as reading:
        shown = dossier_lines(dossier_of(reading, scene.task(task)), EffectiveStatus(None, None), with_diff=False)
        text = "\n".join(shown)
    assert "1 of 2 have approved" in text and "approve by human:ana (A1): read it twice" in text


async def test_escape_closes_the_innermost_thing_only() -> None:
    app = busy().dashboard()

    async with playing(app) as pilot:
        await shows(pilot, "◆ approve")
        await pilot.press("enter")
        await shows(pilot, "r7k2m.1 billing")
        app.main.sheet._session.clock.later(1000)  # type: ignore[attr-defined]  # the tests' clock
        await pilot.press("a")
        await shows(pilot, "Enter confirms")
        await pilot.press("escape")
        await until(pilot, lambda: "Enter confirms" not in screen_text(app))
        assert app.main.sheet.is_open
        await pilot.press("escape")
        await until(pilot, lambda: not app.main.sheet.is_open)
        await pilot.press("j")
        await shows(pilot, "▶ ? question")


def test_stale_evidence_says_that_it_is_about_another_commit() -> None:
    from onloop.records import replace
    from onloop.views.dossier import GateLine, GateStatus
    from onloop_tui.model.sheet.gate_lines import gate_lines

    scene = busy()
    task = scene.task("r7k2m.1")
    old: Evidence = replace(task.evidence["develop.remediate:tests"], head="f" * 40)
    stale = GateLine(
        "develop.remediate", "tests", GateStatus.STALE, "about ffffffffffff, which no longer counts", old, None, ""
    )

    text = "\n".join(plain(line) for line in gate_lines([stale], scene.clock(), 100))

    assert "⚠ STALE" in text
    assert "STALE: about another commit" in text


def test_children_are_listed_and_what_agents_hand_on_is_quoted_and_called_no_evidence() -> None:
    parts = FanOut((develop(),), spawn=True)
    scene = Scene(definition=defined(Step("develop.parts", role="implementer", fan_out=parts)))
    scene.enrol("ana")
    (task,) = scene.fleet(["billing"])
    _, lead = scene.claim(task, "lead")
    scene.gateway.perform(PerformCommand(lead, task, c.Spawn(lead.id, lead.epoch, "menu")))
    _, part = scene.claim(f"{task}.1", "part")
    tell(scene.gateway, part, "parent", MessageKind.NOTE, b"hello")
    save_checkpoint(scene.gateway, lead, b"half")
    scene.gateway.perform(PerformCommand(lead, task, c.ReportContext(lead.id, lead.epoch, 60)))
    assert "60 % in use, as its holder says" in "\n".join(_sheet(scene, task))

    scene.gateway.perform(
        PerformCommand(lead, task, c.Handoff(lead.id, lead.epoch, "", "full\n── gates ──\x1b[2J", ("tabs?",)))
    )

    lines = _sheet(scene, task)
    assert "children: 0 of 1 children completed, and the join asks for all" in _titles(scene, task)
    assert f"  ● working   {task}.1  menu" in lines
    assert "what agents hand on (not evidence)" in _titles(scene, task)
    assert {"┆ full", "┆ ── gates ──␛[2J", "┆ open: tabs?"} <= set(lines)
    assert "  → agent:lead left a checkpoint of 4 bytes at develop.parts 0s ago" in lines
    assert "  1 of 1 messages from other agents are unread" in lines


def test_a_review_is_on_the_sheet_with_its_verdict_and_its_reason_is_quoted() -> None:
    review = Step("review.code", role="implementer", gates=(ReviewGate("verdict"),), on_fail="develop.implement")
    scene = Scene(definition=defined(develop(), review))
    scene.enrol("ana")
    (task,) = scene.fleet(["billing"])
    scene.submit(task)
    scene.passes(task, "tests")
    _, judge = scene.claim(task, "strict")
    scene.gateway.perform(
        PerformCommand(judge, task, c.Judge(judge.id, judge.epoch, passes=False, reason="a test is missing"))
    )

    lines = _sheet(scene, task)

    assert any(shown.startswith("  ✗ agent:strict judged ") for shown in lines)
    assert "┆ a test is missing" in lines
