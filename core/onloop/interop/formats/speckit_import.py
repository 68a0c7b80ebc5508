"""A workflow of Spec Kit as one of ours. What only an expression or an agent's output would decide, a person does."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from onloop.interop.formats.losses import LARGEST_FILE, FileRefused, ImportedWorkflow, LossKind, LossList
from onloop.interop.formats.speckit_nodes import field, number, place, text_of
from onloop.interop.formats.step_names import GivenNames, workflow_slug
from onloop.machine.definition import END
from onloop.workflow.document import read
from onloop.workflow.positioned_tree import ListNode, MapNode, Node, Position, plain

MOST_STEPS = 100
LONGEST_BRIEF = 50_000
_LONGEST_WORD = 10_000
_MOST_VISITS = 20
_START = Position(1, 1)
_HOLE = re.compile(r"\{[A-Za-z_][A-Za-z0-9_.:-]*\}")
_TAG = re.compile(r"\{\{.{0,300}?\}\}", re.DOTALL)
_EXIT_CODE = re.compile(r"steps\.([A-Za-z0-9_-]+)\.output\.exit_code")
_APPROVE = {"approve", "approved", "yes", "accept", "ok"}
_REJECT = {"reject", "rejected", "no", "abort"}
_WHY: Mapping[str, str] = {
    "integration": "whoever starts the worker chooses the agent: onloop work --agent",
    "model": "whoever starts the worker chooses the agent and its model: onloop work --agent",
    "options": "whoever starts the worker says how the agent is called",
    "message": "the decision sheet shows what is decided about, with its evidence",
    "show_file": "the decision sheet shows what was handed over",
    "verdict_input": "a verdict that is given beforehand is never an approval",
    "continue_on_error": "a gate that fails is never passed by: overridable_by says who may let work past it",
    "output_format": "what a command prints is evidence, and no later step's input",
    "requires": "onloop doctor says what a machine has",
    "inputs": "a task has a title and what was attached to it: onloop start --title … --attach",
    "name": "a workflow has a name and a description",
    "version": "a workflow is pinned by the digest of its bytes",
    "author": "the log says who adopted it",
}
_UNKNOWN = "onloop has nothing of this name"
_SAID = {
    "command": {"id", "type", "command", "input"},
    "prompt": {"id", "type", "prompt"},
    "shell": {"id", "type", "run", "timeout"},
    "gate": {"id", "type", "options", "on_reject"},
    "if": {"id", "type", "condition", "then", "else"},
    "while": {"id", "type", "condition", "steps", "max_iterations"},
    "do-while": {"id", "type", "condition", "steps", "max_iterations"},
}
_REFUSED: Mapping[str, str] = {
    "switch": "it chooses by an expression, which nothing here evaluates: keep the case that is meant",
    "fan-out": "its children come from an expression: write fan_out: {over: FILE} in the workflow that is imported",
}
_DROPPED: Mapping[str, str] = {
    "fan-in": "a fan-out joins by itself",
    "init": "a project is prepared by onloop init --repo",
}
Step = dict[str, object]


def speckit_workflow(source: bytes) -> ImportedWorkflow:
    """The workflow in the bytes of a workflow.yml; FileRefused says where it is none."""
    if len(source) > LARGEST_FILE:
        raise FileRefused(_START, f"the file has {len(source)} bytes, more than {LARGEST_FILE}", "divide it")
    document = read(source)
    if document.problems:
        problem = document.problems[0]
        raise FileRefused(problem.position, problem.what, problem.hint)
    root = document.root
    if not isinstance(root, MapNode) or "steps" not in root.fields:
        hint = "import the workflow.yml itself, not an overlay of it"
        raise FileRefused(_START, "there are no steps in it", hint)
    return _Making(root).whole()


class _Making:
    """One import: the steps so far, and what was lost."""

    def __init__(self, root: MapNode) -> None:
        self._root = root
        self._losses = LossList()
        self._names = GivenNames()
        self._steps: list[Step] = []
        self._places: list[Position] = []
        self._shells: dict[str, Step] = {}
        self._tags: set[str] = set()

    def whole(self) -> ImportedWorkflow:
        self._take(self._root, "steps")
        if not self._steps:
            raise FileRefused(place(self._root, "steps"), "no agent works in it", "add a command or a prompt")
        self._unchecked()
        about = field(self._root, "workflow")
        data: Step = {"workflow": workflow_slug(text_of(about, "id"), "speckit")}
        description = text_of(about, "description")
        if description:
            data["description"] = description[:2_000]
        self._unsaid(self._root, {"schema_version", "workflow", "steps"}, "the file")
        if isinstance(about, MapNode):
            self._unsaid(about, {"id", "description"}, "the workflow")
        return ImportedWorkflow({**data, "steps": self._steps}, self._losses.ordered())

    def _take(self, owner: MapNode, name: str) -> None:
        for each in self._listed(owner, name):
            if not isinstance(each, MapNode):
                raise FileRefused(each.position, "a step that is no mapping", "begin it with id:")
            kind = text_of(each, "type") or ("prompt" if "prompt" in each.fields else "command")
            if kind in _REFUSED:
                raise FileRefused(each.position, f"a step of the kind {kind}", _REFUSED[kind])
            if kind in _DROPPED:
                self._losses.add(LossKind.LOST, each.position, f"the step {text_of(each, 'id')}", _DROPPED[kind])
                continue
            if kind not in _SAID:
                raise FileRefused(place(each, "type"), f"a step of the kind {kind!r}", f"kinds: {', '.join(_SAID)}")
            self._one(kind, each)
            self._unsaid(each, _SAID[kind], f"step {text_of(each, 'id')}")
            if len(self._steps) > MOST_STEPS:
                raise FileRefused(each.position, f"more than {MOST_STEPS} steps", "divide the workflow")

    def _listed(self, owner: MapNode, name: str) -> Sequence[Node]:
        """The steps in that field: none where it is not there, and refused where it is no list."""
        found = field(owner, name)
        if found is not None and not isinstance(found, ListNode):
            raise FileRefused(place(owner, name), f"{name} is no list of steps", "begin each step with a dash")
        return found.items if found is not None else ()

    def _one(self, kind: str, node: MapNode) -> None:
        match kind:
            case "command" | "prompt":
                self._agent(kind, node)
            case "shell":
                self._shell(node)
            case "gate":
                self._gate(node)
            case "if":
                self._branch(node)
            case _:
                self._loop(node)

    def _add(self, step: Step, at: Position) -> None:
        self._steps.append(step)
        self._places.append(at)

    def _agent(self, kind: str, node: MapNode) -> None:
        brief = text_of(node, kind)
        if kind == "command":
            args = text_of(field(node, "input"), "args")
            brief = f"Run the command {brief} of Spec Kit{f' with: {args}' if args else ''}."
        if not text_of(node, kind) or len(brief) > LONGEST_BRIEF:
            hint = f"say it in 1 to {LONGEST_BRIEF} characters"
            raise FileRefused(place(node, kind), f"a step whose {kind} is missing or too long", hint)
        for tag in _TAG.findall(brief):
            if tag not in self._tags:
                self._tags.add(tag)
                why = "a brief is told as it stands; the task's title and what was attached come with it"
                self._losses.add(LossKind.LOST, place(node, kind, "input"), f"what {tag} stands for", why)
        name = self._names.step("work", text_of(node, "id"))
        self._add({"id": name, "role": "implementer", "brief": brief, "isolation": "clone"}, node.position)

    def _shell(self, node: MapNode) -> None:
        script, at = text_of(node, "run"), place(node, "run")
        if self._worker() is None:
            why = "nothing is handed in yet: do it in environment.setup, or let the first agent do it"
            self._losses.add(LossKind.LOST, node.position, f"the step {text_of(node, 'id')}, before any agent", why)
            return
        name = self._names.step("check", text_of(node, "id"))
        hole = _TAG.search(script) or _HOLE.search(script)
        if hole is not None or not script or len(script) > _LONGEST_WORD:
            why = f"{hole[0]} is filled in by nothing here" if hole else "it says none that a step could run"
            self._losses.add(LossKind.LOST, at, f"the command of {name}", f"{why}; a person looks instead")
            self._add(self._asking(name, "looked", self._worker() or END), node.position)
            return
        why = "it runs over a clean checkout of what was handed in, and what it writes is not kept"
        self._losses.add(LossKind.CHANGED, at, f"the command of {name} is a check", why)
        seconds = number(node, "timeout")
        limit = {"timeout": f"{seconds}s"} if seconds is not None and 1 <= seconds <= 604_800 else {}
        step: Step = {"id": name, "run": ["sh", "-c", script], **limit}
        self._shells[text_of(node, "id")] = step
        self._add(step, node.position)

    def _gate(self, node: MapNode) -> None:
        worker = self._worker()
        if worker is None:
            why = "nothing is handed in yet that a person could decide about"
            self._losses.add(LossKind.LOST, node.position, f"the gate {text_of(node, 'id')}, before any agent", why)
            return
        self._options(node)
        target, at = END, place(node, "on_reject")
        match text_of(node, "on_reject") or "abort":
            case "abort":
                pass
            case "retry":
                target = worker
                words = "a rejection asks again there"
                self._losses.add(
                    LossKind.CHANGED, at, words, f"here it leads back to {worker}, whose agent is told why"
                )
            case _:
                words = "a rejection lets the work on there"
                self._losses.add(LossKind.LOST, at, words, "here it ends the task: no rejection is an approval")
        self._add(self._asking(self._names.step("people", text_of(node, "id")), "approve", target), node.position)

    def _options(self, node: MapNode) -> None:
        options = field(node, "options")
        words = [str(plain(item)).lower() for item in options.items] if isinstance(options, ListNode) else []
        if any(word not in _APPROVE | _REJECT for word in words):
            why = "a person approves, or rejects with a reason"
            what = f"the choices {', '.join(words[:10])}"
            self._losses.add(LossKind.CHANGED, place(node, "options"), what, why)

    def _branch(self, node: MapNode) -> None:
        if self._listed(node, "else"):
            hint = "it chooses by an expression, which nothing here evaluates: keep the side that is meant"
            raise FileRefused(place(node, "else"), "a step of the kind if, with two sides", hint)
        words, why = "a condition of steps", "nothing here evaluates it: they are always done"
        self._losses.add(LossKind.CHANGED, place(node, "condition"), words, why)
        self._take(node, "then")

    def _loop(self, node: MapNode) -> None:
        """What is repeated, once; then the command that the condition asks about leads back, or a person does."""
        before = len(self._steps)
        self._take(node, "steps")
        inside = self._steps[before:]
        target = next((str(step["id"]) for step in inside if "role" in step), None) or self._worker()
        if target is None:
            return
        visits = number(node, "max_iterations")
        asked = _EXIT_CODE.search(str(plain(field(node, "condition") or node))[:2_000])
        checks = self._shells.get(asked[1]) if asked is not None else None
        at = place(node, "condition")
        if checks is not None and checks in inside and self._is_before(target, checks):
            checks["on_fail"] = target
            words = f"the steps are repeated while {checks['id']} fails"
            self._losses.add(LossKind.CHANGED, at, words, f"its failure leads back to {target}")
        else:
            words = f"an expression says whether {text_of(node, 'id')} is repeated"
            name = self._names.step("people", text_of(node, "id"))
            self._losses.add(LossKind.UNVERIFIED, at, words, f"a person decides: {name}")
            self._add(self._asking(name, "done", target), node.position)
        if visits is not None and visits > 0:
            for step in (*inside, *self._steps[before + len(inside) :]):
                step["max_visits"] = min(_MOST_VISITS, visits)

    def _is_before(self, target: str, step: Step) -> bool:
        names = [each["id"] for each in self._steps]
        return names.index(target) < names.index(step["id"])

    def _asking(self, name: str, gate: str, target: str) -> Step:
        return {"id": name, "gates": [{"id": gate, "human": {"from": ["approvers"]}}], "on_reject": target}

    def _worker(self) -> str | None:
        """The last step so far at which an agent works."""
        return next((str(step["id"]) for step in reversed(self._steps) if "role" in step), None)

    def _unchecked(self) -> None:
        for step, follows, at in zip(self._steps, [*self._steps[1:], {}], self._places, strict=True):
            if "role" in step and "run" not in follows and "gates" not in follows:
                words = f"nothing checks what the agent of {step['id']} did"
                self._losses.add(LossKind.UNVERIFIED, at, words, "add a gate: a command, a file or a person")

    def _unsaid(self, node: MapNode, said: set[str], owner: str) -> None:
        for name, entry in node.fields.items():
            if name not in said:
                self._losses.add(LossKind.LOST, entry.position, f"{name} of {owner}", _WHY.get(name, _UNKNOWN))
