"""What an agent is answered before it uses a tool: nothing where it may, why not where its step forbids it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from onloop.agents.hooks.denials.prohibitions import Forbidden, StepFacts, prohibition
from onloop.agents.hooks.denials.tool_deeds import ToolDeed
from onloop.agents.vendors.vendor import BEFORE_TOOL, Vendor
from onloop.errors import OnloopError
from onloop.records import Record
from onloop.text import safe

if TYPE_CHECKING:
    from onloop.machine.digest import Json  # here: it brings the records of tasks along, and each tool waits for us

_ALWAYS = frozenset({Forbidden.PULL_REQUEST, Forbidden.WORKFLOW, Forbidden.HOOK})
"""What no step allows: it needs no question to the gateway."""

UNREADABLE = (
    "onloop: what the hook was told of this tool could not be read, so the tool is refused; give it less at once"
)


class ToolRuling(Record):
    """Why a tool may not be used, empty where it may; and what was tried, in the words under which it is counted."""

    why: str = ""
    tried: str = ""


LET = ToolRuling()
UNREAD = ToolRuling(UNREADABLE, "use a tool unread")
_TRIED = {
    Forbidden.PUSH: "push",
    Forbidden.PULL_REQUEST: "open a pull request",
    Forbidden.WORKFLOW: "change onloop's own files",
    Forbidden.GATE: "change the program of a gate",
    Forbidden.HOOK: "change hooks",
}
"""What is counted of each: words of ours, so that no agent words a fact."""


def tool_ruling(deeds: Iterable[ToolDeed], facts: Callable[[], StepFacts]) -> ToolRuling:
    """What is ruled of the deeds.

    `facts` asks the gateway, once at most, and only if its answer can matter. Where it does not answer, what only its
    answer could allow is forbidden; what only its answer could forbid is not.
    """
    known: StepFacts | None = None
    for deed in deeds:
        if deed.unread:
            return UNREAD
        if deed.kind in _ALWAYS:
            return _no(deed.kind, deed)
        if known is None:
            try:
                known = facts()
            except OnloopError as problem:
                if deed.kind is not None:
                    return _no(deed.kind, deed, f" ({problem.message})")
                known = StepFacts()
        kind = _by_facts(deed, known)
        if kind is not None:
            return _no(kind, deed)
    return LET


def tool_reply(vendor: Vendor | None, why: str) -> dict[str, Json]:
    """The one JSON object that the vendor reads before it uses a tool."""
    if not why:
        return {}
    told = safe(why)
    if vendor is not None and vendor.tool_event != BEFORE_TOOL:
        return {"decision": "deny", "reason": told}
    decided: dict[str, Json] = {"permissionDecision": "deny", "permissionDecisionReason": told}
    if vendor is not None and vendor.name == "copilot":
        return decided
    return {"hookSpecificOutput": {"hookEventName": BEFORE_TOOL, **decided}}


def _by_facts(deed: ToolDeed, facts: StepFacts) -> Forbidden | None:
    if deed.kind is Forbidden.PUSH:
        return None if facts.branch and _pushes_only(deed.words, facts.branch) else Forbidden.PUSH
    if deed.path and any(deed.path == name or deed.path.endswith(f"/{name}") for name in facts.programs):
        return Forbidden.GATE
    return deed.kind


def _pushes_only(words: tuple[str, ...], branch: str) -> bool:
    """Whether a push leads to that branch alone, as far as its words say; a bare one goes where git is set up to."""
    if any(word in {"--all", "--mirror", "--tags", "--delete", "-d", "--prune"} for word in words):
        return False
    named = [word for word in words[words.index("push") + 1 :] if not word.startswith("-")] if "push" in words else []
    ends = [word.rpartition(":")[2].removeprefix("refs/heads/") for word in named[1:]]
    return all(end in {branch, "HEAD"} for end in ends)


def _no(kind: Forbidden, deed: ToolDeed, more: str = "") -> ToolRuling:
    rule = prohibition(kind)
    return ToolRuling(f"onloop: your step forbids {rule.what} ({deed.shown}): {rule.instead}{more}", _TRIED[kind])
