"""PURE: the header of a git bundle, which we read before git sees a byte of it."""

from __future__ import annotations

import re

from onloop.errors import BadInput
from onloop.records import Record

LARGEST_HEADER = 65_536
_SIGNATURES = (b"# v2 git bundle\n", b"# v3 git bundle\n")
_PREREQUISITE = re.compile(rb"-([0-9a-f]{40}|[0-9a-f]{64})( .*)?")
_REF = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64}) (.+)")
_FORMATS = {b"@object-format=sha1": 40, b"@object-format=sha256": 64}
_HINT = "onloop submit makes a bundle of HEAD, as does: git bundle create F HEAD ^origin/main"


class BundleHeader(Record):
    """The one commit that a bundle brings, the commits that it builds on, and where its pack begins."""

    commit: str
    prerequisites: tuple[str, ...]
    pack_at: int


class BundleParts(Record):
    """What a bundle's header says: each ref with its commit, the commits that it builds on, where its pack begins."""

    refs: tuple[tuple[str, str], ...]
    prerequisites: tuple[str, ...]
    pack_at: int


def bundle_header(begin: bytes) -> BundleHeader:
    """The header at the start of a bundle; BadInput if it is malformed, has a filter, or has not exactly one ref."""
    parts = bundle_parts(begin)
    if len(parts.refs) != 1:
        raise BadInput(f"the bundle has {len(parts.refs)} refs, but must have one", hint=_HINT)
    return BundleHeader(parts.refs[0][1], parts.prerequisites, parts.pack_at)


def bundle_parts(begin: bytes, largest: int = LARGEST_HEADER) -> BundleParts:
    """The header of at most `largest` bytes at the start of a bundle; BadInput if it is malformed, or has a filter."""
    signature = next((each for each in _SIGNATURES if begin.startswith(each)), None)
    end = begin.find(b"\n\n", 0, largest)
    if signature is None or end < 0:
        raise BadInput("the upload is not a git bundle of version 2 or 3", hint=_HINT)
    digits, needed, refs = 40, list[str](), list[tuple[str, str]]()
    for line in begin[len(signature) : end].splitlines():
        if line.startswith(b"@"):
            digits = _digits(line)
        elif match := _PREREQUISITE.fullmatch(line):
            needed.append(match[1].decode())
        elif match := _REF.fullmatch(line):
            refs.append((match[2].decode("utf-8", "surrogateescape"), match[1].decode()))
        else:
            raise BadInput(f"the bundle's header has an unknown line: {line[:80]!r}", hint=_HINT)
    if any(len(name) != digits for name in (*needed, *(commit for _, commit in refs))):
        raise BadInput("the bundle's ids do not have the length that its object format demands", hint=_HINT)
    return BundleParts(tuple(refs), tuple(needed), end + 2)


def _digits(line: bytes) -> int:
    if line not in _FORMATS:
        hint = "make it from a full clone: git fetch --refetch --filter= origin, then: onloop submit"
        raise BadInput(f"the bundle needs {line[1:80].decode('ascii', 'replace')!r}", hint=hint)
    return _FORMATS[line]
