"""What is said below the matrix of the row under the cursor."""

from __future__ import annotations

from onloop.machine.task import Task
from onloop_tui.model.detail.row_detail import RowDetail, headed, members_detail
from onloop_tui.model.drawing.signs import Sign
from onloop_tui.model.drawing.text_line import Line, hanging, quoted
from onloop_tui.model.fleet.matrix import CauseRow, Matrix
from onloop_tui.model.fleet.matrix_rows import row_name
from onloop_tui.model.ground.rollup import Tally
from onloop_tui.model.ground.snapshot import Snapshot
from onloop_tui.model.tree.tree_rows import sign_as_of

_MOST_DETAIL = 4


def cause_detail(row: CauseRow, matrix: Matrix, snapshot: Snapshot, now: int) -> RowDetail:
    """A cause with its words and its repositories, or those that nobody waits for; the first is shown closer."""
    ids = matrix.members(row.key)

    def head(width: int) -> tuple[Line, ...]:
        sign, words = row_name(row)
        if row.group is None:
            return hanging((sign.span(),), f"  {words}", width)
        shown = headed(row.group.headline, f"cause {row.group.cause}", width)
        return (*shown, *quoted(row.group.detail, width, most=_MOST_DETAIL)) if row.group.detail else shown

    def signed(task_id: str) -> tuple[Task, Sign]:
        task = matrix.task(task_id)
        return task, sign_as_of(task, Tally(), snapshot.house, now, snapshot.leases.get(task_id))

    first = matrix.task(ids[0]) if ids else None
    return members_detail(row.key, head, len(ids), map(signed, ids), now, first)
