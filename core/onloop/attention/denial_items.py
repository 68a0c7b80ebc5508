"""Attention items for denials: one for each principal that was denied something, until no more denials come."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from onloop.attention.fingerprint import fingerprint
from onloop.attention.items import TIERS, AttentionItem
from onloop.errors import Ground
from onloop.machine.denials import Burst, Bursts, is_alarming
from onloop.machine.marks import DAY_MS
from onloop.machine.state import Reason

TOLD_FOR_MS = 7 * DAY_MS
"""How long after the last denial its item stays, if nobody acknowledges it."""

MOST_NAMED = 4

_WORDS = (
    "not for its kind",
    "about a task of another agent",
    "in the name of another",
    "with an unknown token",
    "with a wrong passphrase",
    "allowed only for the gateway's user",
    "without proof of identity",
    "after the lease had ended",
    "against a rule",
    "by its own hook, as its process says",
)
GROUNDS: Mapping[Ground, str] = dict(zip(Ground, _WORDS, strict=True))
"""Each ground in words."""


def denial_items(bursts: Bursts, now: int) -> tuple[AttentionItem, ...]:
    """An item for each principal with alarming and recent denials at `now` (ms). Its `task` is the principal's id."""
    by_principal: defaultdict[str, list[Burst]] = defaultdict(list)
    for burst in bursts.values():
        if now - burst.at < TOLD_FOR_MS and is_alarming(burst.ground, burst.count):
            by_principal[burst.principal].append(burst)
    return tuple(_item(who, sorted(found, key=_weight)) for who, found in sorted(by_principal.items()))


def _weight(burst: Burst) -> tuple[int, str]:
    return (-burst.count, burst.verb)


def _item(who: str, found: Sequence[Burst]) -> AttentionItem:
    words = _words(who, found)
    return AttentionItem(
        task=who,
        run="",
        repo=None,
        title=f"{who} tried to {_listed(list(dict.fromkeys(burst.verb for burst in found)))}",
        workflow="",
        step="",
        reason=Reason.DENIED,
        tier=TIERS[Reason.DENIED],
        gate=None,
        detail=words,
        signature=words,
        cause=fingerprint(Reason.DENIED.value, who),
        since=max(burst.at for burst in found),
        version=sum(burst.count for burst in found),
        requests=(),
    )


def _words(who: str, found: Sequence[Burst]) -> str:
    first, last = min(burst.since for burst in found), max(burst.at for burst in found)
    peers = sorted({burst.peer for burst in found if burst.peer and burst.peer != who})
    span = f"; over {max(1, (last - first) // 60_000)} min" if last > first else ""
    by = f"; asked by {', '.join(peers[:MOST_NAMED])}" if peers else ""
    return f"{_listed([_one(burst) for burst in found])}{span}{by}"


def _one(burst: Burst) -> str:
    about = f" ({burst.subject})" if burst.subject else ""
    times = "once" if burst.count == 1 else f"{burst.count} times"
    return f"{burst.verb}{about} {times}, {GROUNDS[burst.ground]}"


def _listed(words: Iterable[str]) -> str:
    every = list(words)
    more = f" and {len(every) - MOST_NAMED} more" if len(every) > MOST_NAMED else ""
    joiner = "; " if any(" " in word and "," in word for word in every) else ", "
    return f"{joiner.join(every[:MOST_NAMED])}{more}"
