"""One decision for many tasks as lines: what is sent for each task, and the gateway's answer."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from onloop.gateway.bulk import BulkOutcome
from onloop.views.dossier import Dossier
from onloop.views.work_warnings import WorkWarning
from onloop_tui.model.drawing.signs import Sign
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, fitted, hanging, width_of
from onloop_tui.model.drawing.warning_lines import warning_lines
from onloop_tui.model.ground.looks import Looks


@dataclass(frozen=True, slots=True)
class BulkEntry:
    """One task of the list, and what a person must see of it: repository, state, digest."""

    task: str
    words: str


TO_DO = Sign("○", "to send", Tone.DIM)
SENDING = Sign("●", "sending", Tone.STRONG)
ACCEPTED = Sign("✓", "accepted", Tone.GOOD)
REFUSED = Sign("✗", "refused", Tone.BAD)
LEFT = Sign("–", "not sent", Tone.WARN)
"""The possible states of an entry."""

_FEW = 3
_SIGN, _TASK, _MOST_WORDS = 11, 14, 48


def sign_for(outcome: BulkOutcome | None, *, sending: bool, over: bool) -> Sign:
    """The sign of an entry; `over` if nothing more will be sent."""
    if outcome is not None:
        return ACCEPTED if outcome.accepted else REFUSED
    if sending:
        return SENDING
    return LEFT if over else TO_DO


def entry_line(entry: BulkEntry, sign: Sign, outcome: BulkOutcome | None, width: int) -> Line:
    """An entry: its sign, its id, its words, and the outcome if there is one."""
    head = (sign.span(_SIGN), column(entry.task, _TASK - 1, Tone.STRONG), Span(" "))
    if outcome is None:
        return fitted((*head, Span(entry.words, Tone.UNTRUSTED)), width)
    room = max(8, min(_MOST_WORDS, (width - width_of(head)) // 3))
    tone = Tone.PLAIN if outcome.accepted else Tone.BAD
    return fitted(
        (*head, column(entry.words, room, Tone.UNTRUSTED), Span("  "), Span(verdict_words(outcome), tone)), width
    )


def shown_lines(changes: Mapping[str, Dossier], looks: Looks, width: int) -> tuple[Line, ...]:
    """How many different diffs a list of approvals is about, and how many of them were not shown here."""
    diffs = {dossier.content: dossier for dossier in changes.values() if dossier.content}
    if not diffs:
        return ()
    left = [dossier.task.id for dossier in diffs.values() if not looks.has_shown(dossier)]
    cut = [dossier.task.id for dossier in diffs.values() if looks.has_shown(dossier) and looks.unseen(dossier)]
    count = "one diff, the same in all" if len(diffs) == 1 else f"{len(diffs)} different diffs"
    lines = hanging((), count if not left else f"{count}, {len(left)} not shown here", width)
    if left or cut:
        some = ", ".join((left or cut)[:_FEW])
        what = "not shown" if left else "not shown whole"
        words = f"{what}: {some}{' …' if len(left or cut) > _FEW else ''}; d shows it, or the approvals will name it"
        lines = (*lines, *warning_lines(WorkWarning.NOT_SHOWN, words, width=width, indent=0))
    return lines


def verdict_words(outcome: BulkOutcome) -> str:
    """The task's state now, or why the gateway refused and what would work."""
    if outcome.refusal is not None:
        return f"{outcome.refusal.message}; {outcome.refusal.hint}"
    after = outcome.after
    reason = f" ({after.reason.value})" if after is not None and after.reason else ""
    return f"is {after.state.value}{reason} now" if after is not None else ""


def tally_words(total: int, outcomes: Collection[BulkOutcome]) -> str:
    """The numbers of accepted, refused and unsent commands."""
    accepted = sum(outcome.accepted for outcome in outcomes)
    counts = ((accepted, "accepted"), (len(outcomes) - accepted, "refused"), (total - len(outcomes), "not sent"))
    return " · ".join(f"{count} {word}" for count, word in counts if count)
