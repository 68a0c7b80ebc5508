"""How a task stands, in few lines: for a preview, and below a list."""

from __future__ import annotations

from collections.abc import Iterable

from onloop.views.dossier import Dossier
from onloop.views.work_warnings import WorkWarning
from onloop_tui.model.drawing.text_line import GUTTER, Line, Tone, heading, line, plain, quoted
from onloop_tui.model.drawing.warning_lines import warning_lines
from onloop_tui.model.sheet.change_lines import file_lines, totals
from onloop_tui.model.sheet.gate_lines import output_lines, short_gate_lines
from onloop_tui.model.sheet.sections import said_by_agents

_MOST_OUTPUT, _MOST_FILES, _MOST_SAID = 10, 6, 6


def standing_lines(dossier: Dossier, width: int, beside: Iterable[Line] = ()) -> tuple[Line, ...]:
    """How a task stands: its gates, the end of a failed gate's output, the changed files, and its agent's words.

    Words that are quoted whole in the lines `beside` are not quoted twice.
    """
    task = dossier.task
    lines = [heading(f"{task.id}: gates", width), *short_gate_lines(dossier.gates, width)]
    for title, shown in output_lines(dossier.gates, width, _MOST_OUTPUT):
        lines += [line(""), heading(title, width), *shown]
    if dossier.files:
        files = file_lines(dossier.files, width)
        lines += [line(""), heading(f"files: {totals(dossier.files)}", width), *files[:_MOST_FILES]]
        lines += [line(f"  … {len(files) - _MOST_FILES} more lines", Tone.DIM)] if len(files) > _MOST_FILES else []
    elif dossier.trouble:
        lines += [line(""), *warning_lines(WorkWarning.DIFF_UNREAD, dossier, width=width, indent=0)]
    there = _quoted_words(beside)
    statements = [said for said in said_by_agents(dossier) if _words(said) not in there]
    if statements:
        lines += [line(""), heading("what the agent says (not evidence)", width)]
        lines += quoted("\n".join(statements), width, most=_MOST_SAID)
    return tuple(lines)


def _quoted_words(lines: Iterable[Line]) -> str:
    return " ".join(_words(plain(shown[1:])) for shown in lines if shown[:1] == (GUTTER,))


def _words(text: str) -> str:
    return " ".join(text.split())
