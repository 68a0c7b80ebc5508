"""The command line that does what a key would do, for whoever wants to do it elsewhere or put it into a script."""

from __future__ import annotations

from collections.abc import Mapping
from shlex import quote

from onloop.attention.groups import Group
from onloop.machine.state import Reason
from onloop.machine.task import Task
from onloop.views.dossier import Asked
from onloop_tui.model.ground.acts import Act

SHOWN = 16
"""So much of a digest is copied; twelve characters name it."""

_NATURAL: Mapping[Reason, Act] = {
    Reason.APPROVAL_REQUIRED: Act.APPROVE,
    Reason.QUESTION: Act.ANSWER,
}
"""The act that a reason asks for first; the others ask for another try."""


def natural(reason: Reason) -> Act:
    """The act that a row with this reason is there for."""
    return _NATURAL.get(reason, Act.RETRY)


def row_equivalent(group: Group) -> str:
    """The natural decision of the first member. No digest is in it: nobody has been shown one, and the CLI shows it."""
    if not group.has_tasks:
        return f"onloop ack {group.cause}"
    return cli_equivalent(natural(group.reason), group.members[0].task)


def sheet_equivalent(act: Act, task: Task, asked: Asked | None, words: Mapping[str, str]) -> str:
    """The decision being made in a sheet, on exactly what it shows, with the words typed so far."""
    digest = f" --digest {asked.digest[:SHOWN]}" if asked is not None and act in {Act.APPROVE, Act.REJECT} else ""
    return f"{cli_equivalent(act, task.id, words)}{digest} --version {task.version}"


def cli_equivalent(act: Act, task: str, words: Mapping[str, str] | None = None) -> str:
    """The command that does it; `…` stands where words are still missing."""
    given = {name: quote(text) for name, text in (words or {}).items() if text.strip()}
    said = given.get("words")
    match act:
        case Act.APPROVE | Act.RETRY | Act.RESUME:
            return f"onloop {act.value} {task}{f' --note {said}' if said else ''}"
        case Act.REJECT | Act.CANCEL | Act.PAUSE | Act.EXCLUDE:
            return f"onloop {act.value} {task} --reason {said or _MORE}"
        case Act.ANSWER:
            return f"onloop answer {task} {said or _MORE}"
        case Act.REASSIGN:
            return f"onloop reassign {task} --to {given.get('to', 'WHO')} --reason {said or _MORE}"


_MORE = '"…"'
