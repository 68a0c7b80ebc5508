"""What a person can say about how failures belong together: told apart, made one, grouped as before."""

from __future__ import annotations

from onloop.attention.groups import Group
from onloop.attention.regrouped import check_merge, check_split
from onloop.errors import BadInput
from onloop.machine.regrouping import CauseRestored, CausesMerged, CauseSplit
from onloop_tui.dialogs.marking import MarkWish
from onloop_tui.model.ground.selection import Selection
from onloop_tui.model.ground.snapshot import Snapshot

_NOTHING = "nothing needs you now"


def split(shown: Group | None, selection: Selection, snapshot: Snapshot) -> MarkWish | str:
    """The wish that tells a cause's texts apart, or the marked ones of its tasks from the rest; else why not."""
    if shown is None:
        return _NOTHING
    group = snapshot.group(shown.cause) or shown  # whole: a filter may hide some of it
    marked = tuple(task for task, cause in selection.causes.items() if cause == group.cause)
    apart = marked if len(marked) < len(group.members) else ()
    try:
        check_split(group, apart)
    except BadInput as no:
        return f"{no.message}; {no.hint}"
    how = f"{len(apart)} tasks are told apart" if apart else f"each of {group.text_count} texts is a cause of its own"
    return MarkWish("Split", f"{how}; u takes it back", lambda by, _words: [CauseSplit(group.cause, by, apart)])


def merge(shown: Group | None, selection: Selection, snapshot: Snapshot) -> MarkWish | str:
    """The wish that makes the marked causes one, under the name of the one under the cursor; else why not."""
    marked = sorted(set(selection.causes.values()), key=lambda cause: (shown is None or cause != shown.cause, cause))
    groups = [group for cause in marked if (group := snapshot.group(cause)) is not None]
    if len(groups) < 2:
        return "mark two causes or more with Space: m makes them one"
    try:
        check_merge(groups)
    except BadInput as no:
        return f"{no.message}; {no.hint}"
    first, *others = (group.cause for group in groups)
    done = f"{len(groups)} causes are one now, {first}; u takes it back"
    return MarkWish("Merge", done, lambda by, _words: [CausesMerged(first, by, tuple(others))])


def restore(group: Group | None) -> MarkWish | str:
    """The wish that groups as before what people have split off or merged; else why not."""
    if group is None:
        return _NOTHING
    roots = list(dict.fromkeys(act.cause for act in reversed(group.acts)))
    if not roots:
        return "nobody has split or merged this cause"
    return MarkWish("Restore", "grouped as before", lambda by, _words: [CauseRestored(root, by) for root in roots])
