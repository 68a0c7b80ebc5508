"""What is known of the base as lines: what gates found there, who accepted it, and how the workflow was amended."""

from __future__ import annotations

from onloop.attention.groups import age
from onloop.records import replace
from onloop.views.base_words import BaseState
from onloop.views.dossier import Asked, BaseSeen, Dossier
from onloop.views.work_warnings import WorkWarning
from onloop_tui.model.drawing.signs import MARK_SIGNS, Sign
from onloop_tui.model.drawing.text_line import Line, Span, Tone, hanging, quoted
from onloop_tui.model.drawing.warning_lines import warning_lines

_SIGN = 13
_STATES = {
    BaseState.GREEN: Sign("✓", "green", Tone.GOOD),
    BaseState.RED: Sign("✗", "red", Tone.BAD),
    BaseState.AWAITED: Sign("●", "looked at", Tone.STRONG),
    BaseState.NOT_LOOKED_AT: Sign("–", "unknown", Tone.DIM),
}
_TOLD = {
    BaseState.GREEN: "gates pass on what agents begin with",
    BaseState.RED: "what its gates found there",
    BaseState.AWAITED: "a verifier is asked; no agent starts before it answers",
    BaseState.NOT_LOOKED_AT: "no gate was run on it",
}


def amend_lines(asked: Asked, width: int) -> tuple[Line, ...]:
    """Where the base is red: the command line that mends the workflow, for which there is no key."""
    if not asked.amend:
        return ()
    return hanging((Span("  amend    → ", Tone.ACCENT),), f"{asked.amend} mends the workflow; Y copies it", width)


def base_lines(dossier: Dossier, now: int, width: int) -> tuple[Line, ...]:
    """Whether the base is green, what each gate found there, and each amendment of the workflow with its reason."""
    lines = [*_seen(dossier.base, now, width)] if dossier.base is not None else []
    for amendment in dossier.task.amendments:
        only = replace(dossier.task, amendments=(amendment,))
        lines += [
            *warning_lines(WorkWarning.AMENDED, only, width=width),
            *hanging((Span("    "),), f"{age(now - amendment.at)} ago, because:", width, Tone.DIM),
            *quoted(amendment.reason, width, most=10),
        ]
    return tuple(lines)


def _seen(base: BaseSeen, now: int, width: int) -> list[Line]:
    at = f" {base.commit[:12]}" if base.commit else ""
    lines = [*hanging((Span("  "), _STATES[base.state].span(_SIGN)), f"base{at}: {_TOLD[base.state]}", width)]
    lines += warning_lines(WorkWarning.BASE_RED, base, width=width)
    for gate in base.gates:
        head = (Span("  "), MARK_SIGNS[gate.mark].span(_SIGN), Span(f"{gate.step} "), Span(gate.gate, Tone.STRONG))
        when = f"{age(now - gate.evidence.at)} ago by {gate.evidence.verifier}" if gate.evidence else ""
        pad = (Span(" " * (_SIGN + 2)),)
        lines += [head, *hanging(pad, gate.summary, width), *hanging(pad, when, width, Tone.DIM)]
    return [*lines, *warning_lines(WorkWarning.BASE_ACCEPTED, base, width=width)]
