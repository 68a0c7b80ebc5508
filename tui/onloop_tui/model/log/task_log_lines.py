"""What a task's agents, gates and effects wrote, as lines: headings are ours, all below them is quoted."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from onloop_tui.model.drawing.text_line import Line, Span, Tone, hanging, line

_BAR = Span("  │ ", Tone.DIM)
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


@dataclass(frozen=True, slots=True)
class DrawnLog:
    """The lines to draw, and the rows of those that have what is looked for."""

    lines: tuple[Line, ...] = ()
    hits: tuple[int, ...] = ()


def drawn_log(found: Sequence[tuple[bool, str]], width: int, wanted: str = "") -> DrawnLog:
    """What was written as lines; a text that is too long goes on below itself, and `wanted` stands out, in any case."""
    lines: list[Line] = []
    hits: list[int] = []
    folded = wanted.casefold()
    for is_heading, text in found:
        if is_heading:
            lines += [*([line("")] if lines else []), *hanging((), text, width, Tone.HEADING)]
            continue
        if folded and folded in text.casefold():
            hits.append(len(lines))
            lines += (_lit(shown, folded) for shown in hanging((_BAR,), text, width, Tone.UNTRUSTED))
        else:
            lines += hanging((_BAR,), text, width, Tone.UNTRUSTED)
    return DrawnLog(tuple(lines), tuple(hits))


def _lit(shown: Line, folded: str) -> Line:
    """The line with what is looked for set apart; where case changes lengths, as a whole."""
    first, *rest = shown
    return (first, *(piece for span in rest for piece in _pieces(span, folded)))


def _pieces(span: Span, folded: str) -> Iterator[Span]:
    text, lower = span.text, span.text.casefold()
    if len(lower) != len(text):
        yield Span(text, Tone.TAB)
        return
    at = 0
    while (hit := lower.find(folded, at)) >= 0:
        yield Span(text[at:hit], span.tone)
        yield Span(text[hit : hit + len(folded)], Tone.TAB)
        at = hit + len(folded)
    yield Span(text[at:], span.tone)
