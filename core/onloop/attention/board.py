"""What people see of all that needs them, and what is hidden, how and by whom. Every item is in exactly one of the two.

Inhibited comes before muted, muted before snoozed, snoozed before acknowledged. Safety items are neither inhibited nor
muted, because a rule may be older than the item. People can acknowledge or snooze them by name, like all others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum

from onloop.attention.groups import Group, age, group_of
from onloop.attention.items import AttentionItem, Tier, needs_person
from onloop.attention.lifecycle import Life, is_acknowledged, is_asleep, lapses_at, life_of
from onloop.attention.regrouped import regrouped
from onloop.machine.anomalies import AnomalyKind
from onloop.machine.marks import Acknowledged, Marks, Muted, Rule, Snoozed
from onloop.machine.state import Reason, State
from onloop.machine.store_state import Frozen, StoreState
from onloop.machine.task import Task
from onloop.records import Record, field


class HowHidden(StrEnum):
    """Why an item is not shown."""

    INHIBITED = "inhibited"
    MUTED = "muted"
    SNOOZED = "snoozed"
    ACKNOWLEDGED = "acknowledged"


class Hidden(Record):
    """Items of one cause that are not shown: how, by whom or what, until when (ms; None: until that changes).

    `rule` is the id of the mute that hides them, for lifting it.
    """

    group: Group
    how: HowHidden
    by: str
    until: int | None
    words: str
    rule: str = ""


class BoardCounts(Record):
    """The numbers that are the same wherever they are shown, in items. Every item is counted once.

    `needs_you` need the person who looks; `blocked` of them, in `causes` groups, because the machine gave up.
    An agent or the machine is waited for by `stalled`. `for_others` are outside the scope of who looks.
    """

    needs_you: int = 0
    blocked: int = 0
    causes: int = 0
    failed: int = 0
    acknowledged: int = 0
    snoozed: int = 0
    muted: int = 0
    inhibited: int = 0
    stalled: int = 0
    for_others: int = 0
    bypassed: int = 0
    """Of all of them, those that tell of a gate that somebody bypassed."""

    @property
    def shown(self) -> int:
        """How many items are shown."""
        return self.needs_you + self.stalled + self.failed

    @property
    def hidden(self) -> int:
        """How many items are hidden."""
        return self.acknowledged + self.snoozed + self.muted + self.inhibited


class Board(Record):
    """What needs people at one moment: the groups shown, most pressing first, and what is hidden.

    `lives` has the causes that somebody has seen; all others are new. `others` are groups outside a viewer's scope.
    """

    shown: tuple[Group, ...] = ()
    hidden: tuple[Hidden, ...] = ()
    counts: BoardCounts = field(default_factory=BoardCounts)
    lives: Mapping[str, Life] = field(default_factory=dict)
    others: tuple[Group, ...] = ()

    def life(self, cause: str) -> Life:
        """What people have done about a cause."""
        return self.lives.get(cause, Life())


class _Cover(Record):
    """What hides an item."""

    how: HowHidden
    by: str
    until: int | None
    words: str
    rule: str = ""


def board_of(groups: Iterable[Group], house: StoreState, parents: Mapping[str, Task], now: int) -> Board:
    """The board for `groups`, as people have regrouped them, at `now` (ms).

    `parents` are the tasks that have children, by id.
    """
    whole = regrouped(groups, house.marks.acts)
    covers = _Covers(house.freezes.values(), house.marks, stops_of(parents), now)
    shown: list[Group] = []
    hidden: list[Hidden] = []
    for group in whole:
        for cover, part in _split(group, covers):
            if cover is None:
                shown.append(part)
            else:
                hidden.append(Hidden(part, cover.how, cover.by, cover.until, cover.words, cover.rule))
    return Board(
        shown=tuple(sorted(shown, key=lambda group: group.place(now))),
        hidden=tuple(sorted(hidden, key=lambda one: one.group.place(now))),
        counts=counts_of(shown, hidden),
        lives={g.cause: life_of(g, house.marks, now) for g in whole if g.cause in house.marks.seen},
    )


def stops_of(parents: Mapping[str, Task]) -> Mapping[str, Task]:
    """For each parent that is paused or ended, or is below such a task: the nearest such task."""
    found: dict[str, Task] = {}
    for task in parents.values():
        above: Task | None = task
        path = list[str]()
        while above is not None and above.id not in path:
            if above.state is State.PAUSED or above.ended:
                found[task.id] = above
                break
            path.append(above.id)
            above = parents.get(above.parent) if above.parent is not None else None
    return found


class _Covers:
    """What may hide an item of any group; the words for each are made once."""

    def __init__(self, freezes: Iterable[Frozen], marks: Marks, stops: Mapping[str, Task], now: int) -> None:
        self.marks = marks
        self.now = now
        self._stops = {name: (stop.ended, _stopped(stop)) for name, stop in stops.items()}
        self._freezes = {freeze.scope: _frozen(freeze) for freeze in freezes if _inhibits(freeze)}
        self._mutes = [(mute.rule, _muted(mute, now)) for mute in marks.muted.values() if now < mute.until]

    def by_rule(self, group: Group) -> bool:
        """Whether a stop, a freeze or a mute may hide members of the group."""
        return group.tier is not Tier.SAFETY and bool(self._stops or self._freezes or self._mutes)

    def rule_on(self, item: AttentionItem) -> _Cover | None:
        """The stop, freeze or mute that hides the item; None if there is none."""
        return self._stop(item) or self._freeze(item) or self._mute(item)

    def _stop(self, item: AttentionItem) -> _Cover | None:
        has_ended, cover = self._stops.get(item.parent or "", (False, None))
        return None if has_ended and item.tier is Tier.FYI else cover

    def _freeze(self, item: AttentionItem) -> _Cover | None:
        if not self._freezes:
            return None
        names = ("all", f"run:{item.run}", f"workflow:{item.workflow}", f"repo:{item.repo}")
        return next((self._freezes[name] for name in names if name in self._freezes), None)

    def _mute(self, item: AttentionItem) -> _Cover | None:
        return next((cover for rule, cover in self._mutes if covers(rule, item)), None)


def _inhibits(freeze: Frozen) -> bool:
    """Whether a freeze may hide items. A freeze by an agent hides nothing from people."""
    kind = freeze.scope.partition(":")[0]
    return kind in {"all", "run", "workflow", "repo"} and freeze.by.startswith("human:")


def covers(rule: Rule, item: AttentionItem) -> bool:
    """Whether the item has the value of every field in the rule."""
    given = rule.given
    return bool(given) and all(getattr(item, name) == value for name, value in given.items())


def _split(group: Group, covers: _Covers) -> Iterable[tuple[_Cover | None, Group]]:
    """The group in parts: what each cover hides and, under None, what stays visible."""
    parts: defaultdict[_Cover | None, list[AttentionItem]] = defaultdict(list)
    if covers.by_rule(group):
        for item in group.members:
            parts[covers.rule_on(item)].append(item)
    else:
        parts[None] = list(group.members)
    for item, cover in _marked(group, parts.pop(None, []), covers):
        parts[cover].append(item)
    return [(cover, group if len(part) == len(group.members) else group_of(part)) for cover, part in parts.items()]


def _marked(
    group: Group, rest: Sequence[AttentionItem], covers: _Covers
) -> Iterable[tuple[AttentionItem, _Cover | None]]:
    """Each item that no rule hides, with the snooze or acknowledgement that hides it, if any."""
    marks, now = covers.marks, covers.now
    asleep = marks.snoozed.get(group.cause)
    if asleep is not None and is_asleep(group, asleep, now):
        cover = _snoozed(asleep, now)
        return [(item, cover) for item in rest]
    taken = marks.acknowledged.get(group.cause)
    if taken is None:
        return [(item, None) for item in rest]
    cover = _acknowledged(taken, group, now)
    return [(item, cover if is_acknowledged(item, taken, group, now) else None) for item in rest]


def _stopped(stop: Task) -> _Cover:
    words = f"inhibited by {stop.id}, {stop.state.value}: {stop.detail}"
    return _Cover(HowHidden.INHIBITED, f"task:{stop.id}", None, words)


def _frozen(freeze: Frozen) -> _Cover:
    why = f": {freeze.reason}" if freeze.reason else ""
    words = f"inhibited by the freeze of {freeze.scope}, by {freeze.by}{why}"
    return _Cover(HowHidden.INHIBITED, freeze.by, None, words)


def _muted(mute: Muted, now: int) -> _Cover:
    words = f"muted by {mute.by} for {age(mute.until - now)} more ({mute.rule}): {mute.reason}"
    return _Cover(HowHidden.MUTED, mute.by, mute.until, words, mute.rule.id)


def _snoozed(mark: Snoozed, now: int) -> _Cover:
    early = [*(["when it changes"] * bool(mark.state)), *([f"at {mark.grown_to} members"] * bool(mark.grown_to))]
    words = " or ".join((f"for {age(mark.until - now)} more", *early))
    return _Cover(HowHidden.SNOOZED, mark.by, mark.until, f"snoozed by {mark.by} {words}")


def _acknowledged(mark: Acknowledged, group: Group, now: int) -> _Cover:
    lapses = lapses_at(mark, group)
    words = "permanently" if lapses is None else f"it lapses in {age(lapses - now)}"
    return _Cover(HowHidden.ACKNOWLEDGED, mark.by, lapses, f"acknowledged by {mark.by}; {words}")


_DECISIONS = frozenset({Tier.SAFETY, Tier.DECISION})


def counts_of(shown: Iterable[Group], hidden: Iterable[Hidden], others: Iterable[Group] = ()) -> BoardCounts:
    """The counts of these groups: what is shown, what is hidden, and what is outside the scope."""
    seen, hidden, others = tuple(shown), tuple(hidden), tuple(others)
    asking = [group for group in seen if needs_person(group.members[0])]
    blocked = [group for group in asking if group.tier not in _DECISIONS]
    failed = _size(group for group in seen if group.tier is Tier.FYI)
    out: defaultdict[HowHidden, int] = defaultdict(int)
    for one in hidden:
        out[one.how] += len(one.group.members)
    return BoardCounts(
        needs_you=_size(asking),
        blocked=_size(blocked),
        causes=len(blocked),
        failed=failed,
        acknowledged=out[HowHidden.ACKNOWLEDGED],
        snoozed=out[HowHidden.SNOOZED],
        muted=out[HowHidden.MUTED],
        inhibited=out[HowHidden.INHIBITED],
        stalled=_size(seen) - _size(asking) - failed,
        for_others=_size(others),
        bypassed=_bypassed((*seen, *(one.group for one in hidden), *others)),
    )


def _bypassed(groups: Iterable[Group]) -> int:
    """How many items tell of a bypass, hidden ones among them."""
    members = (item for group in groups if group.reason is Reason.ANOMALY for item in group.members)
    return sum(item.signature == AnomalyKind.BYPASS.value for item in members)


def _size(groups: Iterable[Group]) -> int:
    return sum(len(group.members) for group in groups)
