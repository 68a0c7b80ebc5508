"""What a person can say about causes in the Inbox: acknowledge, snooze, mute, and show again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from onloop.attention.board import Hidden, HowHidden
from onloop.attention.groups import Group, age
from onloop.attention.lifecycle import acknowledgement
from onloop.machine.marks import ACKNOWLEDGED_FOR_MS, Mark, Unmuted, Woken
from onloop_tui.dialogs.marking import MarkWish
from onloop_tui.model.form.fields import FormField
from onloop_tui.model.inbox.snoozing import RULE_FIELDS, SNOOZES, mute_of, snooze_wish_of


def acknowledge(groups: Sequence[Group], now: int) -> MarkWish:
    """The wish that says: a person is on it."""
    done = f"acknowledged for {age(ACKNOWLEDGED_FOR_MS)}: {_causes(groups)}; H shows it, and . there shows it again"
    return MarkWish("Acknowledge", done, lambda by, _words: [acknowledgement(group, by, now) for group in groups])


def snooze(groups: Sequence[Group], now: int) -> MarkWish:
    """The wish that hides causes until later."""

    def marks_of(by: str, words: Mapping[str, str]) -> Sequence[Mark] | str:
        wanted = snooze_wish_of(words["until"], now, None)
        return wanted if isinstance(wanted, str) else [wanted.on(group, by, now) for group in groups]

    title = f"Snooze {_causes(groups)}: until when? (tomorrow is 9:00, +5 is five more tasks)"
    done = f"snoozed: {_causes(groups)}; H shows what is hidden"
    return MarkWish(title, done, marks_of, (FormField("until", "until", example=SNOOZES),))


def mute(group: Group, now: int) -> MarkWish:
    """The wish that hides all causes of a rule, for a time and a reason."""

    def marks_of(by: str, words: Mapping[str, str]) -> Sequence[Mark] | str:
        made = mute_of(words["what"], words["for"], words["reason"], by, now)
        return made if isinstance(made, str) else [made]

    fields = (
        FormField("what", "what", value=f"cause:{group.cause}", example=RULE_FIELDS, is_proposed=True),
        FormField("for", "for", value="4h", example="1h, 12h, 3d; 7d at most", is_proposed=True),
        FormField("reason", "reason", example="shown to people who look for it", lines=True),
    )
    title = f"Mute whatever fits all of: {RULE_FIELDS}"
    return MarkWish(title, "muted; H shows what is hidden, and . there lifts it", marks_of, fields)


def show_again(hidden: Hidden) -> MarkWish | str:
    """The wish that shows a hidden cause again; an explanation if no mark hides it."""
    group = hidden.group
    if hidden.how is HowHidden.INHIBITED:
        return f"{hidden.words}: it is shown again when that moves on"
    if hidden.how is HowHidden.MUTED:
        return MarkWish(
            "Unmute", "the mute is lifted, for all that it covered", lambda by, _: [Unmuted(hidden.rule, by)]
        )
    return MarkWish("Wake", f"shown again: {group.headline}", lambda by, _words: [Woken(group.cause, by)])


def _causes(groups: Sequence[Group]) -> str:
    return groups[0].headline if len(groups) == 1 else f"{len(groups)} causes"
