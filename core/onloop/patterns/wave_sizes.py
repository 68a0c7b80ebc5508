"""Waves as people write them: `1,5,25,rest`, or in per cent of the fleet: `5%,25%,rest`."""

from __future__ import annotations

import re
from collections.abc import Sequence

from onloop.errors import BadInput
from onloop.machine.wave_plan import MOST_WAVES, HaltRule
from onloop.records import Record

REST = "rest"
"""The last wave: everything that no wave before it has."""

EXAMPLE = "write sizes, or shares of the fleet, such as 1,5,25,rest or 5%,25%,rest"
_SIZE = re.compile(r"([0-9]{1,6})(%?)")


class DividedFleet(Record):
    """How many tasks each wave has, and what to mind about that, in words."""

    sizes: tuple[int, ...]
    mind: str = ""


def divided(words: Sequence[str], count: int) -> DividedFleet:
    """How a fleet of `count` tasks is divided by waves as they were written; BadInput where that makes no sense.

    A share is of the whole fleet, rounded up. What is larger than the fleet is cut, and that is said.
    """
    written = [word.strip() for word in words]
    check_waves(written)
    sizes, left = list[int](), count
    for word in written:
        size = min(left, _size(word, count, left))
        sizes += [size] * (size > 0)
        left -= size
    if left:
        raise BadInput(f"the waves {','.join(written)} hold {count - left} of {count} tasks", hint="end them with rest")
    asked = [_size(word, count, count) for word in written if word != REST]
    is_cut = len(sizes) < len(written) - (written[-1] == REST) or sum(asked) > count
    told = f"the fleet has {count} tasks, so its waves are {', '.join(map(str, sizes))}" if is_cut else ""
    return DividedFleet(tuple(sizes), told)


def _size(word: str, count: int, left: int) -> int:
    if word == REST:
        return left
    number, percent = int(word.removesuffix("%")), word.endswith("%")
    return -(-count * number // 100) if percent else number


def check_waves(written: Sequence[str]) -> None:
    """BadInput for waves that make no sense in a fleet of any size."""
    shown = ",".join(written)[:80]
    if not any(written):
        raise BadInput("the waves are empty", hint=EXAMPLE)
    if len(written) > MOST_WAVES:
        raise BadInput(f"{len(written)} waves are too many", hint=f"write at most {MOST_WAVES}")
    if REST in written[:-1]:
        raise BadInput(f"rest is not the last of the waves {shown}", hint="nothing is left after it: put it at the end")
    for word in written:
        if word != REST:
            _check_size(word)
    shares = sum(int(word[:-1]) for word in written if word.endswith("%"))
    if shares > 100:
        raise BadInput(f"the waves {shown} are {shares} % of the fleet", hint="write at most 100 % together")


def _check_size(word: str) -> None:
    found = _SIZE.fullmatch(word)
    if found is None:
        raise BadInput(f"{word[:40]!r} is not the size of a wave", hint=EXAMPLE)
    if int(found[1]) == 0:
        raise BadInput(f"a wave of {word} would pass before anything was tried", hint="give each at least one task")
    if found[2] and int(found[1]) > 100:
        raise BadInput(f"a wave of {word} is more than the fleet", hint="write at most 100%")


def halt_rule(percent: int | None, least: int | None, alike: int | None) -> HaltRule:
    """The rule by which a fleet halts; BadInput for one that would halt before anything failed, or never."""
    if percent == 0:
        raise BadInput("halting at 0 % would stop the fleet before anything has failed", hint="write 1% or more")
    if least is not None and percent is None:
        raise BadInput(f"{least} is of no share", hint="say at which share it halts, too: 20%")
    if least is not None and least < 1:
        raise BadInput(f"a share is looked at once {least} are judged", hint="write 1 or more")
    if alike is not None and alike < 1:
        raise BadInput(f"{alike} failures with one cause are none", hint="write 1 or more")
    return HaltRule(percent or 0, least or 1, alike or 0)
