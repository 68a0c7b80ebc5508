"""Checks of branches and combinations: what children they make, and which of them wait for which."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from onloop.machine.waiting_lines import circle
from onloop.workflow.combinations import MOST, combinations, count_of
from onloop.workflow.hints import nearest
from onloop.workflow.model import FanOutPart, StepPart
from onloop.workflow.positioned_tree import Fault, Path, Side


def walked_by_children(at: Path, fan_out: FanOutPart) -> Iterator[tuple[Path, Sequence[StepPart]]]:
    """Each list of steps that children of the fan-out at `at` walk, with the way to what it belongs to."""
    if fan_out.steps:
        yield at, fan_out.steps
    for name, branch in (fan_out.branches or {}).items():
        yield (*at, "branches", name), branch.steps


def part_faults(at: Path, fan_out: FanOutPart) -> Iterator[Fault]:
    """What is wrong with the parts that a fan-out declares."""
    if fan_out.branches is not None and fan_out.steps is not None:
        yield Fault((*at, "steps"), "each branch has steps of its own", "move these into a branch", Side.KEY)
    if fan_out.branches is None and fan_out.steps is None:
        yield Fault(at, "the fan-out lacks steps", "add steps: what each child walks", Side.KEY)
    yield from _branch_faults((*at, "branches"), fan_out)
    yield from _matrix_faults(at, fan_out)


def _branch_faults(at: Path, fan_out: FanOutPart) -> Iterator[Fault]:
    branches = fan_out.branches or {}
    for name, branch in branches.items():
        for number, other in enumerate(branch.after):
            where = (*at, name, "after", number)
            if other not in branches:
                hint = f"{nearest(other, branches)}branches: {', '.join(branches)}"
                yield Fault(where, f"{name} waits for {other}, which is no branch", hint)
    around = circle({name: [each for each in branch.after if each in branches] for name, branch in branches.items()})
    if around:
        words = f"branches wait for each other: {' → '.join(around)}"
        yield Fault((*at, around[0], "after"), words, "let one of them begin without the other")


def _matrix_faults(at: Path, fan_out: FanOutPart) -> Iterator[Fault]:
    matrix = fan_out.matrix
    if matrix is None:
        if fan_out.exclude:
            yield Fault((*at, "exclude"), "there is no matrix to leave anything out of", "remove exclude", Side.KEY)
        return
    for name, values in matrix.items():
        for number, value in enumerate(values):
            if value in values[:number]:
                yield Fault((*at, "matrix", name, number), f"{name} has {value} twice", "remove one")
    misled = tuple(_exclusion_faults(at, fan_out))
    yield from misled
    made = len(combinations(fan_out))
    most = min(MOST, fan_out.most)
    if count_of(fan_out) > MOST * MOST or made > most:
        count = made or count_of(fan_out)
        hint = f"give fewer values, exclude some, or raise most (at most {MOST})"
        yield Fault((*at, "matrix"), f"the matrix makes {count} children, more than {most}", hint)
    elif not made and not misled:
        yield Fault((*at, "exclude"), "everything that the matrix makes is left out", "exclude less", Side.KEY)


def _exclusion_faults(at: Path, fan_out: FanOutPart) -> Iterator[Fault]:
    matrix = fan_out.matrix or {}
    for number, left_out in enumerate(fan_out.exclude):
        for name, value in left_out.items():
            where = (*at, "exclude", number, name)
            if name not in matrix:
                hint = f"{nearest(name, matrix)}names: {', '.join(matrix)}"
                yield Fault(where, f"the matrix has no {name}", hint, Side.KEY)
            elif value not in matrix[name]:
                hint = f"{nearest(value, matrix[name])}values: {', '.join(matrix[name])}"
                yield Fault(where, f"{name} is never {value}", hint)
        if not left_out:
            yield Fault((*at, "exclude", number), "this leaves out everything", "name a value, such as {os: linux}")
