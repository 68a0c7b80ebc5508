"""The answer that `check` gives, kept ready: equal to the full path by test, and read with next to no imports."""

from __future__ import annotations

import json

from onloop.gateway.identity import Principal, PrincipalKind
from onloop.gateway.verdict import answer_for, answer_json, answer_lines
from onloop.machine.definition import Definition
from onloop.machine.task import Task
from onloop.store.port import Transaction
from onloop.store.rows import Glance, Token
from onloop.text import safe_lines


def project_answer(tx: Transaction, definition: Definition, task: Task) -> None:
    """Keep what the newest agent of `task` would be told, if it asked with HEAD at the submitted commit."""
    token = next((t for t in tx.select(Token, task=task.id) if t.epoch == task.epoch), None)
    if token is None:
        tx.delete(Glance, task.id)
        return
    name = token.agent.removeprefix("agent:")
    agent = Principal(PrincipalKind.AGENT, name, task.id, token.epoch, token.step)
    head = task.submission.head if task.submission else None
    answer = answer_for(definition, task, agent, head, None)
    text = "".join(f"{safe_lines(line)}\n" for line in answer_lines(answer))
    told = json.dumps({"exit": answer.exit.value, **answer_json(answer)}, ensure_ascii=True)
    tx.put(Glance(task.id, token.epoch, head or "", answer.exit.value, text, told))
