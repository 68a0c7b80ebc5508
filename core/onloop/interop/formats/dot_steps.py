"""Steps made of the stations of a foreign graph. What only an agent would vouch for, a person decides."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from onloop.errors import BadInput
from onloop.interop.formats.dot_dialects import NodeKind
from onloop.interop.formats.dot_graph import DotEdge, DotGraph, DotNode
from onloop.interop.formats.dot_walk import GraphWalk, Station
from onloop.interop.formats.dot_ways import reached_from
from onloop.interop.formats.foreign_text import plain_text
from onloop.interop.formats.losses import FileRefused, LossKind, LossList
from onloop.interop.formats.step_names import GivenNames, slug
from onloop.machine.definition import END
from onloop.workflow.duration import milliseconds, written

ROLE = "implementer"
APPROVERS = ["approvers"]
LONGEST_BRIEF = 50_000
_LONGEST_WORD = 10_000
_MOST = 20
_WEEK = 604_800_000
_PHASES = {NodeKind.AGENT: "work", NodeKind.FAN_OUT: "work", NodeKind.TOOL: "check", NodeKind.HUMAN: "people"}
_HOLE = re.compile(r"\{[A-Za-z_][A-Za-z0-9_.:-]*\}")
_ALWAYS = re.compile(r"\|\|\s*(?:true|:|exit\s+0)\s*$")
Step = dict[str, object]
Include = Callable[[str], bytes | None]
"""The bytes of a file beside the one that is read, or None where there is none that may be read."""


def person_gate(name: str) -> Step:
    """A gate that one of the approvers must approve."""
    return {"id": name, "human": {"from": APPROVERS}}


class StepMaker:
    """Makes the steps of one graph."""

    def __init__(self, graph: DotGraph, walk: GraphWalk, losses: LossList, include: Include) -> None:
        self._graph, self._walk, self._losses, self._include = graph, walk, losses, include
        self._names = GivenNames()
        self.goal = graph.attributes["goal"].text if "goal" in graph.attributes else ""

    def steps(self, stations: Sequence[Station]) -> list[Step]:
        """The steps of one row of stations, in its order."""
        ids: list[str] = []
        made: list[Step] = []
        for place, station in enumerate(stations):
            phase = _PHASES.get(station.kind, "wait")
            ids.append(self._names.step(phase, station.node.name, station.node.text("label")))
            step = self._made(station, ids[-1])
            self._lead(step, station, stations[: place + 1], ids)
            self._unchecked(step, station, stations[place + 1 :])
            made.append(step)
        return made

    def _made(self, station: Station, name: str) -> Step:
        node = station.node
        match station.kind:
            case NodeKind.FAN_OUT:
                return self._fan_out(station, name)
            case NodeKind.TOOL:
                return self._tool(node, name)
            case NodeKind.HUMAN:
                return self._human(node, name)
            case NodeKind.WAIT:
                wait = self._duration(node, "duration", least=1_000)
                if wait is None:
                    raise FileRefused(node.at, f"{node.name[:60]!r} does not say how long it waits", "add duration=30s")
                return {"id": name, "wait": wait}
            case _:
                return self._agent(station, name)

    def _agent(self, station: Station, name: str) -> Step:
        node = station.node
        step: Step = {"id": name, "role": ROLE, "brief": self._brief(node), "isolation": "clone"}
        gates: list[Step] = []
        if station.way is not None and station.way.is_asked:
            words = f"an agent's own word chooses what follows {name}"
            self._losses.add(LossKind.UNVERIFIED, node.at, words, "a person decides instead: the gate decide")
            gates.append(person_gate("decide"))
        elif node.is_set("goal_gate"):
            words = f"the goal of {name} is reached when its agent says so"
            self._losses.add(LossKind.UNVERIFIED, node.place("goal_gate"), words, "a person decides: the gate goal")
            gates.append(person_gate("goal"))
        return {**step, **self._limits(node), **({"gates": gates} if gates else {})}

    def _brief(self, node: DotNode) -> str:
        at, text = node.place("prompt", "label"), node.text("prompt") or node.text("label") or node.name
        if text.startswith("@"):
            text = self._included(node, text[1:])
        goal = self.goal or "$goal"
        length = len(text) + text.count("$goal") * (len(goal) - len("$goal"))
        if length > LONGEST_BRIEF:  # counted before the goal is put in, for it may be there often
            hint = "keep long text in the repository, and name its path"
            raise FileRefused(at, f"a prompt of {length} characters, more than {LONGEST_BRIEF}", hint)
        return text.replace("$goal", goal)

    def _included(self, node: DotNode, path: str) -> str:
        content = self._include(path)
        if content is not None and len(content) <= LONGEST_BRIEF:
            return plain_text(content.decode("utf-8", "replace"))
        why = "no such file below the folder of this one, or one too long for a brief"
        self._losses.add(LossKind.LOST, node.place("prompt"), f"the text of @{path}", why)
        return f"Do what {path} says."

    def _tool(self, node: DotNode, name: str) -> Step:
        script = node.text("script", "tool_command")
        at = node.place("script", "tool_command")
        if (hole := _HOLE.search(script)) is not None or not script or len(script) > _LONGEST_WORD:
            what = f"the command of {name}"
            why = f"{hole[0]} stands for something else here" if hole else "it says none that a step could run"
            self._losses.add(LossKind.LOST, at, what, f"{why}; a person looks instead: write it into a script file")
            return {"id": name, "gates": [person_gate("looked")], **self._limits(node, ends=False)}
        program = ["{python}", "-c"] if node.text("language") == "python" else ["sh", "-c"]
        why = "it runs over a clean checkout of what was handed in, and what it writes is not kept"
        self._losses.add(LossKind.CHANGED, at, f"the command of {name} is a check", why)
        if _ALWAYS.search(script):
            self._losses.add(LossKind.UNVERIFIED, at, f"the command of {name} passes whatever it finds", "drop || true")
        return {"id": name, "run": [*program, script], **self._limits(node)}

    def _human(self, node: DotNode, name: str) -> Step:
        if "human.default_choice" in node.attributes:
            words = "a choice that is made when nobody answers"
            why = "what nobody answered is never an approval"
            self._losses.add(LossKind.LOST, node.place("human.default_choice"), words, why)
        gate = person_gate("approve")
        timeout = self._duration(node, "timeout", least=1_000)
        if timeout is not None:
            gate["human"] = {"from": APPROVERS, "expire": {"after": timeout, "outcome": "hold"}}
            why = "here the task is then held, and a person told"
            self._losses.add(LossKind.CHANGED, node.place("timeout"), "a person's time to answer runs out", why)
        return {"id": name, "gates": [gate], **self._limits(node, ends=False)}

    def _fan_out(self, station: Station, name: str) -> Step:
        branches: dict[str, object] = {}
        for stations in station.branches:
            wanted = key = slug(stations[0].node.name, "branch")
            while key in branches:
                key = f"{wanted[:36]}-{len(branches)}"
            if len(stations) > _MOST:
                raise FileRefused(stations[_MOST].node.at, f"a branch of more than {_MOST} nodes", "divide it")
            branches[key] = {"steps": self.steps(stations)}
        policy = station.node.text("join_policy")
        if policy not in {"", "wait_all", "first_success"}:
            words = f"the branches are joined by {policy}"
            self._losses.add(LossKind.CHANGED, station.node.place("join_policy"), words, "here all must be done")
        fan_out: Step = {"branches": branches, "join": "first" if policy == "first_success" else "all"}
        parallel = station.node.text("max_parallel")
        if parallel.isdecimal() and 1 <= int(parallel[:4]) <= 100:
            fan_out["max_parallel"] = int(parallel)
        return {"id": name, "fan_out": fan_out, **self._limits(station.node, ends=False)}

    def _limits(self, node: DotNode, *, ends: bool = True) -> Step:
        """How long and how often: of what somebody or something does that may end badly."""
        found: Step = {}
        if ends and (timeout := self._duration(node, "timeout", least=1_000)) is not None:
            found["timeout"] = timeout
        retries = node.text("max_retries") or _text(self._graph.attributes, "default_max_retries", "default_max_retry")
        if ends and (count := self._number(node, "max_retries", retries)) is not None:
            found["attempts"] = {"max": max(1, min(_MOST, count + 1))}
        visits = node.text("max_visits") or _text(self._graph.attributes, "max_node_visits")
        if (count := self._number(node, "max_visits", visits)) is not None and count > 0:
            found["max_visits"] = min(_MOST, count)
        return found

    def _number(self, node: DotNode, name: str, text: str) -> int | None:
        if not text:
            return None
        if not re.fullmatch(r"-?[0-9]{1,6}", text):
            self._losses.add(LossKind.LOST, node.place(name), f"{name}={text}", "that is not a number")
            return None
        if int(text) >= _MOST:
            self._losses.add(LossKind.CHANGED, node.place(name), f"{name}={text}", f"{_MOST} is the most here")
        return int(text)

    def _duration(self, node: DotNode, name: str, *, least: int) -> str | None:
        text = node.text(name)
        if not text:
            return None
        try:
            given = milliseconds(text)
        except BadInput as problem:
            self._losses.add(LossKind.LOST, node.place(name), f"{name}={text}", problem.message)
            return None
        kept = max(least, min(_WEEK, given))
        if kept != given:
            why = f"{written(kept)} is the nearest that a step may say"
            self._losses.add(LossKind.CHANGED, node.place(name), f"{name}={text}", why)
        return written(kept)

    def _lead(self, step: Step, station: Station, before: Sequence[Station], ids: Sequence[str]) -> None:
        """Say where a failure or a rejection leads: back to the nearest step at which agents work."""
        back = station.way.back if station.way is not None else None
        target = self._returns_to(back, before, ids) if back is not None else None
        if back is None and (named := station.node.text("retry_target")) in self._graph.nodes:
            edge = DotEdge(station.node.name, named, station.node.place("retry_target"), {})
            target = self._returns_to(edge, before, ids)
        asks = any("human" in gate for gate in _gates(step))
        if asks and (target is not None or "role" not in step):
            step["on_reject"] = target or END
        elif "run" in step and target not in {None, END}:
            step["on_fail"] = target
        if back is not None and target in {None, END}:
            after = "a rejection ends the task" if asks else "a person is asked after a failure"
            self._losses.add(LossKind.CHANGED, back.at, f"the way from {ids[-1]} to {back.goal}", f"here {after}")

    def _returns_to(self, edge: DotEdge, before: Sequence[Station], ids: Sequence[str]) -> str | None:
        places = {name: place for place, each in enumerate(before) for name in (each.node.name, *each.aliases)}
        reached = reached_from(edge.goal, self._walk.leaving, places.keys())
        hits = [places[name] for name in reached if name in places]
        if not hits:
            return END
        place = next((each for each in range(min(hits), -1, -1) if before[each].works), None)
        if place is None:
            place = next((each for each, station in enumerate(before) if station.works), None)
        if place is None:
            return None
        if before[place].node.name != edge.goal:
            words = f"the way from {ids[-1]} to {edge.goal} on a failure or a rejection"
            why = f"it leads back to {ids[place]}, whose agent is told what failed"
            self._losses.add(LossKind.CHANGED, edge.at, words, why)
        return ids[place]

    def _unchecked(self, step: Step, station: Station, after: Sequence[Station]) -> None:
        """Say that nothing checks an agent's work, where neither a gate nor the next station does."""
        if station.kind is not NodeKind.AGENT or _gates(step):
            return
        if not after or after[0].works or after[0].kind is NodeKind.WAIT:
            words = f"nothing checks what the agent of {step['id']} did"
            self._losses.add(LossKind.UNVERIFIED, station.node.at, words, "add a gate: a command, a file or a person")


def _gates(step: Step) -> list[Mapping[str, object]]:
    gates = step.get("gates")
    return [gate for gate in gates if isinstance(gate, dict)] if isinstance(gates, list) else []


def _text(attributes: Mapping[str, object], *names: str) -> str:
    return next((str(getattr(attributes[name], "text", "")) for name in names if name in attributes), "")
