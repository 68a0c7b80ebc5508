"""What a task owns (its part, its files), what it waits for, and who may act: the same words in every interface."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum

from onloop.attention.groups import Group, age
from onloop.attention.viewer import NOBODY, Viewer
from onloop.machine.state import Reason, State
from onloop.machine.task import Kind, RequestKind, Task
from onloop.records import Record

LONGEST_LABEL = 40
"""A title's words before its colon are the name of the part, if they are no longer than this."""
MOST_FILES = 20
_AGENT = "agent:"
_PATH = re.compile(r"(?<![\w/:.$])(?:[\w.@*-]+/)+[\w.@*-]*|(?<![\w/:.$])[\w-]+\.(?:[ch]|[a-z]{2,4})\b(?![(./])")
_KNOWN_ENDS = frozenset(
    (
        *("c", "cc", "cfg", "cpp", "cs", "css", "go", "h", "hpp", "html", "ini", "java", "js", "json", "jsx", "kt"),
        *("lock", "md", "php", "py", "pyi", "rb", "rs", "scss", "sh", "sql", "toml", "ts", "tsx", "txt", "xml"),
        *("yaml", "yml"),
    )
)


class Actor(StrEnum):
    """The kind of whoever may act on a task next."""

    PERSON = "person"
    AGENT = "agent"
    MACHINE = "machine"
    NOBODY = "nobody"


class Ownership(Record):
    """What a task owns, what it waits for, and who may act.

    `part` names it among its siblings, and `about` says more; both, and the `files`, are words of whoever divided the
    work, which nobody has checked. `names` are those of people, groups, agents or roles; none is any of that kind.
    """

    part: str
    about: str
    files: tuple[str, ...]
    waits_for: str
    actor: Actor
    names: tuple[str, ...] = ()

    def who(self, viewer: Viewer = NOBODY) -> str:
        """Who may act, for a row: `you`, `leads`, an agent's name, `verifier`; empty for nobody."""
        if self.actor is Actor.PERSON:
            you = viewer.is_known and viewer.is_entitled(self.names)
            return "you" if you else ", ".join(self.names) or "anyone"
        return ", ".join(name.removeprefix(_AGENT) for name in self.names)

    def now(self, viewer: Viewer = NOBODY) -> str:
        """Who may act and what is waited for, as `you: approval of release`; empty when it has ended."""
        return ": ".join(filter(None, (self.who(viewer), self.waits_for)))

    def asks(self, viewer: Viewer = NOBODY) -> str:
        """For whom it waits, where what it waits for is said already: `for you`; as `now` where that is no person."""
        return f"for {self.who(viewer)}" if self.actor is Actor.PERSON else self.now(viewer)

    def owned(self, room: int) -> str:
        """What it owns, for so many characters: the part, with the files that fit, else with what it is about."""
        if not self.files:
            return f"{self.part}: {self.about}" if self.about else self.part
        shown = self.files[:1]
        while len(shown) < len(self.files) and len(self._with(self.files[: len(shown) + 1])) <= room:
            shown = self.files[: len(shown) + 1]
        return self._with(shown) if len(self._with(shown)) <= room else self.part

    def _with(self, files: tuple[str, ...]) -> str:
        rest = len(self.files) - len(files)
        return f"{self.part} · {', '.join(files)}{f' +{rest}' if rest else ''}"


UNKNOWN = Ownership("", "", (), "", Actor.NOBODY)
"""What is said of a task that nobody has looked at."""


def ownership_of(task: Task, reason: Reason | None, now: int, parent: Task | None = None) -> Ownership:
    """The ownership of a task that is not moving for `reason` as of `now` (ms); `parent` is the task above it."""
    part, about = _part_of(task, parent)
    waits_for, actor, names = _waiting(task, reason, now)
    files = named_files(task.title) or (named_files(task.brief) if _is_part(parent) else ())
    return Ownership(part, about, files, waits_for, actor, names)


def _is_part(parent: Task | None) -> bool:
    return parent is not None and parent.kind is Kind.WORK


def _part_of(task: Task, parent: Task | None) -> tuple[str, str]:
    """The name of what it owns, and what that is about: a repository, or what tells it from its siblings."""
    if parent is None or not _is_part(parent):
        return (task.repo, "" if parent is not None else task.title) if task.repo else (task.title, "")
    siblings = [made.title for made in parent.children if made.id != task.id]
    return part_words(task.title, siblings)


def part_words(title: str, siblings: list[str]) -> tuple[str, str]:
    """The telling part of a title and the rest: what comes before its colon, unless a sibling begins so, too."""
    label, _, rest = title.partition(": ")
    if rest and len(label) <= LONGEST_LABEL and all(other.partition(": ")[0] != label for other in siblings):
        return label, rest
    words = title.split()
    shared = min((_alike(words, other.split()) for other in siblings), default=0) if siblings else 0
    return " ".join(words[shared:] or words), ""


def _alike(words: list[str], others: list[str]) -> int:
    """How many words at the beginning are the same."""
    pairs = enumerate(zip(words, others, strict=False))
    return next((n for n, (one, other) in pairs if one != other), min(len(words), len(others)))


def named_files(text: str) -> tuple[str, ...]:
    """The paths that a text names, in its order."""
    found = (each.strip(".*") if each.endswith(".") else each for each in _PATH.findall(text))
    return tuple(dict.fromkeys(path for path in found if _is_path(path)))[:MOST_FILES]


def _is_path(text: str) -> bool:
    last = text.rpartition("/")[2]
    if "/" in text:
        return not last or "." in last or "*" in last
    return last.rpartition(".")[2] in _KNOWN_ENDS


# -- what it waits for, and who may act

_Waiting = tuple[str, Actor, tuple[str, ...]]


def _waiting(task: Task, reason: Reason | None, now: int) -> _Waiting:
    if task.ended:
        return "", Actor.NOBODY, ()
    if reason is None or reason in _SILENT:
        holder = (task.holder,) if task.holder else ()
        return ("a sign of life" if reason else "work"), _kind_of(task.holder), holder
    if task.state in {State.INPUT_REQUIRED, State.AUTH_REQUIRED} and reason is not Reason.FROZEN:
        return _asked(task)
    return _MOVED[reason](task, now)


_SILENT = frozenset({Reason.STALLED, Reason.DISCONNECTED})


def _kind_of(name: str | None) -> Actor:
    return Actor.PERSON if (name or "").startswith("human:") else Actor.AGENT


def _asked(task: Task) -> _Waiting:
    names = tuple(dict.fromkeys(name for request in task.requests for name in request.approvers))
    kinds = {request.kind for request in task.requests}
    if RequestKind.APPROVAL in kinds:
        gates = dict.fromkeys(request.gate for request in task.requests if request.gate)
        return f"approval of {', '.join(gates) or 'it'}", Actor.PERSON, names
    return ("an answer" if RequestKind.QUESTION in kinds else "a choice"), Actor.PERSON, names


def _claim(task: Task, _now: int) -> _Waiting:
    owner = task.owner or ""
    if owner.startswith(_AGENT):
        return "a claim", Actor.AGENT, (owner,)
    if owner.startswith("human:"):
        return "a claim", Actor.PERSON, (owner.removeprefix("human:"),)
    return "a claim", Actor.AGENT, tuple(filter(None, (f"any {owner or task.role}" if owner or task.role else "",)))


def _verdicts(task: Task, _now: int) -> _Waiting:
    looked_at = tuple(gate for check in task.base_checks.values() for gate in check.awaited)
    return ", ".join(task.awaited or looked_at) or "gates", Actor.MACHINE, ("verifier",)


def _siblings(task: Task) -> _Waiting:
    return f"{', '.join(task.after)} first", Actor.MACHINE, ()


def _parts(task: Task, _now: int) -> _Waiting:
    count = len(task.children)
    if not count:  # a fleet's targets are no parts that its agent made
        return "the tasks below", Actor.MACHINE, ()
    return f"{count} part{'s' if count != 1 else ''} below", Actor.MACHINE, ()


_MOVED: Mapping[Reason, Callable[[Task, int], _Waiting]] = {
    Reason.READY: _claim,
    Reason.DEPENDENCY: lambda task, now: _siblings(task) if task.waits_to_begin else _verdicts(task, now),
    Reason.RETRY_BACKOFF: lambda task, now: (f"time, {age(task.not_before - now)}", Actor.MACHINE, ()),
    Reason.NO_SLOT: lambda _task, _now: ("a free slot", Actor.MACHINE, ()),
    Reason.WAVE_HELD: lambda _task, _now: ("the wave before", Actor.MACHINE, ()),
    Reason.ELSEWHERE: lambda task, _now: (
        task.elsewhere.words if task.elsewhere else "a push",
        Actor.MACHINE,
        (),
    ),
    Reason.FROZEN: lambda _task, _now: ("unfreeze", Actor.PERSON, ()),
    Reason.GATES_RUNNING: _verdicts,
    Reason.EFFECT_RUNNING: lambda task, _now: (
        task.effect.kind if task.effect else "effect",
        Actor.MACHINE,
        ("gateway",),
    ),
    Reason.CHILDREN_RUNNING: _parts,
    Reason.SCHEDULED: lambda task, now: (f"time, {age(task.not_before - now)}", Actor.MACHINE, ()),
    Reason.EXTERNAL: lambda _task, _now: ("what is outside", Actor.MACHINE, ()),
    Reason.PAUSED: lambda _task, _now: ("resume", Actor.PERSON, ()),
    Reason.EXCLUDED: lambda _task, _now: ("resume", Actor.PERSON, ()),
}
"""What moves a task on that asks nothing of people."""


# -- a row of several

MOST_LOOKED_AT = 20
"""How many members of a cause are looked at for the words of its row."""


def shared_ownership(
    group: Group, tasks: Mapping[str, Task], now: int, viewer: Viewer = NOBODY, room: int = 30
) -> tuple[str, str]:
    """What the members of a cause own, in about `room` characters, and for whom they wait."""
    if not group.members:
        return "", ""
    known = [(tasks[item.task], item) for item in group.members[:MOST_LOOKED_AT] if item.task in tasks]
    owned = [ownership_of(task, item.reason, now, tasks.get(task.parent or "")) for task, item in known]
    acts = list(dict.fromkeys(filter(None, (each.asks(viewer) for each in owned))))
    who = f"{acts[0]}, …" if len(acts) > 1 else "".join(acts)
    if len(group.members) > 1:
        return _together(group, owned)[:room], who
    first = group.members[0]
    return (owned[0].owned(room) if owned else first.repo or first.task)[: 2 * room], who


def _together(group: Group, owned: Sequence[Ownership]) -> str:
    """Several members in words: repositories are counted once, and what is no repository is not called one."""
    count, repos = len(group.members), len({item.repo for item in group.members if item.repo})
    if not repos:
        return f"{count} tasks" if group.has_tasks else f"{count} of them"
    if repos > 1:
        return f"{repos} repos" if repos == count else f"{count} tasks, {repos} repos"
    names = dict.fromkeys(each.part for each in owned)
    return f"{count} parts: {', '.join(names)}" if len(names) > 1 else f"{count} tasks of {group.members[0].repo}"
