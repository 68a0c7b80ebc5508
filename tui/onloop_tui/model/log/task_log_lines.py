"""What a task's agents, gates and effects wrote, as lines: headings are ours, all below them is quoted."""

from __future__ import annotations

from collections.abc import Sequence

from onloop_tui.model.drawing.text_line import Line, Span, Tone, hanging, line

MOST_LINES = 2_000
"""How many lines are kept: the last ones."""


def kept(before: Sequence[tuple[bool, str]], parts: Sequence[tuple[str, Sequence[str]]]) -> list[tuple[bool, str]]:
    """The last of what was kept and of these parts: whether it is a heading, and its text; no heading twice."""
    found = list(before)
    last = next((text for is_heading, text in reversed(found) if is_heading), "")
    for heading, lines in parts:
        if heading != last:
            found.append((True, heading))
            last = heading
        found += [(False, text) for text in lines]
    if len(found) <= MOST_LINES:
        return found
    dropped, rest = found[:-MOST_LINES], found[-MOST_LINES:]
    top = next((text for is_heading, text in reversed(dropped) if is_heading), "")
    return rest if rest[0][0] or not top else [(True, top), *rest[1:]]


def task_log_lines(found: Sequence[tuple[bool, str]], width: int) -> tuple[Line, ...]:
    """The lines to draw; a text that is too long goes on below itself."""
    lines: list[Line] = []
    for is_heading, text in found:
        if is_heading:
            lines += [*([line("")] if lines else []), *hanging((), text, width, Tone.HEADING)]
        else:
            lines += hanging((Span("  │ ", Tone.DIM),), text, width, Tone.UNTRUSTED)
    return tuple(lines)
