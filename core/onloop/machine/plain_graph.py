"""A workflow as boxes and arrows in plain text: steps below each other, jumps and loops in lanes beside them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from onloop.machine.definition import END, Definition, FanOut, Step
from onloop.records import Record
from onloop.text import safe

BOX = 60
"""How wide a box is, in characters."""

MOST_LANES = 18
"""How many lanes fit beside the boxes in a hundred characters; arrows beyond them are told in words alone."""

_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_SIGNS = " ╵╷│╴┘┐┤╶└┌├─┴┬┼"
"""By the sum of the directions in which lines leave a place."""

_LONGEST_RULE = 400
_INNER = BOX - 4


class _Way(Record):
    """A way from one line to another: numbers of lines of the drawing."""

    start: int
    goal: int

    @property
    def span(self) -> tuple[int, int]:
        """The lines between which it lies."""
        return min(self.start, self.goal), max(self.start, self.goal)


def workflow_text(definition: Definition, marks: Mapping[str, str] | None = None) -> str:
    """The workflow in at most a hundred columns; `marks` say where a task stands, by step."""
    lines: list[str] = []
    entries: dict[str, int] = {}
    leaving: list[tuple[int, str]] = []
    for place, step in enumerate(definition.steps):
        following = definition.steps[place + 1].id if place + 1 < len(definition.steps) else END
        entries[step.id] = len(lines) + 1
        lines.append(f"┌{'─' * (BOX - 2)}┐")
        lines += (_within(line) for line in _told(step, (marks or {}).get(step.id, "")))
        leads_on = False
        for words, to in _exits(definition, step):
            if to == following and not step.next:
                leads_on = True
                continue
            lines += (_within(line) for line in _wrapped(words))
            leaving.append((len(lines) - 1, to))
        lines.append(f"└{'─' * (BOX - 2)}┘")
        if leads_on:
            lines.append(f"{' ' * 4}{'▼'}")
    entries[END] = len(lines)
    lines.append("(end)")
    return "\n".join(_drawn(lines, [_Way(at, entries[to]) for at, to in leaving if to in entries])) + "\n"


def _within(line: str) -> str:
    return f"│ {line[:_INNER].ljust(_INNER)} │"


def _told(step: Step, mark: str) -> Iterator[str]:
    """What is said of a step: its name and who does it, its gates, its children."""
    title = f"{mark} {step.id}" if mark else step.id
    doer = _doer(step)
    if len(title) + len(doer) + 2 > _INNER:
        yield from _wrapped(title)
        yield from _wrapped(doer)
    else:
        yield f"{title}{doer.rjust(_INNER - len(title))}"
    gates = [gate.id for gate in (*step.machine_gates, *step.review_gates) if gate.id != "run"]
    people = [f"{gate.id} ({', '.join(gate.approvers)})" for gate in step.human_gates]
    if gates:
        yield from _wrapped(f"gates: {', '.join(gates)}")
    if people:
        yield from _wrapped(f"people: {', '.join(people)}")
    if step.fan_out is not None:
        yield from _children(step.fan_out)


def _doer(step: Step) -> str:
    if step.effect is not None:
        return f"effect {step.effect.value}"
    if step.run is not None:
        return "run"
    if step.role is not None:
        return f"role {step.role}"
    if step.wait_ms:
        return "wait"
    return "children" if step.fan_out is not None else "people" if step.human_gates else "gates"


def _children(fan_out: FanOut) -> Iterator[str]:
    """What the children of a step are, and which wait for which."""
    for branch in fan_out.branches:
        waits = f" after {', '.join(branch.after)}" if branch.after else ""
        yield from _wrapped(f"╞ {branch.name}{waits}: {' → '.join(step.id for step in branch.steps)}")
    for values in fan_out.matrix:
        yield from _wrapped(f"╞ {', '.join(f'{name} {value}' for name, value in values)}")
    if fan_out.steps:
        source = fan_out.over or (str(fan_out.count) if fan_out.count else "as its agent spawns them")
        each = "each" if fan_out.matrix else f"children: {source}, each"
        yield from _wrapped(f"{each}: {' → '.join(step.id for step in fan_out.steps)}")
    quorum = f" {fan_out.join.quorum}" if fan_out.join.kind.value == "quorum" else ""
    yield f"join: {fan_out.join.kind.value}{quorum}"


def _exits(definition: Definition, step: Step) -> Iterator[tuple[str, str]]:
    """Each way out of a step, in words, and where it leads."""
    for rule in step.next:
        condition = f"{rule.when} " if rule.when else "else " if len(step.next) > 1 else ""
        yield f"{condition}→ {rule.to}", rule.to
    if not step.next:
        yield "", definition.followers(step.id)[0]
    for words, to in (("fails", step.on_fail), ("conflicts", step.on_conflict)):
        if to is not None:
            yield f"{words} → {to}", to
    if step.human_gates:
        target = definition.reject_target(step.id)
        yield (f"rejected → {target.id}", target.id) if target is not None else ("rejected: it ends", "")


def _wrapped(text: str) -> list[str]:
    """Text in lines that fit into a box, without anything that a terminal obeys."""
    shown = safe(" ".join(text.split()), _LONGEST_RULE)
    lines, line = [], ""
    for word in shown.split(" "):
        while len(word) > _INNER:
            lines += [line] if line else []
            lines.append(word[:_INNER])
            line, word = "", word[_INNER:]
        if line and len(line) + 1 + len(word) > _INNER:
            lines.append(line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return [*lines, line] if line else lines or [""]


def _drawn(lines: Sequence[str], ways: Sequence[_Way]) -> Iterator[str]:
    """The lines with the ways in lanes beside them."""
    grid: dict[tuple[int, int], int] = {}
    heads = set[int]()
    for lane, way in _lanes(ways):
        column = 2 * lane + 1
        for at in (way.start, way.goal):
            for place in range(column):
                grid[at, place] = grid.get((at, place), 0) | _LEFT | _RIGHT
        first, last = way.span
        for at in range(first, last + 1):
            turn = (_UP if at > first else 0) | (_DOWN if at < last else 0) | (_LEFT if at in {first, last} else 0)
            grid[at, column] = grid.get((at, column), 0) | turn
        heads.add(way.goal)
    for number, line in enumerate(lines):
        lane_columns = [column for at, column in grid if at == number]
        beside = "".join(_SIGNS[grid.get((number, column), 0)] for column in range(max(lane_columns, default=-1) + 1))
        leaves = bool(grid.get((number, 0), 0) & _LEFT)
        if number in heads and leaves:
            beside = f"◀{beside[1:]}"
        body = line.ljust(BOX) if beside.strip() else line
        yield f"{body[:-1]}├{beside}" if leaves and number not in heads and body.endswith("│") else f"{body}{beside}"


def _lanes(ways: Sequence[_Way]) -> Iterator[tuple[int, _Way]]:
    """A lane for each way, the short ones nearest to the boxes; ways for which none is left get none."""
    taken: list[list[_Way]] = [[] for _ in range(MOST_LANES)]
    for way in sorted(ways, key=lambda each: (each.span[1] - each.span[0], each.span)):
        for lane, others in enumerate(taken):
            if all(way.span[0] > other.span[1] or way.span[1] < other.span[0] for other in others):
                others.append(way)
                yield lane, way
                break
