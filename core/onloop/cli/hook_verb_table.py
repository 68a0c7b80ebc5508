"""The row of `hook`: vendors' hooks, in each of their forms."""

from __future__ import annotations

from onloop.cli.arguments import Arguments
from onloop.cli.verb import Reach, Verb, arg


class HookArguments(Arguments, frozen=True, kw_only=True):
    """Of hook."""

    what: str
    agent: str
    user: bool
    managed: bool
    http: str | None
    root: str | None
    program: str | None


HOOK = Verb(
    "hook",
    "build",
    "keep a vendor's agent at its step: show, install, uninstall or prove its hook, or answer it",
    "hook_verbs:hook",
    HookArguments,
    (
        arg(
            "what",
            choices=("show", "install", "uninstall", "doctor"),
            help="or an agent: answer its hook call on stdin",
        ),
        arg("agent", help="claude, codex, gemini, opencode or copilot"),
        arg("--user", help="for all your projects, not only for this one", action="store_true"),
        arg("--managed", help="for all users of this machine, in a file of root's", action="store_true"),
        arg("--http", help="of Claude Code: call the gateway at this URL, for machines without onloop", metavar="URL"),
        arg("--root", help="with --managed: the folder of an image in the place of /", metavar="DIR"),
        arg("--program", help="what it calls (default: onloop; with --managed the one that runs now)", metavar="PATH"),
    ),
    prints=("build_models:HookShownJson", "build_models:HookFileJson", "build_models:HookDoctorJson"),
    reach=Reach.NONE,
)
