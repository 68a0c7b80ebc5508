"""PURE: the files that are ours alone, of vendors whose hook is a file by itself."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from onloop.agents.vendors.vendor import BEFORE_TOOL, FAILS_CLOSED, STOP, TIMEOUT_S, TOOL_TIMEOUT_S, Vendor
from onloop.machine.digest import Json

_KEYS = {"version", "hooks"}
_PLUGIN = Path(__file__).parent / "opencode_plugin.js"


def own_content(vendor: Vendor, program: str = "onloop") -> str:
    """What the file holds with which the vendor calls `program`."""
    match vendor.name:
        case "opencode":
            return _PLUGIN.read_text(encoding="utf-8").replace('"@PROGRAM@"', json.dumps(program))
        case "copilot":
            return f"{json.dumps(_copilot(vendor, program), indent=2)}\n"
        case _:
            return f"{json.dumps({'hooks': vendor.hooks(quoted(program))}, indent=2)}\n"


def quoted(program: str) -> str:
    """The program as a word for a shell."""
    return shlex.quote(program)


def is_own(vendor: Vendor, content: bytes) -> bool:
    """Whether a file is one that we wrote: it calls us, and says nothing else."""
    if vendor.name == "opencode":
        return content.startswith(b"// Written by `onloop hook install opencode`")
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(found, dict) and set(found) <= _KEYS and f" hook {vendor.name}" in content.decode()


def _copilot(vendor: Vendor, program: str) -> dict[str, Json]:
    """Events by the names that have it send what Claude Code sends: hooks reference of GitHub Copilot CLI."""
    command = vendor.command(quoted(program))
    stop: dict[str, Json] = {"type": "command", "bash": command, "timeoutSec": TIMEOUT_S}
    guard: dict[str, Json] = {"type": "command", "bash": f"{command} {FAILS_CLOSED}", "timeoutSec": TOOL_TIMEOUT_S}
    return {"version": 1, "hooks": {STOP: [stop], BEFORE_TOOL: [guard]}}
