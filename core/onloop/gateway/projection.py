"""Stored answers for `check` and `next`, read with few imports; a test proves them equal to the full path."""

from __future__ import annotations

import json

from onloop.machine.definition import Definition
from onloop.machine.messages import unshown
from onloop.machine.principal import Principal, PrincipalKind
from onloop.machine.task import Task
from onloop.store.port import Reading, Transaction
from onloop.store.rows import BriefRow, CachedAnswer, StoreRow, Token
from onloop.text import safe_lines
from onloop.views.answer import answer_for, answer_json, answer_lines
from onloop.views.brief import brief_for
from onloop.views.brief_facts import brief_facts

PROJECTED: tuple[type[StoreRow], ...] = (CachedAnswer, BriefRow)
"""The kinds of rows that `projected` gives."""


def project_answer(tx: Transaction, definition: Definition, task: Task) -> None:
    """Keep what the newest agent of `task` would be told, if it asked with HEAD at the submitted commit."""
    for kind, row in zip(PROJECTED, projected(tx, definition, task), strict=True):
        if row is None:
            tx.delete(kind, task.id)
        else:
            tx.put(row)


def projected(at: Reading, definition: Definition, task: Task) -> tuple[CachedAnswer | None, BriefRow | None]:
    """The rows from which `check` and `next` answer; None if the full path must answer."""
    token = next((t for t in at.select(Token, task=task.id) if t.epoch == task.epoch), None)
    if token is None or unshown(task.notes, task.epoch):  # what a person says is marked as shown when it is
        return None, None
    name = token.agent.removeprefix("agent:")
    agent = Principal(PrincipalKind.AGENT, name, task.id, token.epoch, token.step)
    head = task.submission.head if task.submission else None
    answer = answer_for(definition, task, agent, head, None)
    lines = answer_lines(answer)
    told = json.dumps({"exit": answer.exit.value, **answer_json(answer)})
    glance = CachedAnswer(task.id, token.epoch, head or "", answer.exit.value, _printed(*lines), told)
    if not is_brief_kept(task):
        return glance, None
    brief = brief_for(definition, task, brief_facts(at, task)) if task.step == token.step else ""
    return glance, BriefRow(task.id, _printed(brief.rstrip()), json.dumps(brief))


def is_brief_kept(task: Task) -> bool:
    """Whether `next` may answer from a row, which says only what the task itself knows, and writes nothing.

    Messages must be marked as shown when they are, and what became of children is written in other tasks: with
    either, `next` takes the long path.
    """
    return not task.messages and not task.born


def _printed(*lines: str) -> str:
    return "".join(f"{safe_lines(line)}\n" for line in lines)
