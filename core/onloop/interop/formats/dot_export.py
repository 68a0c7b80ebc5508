"""A workflow as DOT for Attractor or Fabro. What DOT cannot say is carried in attributes called `onloop`."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator, Mapping
from itertools import pairwise

from onloop.interop.formats.dot_dialects import DotDialect
from onloop.interop.formats.dot_tokens import quoted_text
from onloop.interop.formats.losses import ExportedWorkflow, LossKind, LossList
from onloop.interop.formats.workflow_tree import Part, parts, reject_target, text, words
from onloop.machine.definition import END
from onloop.workflow.positioned_tree import Node, Side, locate

CARRIED = "onloop"
"""The attribute that carries, as JSON, what the others of its node do not say."""

GATE_OF = "gate_of"
FORMAT = 1
_ODD = re.compile(r"[^A-Za-z0-9_]")
_SAID_ABOVE = {"workflow", "description", "steps"}
_WHY: Mapping[str, str] = {
    "environment": "a runner of DOT has one working tree, prepared outside of the file",
    "effect": "a runner of DOT passes it by: nothing reaches the target there",
    "fan_out": "its children are not drawn, and a runner of DOT passes it by",
    "not_by": "a runner of DOT does not know who did what",
    "isolation": "a runner of DOT decides where its agents work",
    "wait": "Attractor has no node that waits",
    "max_visits": "Attractor does not count visits",
    "next": "its rules are in CEL over recorded facts, which are only the labels of edges there",
    "role": "a runner of DOT has no roles",
    "human": "a runner of DOT asks whoever is there: not these people, nor as many of them",
    "command": "there it runs in the agent's working tree, and {report} and {python} stand for nothing",
}
_OTHERWISE = "a runner of DOT has nothing of this"


def exported_dot(data: Part, root: Node, dialect: DotDialect) -> ExportedWorkflow:
    """The workflow in that dialect; `root` is its tree, for the places of what others do not obey."""
    return _Drawing(data, root, dialect).whole()


class _Drawing:
    def __init__(self, data: Part, root: Node, dialect: DotDialect) -> None:
        self._data, self._root, self._dialect = data, root, dialect
        self._losses = LossList()
        self._steps = parts(data.get("steps"))
        self._nodes: dict[str, str] = {END: "exit"}
        for step in self._steps:
            self._nodes[text(step, "id")] = self._name(text(step, "id"))

    def whole(self) -> ExportedWorkflow:
        carried = {name: value for name, value in self._data.items() if name not in _SAID_ABOVE}
        for name in carried:
            self._carry((name,), f"the {name} of the workflow", name)
        goal = text(self._data, "description")
        about = {
            "label": text(self._data, "workflow"),
            **({"goal": goal} if goal else {}),
            CARRIED: _json({"format": FORMAT, "dialect": self._dialect.name, **carried}),
        }
        first = self._nodes[text(self._steps[0], "id")] if self._steps else "exit"
        lines = [
            f"digraph {_ODD.sub('_', text(self._data, 'workflow')) or 'workflow'} {{",
            f"    graph [{_attributes(about)}]",
            '    start [shape=Mdiamond, label="Start"]',
            '    exit [shape=Msquare, label="Exit"]',
            f"    start -> {first}",
        ]
        for number, step in enumerate(self._steps):
            lines += ("", *self._drawn(number, step))
        return ExportedWorkflow("\n".join([*lines, "}"]) + "\n", self._losses.ordered())

    def _name(self, step_id: str) -> str:
        wanted = found = _ODD.sub("_", step_id if step_id[:1].isalpha() else f"s_{step_id}")
        number = 2
        while found in {"start", "exit", *self._nodes.values()} or found in {"graph", "node", "edge", "subgraph"}:
            found, number = f"{wanted}_{number}", number + 1
        return found

    def _drawn(self, number: int, step: Part) -> Iterator[str]:
        main = self._nodes[text(step, "id")]
        said = self._said(number, step)
        yield f"    {main} [{_attributes(said)}]"
        row: list[tuple[str, Part]] = [(main, step)]
        for place, gate in enumerate(parts(step.get("gates"))):
            node = self._name(f"{text(step, 'id')}__{text(gate, 'id')}")
            self._nodes[f"{text(step, 'id')} {text(gate, 'id')}"] = node
            yield f"    {node} [{_attributes(self._gate(number, place, step, gate))}]"
            row.append((node, gate))
        for (node, part), (other, _) in pairwise(row):
            yield f"    {node} -> {other}{self._onward(part, '')}"
            yield from self._returning(node, part, step)
        yield from self._leaving(number, step, *row[-1])

    def _said(self, number: int, step: Part) -> dict[str, str]:
        """The attributes of a step's own node."""
        rest = {name: value for name, value in step.items() if name not in {"gates", "timeout", "max_visits"}}
        said = {"label": text(step, "id"), "shape": "diamond"}
        if "role" in step:
            rest.pop("brief", None)
            said |= {"shape": "box", **({"prompt": text(step, "brief")} if "brief" in step else {})}
        elif "run" in step:
            rest.pop("run")
            said |= {"shape": "parallelogram", self._dialect.command: shlex.join(words(step["run"]))}
        elif "wait" in step:
            rest.pop("wait")
            said |= {"shape": "insulator" if self._dialect.waits else "diamond", "duration": text(step, "wait")}
        said |= {name: str(step[name]) for name in ("timeout", "max_visits") if name in step}
        attempts = step.get("attempts")
        if isinstance(attempts, Mapping) and isinstance(most := attempts.get("max"), int):
            said["max_retries"] = str(most - 1)
            rest["attempts"] = {name: value for name, value in attempts.items() if name != "max"}
            if not rest["attempts"]:
                del rest["attempts"]
        unheard = [] if self._dialect.waits else [name for name in ("wait", "max_visits") if name in step]
        for name in (*rest, *unheard):
            if name not in {"id", "on_fail", "on_reject", "brief"}:
                self._carry(("steps", number, name), f"{name} of {step.get('id')}", name)
        return {**said, CARRIED: _json(rest)}

    def _gate(self, number: int, place: int, step: Part, gate: Part) -> dict[str, str]:
        """The attributes of the node of a gate."""
        at = ("steps", number, "gates", place)
        name = f"{step.get('id')} gate {gate.get('id')}"
        rest = {GATE_OF: text(step, "id"), **gate}
        said = {"label": f"{step.get('id')}: {gate.get('id')}", "shape": "diamond"}
        if "command" in gate:
            del rest["command"]
            said |= {"shape": "parallelogram", self._dialect.command: shlex.join(words(gate["command"]))}
        elif "human" in gate:
            said["shape"] = "hexagon"
        for field in gate:
            if field != "id":
                self._carry((*at, field), f"{field} of {name}", field)
        return {**said, CARRIED: _json(rest)}

    def _carry(self, path: tuple[str | int, ...], what: str, field: str) -> None:
        at = locate(self._root, path, Side.KEY)
        self._losses.add(LossKind.CARRIED, at, what, _WHY.get(field, _OTHERWISE))

    def _onward(self, part: Part, rule: str) -> str:
        """The attributes of an edge of a pass out of the node of a step or of a gate."""
        if "human" in part:
            return f" [{_attributes({'label': f'[A] Approve, {rule}' if rule else '[A] Approve'})}]"
        said = {"label": rule} if rule else {}
        if ("run" in part or "command" in part) and not rule:
            said["condition"] = f"outcome={self._dialect.passed}"
        return f" [{_attributes(said)}]" if said else ""

    def _returning(self, node: str, part: Part, step: Part) -> Iterator[str]:
        """The edge of a failure or a rejection, where there is one."""
        if "human" in part:
            target = reject_target(step)
            said = {"label": "[R] Reject"}
        elif "run" in part or "command" in part or "review" in part:
            target = text(step, "on_fail") or (text(step, "id") if "role" in step and "review" not in part else "")
            said = {"label": "failed", "condition": f"outcome={self._dialect.failed}"}
        else:
            return
        if target in self._nodes:
            yield f"    {node} -> {self._nodes[target]} [{_attributes(said)}]"

    def _leaving(self, number: int, step: Part, node: str, part: Part) -> Iterator[str]:
        """The edges out of the last node of a step."""
        following = text(self._steps[number + 1], "id") if number + 1 < len(self._steps) else END
        rules = parts(step.get("next")) or [{"to": following}]
        for rule in rules:
            when = text(rule, "when") or ("else" if len(rules) > 1 else "")
            yield f"    {node} -> {self._nodes.get(text(rule, 'to'), 'exit')}{self._onward(part, when)}"
        yield from self._returning(node, part, step)
        if (conflict := text(step, "on_conflict")) in self._nodes:
            said = {"label": "conflict", "condition": f"outcome={self._dialect.failed}"}
            yield f"    {node} -> {self._nodes[conflict]} [{_attributes(said)}]"


def _attributes(said: Mapping[str, str]) -> str:
    bare = {"shape"}
    return ", ".join(f"{name}={value if name in bare else quoted_text(value)}" for name, value in said.items())


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
