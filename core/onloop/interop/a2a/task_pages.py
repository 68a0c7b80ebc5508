"""PURE: the answer to `ListTasks`: the newest first, page by page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from onloop.interop.a2a.a2a_requests import ListWish, page_token
from onloop.interop.a2a.a2a_tasks import a2a_task
from onloop.views.effective_status import TaskNow


def task_page(found: Sequence[TaskNow], wish: ListWish) -> dict[str, Any]:
    """One page of those that fit."""
    fitting = sorted(
        (each for each in found if wish.changed_from is None or each.task.since >= wish.changed_from),
        key=_order,
        reverse=True,
    )
    after = wish.after
    rest = [each for each in fitting if after is None or _order(each) < (after.since, after.task)]
    page = rest[: wish.size]
    last = page[-1].task if len(rest) > len(page) and page else None
    return {
        "tasks": [a2a_task(each, history=wish.history, artifacts=wish.artifacts) for each in page],
        "nextPageToken": page_token(last.since, last.id) if last is not None else "",
        "pageSize": len(page),
        "totalSize": len(fitting),
    }


def _order(found: TaskNow) -> tuple[int, str]:
    return found.task.since, found.task.id
