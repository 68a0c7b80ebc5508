"""The preview: the cause under the cursor, its members, and the state of the first member."""

from __future__ import annotations

from onloop.attention.groups import Group, age
from onloop.attention.items import AttentionItem
from onloop.views.dossier import Dossier
from onloop_tui.model.drawing.text_line import Line, Span, Tone, column, fitted, hanging, heading, line, quoted
from onloop_tui.model.ground.selection import Selection
from onloop_tui.model.sheet.standing_lines import standing_lines

MOST_MEMBERS = 8
_MOST_DETAIL, _MOST_TEXTS = 6, 5
_TASK, _AGE = 12, 6


def preview_lines(
    group: Group, selection: Selection, dossier: Dossier | None, trouble: str, now: int, width: int
) -> tuple[Line, ...]:
    """The cause and its members, and the first member's dossier if it has been read."""
    lines = [
        *hanging((), group.headline, width, Tone.STRONG),
        *hanging((), f"cause {group.cause}{f' · {group.workflow}' if group.workflow else ''}", width, Tone.DIM),
        *(line for act in group.acts for line in hanging((), act.words, width, Tone.ACCENT)),
        *_said(group, width),
        *(_members(group, selection, now, width) if group.has_tasks else ()),
    ]
    if not group.has_tasks:
        return (*lines, line(""), *hanging((), "the log says when: onloop log house", width, Tone.DIM))
    first = group.members[0].task
    if dossier is None:
        words = f"it could not be read: {trouble}" if trouble else f"reading {first} …"
        return (*lines, line(""), *hanging((), words, width, Tone.BAD if trouble else Tone.DIM))
    return (*lines, line(""), *standing_lines(dossier, width, lines))


def _said(group: Group, width: int) -> list[Line]:
    """What its failures say: the one text, or the most frequent of several."""
    if group.text_count < 2:
        return list(quoted(group.detail, width, most=_MOST_DETAIL)) if group.detail else []
    lines = [*hanging((), f"{group.text_count} different texts; s tells them apart", width, Tone.ACCENT)]
    for text in group.texts[:_MOST_TEXTS]:
        lines += [*hanging((), f"{text.count} ×", width, Tone.DIM), *quoted(text.text, width, most=2)]
    left = group.text_count - min(_MOST_TEXTS, len(group.texts))
    return [*lines, line(f"  … {left} more: onloop cause show {group.cause}", Tone.DIM)] if left else lines


def _members(group: Group, selection: Selection, now: int, width: int) -> list[Line]:
    count = len(group.members)
    lines = [line(""), heading(f"{count} task{'s' if count != 1 else ''}", width)]
    lines += [_member(item, _name(item, group), selection, now, width) for item in group.members[:MOST_MEMBERS]]
    if count > MOST_MEMBERS:
        lines.append(line(f"  … {count - MOST_MEMBERS} more", Tone.DIM))
    return lines


def _name(item: AttentionItem, group: Group) -> str:
    """What tells a member from the others: its repository, or, where they are parts of one, its title."""
    parts = len(group.members) > 1 and len({member.repo for member in group.members}) == 1
    return item.title if parts else item.repo or item.title


def _member(item: AttentionItem, name: str, selection: Selection, now: int, width: int) -> Line:
    mark = Span("* " if item.task in selection.causes else "  ", Tone.ACCENT)
    repo = column(name, max(8, width - _TASK - _AGE - 2), Tone.UNTRUSTED)
    return fitted((mark, column(item.task, _TASK), repo, Span(age(now - item.since).rjust(_AGE), Tone.DIM)), width)
