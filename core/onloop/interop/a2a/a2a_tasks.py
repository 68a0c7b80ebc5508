"""PURE: a task as A2A sees it. Our own state and reason stand beside in `metadata`, so that nothing is lost.

Text that agents and repositories wrote is data of a part, made safe for a terminal; a statement is under `untrusted`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from onloop.interop.state_mapping import FOREIGN_STATES
from onloop.machine.state import State
from onloop.machine.task import Decision, DecisionKind, Request, Task
from onloop.text import safe
from onloop.times import instant_words
from onloop.views.effective_status import TaskNow

EXTENSION = "https://onloop.dev/a2a/v1"
"""The key of our own words in `metadata`, and the URI under which the agent card names them."""

LONGEST_TEXT = 4_000
LONGEST_TITLE = 300


def a2a_state(state: State) -> str:
    """The state in A2A's words."""
    return FOREIGN_STATES[state].a2a


def states_of(a2a: str) -> tuple[State, ...]:
    """Our states that A2A calls so; none for a word that it does not know."""
    return tuple(state for state in State if FOREIGN_STATES[state].a2a == a2a)


def a2a_task(found: TaskNow, *, history: int | None = None, artifacts: bool = True) -> dict[str, Any]:
    """A task: at most `history` of its last messages, all where None; artifacts only where they are wanted."""
    task = found.task
    status: dict[str, Any] = {"state": a2a_state(task.state), "timestamp": instant_words(task.since)}
    asked = tuple(_asked(task, request) for request in task.requests)
    if asked and task.state in {State.INPUT_REQUIRED, State.AUTH_REQUIRED}:
        status["message"] = asked[-1]
    told: dict[str, Any] = {
        "id": task.id,
        "contextId": task.run,
        "status": status,
        "metadata": {EXTENSION: _own_words(found)},
    }
    if artifacts:
        told["artifacts"] = list(_artifacts(task))
    said = (*_answers(task), *asked)
    said = said if history is None else said[len(said) - min(history, len(said)) :]
    return {**told, "history": list(said)} if said else told


def _own_words(found: TaskNow) -> Mapping[str, Any]:
    task, reason = found.task, found.effective_status.reason
    untrusted = {"statement": safe(task.submission.statement, LONGEST_TEXT)} if task.submission is not None else {}
    return {
        "state": task.state.value,
        "reason": reason.value if reason is not None else None,
        "detail": safe(task.detail, LONGEST_TITLE),
        "lost": FOREIGN_STATES[task.state].lost,
        "title": safe(task.title, LONGEST_TITLE),
        "workflow": task.workflow,
        "step": task.step,
        "repo": task.repo,
        "parent": task.parent,
        "holder": task.holder,
        "attempt": task.attempt,
        "version": task.version,
        "requests": [_request(each) for each in task.requests],
        "untrusted": untrusted,
    }


def _request(request: Request) -> Mapping[str, Any]:
    return {
        "id": request.id,
        "kind": request.kind.value,
        "gate": request.gate,
        "approvers": list(request.approvers),
        "askedBy": request.asked_by,
    }


def _asked(task: Task, request: Request) -> Mapping[str, Any]:
    """What is asked of a person, as a message of the agent's side."""
    more = {EXTENSION: {"kind": request.kind.value, "request": request.id, "askedBy": request.asked_by}}
    return _message(task, f"{task.id}/request/{request.id}", "ROLE_AGENT", request.question, more)


def _answers(task: Task) -> Iterator[Mapping[str, Any]]:
    """What people answered to questions, as messages of the user's side."""
    for place, each in enumerate(task.decisions):
        if each.answer is DecisionKind.ANSWER and each.reason:
            yield _message(task, f"{task.id}/decision/{place}", "ROLE_USER", each.reason, {EXTENSION: _by(each)})


def _by(decision: Decision) -> Mapping[str, Any]:
    return {"by": decision.who, "at": instant_words(decision.at), "request": decision.request}


def _message(task: Task, name: str, role: str, text: str, metadata: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "messageId": name,
        "taskId": task.id,
        "contextId": task.run,
        "role": role,
        "parts": [{"text": safe(text, LONGEST_TEXT) or "-"}],
        "metadata": metadata,
    }


def _artifacts(task: Task) -> Iterator[Mapping[str, Any]]:
    """The commit that was handed in, and each file by digest: its content is read at the gateway."""
    submission = task.submission
    if submission is None:
        return
    commit = {"head": submission.head, "tree": submission.tree, "base": submission.base, "result": task.result}
    yield {"artifactId": "commit", "name": "commit", "parts": [{"data": commit, "mediaType": "application/json"}]}
    for each in submission.artefacts:
        data = {"sha256": each.digest, "bytes": each.size}
        name = safe(each.name, LONGEST_TITLE)
        part = {"data": data, "filename": name, "mediaType": "application/json"}
        yield {"artifactId": f"{each.digest}:{name}", "name": name, "parts": [part]}
