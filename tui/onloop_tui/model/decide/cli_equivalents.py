"""The command line that does the same as a key, for use in another terminal or a script."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote

from onloop.attention.groups import Group
from onloop.attention.held_role_items import held_role
from onloop.attention.lesson_items import adopt_command, proposed_lesson
from onloop.machine.state import Reason
from onloop.machine.task import Task
from onloop.views.consequences import amend_command
from onloop.views.dossier import Asked
from onloop_tui.model.ground.acts import Act

SHOWN = 16
"""The number of characters of a digest that are copied; twelve are enough to name it."""

_NATURAL: Mapping[Reason, Act] = {
    Reason.APPROVAL_REQUIRED: Act.APPROVE,
    Reason.QUESTION: Act.ANSWER,
}
"""The natural act for a reason; for all other reasons it is a retry."""


def natural(reason: Reason) -> Act:
    """The natural act for a row with this reason."""
    return _NATURAL.get(reason, Act.RETRY)


def row_equivalent(group: Group) -> str:
    """The command for the natural act on the first member, without a digest: the list shows none, the CLI does.

    On a red base, that which mends the workflow: no key does it.
    """
    role = held_role(group)
    if role is not None:
        return f"onloop retry --role {quote(role)}"
    lesson = proposed_lesson(group)
    if lesson is not None:
        return adopt_command(lesson)
    if not group.has_tasks:
        return f"onloop ack {group.cause}"
    if group.on_base:
        return amend_command(group.members[0].task)
    return cli_equivalent(natural(group.reason), group.members[0].task)


def sheet_equivalent(act: Act, task: Task, asked: Asked | None, words: Mapping[str, str]) -> str:
    """The command for the decision in progress in a sheet, bound to what it shows, with the words typed so far."""
    digest = f" --digest {asked.digest[:SHOWN]}" if asked is not None and act in {Act.APPROVE, Act.REJECT} else ""
    return f"{cli_equivalent(act, task.id, words)}{digest} --version {task.version}"


def cli_equivalent(act: Act, task: str, words: Mapping[str, str] | None = None) -> str:
    """The command for an act; `…` marks missing words."""
    given = {name: quote(text) for name, text in (words or {}).items() if text.strip()}
    reason = given.get("words")
    match act:
        case Act.APPROVE | Act.RETRY | Act.RESUME:
            return f"onloop {act.value} {task}{f' --note {reason}' if reason else ''}"
        case Act.NO_WORSE:
            return f"onloop retry {task} --no-worse-than-base{f' --note {reason}' if reason else ''}"
        case Act.REJECT | Act.CANCEL | Act.PAUSE | Act.EXCLUDE:
            return f"onloop {act.value} {task} --reason {reason or _MORE}"
        case Act.TAKE_BACK:
            return f"onloop undo {task}"
        case Act.ANSWER | Act.NOTE:
            return f"onloop {act.value} {task} {reason or _MORE}"
        case Act.REASSIGN:
            return f"onloop reassign {task} --to {given.get('to', 'WHO')} --reason {reason or _MORE}"


_MORE = '"…"'
