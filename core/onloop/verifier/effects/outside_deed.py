"""What every effect on a forge knows and does first: one deed for one task, found again by a key of ours."""

from __future__ import annotations

import re
from collections.abc import Callable

from onloop.access.opening import GatewayHandle
from onloop.errors import BadInput, Exit, FailureKind, OnloopError, Refused
from onloop.forges.port import Forge, RepositoryName
from onloop.gates.repository.mirror import Mirror
from onloop.machine.commands import RecordLink, StartEffect
from onloop.machine.definition import Definition, Step
from onloop.machine.effect_specs import OUTSIDE_WORDS, own_branch
from onloop.machine.events import EffectProblem
from onloop.machine.links import Link, LinkKind
from onloop.machine.store_state import covering
from onloop.machine.task import Outbox, Submission, Task
from onloop.records import Record
from onloop.text import safe
from onloop.verifier.effects.recorder import EffectRecorder
from onloop.views.pinned_workflow import definition_of

_WORD = re.compile(r"\{(" + "|".join(OUTSIDE_WORDS) + r")\}")


class Awaited(OnloopError):
    """Nothing is wrong: what was begun outside is not at its end yet, and is looked at again."""

    code = "awaited"


class CannotBeDone(OnloopError):
    """The effect did not happen, and does not by itself; `problem` says of which kind that is."""

    code = "cannot_be_done"

    def __init__(self, problem: EffectProblem, message: str) -> None:
        super().__init__(message, hint="onloop show says what was asked")
        self.problem = problem


class ForgePlace(Record):
    """A forge, and which of its repositories a task's origin is."""

    forge: Forge
    repo: RepositoryName


def declared_forge(opened: GatewayHandle, task: Task) -> ForgePlace:
    """The forge of a task's origin, as `forges.toml` declares it. CannotBeDone where none is declared."""
    from onloop.forges.configured import forge_of, repository_of  # here: httpx comes with it, and few effects need it

    origin = task.origin or ""
    repo = repository_of(opened, origin)
    if repo is None:
        words = f"{safe(origin, 200)} is no repository of a forge that forges.toml declares"
        raise CannotBeDone(EffectProblem.REFUSED, words)
    try:
        return ForgePlace(forge_of(opened, origin, opened.gateway.clock), repo)
    except BadInput as problem:
        raise CannotBeDone(EffectProblem.REFUSED, problem.message) from problem


FindForge = Callable[[GatewayHandle, Task], ForgePlace]


class OutsideDeed(Record):
    """One effect of one task, for the verifier that has leased its job."""

    recorder: EffectRecorder
    task: Task
    effect: Outbox
    submission: Submission
    mirror: Mirror
    step: Step
    definition: Definition
    place: Callable[[], ForgePlace]

    @property
    def forge(self) -> Forge:
        """The forge; CannotBeDone where none is declared for the task's origin."""
        return self.place().forge

    @property
    def repo(self) -> RepositoryName:
        """The repository of the task's origin."""
        return self.place().repo

    @property
    def branch(self) -> str:
        """The task's own branch."""
        return own_branch(self.task.id)

    @property
    def key(self) -> str:
        """What our checks and comments of this step are found again by."""
        return f"{self.task.id}/{self.step.id}"

    @property
    def is_declared(self) -> bool:
        """Whether a forge is declared for the task's origin."""
        try:
            self.place()
        except CannotBeDone:
            return False
        return True

    @property
    def is_begun(self) -> bool:
        """Whether the intent is recorded."""
        return self.effect.expected is not None

    def begin(self, expected: str, result: str) -> None:
        """Record the intent, unless it is; Refused if a freeze covers the task, or another verifier may have begun."""
        if not self.is_begun:
            self.recorder.reached("built")
            self.recorder.perform(self.task, StartEffect(self.effect.id, expected, result))
            self.recorder.reached("recorded")
        self.check_may_act()

    def check_may_act(self) -> None:
        """Refused unless the job is still ours and nothing is frozen: called before each act."""
        with self.recorder.opened.gateway.store.reading() as reading:
            self.recorder.check_lease(reading, self.task)
            scope = covering(reading.house(), self.task)
        if scope is not None:
            hint = f"it goes on after: onloop unfreeze {scope}"
            raise Refused(f"{scope} is frozen, so nothing was sent", exit=Exit.HELD, hint=hint)

    def link(self, kind: LinkKind, number: int = 0, url: str = "", name: str = "") -> None:
        """Record that something outside belongs to the task."""
        link = Link(kind, self.repo.host, self.repo.words, number, safe(url, 4_000), name)
        if link not in self.task.links:
            self.recorder.perform(self.task, RecordLink(link))

    def linked(self, kind: LinkKind, name: str = "") -> Link | None:
        """What of that kind belongs to the task in this repository: the newest."""
        mine = [link for link in self.task.links if link.kind is kind and name in {"", link.name}]
        if not mine:  # which repository is meant need not be known
            return None
        where = (self.repo.host.lower(), self.repo.words.lower())
        return next((link for link in reversed(mine) if (link.host.lower(), link.repository.lower()) == where), None)

    def done(self, result: str, words: str) -> str:
        """Record that it is done."""
        self.recorder.finish(self.task, self.effect, result)
        return f"done: {words}"

    def text(self, template: str) -> str:
        """A text of the workflow with what is known put into its words in braces."""
        known = {
            "task": self.task.id,
            "run": self.task.run,
            "title": self.task.title,
            "target": self.task.target,
            "head": self.submission.head,
            "result": self.task.result or self.submission.head,
        }
        return _WORD.sub(lambda found: known[found[1]], template)


def is_refusal(problem: OnloopError, *statuses: int) -> bool:
    """Whether a forge refused with one of these statuses."""
    return getattr(problem, "status", 0) in statuses and problem.kind is not FailureKind.AUTH


def step_of(recorder: EffectRecorder, task: Task) -> tuple[Step, Definition]:
    """Where the task stands, and its workflow."""
    with recorder.opened.gateway.store.reading() as reading:
        definition = definition_of(reading, task)
    return definition.step(task.step or ""), definition
