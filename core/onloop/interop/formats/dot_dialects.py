"""How Attractor and Fabro call things in their DOT files, and what of that has no counterpart here."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum, auto

from onloop.interop.formats.dot_graph import DotNode
from onloop.records import Record


class NodeKind(Enum):
    """What a node does there."""

    START = auto()
    EXIT = auto()
    AGENT = auto()
    HUMAN = auto()
    BRANCH = auto()
    TOOL = auto()
    FAN_OUT = auto()
    FAN_IN = auto()
    WAIT = auto()
    MANAGER = auto()


class DotDialect(Record):
    """The words in which the two differ."""

    name: str
    passed: str
    failed: str
    command: str
    waits: bool


ATTRACTOR = DotDialect("attractor", "success", "fail", "tool_command", waits=False)
FABRO = DotDialect("fabro", "succeeded", "failed", "script", waits=True)
DIALECTS: Mapping[str, DotDialect] = {each.name: each for each in (ATTRACTOR, FABRO)}

_BY_SHAPE = {
    "Mdiamond": NodeKind.START,
    "Msquare": NodeKind.EXIT,
    "box": NodeKind.AGENT,
    "tab": NodeKind.AGENT,
    "hexagon": NodeKind.HUMAN,
    "diamond": NodeKind.BRANCH,
    "component": NodeKind.FAN_OUT,
    "tripleoctagon": NodeKind.FAN_IN,
    "parallelogram": NodeKind.TOOL,
    "insulator": NodeKind.WAIT,
    "house": NodeKind.MANAGER,
}
_BY_TYPE = {
    "start": NodeKind.START,
    "exit": NodeKind.EXIT,
    "codergen": NodeKind.AGENT,
    "agent": NodeKind.AGENT,
    "prompt": NodeKind.AGENT,
    "wait.human": NodeKind.HUMAN,
    "human": NodeKind.HUMAN,
    "conditional": NodeKind.BRANCH,
    "parallel": NodeKind.FAN_OUT,
    "parallel.fan_in": NodeKind.FAN_IN,
    "tool": NodeKind.TOOL,
    "command": NodeKind.TOOL,
    "wait": NodeKind.WAIT,
    "stack.manager_loop": NodeKind.MANAGER,
}
_BY_NAME = {"start": NodeKind.START, "exit": NodeKind.EXIT, "end": NodeKind.EXIT}

DRAWING = frozenset(
    {
        *("rankdir", "splines", "nodesep", "ranksep", "bgcolor", "color", "fillcolor", "fontcolor", "fontname"),
        *("fontsize", "style", "penwidth", "margin", "labelloc", "labeljust", "height", "width", "arrowhead"),
        *("arrowtail", "constraint", "tooltip", "layout", "pad", "dpi", "size", "ratio", "xlabel", "dir", "minlen"),
    }
)
"""Attributes that say how a graph looks; they come along in no workflow, and nobody misses them."""

_MODEL = "whoever starts the worker chooses the agent and its model: onloop work --agent"
_SESSION = "an agent's session goes on over its rounds, and what a step hands over is said by artefacts"
WHY_NOT: Mapping[str, str] = {
    **dict.fromkeys(("model", "llm_model", "llm_provider", "provider", "model_stylesheet", "class"), _MODEL),
    **dict.fromkeys(("reasoning_effort", "max_tokens", "backend", "speed"), _MODEL),
    **dict.fromkeys(("fidelity", "default_fidelity", "thread_id"), _SESSION),
    "auto_status": "an agent's end is not a pass here",
    "allow_partial": "a gate passes or does not",
    "retry_policy": "its pauses are not the same everywhere; write attempts: {max, backoff, max_backoff}",
    "human.default_choice": "what nobody answered is never an approval",
    "fallback_retry_target": "a failure leads to one step",
    "retry_target": "where a failure leads is said by the step that checks",
    "error_policy": "a branch that fails is a person's to decide",
    "selection": "what is true of the work chooses the way, by rules over recorded facts",
    "loop_restart": "a step that is entered again goes on in the same run",
    "freeform": "a person rejects with a reason, which the agent reads",
    "weight": "rules are tried in their order",
    "stall_timeout": "a lease that nobody renews runs out",
}
UNKNOWN = "onloop has nothing of this name"

_CONDITION = re.compile(r'\s*(?:outcome|status)\s*(!?=)=?\s*"?([a-z_]+)"?\s*')
_GOOD, _BAD = {"success", "succeeded"}, {"fail", "failed"}
_ACCELERATOR = re.compile(r"\s*(?:\[[^\]]{1,3}\]|[A-Za-z0-9]{1,2}\)|[A-Za-z0-9] -)\s*")
_YES = {"approve", "approved", "accept", "yes", "ship", "ok", "okay", "pass", "continue", "proceed", "merge", "lgtm"}
_NO = {"reject", "rejected", "deny", "no", "revise", "fix", "changes", "retry", "rework", "redo", "fail", "back"}
_NO |= {"skip", "cancel", "abort", "stop", "decline"}


def kind_of(node: DotNode) -> NodeKind | None:
    """What the node does by its type, or else its shape, or else its name; None where nobody knows.

    A shape that a node named only by edges inherits counts as well, unless the name is that of the start or the exit.
    """
    kind, shape = node.text("type"), node.text("shape")
    if kind:
        return _BY_TYPE.get(kind)
    named = _BY_NAME.get(node.name.lower())
    if shape and (node.is_declared or named is None):
        return _BY_SHAPE.get(shape)
    return named or NodeKind.AGENT


def outcome_of(condition: str) -> bool | None:
    """Whether a condition asks for a pass (True) or a failure (False); None for anything else."""
    found = _CONDITION.fullmatch(condition)
    if found is None or found[2] not in _GOOD | _BAD:
        return None
    return (found[2] in _GOOD) is (found[1] == "=")


def answer_of(label: str) -> bool | None:
    """Whether the words of a choice approve (True) or reject (False); None where they do not say."""
    found = _ACCELERATOR.match(label)
    words = set(re.findall(r"[a-z]+", label[found.end() if found else 0 :].lower()))
    approves, rejects = bool(words & _YES), bool(words & _NO)
    return None if approves is rejects else approves
