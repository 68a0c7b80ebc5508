"""Work of a screen beside its keys: begun when its turn comes, so that work put away before that leaves nothing."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from textual.dom import DOMNode
from textual.worker import Worker


def in_background(
    node: DOMNode, work: Callable[[], Coroutine[Any, Any, None]], *, group: str, exclusive: bool = False
) -> Worker[None]:
    """Have `work` done while `node` is there; with `exclusive`, what is under way in its group ends."""
    worker: Worker[None] = node.run_worker(work, group=group, exclusive=exclusive)
    return worker
