"""Puts the steps of the workflows that a file uses in the place of the steps that use them, each at its own position.

They are walked by the same task: so what is checked of ways to effects, of reviews and of approvals holds across files,
and the gates of all are on one sheet. A child would need its work merged back, and could carry out no effect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from onloop.machine.definition import END
from onloop.records import Record, replace
from onloop.workflow.document import read
from onloop.workflow.hints import nearest, quoted
from onloop.workflow.pinned_files import USES
from onloop.workflow.positioned_tree import FileProblem, ListNode, MapNode, MappingEntry, Node, Position, Scalar, plain

DEEPEST = 5
"""How deep workflows may use each other."""

MOST_STEPS = 200
"""How many steps are put in the place of others, all together: files that use each other often grow without end."""

TAKEN_OVER = ("id", USES, "with", "next", "on_fail", "on_reject", "not_by")
"""The fields of a step that uses a workflow: where it leads, and whom and what its steps go by."""

_WITH = re.compile(r"\{with\.([A-Za-z0-9_-]*)\}")
_POINTING = ("on_fail", "on_reject", "on_conflict")
_KEPT = ("environment", "agent_env")


class Expanded(Record):
    """A file's tree with what it uses in its place, and what is wrong with how it is used."""

    root: Node
    problems: tuple[FileProblem, ...] = ()


class _UsedPart(Record):
    """The steps that stand for one step, with their names as they are called outside."""

    steps: tuple[MapNode, ...]
    names: tuple[str, ...]
    roles: tuple[str, ...]


def expanded(root: Node, used: Mapping[str, bytes]) -> Expanded:
    """The tree with the steps of every workflow that it uses; a tree that uses none is as it was."""
    return _Expansion(used).whole(root)


class _Expansion:
    """One expansion, with what it found wrong so far."""

    def __init__(self, used: Mapping[str, bytes]) -> None:
        self.used = used
        self.problems: list[FileProblem] = []
        self.graft: dict[str, MappingEntry] = {}
        self.left = MOST_STEPS

    def whole(self, root: Node) -> Expanded:
        if not isinstance(root, MapNode) or "steps" not in root.fields:
            return Expanded(root)
        steps = root.fields["steps"]
        fields = {**root.fields, "steps": replace(steps, value=self._list(steps.value, ()))}
        for name, entry in self.graft.items():
            fields.setdefault(name, entry)
        return Expanded(replace(root, fields=fields), tuple(self.problems))

    def _list(self, node: Node, trail: tuple[str, ...]) -> Node:
        """A list of steps, each that uses a workflow replaced by the steps of that."""
        if not isinstance(node, ListNode):
            return node
        made: list[tuple[Node, _UsedPart | None]] = [(item, self._part(item, trail)) for item in node.items]
        steps: list[Node] = []
        for number, (item, part) in enumerate(made):
            if part is None:
                steps.append(self._inside(item, trail))
                continue
            follows = next((_first(other, found) for other, found in made[number + 1 :]), END)
            steps += (_ending(step, follows) for step in part.steps)
        parts = {_text(item, "id"): part for item, part in made if part is not None}
        return replace(node, items=tuple(_renamed(step, parts) for step in steps))

    def _inside(self, step: Node, trail: tuple[str, ...]) -> Node:
        """A step as it is, but for what its children use."""
        fan_out = _field(step, "fan_out")
        if not isinstance(step, MapNode) or not isinstance(fan_out, MapNode):
            return step
        inner = dict(fan_out.fields)
        if "steps" in inner:
            inner["steps"] = replace(inner["steps"], value=self._list(inner["steps"].value, trail))
        branches = _field(fan_out, "branches")
        if isinstance(branches, MapNode):
            walked = {name: replace(e, value=self._branch(e.value, trail)) for name, e in branches.fields.items()}
            inner["branches"] = replace(inner["branches"], value=replace(branches, fields=walked))
        entry = step.fields["fan_out"]
        return replace(step, fields={**step.fields, "fan_out": replace(entry, value=replace(fan_out, fields=inner))})

    def _branch(self, branch: Node, trail: tuple[str, ...]) -> Node:
        if not isinstance(branch, MapNode) or "steps" not in branch.fields:
            return branch
        entry = branch.fields["steps"]
        return replace(branch, fields={**branch.fields, "steps": replace(entry, value=self._list(entry.value, trail))})

    def _part(self, step: Node, trail: tuple[str, ...]) -> _UsedPart | None:
        """The steps of the workflow that a step uses; None where it uses none, or that cannot be used."""
        ref, name = _text(step, USES), _text(step, "id")
        if not isinstance(step, MapNode) or not ref or not name:
            return None
        at = step.fields[USES].value.position
        for field, entry in step.fields.items():
            if field not in TAKEN_OVER:
                words = f"{name} uses {ref}, whose steps have their own {field}"
                self._complain(entry.position, words, f"remove it; beside uses go: {', '.join(TAKEN_OVER[2:])}")
        if ref in trail or len(trail) >= DEEPEST:
            around = " → ".join((*trail, ref))
            words = f"workflows use each other: {around}" if ref in trail else f"{around} is more than {DEEPEST} deep"
            self._complain(at, words, "write the steps here")
            return None
        if self.left <= 0:
            self._complain(at, f"what is used has more than {MOST_STEPS} steps", "use fewer, or shorter ones")
            return None
        root = self._read(ref, at)
        inner = self._list(root.fields["steps"].value, (*trail, ref)) if root is not None else None
        if root is None or not isinstance(inner, ListNode):
            return None
        self._keep(root, ref)
        return self._inlined(step, name, ref, [each for each in inner.items if isinstance(each, MapNode)])

    def _read(self, ref: str, at: Position) -> MapNode | None:
        content = self.used.get(ref)
        if content is None:
            hint = f"{nearest(ref, self.used)}name a built-in, or a file of the same commit such as .onloop/review.yaml"
            self._complain(at, f"there is no workflow {quoted(ref)}", hint)
            return None
        document = read(content)
        self.problems += [replace(p, position=replace(p.position, file=ref)) for p in document.problems]
        root = _placed(document.root, ref) if document.root is not None else None
        if isinstance(root, MapNode) and isinstance(_field(root, "steps"), ListNode):
            return root
        self._complain(at, f"{ref} has no steps", "name a workflow file")
        return None

    def _keep(self, root: MapNode, ref: str) -> None:
        """Take over the environment of a used workflow, where the file and what it used before have none."""
        for name in _KEPT:
            entry, other = root.fields.get(name), self.graft.get(name)
            if entry is None:
                continue
            if other is not None and _plain_text(other.value) != _plain_text(entry.value):
                where = other.value.position.file
                words = f"{ref} and {where} ask for different {name}s"
                self._complain(entry.position, words, f"write the {name} in the file that uses both")
            self.graft.setdefault(name, entry)

    def _inlined(self, step: MapNode, name: str, ref: str, steps: Sequence[MapNode]) -> _UsedPart:
        self.left -= len(steps)
        own = {inner: f"{name}.{inner}" for each in steps if (inner := _text(each, "id"))}
        values = _field(step, "with")
        given = values.fields if isinstance(values, MapNode) else {}
        texts = {key: value for key, e in given.items() if isinstance(value := _value(e.value), str)}
        asked = set[str]()
        made = []
        for number, each in enumerate(steps):
            filled = self._filled(each, texts, asked, name)
            if isinstance(filled, MapNode):
                made.append(_taking_over(_prefixed(filled, own), step, is_last=number == len(steps) - 1))
        for key, entry in given.items():
            if key not in asked:
                self._complain(entry.position, f"{ref} asks for no {{with.{key}}}", "remove it")
        self._check_ends(step, name, steps)
        roles = tuple(own[inner] for each in steps if (inner := _text(each, "id")) and "role" in each.fields)
        return _UsedPart(tuple(made), tuple(own.values()), roles)

    def _check_ends(self, step: MapNode, name: str, steps: Sequence[MapNode]) -> None:
        """Complain of what leads to the end of a part where rules say what follows: they would be passed by."""
        if "next" not in step.fields:
            return
        for each in steps:
            for way in _items(_field(each, "next")):
                if _text(way, "to") == END:
                    words = f"{name} says what follows, and this leads to the end before its last step"
                    self._complain(way.position, words, "lead to the last step, or let the rules be in this file")

    def _filled(self, node: Node, texts: Mapping[str, str], asked: set[str], name: str) -> Node:
        """The tree with what `with` gives in the place of `{with.NAME}`."""
        match node:
            case Scalar(value=str() as text) if "{with." in text:
                for key in dict.fromkeys(_WITH.findall(text)):
                    asked.add(key)
                    if key not in texts:
                        hint = f"add with: {{{key}: …}} to {name}"
                        self._complain(node.position, f"{{with.{key}}} is not given", hint)
                new = _WITH.sub(lambda found: texts.get(found[1], found[0]), text)
                return replace(node, value=new, text=new)
            case ListNode(items=items):
                return replace(node, items=tuple(self._filled(item, texts, asked, name) for item in items))
            case MapNode(fields=fields):
                inner = {k: replace(e, value=self._filled(e.value, texts, asked, name)) for k, e in fields.items()}
                return replace(node, fields=inner)
            case _:
                return node

    def _complain(self, at: Position, what: str, hint: str) -> None:
        self.problems.append(FileProblem(at, what, hint))


def _prefixed(step: MapNode, own: Mapping[str, str]) -> MapNode:
    """The step under its name outside, with what it says of other steps of its workflow under theirs."""
    fields = dict(step.fields)
    for field in ("id", *_POINTING):
        if field in fields:
            fields[field] = replace(fields[field], value=_other(fields[field].value, own))
    barred = _field(step, "not_by")
    if isinstance(barred, ListNode):
        named = tuple(_other(item, own) for item in barred.items)
        fields["not_by"] = replace(fields["not_by"], value=replace(barred, items=named))
    return _leading(replace(step, fields=fields), own)


def _leading(step: MapNode, names: Mapping[str, str]) -> MapNode:
    """The step with other targets in its rules."""
    ways = _field(step, "next")
    if not isinstance(ways, ListNode):
        return step
    items = tuple(_way(way, names) for way in ways.items)
    entry = step.fields["next"]
    return replace(step, fields={**step.fields, "next": replace(entry, value=replace(ways, items=items))})


def _way(way: Node, names: Mapping[str, str]) -> Node:
    if not isinstance(way, MapNode) or "to" not in way.fields:
        return way
    to = way.fields["to"]
    return replace(way, fields={**way.fields, "to": replace(to, value=_other(to.value, names))})


def _taking_over(step: MapNode, user: MapNode, *, is_last: bool) -> MapNode:
    """The step with what the one that uses its workflow says for it, where it says nothing itself."""
    fields = dict(step.fields)
    gates = [gate for gate in _items(_field(step, "gates")) if isinstance(gate, MapNode)]
    reviews = any("review" in gate.fields for gate in gates)
    wanted = {
        "next": is_last,
        "on_fail": reviews or ("role" not in fields and "effect" not in fields and _is_checked(fields, gates)),
        "on_reject": any("human" in gate.fields for gate in gates),
        "not_by": "role" in fields,
    }
    for field, is_wanted in wanted.items():
        if field in user.fields and is_wanted and field not in fields:
            fields[field] = user.fields[field]
    return replace(step, fields=fields)


def _is_checked(fields: Mapping[str, MappingEntry], gates: Sequence[MapNode]) -> bool:
    return "run" in fields or any("command" in gate.fields or "file" in gate.fields for gate in gates)


def _ending(step: MapNode, follows: str) -> MapNode:
    """The step of a part, whose end is what follows the part."""
    return step if follows == END else _leading(step, {END: follows})


def _renamed(step: Node, parts: Mapping[str, _UsedPart]) -> Node:
    """A step with parts named by the step that uses them in the place of their first step, or of who works in them."""
    if not isinstance(step, MapNode) or not parts:
        return step
    firsts = {name: part.names[0] for name, part in parts.items() if part.names}
    fields = dict(step.fields)
    for field in _POINTING:
        if field in fields:
            fields[field] = replace(fields[field], value=_other(fields[field].value, firsts))
    barred = _field(step, "not_by")
    if isinstance(barred, ListNode):
        items = tuple(each for item in barred.items for each in _workers(item, parts))
        fields["not_by"] = replace(fields["not_by"], value=replace(barred, items=items))
    return _leading(replace(step, fields=fields), firsts)


def _workers(item: Node, parts: Mapping[str, _UsedPart]) -> Iterator[Node]:
    part = parts.get(str(_value(item)))
    if part is None or not part.roles:
        yield item
    else:
        yield from (Scalar(item.position, name, name) for name in part.roles)


def _first(step: Node, part: _UsedPart | None) -> str:
    return part.names[0] if part is not None and part.names else _text(step, "id")


def _other(node: Node, names: Mapping[str, str]) -> Node:
    found = names.get(value) if isinstance(value := _value(node), str) else None
    return node if found is None or not isinstance(node, Scalar) else replace(node, value=found, text=found)


def _placed(node: Node, file: str) -> Node:
    """The tree with the name of its file at every position."""
    at = replace(node.position, file=file)
    match node:
        case ListNode(items=items):
            return replace(node, position=at, items=tuple(_placed(item, file) for item in items))
        case MapNode(fields=fields):
            placed = {
                name: MappingEntry(replace(e.position, file=file), _placed(e.value, file)) for name, e in fields.items()
            }
            return replace(node, position=at, fields=placed)
        case _:
            return replace(node, position=at)


def _field(node: Node, name: str) -> Node | None:
    return node.fields[name].value if isinstance(node, MapNode) and name in node.fields else None


def _value(node: Node | None) -> object:
    return node.value if isinstance(node, Scalar) else None


def _text(node: Node, name: str) -> str:
    found = _value(_field(node, name))
    return found if isinstance(found, str) else ""


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, ListNode) else ()


def _plain_text(node: Node) -> str:
    return repr(plain(node))
