"""What an ACP agent asks leave for, as the one line that a person is shown, and what people said of that line.

An answer counts for exactly the calls that its question showed: a line is made of the call alone, with a digest over
all of it. So nothing has to be remembered, an agent that words a question itself gains nothing, and any worker goes on.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Sequence
from enum import Enum, auto
from hashlib import sha256
from pathlib import Path
from typing import Any

from onloop.agents.acp.named_paths import is_outside
from onloop.agents.vendors.vendor import Fields, fields_of, items_of, text_of
from onloop.errors import BadInput
from onloop.machine.feedback import Feedback
from onloop.machine.people import is_person
from onloop.records import Record
from onloop.redaction import MASK
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
_LONGEST_END = 300
"""How much of the end of a line that is cut is shown."""

HEADER = "The agent asks leave for what stands below."
FOOTER = 'Answer "allow", "allow all" (also whatever else of this kind it asks at this step), or why not.'
_ITEM = re.compile(r"- (?P<kind>[a-z_]+): .* \[(?P<digest>[0-9a-f]{20})\]")
_MASKED = re.compile(r"(?:\[redacted\]|[\w+/=.~%@:#!^*-]){1,2000}")
"""What a mask may stand for: one word, so that no mask hides a second command."""


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
    """A call that waits for leave under the message `id`; `line` shows it, and `digest` is over all of it.

    `allow` is the option that says so for this one time, `deny` one that says no; empty where the agent offers none.
    """

    id: str | int
    kind: str
    line: str
    allow: str = ""
    deny: str = ""
    outside: bool = False
    digest: str = ""
    is_cut: bool = False


def permission_call(number: str | int, fields: Fields, known: Fields, folders: Sequence[Path]) -> PermissionCall:
    """The call in a request's parameters, with what the agent said of it before; `folders` are its own."""
    tool = {**known, **{name: value for name, value in fields_of(fields.get("toolCall")).items() if value is not None}}
    kind = text_of(tool.get("kind"))
    kind = kind if kind in KINDS else "other"
    digest = sha256(json.dumps(_counted(kind, tool), sort_keys=True).encode("ascii")).hexdigest()[:20]
    outside = is_outside(kind, tool, folders)
    words, is_cut = _cut(_shown(kind, tool, outside) or "something that it does not describe", digest)
    options = items_of(fields.get("options"))
    return PermissionCall(
        number,
        kind,
        f"- {kind}: {words} [{digest}]",
        _option(options, "allow_once"),
        _option(options, "reject_once") or _option(options, "reject_always"),
        outside,
        digest,
        is_cut,
    )


def _counted(kind: str, tool: Fields) -> list[object]:
    """All of a call that makes it another one. One that says nothing of itself is no other's equal."""
    given: Any = tool.get("rawInput")
    content = tool.get("content")
    if _is_command(kind, given):  # what a model says that a command is for, it words anew each time
        said = {"type": "content", "content": {"type": "text", "text": given.get("description")}}
        content = [each for each in items_of(content) if each != said]
    parts = [tool.get("title"), tool.get("locations"), content or None, _without_description(kind, given)]
    return [kind, *parts, None if any(parts) else tool.get("toolCallId")]


def _is_command(kind: str, given: Any) -> bool:
    return kind == "execute" and isinstance(given, dict) and isinstance(given.get("command"), (str, list))


def _without_description(kind: str, given: Any) -> Any:
    if not _is_command(kind, given) or not isinstance(given.get("description"), str):
        return given
    return {name: value for name, value in given.items() if name != "description"}


def _shown(kind: str, tool: Fields, outside: bool) -> str:
    """The title, the places and the whole input of a call; its content where it gives no input."""
    given: Any = _without_description(kind, tool.get("rawInput")) or tool.get("content")
    title = " ".join(text_of(tool.get("title")).split())
    if _is_command(kind, given) and title.strip("`") == given["command"]:
        title = ""
    places = [text_of(each.get("path")) for each in items_of(tool.get("locations"))]
    where = f"at {json.dumps(places, ensure_ascii=False)}" if places else ""
    parts = (title, where, "outside of its folders" if outside else "")
    content = json.dumps(given, sort_keys=True, ensure_ascii=False) if given else ""
    return " · ".join(filter(None, (*parts, content))) if any((title, where, content)) else ""


def _cut(words: str, digest: str) -> tuple[str, bool]:
    """The words on a line, and whether they had to be cut: then the line says so, and what allows it."""
    line = safe(" ".join(words.split()))
    if len(line) <= LONGEST_SHOWN:
        return line, False
    ends = f"{line[: LONGEST_SHOWN - _LONGEST_END]} … {line[-_LONGEST_END:]}"
    return f'{ends} (cut, it has {len(line)} characters: only "allow {digest}" allows it)', True


def _option(options: Iterable[Fields], kind: str) -> str:
    return next((text_of(each.get("optionId")) for each in options if each.get("kind") == kind), "")


def question_of(calls: Iterable[PermissionCall]) -> str:
    """What a person is asked about calls: each line once, the first few of them."""
    lines = list(dict.fromkeys(call.line for call in calls))
    return "\n".join((HEADER, *lines[:MOST_SHOWN], FOOTER))


class Leaves(Record):
    """What was allowed and what was not: `kinds` by whoever set the agent up, `said` by people at this step."""

    kinds: Collection[str] = USUAL
    said: Sequence[Feedback] = ()

    def on(self, call: PermissionCall, masked: Callable[[str], str]) -> CallLeave:
        """What follows for a call. The last answer to exactly it counts; nothing ever follows from silence."""
        asked = [(lines, answer) for each in self.said if (lines := _lines(each)) for answer in (_words(each),)]
        about = (leave for lines, answer in reversed(asked) if (leave := _answered(call, lines, answer, masked)))
        if (leave := next(about, None)) is not None:
            return leave
        wide = {kind for lines, answer in asked if answer == _ALL for kind in _kinds(lines)}
        if (call.kind in self.kinds or call.kind in wide) and not call.outside:
            return CallLeave.ALLOW
        return CallLeave.DENY if len(asked) >= MOST_QUESTIONS else CallLeave.ASK


_ALL = "allow all"
_YES = frozenset({"allow", _ALL, "yes"})


def _answered(
    call: PermissionCall, lines: Iterable[str], answer: str, masked: Callable[[str], str]
) -> CallLeave | None:
    """What an answer says of a call; None where it is not about that call.

    A no is for whatever has its digest. Leave is only for what also stands there in words: an agent can word a question
    itself, and put the digest of another call behind them.
    """
    line = next((line for line in lines if call.digest in line and _digest(line) == (call.kind, call.digest)), None)
    if line is None:
        return None
    verb, *named = answer.split() or [""]
    if answer not in _YES and not (verb == "allow" and named and set(named) <= {_digest(each)[1] for each in lines}):
        return CallLeave.DENY
    if not (_fits(line, call.line) or _fits(line, masked(call.line))):
        return None
    if named and answer != _ALL:
        return CallLeave.ALLOW if call.digest in named else CallLeave.DENY
    return None if call.is_cut and answer != _ALL else CallLeave.ALLOW


def _digest(line: str) -> tuple[str, str]:
    found = _ITEM.fullmatch(line)
    return (found["kind"], found["digest"]) if found else ("", "")


def _fits(shown: str, line: str) -> bool:
    """Whether a line that was shown is that line, where a mask stands for a word: each side masks its own secrets."""
    first, *pieces = shown.split(MASK)
    if shown == line or not pieces or not line.startswith(first):
        return shown == line
    at = len(first)
    for piece in pieces[:-1]:
        found = line.find(piece, at + 1)
        if found < 0 or not _MASKED.fullmatch(line, at, found):
            return False
        at = found + len(piece)
    end = len(line) - len(pieces[-1])
    return line.endswith(pieces[-1]) and _MASKED.fullmatch(line, at, max(at, end)) is not None


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
