"""The figures of the loop as text, Markdown, CSV and JSON: the same figures, and safe whatever others wrote."""

from __future__ import annotations

import csv
import io

from cli.test_report_formats import HOSTILE, hostile
from measures.planted_log import Plant, PlantedLog
from onloop.cli.reports.loop_csv import csv_lines
from onloop.cli.reports.loop_json import loop_json
from onloop.cli.reports.loop_text import markdown_lines, text_lines
from onloop.insight.measures.loop_figures import GateName, IdleCall, LoopFigures, LoopFinding
from onloop.insight.measures.loop_fold import LoopFold
from onloop.insight.measures.loop_pages import read_on
from onloop.insight.measures.samples import Spread
from onloop.records import replace


def planted() -> LoopFigures:
    fold = LoopFold()
    log = PlantedLog(4, frozenset(Plant))
    fold.take(log.events)
    return fold.figures(log.at)


def with_hostile_names() -> LoopFigures:
    """The figures of a hostile fleet, with hostile names in every place that has any."""
    fold = LoopFold()
    scene = hostile()
    read_on(scene.gateway, fold)
    told = fold.figures(scene.clock())
    names = [GateName(words, words, words) for words in HOSTILE]
    idle = tuple(IdleCall(name, "choice", name.gate, 1, Spread(5, 1), name.gate) for name in names)
    gates = tuple(replace(gate, gate=name) for name in names for gate in planted().human_gates[:1])
    findings = tuple(LoopFinding(planted().findings[0].kind, name, name.gate) for name in names)
    return replace(told, idle_calls=idle, human_gates=gates, findings=findings)


def test_text_has_no_control_byte_and_no_line_of_anybody_else() -> None:
    lines = list(text_lines(with_hostile_names()))

    assert lines and all("\n" not in line and "\x1b" not in line and "\u202e" not in line for line in lines)


def test_markdown_has_foreign_words_in_code_alone_and_as_many_cells_in_each_row_as_in_its_heading() -> None:
    lines = list(markdown_lines(with_hostile_names()))

    assert all("\n" not in line and "\x1b" not in line for line in lines)
    wide = 0
    for before, line in zip(["", *lines], lines, strict=False):
        if line.startswith("|"):
            wide = wide if before.startswith("|") else line.count("|")
            assert line.count("|") == wide, line
    assert not any(line.startswith("# ") and line != "# The loop" for line in lines)


def test_csv_has_a_row_for_each_figure_and_no_formula() -> None:
    rows = list(csv.reader(io.StringIO("\n".join(csv_lines(with_hostile_names())))))

    assert rows[0] == ["table", "of", "figure", "value", "count"]
    assert {len(row) for row in rows} == {5}
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row)


def test_every_format_says_the_same_figure() -> None:
    figures = planted()
    gate = next(gate for gate in figures.human_gates if gate.gate.gate == "release")
    line = next(line for line in text_lines(figures) if line.startswith(gate.gate.words))
    row = line.removeprefix(gate.gate.words).split()
    cells = {r[2]: r[3] for r in csv.reader(csv_lines(figures)) if r[:2] == ["human_gates", gate.gate.words]}
    told = next(each for each in loop_json(figures).human_gates if each.gate == "release")

    assert row[0] == cells["asked"] == str(told.asked) == str(gate.asked)
    assert row[1] == cells["approved"] == str(told.approved)
    assert row[-1] == cells["unread"] == str(told.unread)
    assert any(f"| {gate.asked} | {gate.approved} |" in each for each in markdown_lines(figures))
    assert loop_json(figures).autonomy.share == round(figures.autonomy.alone / figures.autonomy.seen, 4)
