"""Symphony's WORKFLOW.md as a workflow: its states, hooks and limits, and its prose as the brief of one agent.

There the agent itself moves the ticket, so that nothing is verified: here a person approves before the work goes on.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from onloop.interop.formats.foreign_text import HIDDEN
from onloop.interop.formats.losses import LARGEST_FILE, FileRefused, ImportedWorkflow, LossKind, LossList
from onloop.workflow.characters import decoded
from onloop.workflow.document import read
from onloop.workflow.duration import written
from onloop.workflow.positioned_tree import (
    FileProblem,
    ListNode,
    MapNode,
    Node,
    Position,
    Scalar,
)

LONGEST_BRIEF = 50_000
MOST_HEADINGS = 60
WORK, REVIEW = "work.issue", "review.people"
_LONGEST_WORD = 10_000
_WEEK = 604_800_000
_START = Position(1, 1)
_HOLE = re.compile(r"\{[A-Za-z_][A-Za-z0-9_.:-]*\}")
_TAG = re.compile(r"\{\{[^{}\n]{0,200}\}\}|\{%[^%\n]{0,200}%\}")
_GIT, _CLONE = re.compile(r"\bgit\b"), re.compile(r"\bclone\b")
_HEADING = re.compile(r"#{1,6} +(.*)")
_MERGING = re.compile(r"merg|land|ship", re.IGNORECASE)
_SENT_BACK = re.compile(r"rework|revis|changes", re.IGNORECASE)
_KNOWN = {"tracker", "polling", "workspace", "hooks", "agent", "codex", "server", "worker"}
_WHERE: Mapping[tuple[str, str], str] = {
    ("tracker", "kind"): "tickets begin tasks by triggers: onloop help triggers",
    ("tracker", "provider"): "tickets begin tasks by triggers: onloop help triggers",
    ("tracker", "required_labels"): "a trigger says which tickets begin a task: onloop help triggers",
    ("tracker", "dispatchable"): "a trigger says which tickets begin a task: onloop help triggers",
    ("polling", "interval_ms"): "webhooks and schedules begin work: onloop help triggers",
    ("workspace", "root"): "the worker makes the environments: onloop work",
    ("hooks", "before_run"): "nothing runs before each try; let the agent do it, or write it into environment.setup",
    ("hooks", "after_run"): "what runs after a try is a gate, or a step with run",
    ("hooks", "before_remove"): "the worker removes environments itself",
    ("hooks", "timeout_ms"): "setup ends with the box that it runs in",
    ("agent", "max_turns"): "an agent's turns are its own; rounds say how often failed gates go back to it",
    ("agent", "max_concurrent_agents"): "whoever starts the worker says how many: onloop work",
    ("agent", "max_concurrent_agents_by_state"): "whoever starts the worker says how many: onloop work",
    ("codex", "command"): "whoever starts the worker chooses the agent: onloop work --agent",
    ("codex", "read_timeout_ms"): "the worker's own business",
    ("codex", "stall_timeout_ms"): "a lease that nobody renews runs out",
    ("codex", "approval_policy"): "what an agent may do is the worker's and the box's: onloop help environments",
    ("codex", "thread_sandbox"): "what an agent may do is the worker's and the box's: onloop help environments",
    ("codex", "turn_sandbox_policy"): "what an agent may do is the worker's and the box's: onloop help environments",
    ("server", "port"): "onloop serve --listen says where",
    ("worker", "ssh_hosts"): "workers on other machines are started there: onloop help remote",
}
_UNKNOWN = "onloop has nothing of this name"
Step = dict[str, object]


def symphony_workflow(source: bytes) -> ImportedWorkflow:
    """The workflow in the bytes of a WORKFLOW.md; FileRefused says where it is none."""
    head, body, first = _divided(source)
    losses = LossList()
    root = _front_matter(head)
    work: Step = {"id": WORK, "role": "implementer", "brief": _brief(body, first, losses), "isolation": "clone"}
    data: Step = {"workflow": "symphony"}
    merges = False
    if root is not None:
        setup = _setup(root, losses)
        work |= _limits(root, losses)
        merges = _states(root, losses)
        _unsaid(root, losses)
        data |= {"environment": {"setup": setup}} if setup else {}
    approve = {"id": "approve", "human": {"from": ["approvers"]}}
    words = "the agent itself says when a ticket is done, and moves it"
    losses.add(LossKind.UNVERIFIED, _START, words, f"a person approves instead: {REVIEW}")
    steps: list[Step] = [work, {"id": REVIEW, "gates": [approve], "on_reject": WORK}]
    if merges:
        steps.append({"id": "ship.merge", "effect": "merge"})
    return ImportedWorkflow({**data, "steps": steps}, losses.ordered())


def _divided(source: bytes) -> tuple[str, str, int]:
    """The front matter with as many lines before it as in the file, the body, and the line where that begins."""
    if len(source) > LARGEST_FILE:
        raise FileRefused(_START, f"the file has {len(source)} bytes, more than {LARGEST_FILE}", "divide it")
    text = decoded(source)
    if isinstance(text, FileProblem):
        raise FileRefused(text.position, text.what, text.hint)
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return "", text, 1
    end = next((number for number, line in enumerate(lines) if number and line.rstrip() == "---"), None)
    if end is None:
        raise FileRefused(_START, "the front matter begins here and never ends", "end it with ---")
    return "\n".join(["", *lines[1:end]]) + "\n", "\n".join(lines[end + 1 :]), end + 2


def _front_matter(text: str) -> MapNode | None:
    if not text.strip():
        return None
    document = read(text.encode())
    if document.problems:
        problem = document.problems[0]
        raise FileRefused(problem.position, problem.what, problem.hint)
    if not isinstance(document.root, MapNode):
        raise FileRefused(_START, "the front matter is no mapping", "begin it with tracker:")
    return document.root


def _brief(body: str, first: int, losses: LossList) -> str:
    """The body as it is, with what of it nothing here fills in, follows or checks."""
    text = body.strip()
    if not text:
        raise FileRefused(Position(first, 1), "the file says no agent what to do", "write it below the front matter")
    at = Position(first + body[: len(body) - len(body.lstrip())].count("\n"), 1)
    if len(text) > LONGEST_BRIEF:
        hint = "keep long text in the repository, and name its path"
        raise FileRefused(at, f"a body of {len(text)} characters, more than {LONGEST_BRIEF}", hint)
    if (hidden := HIDDEN.search(body)) is not None:
        line = body.count("\n", 0, hidden.start())
        column = hidden.start() - body.rfind("\n", 0, hidden.start())
        words = f"the character U+{ord(hidden[0][0]):04X}, which cannot be seen"
        raise FileRefused(Position(first + line, column), words, "remove it")
    losses.add(LossKind.PROSE, at, "the whole body is the brief of one agent", "only what a gate says is checked")
    _prose(body, first, losses)
    return f"{text}\n"


def _prose(body: str, first: int, losses: LossList) -> None:
    """Every section of the body, and every tag of its template, once."""
    seen: set[str] = set()
    headings = 0
    for number, line in enumerate(body.split("\n")):
        heading = _HEADING.fullmatch(line)
        if heading is not None and headings < MOST_HEADINGS:
            headings += 1
            words = f"the section {heading[1].strip()!r}"
            losses.add(LossKind.PROSE, Position(first + number, 1), words, "make what must hold of it a gate")
        for tag in _TAG.finditer(line):
            if tag[0] not in seen:
                seen.add(tag[0])
                why = "a brief is told as it stands; the task's title and what was attached come with it"
                losses.add(LossKind.LOST, Position(first + number, tag.start() + 1), f"what {tag[0]} stands for", why)


def _setup(root: MapNode, losses: LossList) -> list[list[str]]:
    """The hook that prepares a workspace, as what prepares the checkout of gates."""
    node = _at(root, "hooks", "after_create")
    script = node.value if isinstance(node, Scalar) else None
    if node is None or not isinstance(script, str) or not script.strip():
        return []
    if any(_clones(line) for line in script.split("\n")):
        why = "the worker clones the repository itself; write what else it does into environment.setup"
        losses.add(LossKind.LOST, node.position, "the hook after_create, which clones", why)
        return []
    if (hole := _HOLE.search(script)) is not None or len(script) > _LONGEST_WORD:
        why = f"{hole[0]} stands for something else here" if hole else "it is too long; call a file of the repository"
        losses.add(LossKind.LOST, node.position, "the hook after_create", why)
        return []
    why = "environment.setup prepares what gates find, without a network unless network: true"
    losses.add(LossKind.CHANGED, node.position, "the hook after_create", why)
    return [["sh", "-ec", script]]


def _clones(line: str) -> bool:
    git = _GIT.search(line)
    return git is not None and _CLONE.search(line, git.end()) is not None


def _limits(root: MapNode, losses: LossList) -> Step:
    found: Step = {}
    if (turn := _milliseconds(root, losses, "codex", "turn_timeout_ms", 1_000)) is not None:
        found["timeout"] = turn
    if (pause := _milliseconds(root, losses, "agent", "max_retry_backoff_ms", 0)) is not None:
        first = "10s" if pause not in {"0s"} and _ms(root, "agent", "max_retry_backoff_ms") >= 10_000 else pause
        found["attempts"] = {"backoff": first, "max_backoff": pause}
        at = _at(root, "agent", "max_retry_backoff_ms")
        if at is not None:
            why = "after the last of attempts: {max} a person is asked"
            losses.add(LossKind.CHANGED, at.position, "tries without end", why)
    return found


def _milliseconds(root: MapNode, losses: LossList, room: str, name: str, least: int) -> str | None:
    node = _at(root, room, name)
    if node is None:
        return None
    given = _ms(root, room, name)
    if given < 0:
        losses.add(LossKind.LOST, node.position, f"{room}.{name}", "that is no number of milliseconds")
        return None
    kept = max(least, min(_WEEK, given))
    if kept != given:
        why = f"{written(kept)} is the nearest that a step may say"
        losses.add(LossKind.CHANGED, node.position, f"{room}.{name}", why)
    return written(kept)


def _ms(root: MapNode, room: str, name: str) -> int:
    node = _at(root, room, name)
    value = node.value if isinstance(node, Scalar) else None
    return value if isinstance(value, int) and not isinstance(value, bool) else -1


def _states(root: MapNode, losses: LossList) -> bool:
    """Say what each state became; whether one of them merges, which here is an effect after a person approved."""
    merges = False
    for name in ("active_states", "terminal_states"):
        node = _at(root, "tracker", name)
        for item in node.items if isinstance(node, ListNode) else ():
            state = str(item.value)[:100] if isinstance(item, Scalar) else "?"
            losses.add(LossKind.CHANGED, item.position, f"the state {state}", _became(name, state))
            merges = merges or (name == "active_states" and bool(_MERGING.search(state)))
    return merges


def _became(name: str, state: str) -> str:
    if name == "terminal_states":
        return "a task ends as completed, failed, canceled or rejected"
    if _MERGING.search(state):
        return f"the effect ship.merge, after a person approved at {REVIEW}"
    if _SENT_BACK.search(state):
        return f"a rejection at {REVIEW}, which leads back to {WORK}"
    return f"the step {WORK}: what moves a ticket between states is prose there"


def _unsaid(root: MapNode, losses: LossList) -> None:
    """Every field that nothing here stands for."""
    said = {("tracker", "active_states"), ("tracker", "terminal_states"), ("hooks", "after_create")}
    said |= {("codex", "turn_timeout_ms"), ("agent", "max_retry_backoff_ms")}
    for room, entry in root.fields.items():
        if room not in _KNOWN or not isinstance(entry.value, MapNode):
            losses.add(LossKind.LOST, entry.position, room, _UNKNOWN)
            continue
        for name, inner in entry.value.fields.items():
            if (room, name) not in said:
                losses.add(LossKind.LOST, inner.position, f"{room}.{name}", _WHERE.get((room, name), _UNKNOWN))


def _at(root: MapNode, *names: str) -> Node | None:
    node: Node = root
    for name in names:
        if not isinstance(node, MapNode) or name not in node.fields:
            return None
        node = node.fields[name].value
    return node
