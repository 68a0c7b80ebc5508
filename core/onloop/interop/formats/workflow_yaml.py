"""Plain data of a workflow as YAML, which our reader reads back as the same data."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence

from onloop.workflow.characters import unwanted_in_value
from onloop.workflow.scalars import meaning

LONGEST_LINE = 100
_PLAIN = re.compile(r"[A-Za-z0-9_./][A-Za-z0-9_./@+-]*(?: [A-Za-z0-9_.,;()'/@+-]+)*")
_BLOCK_FIRST = re.compile(r"[^\s#%&*!|>'\"@`-]")
DEEPEST = 64


def workflow_yaml(data: Mapping[str, object], comments: Sequence[str] = ()) -> str:
    """The file as text, beginning with `comments`, a line each."""
    lines = [*(f"# {line}" for line in comments), *_mapping(data, 0, 0)]
    return "\n".join(lines) + "\n"


def _mapping(data: Mapping[str, object], indent: int, depth: int) -> Iterator[str]:
    for key, value in data.items():
        yield from _entry(f"{' ' * indent}{_scalar(key)}:", value, indent, depth)


def _entry(head: str, value: object, indent: int, depth: int) -> Iterator[str]:
    """One field: in its line where it fits, else below it."""
    if isinstance(value, str) and (block := _block(value)) is not None:
        yield f"{head} {block}"
        yield from (f"{' ' * (indent + 2)}{line}" if line else "" for line in value.rstrip("\n").split("\n"))
        return
    flow = _flow(value)
    has_parts = isinstance(value, list) and any(isinstance(item, dict) and "id" in item for item in value)
    fits = not has_parts and len(head) + len(flow) < LONGEST_LINE
    if depth >= DEEPEST or fits or not value or not isinstance(value, dict | list):
        yield f"{head} {flow}"
    elif isinstance(value, dict):
        yield head
        yield from _mapping(value, indent + 2, depth + 1)
    else:
        yield head
        for item in value:
            yield from _item(item, indent + 2, depth + 1)


def _item(item: object, indent: int, depth: int) -> Iterator[str]:
    flow = _flow(item)
    has_steps = isinstance(item, dict) and bool({"gates", "fan_out", "brief"} & item.keys())
    if not isinstance(item, dict) or not item or (indent + len(flow) < LONGEST_LINE and not has_steps):
        yield f"{' ' * indent}- {flow}"
        return
    lines = list(_mapping(item, indent + 2, depth))
    yield f"{' ' * indent}- {lines[0].lstrip(' ')}"
    yield from lines[1:]


def _flow(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_scalar(key)}: {_flow(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_flow(item) for item in value) + "]"
    return _scalar(value)


def _scalar(value: object) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and _is_text(value) and "," not in value:
        return value
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\x7f").replace("\ufeff", "\\ufeff")


def _is_text(word: str) -> bool:
    try:
        return isinstance(meaning(word), str)
    except ValueError:
        return False


def _block(text: str) -> str | None:
    """The sign of a block for a text of several lines, or None where only quotes keep it as it is."""
    body = text.rstrip("\n")
    if "\n" not in body or "\t" in text or "\r" in text or len(text) - len(body) > 1 or unwanted_in_value(text):
        return None
    if not _BLOCK_FIRST.match(body) or any(line != line.rstrip() for line in body.split("\n")):
        return None
    return "|" if text.endswith("\n") else "|-"
