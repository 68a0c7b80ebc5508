"""PURE: what every step forbids its agent, as data: commands by their first words, and files.

Hooks, guides and what agents are told come from this list. It is the fast answer, not the last one: clones hold no
credential to push with, and what an agent hands in is judged by the gateway whatever its hooks let through.
"""

from __future__ import annotations

from enum import StrEnum
from fnmatch import fnmatchcase

from onloop.records import Record


class Forbidden(StrEnum):
    """What of the list something is."""

    PUSH = "push"
    PULL_REQUEST = "pull_request"
    WORKFLOW = "workflow"
    GATE = "gate"
    HOOK = "hook"


class Prohibition(Record):
    """One thing that is forbidden: in words, the commands that do it, the files that are meant, and what to do instead.

    A command is its first words, without options. A file is a path from the root of a repository or of a home folder.
    """

    kind: Forbidden
    what: str
    instead: str
    commands: tuple[tuple[str, ...], ...] = ()
    files: tuple[str, ...] = ()


_ASK = "a person changes them: say what you need with `onloop ask`"

PROHIBITIONS: tuple[Prohibition, ...] = (
    Prohibition(
        Forbidden.PUSH,
        "pushing",
        "commit, then `onloop submit`: the gateway pushes what passed its gates",
        commands=(("git", "push"), ("git", "send-pack"), ("git", "subtree", "push"), ("git", "lfs", "push")),
    ),
    Prohibition(
        Forbidden.PULL_REQUEST,
        "opening or merging a pull request",
        "`onloop submit` is all that is asked of you: the gateway does that when a person has approved",
        commands=(
            *(("gh", "pr", "create"), ("gh", "pr", "new"), ("gh", "pr", "merge"), ("gh", "pr", "review")),
            *(("glab", "mr", "create"), ("glab", "mr", "new"), ("glab", "mr", "merge"), ("glab", "mr", "approve")),
            *(("hub", "pull-request"), ("hub", "merge"), ("tea", "pr", "create"), ("tea", "pr", "merge")),
            *(("tea", "pulls", "create"), ("tea", "pulls", "merge"), ("az", "repos", "pr", "create")),
        ),
    ),
    Prohibition(
        Forbidden.WORKFLOW,
        "changing onloop's own files (workflows, policies, triggers, agents)",
        _ASK,
        files=(".onloop/*",),
    ),
    Prohibition(
        Forbidden.GATE,
        "changing the program of a gate",
        _ASK,
    ),
    Prohibition(
        Forbidden.HOOK,
        "changing the hooks that agents or git run",
        _ASK,
        commands=(("onloop", "hook", "install"), ("onloop", "hook", "uninstall")),
        files=(
            *(".claude/settings.json", ".claude/settings.local.json", ".claude/hooks/*", ".claude-plugin/*"),
            *(".codex/hooks.json", ".codex/config.toml", ".codex/requirements.toml"),
            *(".gemini/settings.json", ".gemini/hooks/*"),
            *(".opencode/plugin/*", ".opencode/plugins/*", ".opencode/opencode.json", ".opencode/opencode.jsonc"),
            *("opencode.json", "opencode.jsonc", ".config/opencode/*"),
            *(".github/hooks/*", ".copilot/hooks/*", ".cursor/hooks.json"),
            *(".git/hooks/*", ".git/config", ".husky/*"),
        ),
    ),
)


class StepFacts(Record):
    """What the gateway says of an agent's step: the branch that it may push to, and the programs of its gates."""

    branch: str = ""
    programs: tuple[str, ...] = ()


def prohibition(kind: Forbidden) -> Prohibition:
    """The prohibition of that kind."""
    return next(each for each in PROHIBITIONS if each.kind is kind)


def forbidden_command(words: tuple[str, ...]) -> Forbidden | None:
    """Which prohibition a command falls under, by its first words, which are no options."""
    for each in PROHIBITIONS:
        if any(words[: len(command)] == command for command in each.commands):
            return each.kind
    return None


def forbidden_file(path: str, *, whole: bool = False) -> Forbidden | None:
    """Which prohibition changing a path falls under; case is ignored, as some file systems do.

    With `whole`, a folder counts like what is in it: it is moved or removed.
    """
    name = path.casefold().strip("/")
    for each in PROHIBITIONS:
        if any(_is_meant(name, pattern, whole=whole) for pattern in each.files):
            return each.kind
    return None


def _is_meant(name: str, pattern: str, *, whole: bool) -> bool:
    if fnmatchcase(name, pattern):
        return True
    return whole and bool(name) and pattern.startswith(f"{name}/")
