"""PURE: lists of parts in which some wait for others, and circles among those that wait."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from onloop.records import Record

_NAME = re.compile(r"\[([A-Za-z0-9][A-Za-z0-9_-]{0,39})\]\s+(?=\S)")
_AFTER = re.compile(r"(?:^|\s)\(?after:?\s+\[([^\[\]]{1,1000})\]\)?\s*$", re.IGNORECASE)


class PartLine(Record):
    """A line of a list: what is to be done, how the line is called, and which lines it waits for."""

    text: str
    name: str = ""
    after: tuple[str, ...] = ()


def part_line(line: str) -> PartLine:
    """A line as it was written: `[api] Build the API after: [schema, 2]`. Name and end may be left out."""
    named = _NAME.match(line)
    rest = line[named.end() :] if named else line
    waits = _AFTER.search(rest)
    text = rest[: waits.start()].strip() if waits else rest
    if not text:
        return PartLine(line)
    after = tuple(word for each in (waits[1].split(",") if waits else ()) if (word := each.strip()))
    return PartLine(text, named[1] if named else "", after)


def places_waited_for(lines: Sequence[PartLine]) -> tuple[tuple[int, ...], ...] | str:
    """For each line the places of those it waits for, or in words what is wrong with how they name each other."""
    places = {line.name: place for place, line in enumerate(lines) if line.name}
    twice = next((line.name for place, line in enumerate(lines) if line.name and places[line.name] != place), None)
    if twice is not None:
        return f"two lines are called [{twice}]"
    found: list[tuple[int, ...]] = []
    for line in lines:
        waits = [places.get(word, int(word) - 1 if word.isdecimal() and len(word) < 6 else -1) for word in line.after]
        unknown = next((word for word, at in zip(line.after, waits, strict=True) if not 0 <= at < len(lines)), None)
        if unknown is not None:
            return f"{line.text[:60]!r} waits for {unknown[:40]!r}, and no line is called so or has that number"
        found.append(tuple(dict.fromkeys(waits)))
    around = circle({str(place + 1): [str(at + 1) for at in waits] for place, waits in enumerate(found)})
    return f"lines wait for each other: {' → '.join(around)}" if around else tuple(found)


def circle(waits: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """A circle among what waits for what, its beginning named again at its end; empty where there is none."""
    done = set[str]()
    for name in waits:
        found = _around(name, waits, done)
        if found:
            return found
    return ()


def _around(first: str, waits: Mapping[str, Sequence[str]], done: set[str]) -> tuple[str, ...]:
    """A circle that is reached from `first`; without recursion, for lists are as long as somebody writes them."""
    trail, open_ = [first], [iter(waits.get(first, ()))]
    while trail:
        following = next(open_[-1], None)
        if following is None:
            done.add(trail.pop())
            open_.pop()
        elif following in trail:
            return (*trail[trail.index(following) :], following)
        elif following not in done:
            trail.append(following)
            open_.append(iter(waits.get(following, ())))
    return ()
