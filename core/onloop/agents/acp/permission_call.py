"""PURE: what an ACP agent asks leave for, as the one line that a person is shown, and what people said of that line.

An answer counts for exactly the lines that its question showed: a line is made of the call alone, and compared whole.
So nothing has to be remembered, an agent that words a question itself gains nothing, and any worker can go on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from enum import Enum, auto
from hashlib import sha256
from pathlib import Path

from onloop.agents.vendors.vendor import Fields, fields_of, items_of, text_of
from onloop.errors import BadInput
from onloop.machine.feedback import Feedback
from onloop.machine.people import is_person
from onloop.records import Record
from onloop.text import safe

KINDS = ("read", "edit", "delete", "move", "search", "execute", "think", "fetch", "switch_mode", "other")
"""Kinds of tool calls, as ACP names them."""
USUAL = frozenset({"read", "edit", "search", "think"})
"""What needs nobody's leave: what the agent does in its own clone, and a gate judges."""

MOST_SHOWN = 6
"""How many calls one question is about; an agent asks again for the others."""
MOST_QUESTIONS = 12
"""How often people are asked at one visit of a step; after that the answer is no."""
LONGEST_SHOWN = 1_200
_INERT = frozenset({"description"})
"""Parts of a call's input that a model words anew each time, and that nothing does."""

HEADER = "The agent asks leave for what stands below."
FOOTER = 'Answer "allow", "allow all" (also whatever else of this kind it asks at this step), or why not.'
_ITEM = re.compile(r"(?:- )(?P<kind>[a-z_]+): .*")


def permitted(given: Sequence[str]) -> frozenset[str]:
    """The kinds of calls that need nobody's leave: the usual ones and those given; `none` takes the usual ones away."""
    kinds = {kind for words in given for kind in words.split(",") if kind}
    unknown = sorted(kinds - {*KINDS, "all", "none"})
    if unknown:
        hint = f"give all, none, or some of: {', '.join(KINDS)}"
        raise BadInput(f"--permit {unknown[0][:40]!r} is no kind of call", hint=hint)
    if "all" in kinds:
        return frozenset(KINDS)
    return frozenset(kinds - {"none"}) | (frozenset() if "none" in kinds else USUAL)


class CallLeave(Enum):
    """What follows for a call."""

    ALLOW = auto()
    DENY = auto()
    ASK = auto()


class PermissionCall(Record):
    """A call that waits for leave under the message `id`; `line` is all of it that matters, on one line.

    `allow` is the option that says so for this one time, `deny` one that says no; empty where the agent offers none.
    """

    id: str | int
    kind: str
    line: str
    allow: str = ""
    deny: str = ""
    outside: bool = False


def permission_call(number: str | int, fields: Fields, known: Fields, folders: Sequence[Path]) -> PermissionCall:
    """The call in a request's parameters, with what the agent said of it before; `folders` are its own."""
    tool = {**known, **{name: value for name, value in fields_of(fields.get("toolCall")).items() if value is not None}}
    kind = text_of(tool.get("kind"))
    kind = kind if kind in KINDS else "other"
    given = tool.get("rawInput")
    if isinstance(given, dict):
        given = {name: value for name, value in given.items() if name not in _INERT}
    title = " ".join(text_of(tool.get("title")).split())
    content = json.dumps(given, sort_keys=True, ensure_ascii=False) if given else ""
    digest = sha256("\0".join((kind, "" if given else title, content)).encode("utf-8", "replace")).hexdigest()[:12]
    options = items_of(fields.get("options"))
    paths = [Path(text_of(each.get("path"))) for each in items_of(tool.get("locations"))]
    return PermissionCall(
        number,
        kind,
        f"- {kind}: {_cut(content or title or 'something that it does not describe')} [{digest}]",
        _option(options, "allow_once"),
        _option(options, "reject_once") or _option(options, "reject_always"),
        outside=any(not _is_below(path, folders) for path in paths),
    )


def _cut(words: str) -> str:
    line = safe(" ".join(words.split()))
    return line if len(line) <= LONGEST_SHOWN else f"{line[:LONGEST_SHOWN]}… ({len(line)} characters, cut)"


def _option(options: Iterable[Fields], kind: str) -> str:
    return next((text_of(each.get("optionId")) for each in options if each.get("kind") == kind), "")


def _is_below(path: Path, folders: Sequence[Path]) -> bool:
    return ".." not in path.parts and (not path.is_absolute() or any(path.is_relative_to(each) for each in folders))


def question_of(calls: Iterable[PermissionCall]) -> str:
    """What a person is asked about calls: each line once, the first few of them."""
    lines = list(dict.fromkeys(call.line for call in calls))
    return "\n".join((HEADER, *lines[:MOST_SHOWN], FOOTER))


class Leaves(Record):
    """What was allowed and what was not: `kinds` by whoever set the agent up, `said` by people at this step."""

    kinds: Collection[str] = USUAL
    said: Sequence[Feedback] = ()

    def on(self, call: PermissionCall, masked: Callable[[str], str]) -> CallLeave:
        """What follows for a call. The last answer to exactly its line counts; nothing ever follows from silence."""
        asked = [(lines, answer) for each in self.said if (lines := _lines(each)) for answer in (_words(each),)]
        line = masked(call.line)
        about = next((answer for lines, answer in reversed(asked) if line in lines), None)
        if about is not None:
            return CallLeave.ALLOW if about in _YES else CallLeave.DENY
        wide = {kind for lines, answer in asked if answer == _ALL for kind in _kinds(lines)}
        if (call.kind in self.kinds and not call.outside) or call.kind in wide:
            return CallLeave.ALLOW
        return CallLeave.DENY if len(asked) >= MOST_QUESTIONS else CallLeave.ASK


_ALL = "allow all"
_YES = frozenset({"allow", _ALL, "yes"})


def _words(each: Feedback) -> str:
    return " ".join(each.text.lower().split()).rstrip(".!")


def _lines(each: Feedback) -> tuple[str, ...]:
    """The lines of a question of ours that a person answered; nothing where it is worded in any other way."""
    header, *lines, footer = each.question.split("\n") if each.question.count("\n") >= 2 else ("", "")
    if each.kind != "answer" or not is_person(each.by) or (header, footer) != (HEADER, FOOTER):
        return ()
    return tuple(lines) if len(lines) <= MOST_SHOWN and all(_ITEM.fullmatch(line) for line in lines) else ()


def _kinds(lines: Iterable[str]) -> set[str]:
    return {found["kind"] for line in lines if (found := _ITEM.fullmatch(line))}
