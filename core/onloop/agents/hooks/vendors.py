"""The vendors whose hooks we support, as data: where a hook is installed, and in which form."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from onloop.machine.digest import Json
from onloop.records import Record

STOP = "Stop"
"""The event at the end of a turn, as both vendors call it."""
SUB_AGENT_BEGINS, SUB_AGENT_ENDS = "SubagentStart", "SubagentStop"
"""A sub-agent in the agent's own process begins and ends, as both vendors call it."""
TIMEOUT_S = 60
NO_LOGIN_SHELL = "allow_login_shell=false"
"""Codex runs commands in a login shell, whose profile may set another PATH: one on which `onloop` is not found."""


class Vendor(Record):
    """One vendor's agent: its program, its files for hooks, and the events that we answer.

    `project_file` is below the project, `user_file` below the home folder. `run` starts the agent headless with the
    hook on the command line: `{hook}` stands for the hook, `{state}` for the folder that `onloop` writes to.
    """

    name: str
    title: str
    program: str
    project_file: str
    user_file: str
    events: tuple[str, ...]
    run: tuple[str, ...]
    trap: str

    def command(self) -> str:
        """The command that the vendor's agent calls."""
        return f"onloop hook {self.name}"

    def hooks(self) -> dict[str, Json]:
        """The hooks in the form of the vendor's file."""
        handler: dict[str, Json] = {"type": "command", "command": self.command(), "timeout": TIMEOUT_S}
        return {event: [{"hooks": [handler]}] for event in self.events}


VENDORS: Mapping[str, Vendor] = {
    vendor.name: vendor
    for vendor in (
        Vendor(
            "claude",
            "Claude Code",
            "claude",
            ".claude/settings.local.json",
            ".claude/settings.json",
            (STOP, "SessionStart", SUB_AGENT_BEGINS, SUB_AGENT_ENDS),
            ("claude", "-p", "--permission-mode", "acceptEdits", "--allowedTools", "Bash", "--settings", "{hook}"),
            "it lets an agent stop after 8 blocks in a row, and whenever a hook crashes or is late",
        ),
        Vendor(
            "codex",
            "Codex",
            "codex",
            ".codex/hooks.json",
            ".codex/hooks.json",
            (STOP, SUB_AGENT_BEGINS, SUB_AGENT_ENDS),
            (
                *("codex", "exec", "--sandbox", "workspace-write", "--add-dir", "{state}", "--add-dir", ".git"),
                *("--dangerously-bypass-hook-trust", "-c", NO_LOGIN_SHELL, "-c", "{hook}", "-"),
            ),
            "`codex exec` silently skips a hook that is not trusted: pass --dangerously-bypass-hook-trust, or trust "
            "it once with /hooks; and its sandbox forbids writing to .git unless you pass --add-dir .git",
        ),
    )
}
"""By the name that `onloop hook` takes."""


def file_of(vendor: Vendor, *, user: bool, project: Path, home: Path) -> Path:
    """The file from which the vendor reads hooks: for one project, or for all projects of the user."""
    return home / vendor.user_file if user else project / vendor.project_file


def on_the_command_line(vendor: Vendor) -> str:
    """The hook as one argument of the vendor's program, so that no file has to be written."""
    import json

    if vendor.name == "claude":
        return json.dumps({"hooks": vendor.hooks()})
    handler = f'[{{hooks=[{{type="command",command="{vendor.command()}",timeout={TIMEOUT_S}}}]}}]'
    return f"hooks={{{','.join(f'{event}={handler}' for event in vendor.events)}}}"
