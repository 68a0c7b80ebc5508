"""What a pull request says: made from evidence, with what an agent wrote quoted, and unable to do anything."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from onloop.machine.definition import Definition, Step
from onloop.machine.rules.bypass_standing import bypasses_now
from onloop.machine.task import Submission, Task
from onloop.machine.way import way_to
from onloop.text import safe, safe_lines

LONGEST_STATEMENT = 2_000
LONGEST_TITLE = 200
_ACTIVE = re.compile(r"@(?=[\w-])|#(?=\d)|(?<=\bGH)-(?=\d)|(?<=:)/(?=/)", re.IGNORECASE)
_ORDERS = re.compile(r"\[(?=\s*(?:skip|ci|no|actions)\b)|(?<=\bskip)-(?=checks\b)", re.IGNORECASE)
"""What a forge's CI reads in a commit's message as an order to stay away, such as [skip ci]."""
_ADDRESS = re.compile(r"<?[\w.+%-]+@[\w.-]+>")
_BREAK = "\u2060"
"""A word joiner, which nobody sees: what stands before it makes no mention, no reference, no address and no order."""


def inert(text: str, limit: int) -> str:
    """One line of foreign text that mentions nobody, closes nothing, and is neither an image nor HTML."""
    return _escaped(_without_deeds(safe(text, limit)))


def _without_deeds(text: str) -> str:
    for active in (_ACTIVE, _ORDERS):
        text = active.sub(lambda found: f"{found[0]}{_BREAK}", text)
    return text


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_\[\]<>!|~&])", r"\\\1", text)


def name_of(person: str) -> str:
    """Somebody's `name <address>` as it stands in a commit: a true address stays one, everything else does nothing."""
    name, opening, mail = safe(person, 300).strip().rpartition(" <")
    is_address = _ADDRESS.fullmatch(mail) is not None
    local, at, host = mail.rpartition("@") if is_address else (mail, "", "")
    return f"{_without_deeds(name)}{opening}{_without_deeds(local)}{at}{host}"


def title_of(template: str) -> str:
    """A title: plain text, one line, which refers to nothing and orders nothing."""
    return _without_deeds(safe(template, LONGEST_TITLE)) or "Work of an agent"


def marker(key: str) -> str:
    """What a comment or body of ours is found again by, invisible to people."""
    return f"<!-- onloop:{re.sub(r'[^A-Za-z0-9._/-]', '', key)} -->"


def proof_of(task: Task, submission: Submission, definition: Definition, key: str) -> str:
    """What is known of the work, for a pull request: gates, approvals, the commit; then the agent's words."""
    steps = way_to(definition, task)
    lines = [
        marker(key),
        f"onloop task `{task.id}`, workflow `{_code(task.workflow)}`, commit `{submission.head}`.",
        "",
        *_gates(task, steps),
        *_people(task, submission),
        *_statement(submission.statement),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _gates(task: Task, steps: Sequence[Step]) -> Iterator[str]:
    rows = [
        f"| {inert(step.id, 100)} | {inert(gate.id, 100)} | {found.verdict.value} | {inert(found.summary, 200)} |"
        for step in steps
        for gate in step.machine_gates
        if (found := task.found(step.id, gate.id)) is not None
    ]
    if rows:
        yield from ("| step | gate | verdict | |", "|---|---|---|---|", *rows, "")


def _people(task: Task, submission: Submission) -> Iterator[str]:
    now = (submission.head, submission.base)
    counted = [d for d in task.decisions if d.answer.value == "approve" and (d.head, d.base) == now]
    said = [f"- approved by {inert(d.by, 100)} ({d.assurance.value}) at {inert(d.step, 100)}" for d in counted]
    said += [f"- {inert(b.step, 100)}:{inert(b.gate, 100)} bypassed by {inert(b.by, 100)}" for b in bypasses_now(task)]
    if said:
        yield from (*dict.fromkeys(said), "")


def _statement(statement: str) -> Iterator[str]:
    """The agent's words in a fence that they cannot close, labelled as theirs."""
    if not statement.strip():
        return
    said = _without_deeds(safe_lines(statement, LONGEST_STATEMENT))
    fence = "`" * (max((len(run) for run in re.findall(r"`+", said)), default=2) + 3)
    yield from ("The agent says (nobody has verified these words):", "", f"{fence}text", said.rstrip(), fence)


def _code(text: str) -> str:
    return safe(text, 100).replace("`", "'")
