"""What a call says: what needs somebody, the exact command, a link; nothing that could be markup, no secret.

Words that agents, gates or tickets wrote are marked as theirs. Nothing in it can be answered: a reply decides nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from urllib.parse import quote

from onloop.attention.groups import Group, age
from onloop.known_secrets import known_secrets
from onloop.records import Record
from onloop.redaction import redacted
from onloop.text import safe

_LONGEST_QUOTED = 200
_MOST_TASKS = 5


class CauseText(Record):
    """One cause in a call."""

    cause: str
    headline: str
    tier: str
    reason: str
    tasks: tuple[str, ...]
    count: int
    since: int
    said: str
    command: str
    link: str


class CallText(Record):
    """A message: one line that sums it up, and each of its causes."""

    message: str
    recipient: str
    subject: str
    causes: tuple[CauseText, ...]
    now: int

    @property
    def body(self) -> str:
        """The whole message as plain text."""
        parts = [self.subject, *(part for each in self.causes for part in ("", *_lines(each, self.now)))]
        return "\n".join((*parts, "", "A reply to this decides nothing: use the command.", f"message {self.message}"))


def text_of(
    message: str, recipient: str, groups: Sequence[Group], command: Callable[[str], str], link: str, now: int
) -> CallText:
    """The message about these causes at `now` (ms); `command` makes a command mean this store."""
    causes = tuple(_cause(group, command, link) for group in groups)
    count = sum(each.count for each in causes)
    if len(causes) == 1:
        subject = f"onloop: {causes[0].headline}{f' ({count})' if count > 1 else ''}"
    else:
        subject = f"onloop: {len(causes)} causes need you, {count} in all"
    return CallText(message, recipient, subject[:200], causes, now)


def _cause(group: Group, command: Callable[[str], str], link: str) -> CauseText:
    tasks = tuple(item.task for item in group.members[:_MOST_TASKS] if item.run)
    return CauseText(
        cause=group.cause,
        headline=_plain(group.headline, 160),
        tier=group.tier.name.lower(),
        reason=group.reason.value,
        tasks=tasks,
        count=len(group.members),
        since=group.since,
        said=_plain(group.detail, _LONGEST_QUOTED),
        command=command(f"onloop show {tasks[0]}" if tasks else "onloop attention"),
        link=link.replace("{task}", quote(tasks[0], safe="")) if link and tasks else "",
    )


def _plain(text: str, most: int) -> str:
    """Foreign text in one line, masked, without anything that a terminal or a client would act on."""
    return safe(redacted(" ".join(text.split()), known_secrets()), most)


def _lines(each: CauseText, now: int) -> Sequence[str]:
    more = f" and {each.count - len(each.tasks)} more" if each.count > len(each.tasks) else ""
    named = f": {', '.join(each.tasks)}{more}" if each.tasks else ""
    return (
        f"{each.headline}{named}",
        f"  {each.tier}, for {age(max(0, now - each.since))}",
        *((f"  said there (not by onloop): {each.said}",) if each.said else ()),
        f"  {each.command}",
        *((f"  {each.link}",) if each.link else ()),
    )
