"""A workflow with the files that it uses, as one text: what a run pins is whole, and its digest covers all of it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping

from onloop.errors import WorkflowError
from onloop.records import Record
from onloop.workflow.builtins import builtin, builtins
from onloop.workflow.document import read
from onloop.workflow.positioned_tree import LARGEST, ListNode, MapNode, Node, Scalar

HEADER = b"%ONLOOP-USES "
"""What a text of several files begins with: no file does, for a directive is refused in each."""

MOST_USED = 20
USES = "uses"

Fetch = Callable[[str], bytes | None]
"""The bytes of a file by its path in the repository, or None where there is no such file."""


class Bundle(Record):
    """A workflow file, and the files that it uses by the name that it gives them."""

    source: bytes
    used: Mapping[str, bytes]


def bundled(source: bytes, name: str, fetch: Fetch) -> bytes:
    """The file with what it uses, and what that uses: built-ins, and files by `fetch`. Alone, it is as it was.

    A file that is not there is left out, so that loading names the place that asks for it.
    """
    used: dict[str, bytes] = {}
    waiting = list(_names_in(source))
    while waiting:
        wanted = waiting.pop(0)
        if wanted in used:
            continue
        found = builtin(wanted) if wanted in builtins() else fetch(wanted)
        if found is None:
            continue
        used[wanted] = found
        size = len(source) + sum(map(len, used.values()))
        if len(used) > MOST_USED or size > LARGEST:
            words = f"{name}:1:1: it uses {len(used)} files of {size} bytes together"
            raise WorkflowError(
                (f"{words}; use at most {MOST_USED} of {LARGEST} bytes",), hint="put what belongs together into one"
            )
        waiting += _names_in(found)
    if not used:
        return source
    index = json.dumps([["", len(source)], *([ref, len(content)] for ref, content in sorted(used.items()))])
    return b"".join((HEADER, index.encode(), b"\n", source, *(content for _, content in sorted(used.items()))))


def unbundled(content: bytes) -> Bundle:
    """The parts of a pinned text; one that is no bundle is a file that uses nothing."""
    if not content.startswith(HEADER):
        return Bundle(content, {})
    head, _, rest = content.partition(b"\n")
    try:
        index = [(str(ref), int(size)) for ref, size in json.loads(head.removeprefix(HEADER))]
    except (ValueError, TypeError):
        return Bundle(content, {})
    parts = list[tuple[str, bytes]]()
    for ref, size in index[: MOST_USED + 1]:
        parts.append((ref, rest[: max(0, size)]))
        rest = rest[max(0, size) :]
    if rest or not parts or parts[0][0]:
        return Bundle(content, {})
    return Bundle(parts[0][1], dict(parts[1:]))


def _names_in(source: bytes) -> Iterator[str]:
    if USES.encode() in source:
        root = read(source).root
        yield from _used(root) if root is not None else ()


def _used(node: Node) -> Iterator[str]:
    match node:
        case ListNode(items=items):
            for item in items:
                yield from _used(item)
        case MapNode(fields=fields):
            for field, entry in fields.items():
                if field == USES and isinstance(entry.value, Scalar) and isinstance(entry.value.value, str):
                    yield entry.value.value
                yield from _used(entry.value)
        case _:
            pass
