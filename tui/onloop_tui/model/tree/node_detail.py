"""What is said below the tree of the task under the cursor, or of the tasks below it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from onloop.machine.task import Task
from onloop_tui.model.detail.row_detail import MOST_MEMBERS, RowDetail, headed, members_detail, task_detail
from onloop_tui.model.drawing.signs import Sign
from onloop_tui.model.drawing.text_line import Line, hanging
from onloop_tui.model.ground.rollup import RollupCategory
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.tree.tree_node import Node, needing_below
from onloop_tui.model.tree.tree_rows import sign_as_of

_NEEDS = RollupCategory.NEEDS_PERSON


def node_detail(node: Node, snapshot: Snapshot, now: int) -> RowDetail:
    """A task by itself; a run or a parent with the tasks below it, of which the first is shown closer."""
    if not node.children:
        return task_detail(node.task, snapshot, now)

    def head(width: int) -> tuple[Line, ...]:
        title, words = node.task.title or node.id, f"{node.id} · {node.task.workflow}"
        return (*headed(title, words, width), *hanging((), node.tally.words, width))

    def signed(each: Node) -> tuple[Task, Sign]:
        return each.task, sign_as_of(each.task, each.tally, snapshot.house, now, snapshot.leases.get(each.id))

    below = tuple(islice(_below(node), MOST_MEMBERS))
    return members_detail(node.id, head, node.tally.total, map(signed, below), now, below[0].task if below else None)


def _below(node: Node) -> Iterator[Node]:
    """All nodes below it, those first that need a person. Branches in which nobody does are not searched for them."""
    yield from needing_below(node)
    for each in node.all_below():
        if each is not node and each.standing is not _NEEDS:
            yield each
