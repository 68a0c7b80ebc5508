"""What the verbs print by which people decide."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from msgspec import Meta

from onloop.cli.json_models.envelope import AtMs
from onloop.cli.json_models.work_models import TaskNowJson
from onloop.machine.state import State
from onloop.records import Record, field


class PushJson(Record):
    """A move of a target that had begun before a freeze, and may still land."""

    task: str
    repository: str
    target: str
    expected: Annotated[str, Meta(description="The commit that the target is at.")] = field(name="from")
    result: Annotated[str, Meta(description="The commit that it moves to.")] = field(name="to")


class FreezeJson(Record):
    """A scope that was frozen."""

    frozen: str
    covered: Annotated[int, Meta(description="How many live tasks it covers now.")]
    under_way: Annotated[Sequence[PushJson], Meta(description="What it comes too late for.")]


class ToSignJson(Record):
    """What a security key signs for a decision, as it would be made now."""

    text: Annotated[str, Meta(description="Exactly what is signed, with the line break at its end.")]


class UnfreezeJson(Record):
    """A scope in which things move again."""

    unfrozen: str


class TolerateJson(Record):
    """What git's checks pass over in an origin's history from now on."""

    origin: str
    tolerated: Sequence[str]


class OutcomeJson(Record):
    """What became of a decision for one task."""

    task: str
    done: bool
    state: State | None
    version: int | None
    why: Annotated[str | None, Meta(description="Why it was refused.")]


class BelowJson(TaskNowJson):
    """A task after a decision, with the outcome for every task below it."""

    outcomes: Sequence[OutcomeJson]


class RoleTriedJson(Record):
    """A held role of which one task is tried now."""

    role: str
    ends: Annotated[str, Meta(description="How its agents ended, one after another.")]


class ListedJson(Record):
    """One task of a row, and what a decision on it would be bound to."""

    task: str
    repo: str | None
    request: str
    digest: str
    content: Annotated[str | None, Meta(description="The digest of what changes; equal ones change the same.")]
    unseen: Annotated[Sequence[str], Meta(description="What of the change its diff does not show.")]


class CauseListJson(Record):
    """What would be decided for a row; nothing was."""

    cause: str
    tasks: Sequence[ListedJson]


class CauseOutcomesJson(Record):
    """What became of a decision for the tasks that share a cause."""

    cause: str
    left: Annotated[int, Meta(description="How many more share the cause.")]
    outcomes: Sequence[OutcomeJson]


class TakenJson(Record):
    """Work that a person took."""

    task: str
    step: str | None
    epoch: Annotated[int, Meta(description="The fencing number: it grows with every new owner.")]
    expires: AtMs
    place: Annotated[str, Meta(description="The person's clone.")]
    begins: Annotated[str | None, Meta(description="The commit of a new clone; null where it was there before.")]


class OpenedJson(Record):
    """A commit that was put in a folder of a person's own."""

    task: str
    commit: str
    base: str
    place: str
    removed: Annotated[Sequence[str], Meta(description="Links that led outside, and were left out.")]
    missing: Annotated[Sequence[str], Meta(description="What of the commit is not filled, in words.")]
    repositories: Annotated[
        Sequence[str], Meta(description="What git would take for repositories of their own, and was left out.")
    ]


class PersonJson(Record):
    """Somebody who is, or was, enrolled."""

    name: str
    principal: Annotated[str, Meta(description="The id by which the log knows them; it never changes.")]
    groups: Sequence[str]
    email: str


class PersonChangedJson(Record):
    """Somebody who was removed or renamed."""

    name: str
    principal: Annotated[str, Meta(description="The id by which the log goes on to know them.")]


class DelegatedJson(Record):
    """That one person may decide in another's place for a time."""

    id: str
    by: Annotated[str, Meta(description="In whose place.")]
    to: Annotated[str, Meta(description="Who decides.")]
    until: AtMs
    gate: Annotated[str | None, Meta(description="Only at this gate; null for any.")]
    group: Annotated[str | None, Meta(description="Only as a member of this group; null for any.")]
    reason: str


class DelegationEndedJson(Record):
    """A delegation that was ended."""

    ended: str


class PeopleJson(Record):
    """Who may decide, and who stands in for whom now."""

    people: Sequence[PersonJson]
    delegations: Sequence[DelegatedJson]
    removed: Annotated[Sequence[str], Meta(description="The names of those who were removed.")]


class LoginJson(Record):
    """A session that reads at a gateway; its secret is in a file, and is never printed."""

    url: str
    person: str
    expires: AtMs


class LogoutJson(Record):
    """A session that was forgotten here."""

    url: str
    ended: Annotated[bool, Meta(description="Whether the gateway ended it, too.")]


class KeyJson(Record):
    """A security key with which a person may sign."""

    id: Annotated[str, Meta(description="Its fingerprint, as OpenSSH prints it.")]
    person: str
    kind: str
    label: str
    by: str
    vouched: Annotated[str | None, Meta(description="The key of the same person that signed for it.")]
    at: AtMs
    counter: Annotated[int, Meta(description="How far it had counted when it was used last.")]
    used: AtMs | None


class KeysJson(Record):
    """The security keys of everybody."""

    keys: Sequence[KeyJson]


class KeyChangedJson(Record):
    """A security key that was enrolled or removed."""

    id: str
    person: str
