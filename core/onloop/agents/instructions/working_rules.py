"""PURE: how to work with the gateway, in forty lines at most; facts come from the lists that onloop itself uses."""

from __future__ import annotations

from onloop.agents.hooks.denials.prohibitions import PROHIBITIONS
from onloop.errors import EXIT_MEANINGS, Exit

LONGEST = 40
"""How many lines an agent is given to read."""

SUMMARY = (
    "How to work on a task under onloop, the gateway that says whether a step is done. Use it whenever ONLOOP_TASK is "
    "set, or somebody names a task of onloop."
)
_FRONT = "---\nname: onloop\n"
_STOP = {
    Exit.OK: "go on, or end your turn",
    Exit.NOT_YET: "read why, mend it, commit, submit again",
    Exit.HELD: "end your turn: a person decides, and you cannot",
    Exit.REDO: "read why, mend it, commit, submit again",
    Exit.NOT_YOURS: "stop: somebody else has the task",
    Exit.SPENT: "stop: a person is asked",
    Exit.NOTHING: "end your turn",
    Exit.ENDED: "stop",
    Exit.UNAVAILABLE: "wait a little, then ask again",
}

OWN_MARK = "<!-- A file of onloop's: `onloop instruct install` replaces it, and `uninstall` removes it. -->"
"""The line by which a skill is known to be ours."""


def working_rules() -> str:
    """The rules as Markdown, without a heading."""
    return "\n".join((*_LOOP, "", *_exits(), "", *_forbidden(), "", *_BESIDE))


_LOOP = (
    "Where the variable `ONLOOP_TASK` is set, you work on one step of one task, and a gateway says whether it is done:",
    "not you, whatever your tests say. Where it is not set, none of this concerns you.",
    "",
    "1. `onloop next` says what is asked of you. Read it first, and do no more than that.",
    "2. Do it, and commit it with git on the branch that is checked out.",
    '3. `onloop submit --statement "What I did."` hands your commit in and waits for its gates.',
    "4. `onloop check` asks again how it stands, and changes nothing.",
)
_BESIDE = (
    '`onloop ask "Which of the two?"` asks a person; then end your turn. `onloop fail "Why"` gives up.',
    "Files to hand over go into `$ONLOOP_OUT`; what you were given is in `$ONLOOP_IN`. Only your commit and these",
    "count: what you say proves nothing. Every refusal names the next command. `onloop help agents` has the rest.",
)


def _exits() -> list[str]:
    rows = [f"| {code.value} | {EXIT_MEANINGS[code]} | {then} |" for code, then in _STOP.items()]
    return [
        "Go by the exit code of `next`, `submit` and `check`:",
        "",
        "| code | says | then |",
        "|---|---|---|",
        *rows,
    ]


def _forbidden() -> list[str]:
    return ["Your step forbids, and its hook refuses:", *(f"- {rule.what}" for rule in PROHIBITIONS)]


def skill() -> str:
    """The same as an Agent Skill: a folder's SKILL.md, which agents read when its description fits."""
    return f"{_FRONT}description: {SUMMARY}\n---\n{OWN_MARK}\n\n{working_rules()}\n"


def is_own_skill(text: str) -> bool:
    """Whether a file is such a skill, of this version or another; one that only tells of onloop is not."""
    return text.startswith(_FRONT) and OWN_MARK in text.splitlines()


def block_text() -> str:
    """The same as a section of a page that agents always read."""
    return f"## Working under onloop\n\n{working_rules()}"
