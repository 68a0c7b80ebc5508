"""Installs a hook in a vendor's file and removes it again; nothing else in the file changes."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path
from typing import Any

from onloop.agents.vendors.vendor import Vendor
from onloop.errors import BadInput

LARGEST_FILE = 1024 * 1024


def installed_events(vendor: Vendor, path: Path) -> tuple[str, ...]:
    """The events for which the file has our hook."""
    hooks = _read(path).get("hooks", {})
    return tuple(event for event in vendor.hooks() if any(_is_ours(vendor, group) for group in hooks.get(event, ())))


def install(vendor: Vendor, path: Path) -> bool:
    """Put our hook into the file; the answer says whether the file changed."""
    content = _read(path)
    hooks = content.setdefault("hooks", {})
    missing = [event for event in vendor.hooks() if not any(_is_ours(vendor, each) for each in hooks.get(event, ()))]
    for event in missing:
        hooks[event] = [*hooks.get(event, ()), *_groups(vendor, event)]
    if missing:
        _write(path, content)
    return bool(missing)


def uninstall(vendor: Vendor, path: Path) -> bool:
    """Remove our hook from the file; the answer says whether the file changed. A file that is then empty is removed."""
    content = _read(path)
    hooks: dict[str, Any] = content.get("hooks", {})
    kept = {event: [each for each in groups if not _is_ours(vendor, each)] for event, groups in hooks.items()}
    kept = {event: groups for event, groups in kept.items() if groups or not hooks[event]}
    if kept == hooks:
        return False
    content["hooks"] = kept
    if not kept:
        del content["hooks"]
    if content:
        _write(path, content)
    else:
        path.unlink()
    return True


def _groups(vendor: Vendor, event: str) -> list[Any]:
    groups = vendor.hooks()[event]
    return groups if isinstance(groups, list) else []


def _is_ours(vendor: Vendor, group: Any) -> bool:
    handlers = group.get("hooks", ()) if isinstance(group, dict) else ()
    return any(isinstance(each, dict) and each.get("command") == vendor.command() for each in handlers)


def _read(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(LARGEST_FILE + 1)
    except FileNotFoundError:
        return {}
    except OSError as problem:
        raise BadInput(
            f"cannot read {path}: {problem.strerror}", hint="onloop hook show AGENT prints the hook"
        ) from None
    try:
        settings = json.loads(content) if len(content) <= LARGEST_FILE else None
    except (ValueError, RecursionError) as problem:
        raise BadInput(f"{path} is not valid JSON: {problem}", hint="correct it first; nothing was changed") from None
    if not isinstance(settings, dict) or not _has_lists(settings.get("hooks", {})):
        raise BadInput(
            f"{path} does not have the form of a hooks file", hint="onloop hook show AGENT prints the right form"
        )
    return settings


def _has_lists(hooks: object) -> bool:
    return isinstance(hooks, dict) and all(isinstance(groups, list) for groups in hooks.values())


def _write(path: Path, content: dict[str, Any]) -> None:
    """Replace the file whole: a reader sees the old one or the new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, fresh = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(content, file, indent=2)
            file.write("\n")
        Path(fresh).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o644)
        Path(fresh).replace(path)
    except OSError as problem:
        raise BadInput(
            f"cannot write {path}: {problem.strerror}", hint="onloop hook show AGENT prints the hook"
        ) from None
