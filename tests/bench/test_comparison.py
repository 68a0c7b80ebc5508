"""What the rows of trials say together, and what they do not."""

from __future__ import annotations

from pathlib import Path

from onloop.bench.bench_plan import BenchPlan, Configuration, ReplayedTask, TrialSettings
from onloop.bench.comparison import EVERY_TASK, BenchFigures, figures_of
from onloop.bench.machine_part import machine_part
from onloop.bench.trial_row import GateOutcome, GateRow, TrialEnd, TrialRow, outcome_of
from onloop.cli.reports.bench_tables import markdown_lines, text_lines
from onloop.machine.flags import Flag, FlagKind
from onloop.machine.task import Evidence, Verdict
from onloop.workflow.loader import load

WORKFLOW = b"""\
workflow: small
description: Small.
steps:
  - {id: develop.write, role: implementer, brief: Write., gates: [{id: tests, command: [make, test]}]}
  - {id: ship.merge, effect: merge}
"""
PART = machine_part(load(WORKFLOW, "small.yaml"))


def plan(*names: str, tasks: tuple[str, ...] = ("one.1",), repeat: int = 5) -> BenchPlan:
    made = tuple(ReplayedTask(task, "t", "shop", "main", "0" * 40, Path("/m"), PART) for task in tasks)
    return BenchPlan(made, tuple(Configuration(name, name) for name in names), repeat, TrialSettings("box", 1_000))


def row(
    name: str, number: int, outcome: GateOutcome = GateOutcome.PASSED, task: str = "one.1", wall: int = 1_000
) -> TrialRow:
    went = outcome in {GateOutcome.PASSED, GateOutcome.CHANGED}
    end = TrialEnd.REACHED if went else TrialEnd.STOPPED
    gates = (GateRow("develop.write", "tests", outcome, 1),)
    return TrialRow(task, name, number, end, 0, wall + number, gates, lines=10 + number)


def rows(name: str, outcomes: list[GateOutcome], task: str = "one.1", wall: int = 1_000) -> list[TrialRow]:
    return [row(name, number, outcome, task, wall) for number, outcome in enumerate(outcomes, 1)]


YES, NO = GateOutcome.PASSED, GateOutcome.FAILED


def compared(figures: BenchFigures, task: str = "one.1") -> tuple[bool, int | None]:
    (found,) = (each for each in figures.compared if each.task == task)
    return found.is_told_apart, found.more


def test_five_of_five_and_none_of_five_are_told_apart() -> None:
    figures = figures_of(plan("a", "b"), [*rows("a", [YES] * 5), *rows("b", [NO] * 5)])
    assert compared(figures) == (True, None)
    assert [each.verified.hits for each in figures.configurations] == [5, 0]


def test_agents_that_do_the_same_are_not_told_apart_and_no_number_is_promised() -> None:
    figures = figures_of(plan("a", "b"), [*rows("a", [YES, YES, NO, YES, NO]), *rows("b", [NO, YES, YES, NO, YES])])
    assert compared(figures) == (False, None)
    (found,) = figures.compared
    assert not (found.wall_ms.is_told_apart or found.rounds.is_told_apart or found.lines.is_told_apart)


def test_what_may_be_chance_says_how_many_more_would_do() -> None:
    p = plan("a", "b")
    figures = figures_of(p, [*rows("a", [YES, YES, YES, YES, NO]), *rows("b", [YES, YES, YES, NO, NO])])
    assert compared(figures) == (False, 36)
    assert any("not told apart with n=5 and 5; about 36 more would" in line for line in text_lines(p, figures))


def test_two_repetitions_never_tell_shares_apart() -> None:
    figures = figures_of(plan("a", "b", repeat=2), [*rows("a", [YES] * 2), *rows("b", [NO] * 2)])
    assert compared(figures) == (False, 1)


def test_a_pass_of_work_that_changes_its_judge_is_counted_apart() -> None:
    figures = figures_of(plan("a", "b"), [*rows("a", [YES] * 5), *rows("b", [GateOutcome.CHANGED] * 5)])
    honest, tampering = figures.configurations
    assert (honest.verified.hits, tampering.verified.hits, tampering.changed) == (5, 0, 5)
    assert [(gate.passed.hits, gate.changed) for gate in figures.gates] == [(5, 0), (0, 5)]
    assert compared(figures)[0]


def test_what_broke_counts_for_nothing() -> None:
    broken = TrialRow("one.1", "a", 1, TrialEnd.BROKEN, 0, 0)
    figures = figures_of(plan("a"), [broken, *rows("a", [YES] * 5)[1:]])
    (found,) = figures.configurations
    assert (figures.done, figures.wanted, found.broken, found.verified.of) == (4, 5, 1, 4)
    assert figures.compared == ()


def test_over_several_tasks_each_weighs_the_same_and_together_they_say_more() -> None:
    tasks = tuple(f"one.{number}" for number in range(1, 5))
    each = [
        line
        for task in tasks
        for line in (*rows("a", [YES, YES, YES, YES, NO], task), *rows("b", [YES, YES, NO, NO, NO], task))
    ]
    figures = figures_of(plan("a", "b", tasks=tasks), each)
    assert not any(compared(figures, task)[0] for task in tasks)
    assert compared(figures, EVERY_TASK) == (True, None)


def test_times_are_told_apart_where_they_differ() -> None:
    figures = figures_of(plan("a", "b"), [*rows("a", [YES] * 5), *rows("b", [YES] * 5, wall=9_000)])
    (found,) = figures.compared
    assert found.wall_ms.is_told_apart and found.wall_ms.difference == -8_000
    assert not found.is_told_apart


def test_rows_of_more_repetitions_than_are_asked_for_are_left_out() -> None:
    figures = figures_of(plan("a", repeat=2), rows("a", [YES, NO, NO, NO]))
    assert figures.configurations[0].verified.of == 2


def test_names_of_others_are_no_markup_and_no_control_bytes() -> None:
    p = plan("a|b\x1b[2J`x`")
    figures = figures_of(p, [])
    assert not any("\x1b" in line for line in (*text_lines(p, figures), *markdown_lines(p, figures)))
    named = [line for line in markdown_lines(p, figures) if "x" in line and "¦" in line]
    assert named and all(line.startswith("| ``") or "| ``" in line for line in named)


BASE, PINNED = "0" * 40, "0" * 64


def evidence(verdict: Verdict, *flags: FlagKind, base: str = BASE, definition: str = PINNED) -> Evidence:
    names = tuple(Flag(f"file-{kind}", kind) for kind in flags)
    return Evidence("tests", verdict, "", "1" * 40, "2" * 40, base, definition, "verifier:v", 0, flags=names)


def counted(found: Evidence | None) -> GateOutcome:
    return outcome_of(found, BASE, PINNED)


def test_only_a_verifier_s_pass_of_what_did_not_change_it_is_passed() -> None:
    assert counted(None) is GateOutcome.NOT_REACHED
    assert counted(evidence(Verdict.PASS)) is GateOutcome.PASSED
    assert counted(evidence(Verdict.PASS, FlagKind.TEST_ADDED)) is GateOutcome.PASSED
    for kind in (FlagKind.COMMAND, FlagKind.TEST_CHANGED, FlagKind.PLUGIN, FlagKind.CONFIGURATION):
        assert counted(evidence(Verdict.PASS, kind)) is GateOutcome.CHANGED
        assert counted(evidence(Verdict.FAIL, kind)) is GateOutcome.FAILED


def test_a_pass_at_another_base_or_of_another_workflow_is_not_one_of_the_trial() -> None:
    assert counted(evidence(Verdict.PASS, base="3" * 40)) is GateOutcome.CHANGED
    assert counted(evidence(Verdict.PASS, definition="3" * 64)) is GateOutcome.CHANGED
