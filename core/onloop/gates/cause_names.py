"""PURE: what a line lacks that says why a command failed: the test, the symbol or the message that stands near it."""

from __future__ import annotations

import re
from collections.abc import Sequence

NEAR = 12
"""How many lines after a cause are looked at."""

_TESTS = (
    re.compile(r"_{3,} (?:ERROR at \w+ of )?(?P<name>[\w.\[\]-]+) _{3,}"),
    re.compile(r"(?:FAIL|ERROR): (?P<name>\w+) \(.*"),
    re.compile(r"--- FAIL: (?P<name>\S+) \(.*"),
    re.compile(r"● (?P<name>\S.*)"),
    re.compile(r"thread '(?P<name>[^']+)'.* panicked at .*"),
    re.compile(r"(?:FAILED|ERROR) \S+::(?P<name>[^\s:]+)(?: - .*)?"),
)
_PANIC = re.compile(r"thread '[^']+'.* panicked at [^']*:\d+:?$")
_SYMBOL = re.compile(r"symbol\s*:\s*(\S.*)")
_MESSAGE = re.compile(r"""message\\*["']?\s*:\s*\\*["'](?P<words>[A-Za-z][^"\\{]{3,})""")
_JSON = re.compile(r"[\s\[]*\{.*")
_DATA = re.compile(r"(\w+: \"[^\"]*\"),?")
_SAME = re.compile(r"(?:Error: )?(\w+): \1")
_WORD = re.compile(r"[A-Za-z_]\w*")
_AT = re.compile(r"^[^\s:]+:\d+(?::\d+)?: ")
_NO_NAMES = frozenset(
    _WORD.findall(
        "assert assertionerror assertion failed left right true false none null undefined not is in and or got want"
        " wanted expected actual received to be equal equals tobe toequal tostrictequal expect but was runtime error"
        " panic invalid memory address nil pointer dereference recovered than greater less should have length len the a"
        " of object equality index out range with capacity test"
    )
)
"""Words that say how something was compared, and name nothing."""


def named(cause: str, before: Sequence[str], after: Sequence[str]) -> str:
    """The cause with what it lacks, from the lines before and after it."""
    near, before = after[:NEAR], (*before, cause)
    if _PANIC.match(cause) and near:
        cause = near[0]
    if cause.endswith("cannot find symbol"):
        return _with_symbol(cause, near)
    if _SAME.fullmatch(cause):
        return " ".join((cause, *(found[1] for line in near[:4] if (found := _DATA.fullmatch(line)))))
    if cause.endswith(":") and near:
        return f"{cause} {near[0]}"
    if "{" in cause:
        return _with_message(cause, near)
    return _with_test(cause, before, after) if _is_bare(cause) else cause


def _with_symbol(cause: str, near: Sequence[str]) -> str:
    found = next((match for line in near if (match := _SYMBOL.fullmatch(line))), None)
    return f"{cause}: {found[1]}" if found else cause


def _with_message(cause: str, near: Sequence[str]) -> str:
    """The sentence inside of JSON, in place of the JSON."""
    found = _MESSAGE.search(" ".join((cause, *near)))
    return f"{_JSON.sub('', cause)} {' '.join(found['words'].split())}".strip() if found else cause


def _is_bare(cause: str) -> bool:
    """Whether the line names nothing: it says only how two values were compared."""
    return all(word.lower() in _NO_NAMES for word in _WORD.findall(_AT.sub("", cause)))


def _with_test(cause: str, before: Sequence[str], after: Sequence[str]) -> str:
    for line in (*reversed(before), *after):
        for test in _TESTS:
            found = test.fullmatch(line)
            if found:
                return f"{found['name']}: {cause}"
    return cause
