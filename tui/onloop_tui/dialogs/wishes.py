"""What a person can say about causes in the Inbox: acknowledge, snooze, mute, show again, split and merge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import tzinfo

from onloop.attention.board import Hidden, HowHidden
from onloop.attention.groups import Group, age
from onloop.attention.lifecycle import acknowledgement
from onloop.attention.regrouped import check_merge, check_split
from onloop.errors import BadInput
from onloop.machine.marks import ACKNOWLEDGED_FOR_MS, Mark, Unmuted, Woken
from onloop.machine.regrouping import CauseRestored, CausesMerged, CauseSplit
from onloop_tui.dialogs.marking import MarkWish
from onloop_tui.model.form.fields import FormField
from onloop_tui.model.inbox.snoozing import RULE_FIELDS, SNOOZES, mute_of, snooze_wish_of


def acknowledge(groups: Sequence[Group], now: int) -> MarkWish:
    """The wish that says: a person is on it."""
    done = f"acknowledged for {age(ACKNOWLEDGED_FOR_MS)}: {_causes(groups)}; H shows it, and . there shows it again"
    return MarkWish("Acknowledge", done, lambda by, _words: [acknowledgement(group, by, now) for group in groups])


def snooze(groups: Sequence[Group], now: int, zone: tzinfo) -> MarkWish:
    """The wish that hides causes until later."""

    def marks_of(by: str, words: Mapping[str, str]) -> Sequence[Mark] | str:
        wanted = snooze_wish_of(words["until"], now, zone)
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
        FormField("what", "what", value=f"cause:{group.cause}", example=RULE_FIELDS),
        FormField("for", "for", value="4h", example="1h, 12h, 3d; 7d at most"),
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


def split(group: Group, tasks: Sequence[str]) -> MarkWish | str:
    """The wish that tells a cause's texts apart, or these tasks from the rest; why not, where that changes nothing."""
    apart = tuple(tasks) if len(tasks) < len(group.members) else ()
    try:
        check_split(group, apart)
    except BadInput as no:
        return f"{no.message}; mark some of its tasks (/ narrows the list, Space marks) to tell those apart"
    how = f"{len(apart)} tasks are told apart" if apart else f"each of {group.text_count} texts is a cause of its own"
    return MarkWish("Split", f"{how}; u takes it back", lambda by, _words: [CauseSplit(group.cause, by, apart)])


def merge(groups: Sequence[Group]) -> MarkWish | str:
    """The wish that makes causes one, under the name of the first; why not, where they cannot be."""
    if len(groups) < 2:
        return "mark two causes or more with Space: m makes them one"
    try:
        check_merge(groups)
    except BadInput as no:
        return f"{no.message}; {no.hint}"
    first, *others = (group.cause for group in groups)
    done = f"{len(groups)} causes are one now, {first}; u takes it back"
    return MarkWish("Merge", done, lambda by, _words: [CausesMerged(first, by, tuple(others))])


def restore(group: Group) -> MarkWish | str:
    """The wish that groups as before what people have split off or merged; why not, where they did neither."""
    roots = list(dict.fromkeys(act.cause for act in reversed(group.acts)))
    if not roots:
        return "nobody has split or merged this cause"
    done = "grouped as before"
    return MarkWish("Restore", done, lambda by, _words: [CauseRestored(root, by) for root in roots])


def _causes(groups: Sequence[Group]) -> str:
    return groups[0].headline if len(groups) == 1 else f"{len(groups)} causes"
