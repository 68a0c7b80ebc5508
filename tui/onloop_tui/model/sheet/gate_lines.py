"""The gates of a task as lines: verdict, verifier, age, and whether the evidence is about the current commit."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.attention.groups import age
from onloop.machine.task import Evidence
from onloop.views.box_words import kept_words, ran_in
from onloop.views.dossier import GateLine, GateStatus
from onloop.views.gate_standing import CALM, UNMET
from onloop.views.work_warnings import WorkWarning, warned
from onloop_tui.model.drawing.signs import LATER, MARK_SIGNS, STRIP_SHAPES
from onloop_tui.model.drawing.terminal_text import cells
from onloop_tui.model.drawing.text_line import Line, Span, Tone, fitted, hanging, line, quoted
from onloop_tui.model.drawing.warning_lines import warning_lines

_SIGN = 13


def gate_lines(gates: Sequence[GateLine], now: int, width: int) -> tuple[Line, ...]:
    """Every gate of the workflow: what was found and of what, or why nothing has to be there now."""
    lines: list[Line] = []
    for gate in gates:
        sign = MARK_SIGNS[gate.mark]
        lines.append((Span("  "), sign.span(_SIGN), Span(f"{gate.step} "), Span(gate.gate, Tone.STRONG)))
        lines += _below(gate, now, width)
    return tuple(lines)


def short_gate_lines(gates: Sequence[GateLine], width: int) -> tuple[Line, ...]:
    """A line per gate, cut to `width` columns: verdict, name and summary; later gates are counted."""
    reached = [gate for gate in gates if gate.mark is not GateStatus.LATER]
    lines = [
        fitted(
            (Span("  "), MARK_SIGNS[gate.mark].span(_SIGN), Span(f"{gate.gate} ", Tone.STRONG), Span(gate.summary)),
            width,
        )
        for gate in reached
    ]
    left = len(gates) - len(reached)
    return (*lines, *(((Span("  "), Span(f"{LATER.shape} {left} {LATER.word}", LATER.tone)),) if left else ()))


def strip_line(gates: Sequence[GateLine]) -> Line:
    """One shape per gate, with a space between steps: passed, not passed, or later."""
    shapes: list[Span] = []
    for before, gate in zip((None, *gates), gates, strict=False):
        if before is not None and before.step != gate.step:
            shapes.append(Span(" "))
        shapes.append(Span(STRIP_SHAPES[gate.mark], MARK_SIGNS[gate.mark].tone))
    return tuple(shapes)


def _below(gate: GateLine, now: int, width: int) -> list[Line]:
    pad = Span(" " * (_SIGN + 2))
    summary = list(hanging((pad,), gate.summary, width, Tone.PLAIN)) if gate.summary else []
    if gate.evidence is None:
        return summary
    facts = list(hanging((pad,), _facts(gate, gate.evidence, now), width, Tone.DIM))
    return [*summary, *facts, *_warnings(gate.evidence, pad, width)]


def _facts(gate: GateLine, evidence: Evidence, now: int) -> str:
    pieces = [
        f"{age(now - evidence.at)} ago",
        f"by {evidence.verifier}",
        *(warned(WorkWarning.STALE, gate) or ("on this commit" if gate.mark not in CALM else "",)),
        f"evidence {gate.digest[:12]}" if gate.digest else "",
        f"exit {evidence.exit_code}" if evidence.exit_code is not None else "",
        f"took {age(evidence.duration_ms)}" if evidence.duration_ms >= 1000 else "",
        " ".join(evidence.argv)[:200],
        *ran_in(evidence),
    ]
    return " · ".join(piece for piece in pieces if piece)


def _warnings(evidence: Evidence, pad: Span, width: int) -> tuple[Line, ...]:
    lines = list(warning_lines(WorkWarning.REACHABLE, evidence, width=width, indent=cells(pad.text)))
    tests = f"the tests of {evidence.tests_from[:12]}, the base, were run" if evidence.tests_from else ""
    notes = tuple(filter(None, (tests, kept_words(evidence))))
    lines += [shown for words in notes for shown in hanging((pad,), words, width, Tone.DIM)]
    lines += warning_lines(WorkWarning.JUDGE_CHANGED, evidence, width=width, indent=cells(pad.text))
    return tuple(lines)


def output_lines(gates: Sequence[GateLine], width: int, most: int = 60) -> tuple[tuple[str, tuple[Line, ...]], ...]:
    """The last lines of each failed gate's output, with a title; nothing for one that ran no command."""
    failed = (gate for gate in gates if gate.mark in UNMET and gate.evidence is not None)
    return tuple((f"output of {gate.gate}", lines) for gate in failed if (lines := _tail(gate, width, most)))


def _tail(gate: GateLine, width: int, most: int) -> tuple[Line, ...]:
    if not gate.tail:
        ran = gate.evidence is not None and bool(gate.evidence.argv)
        lost = warning_lines(WorkWarning.NO_OUTPUT, gate, width=width)
        return lost or ((line("  it printed nothing", Tone.DIM),) if ran else ())
    rows = gate.tail.rstrip("\n").split("\n")
    cut = [line(f"… {len(rows) - most} lines before", Tone.DIM)] if len(rows) > most else []
    return (*cut, *quoted("\n".join(rows[-most:]), width))
