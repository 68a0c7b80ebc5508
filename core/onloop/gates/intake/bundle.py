"""PURE: what the header of a git bundle says, read by us before git sees a byte of it."""

from __future__ import annotations

import re

from onloop.errors import BadInput
from onloop.records import Record

LARGEST_HEADER = 65_536
_SIGNATURES = (b"# v2 git bundle\n", b"# v3 git bundle\n")
_PREREQUISITE = re.compile(rb"-([0-9a-f]{40}|[0-9a-f]{64})( .*)?")
_REF = re.compile(rb"([0-9a-f]{40}|[0-9a-f]{64}) (.+)")
_FORMATS = {b"@object-format=sha1": 40, b"@object-format=sha256": 64}
_HINT = "onloop submit makes one of HEAD; git bundle create F HEAD ^origin/main is what it does"


class BundleHeader(Record):
    """The one commit that a bundle brings, what must be there for it, and where its pack begins."""

    commit: str
    prerequisites: tuple[str, ...]
    pack_at: int


def bundle_header(begin: bytes) -> BundleHeader:
    """The header at the begin of a bundle; BadInput for one that is none, has a filter, or not exactly one ref."""
    signature = next((known for known in _SIGNATURES if begin.startswith(known)), None)
    end = begin.find(b"\n\n", 0, LARGEST_HEADER)
    if signature is None or end < 0:
        raise BadInput("what came is no git bundle of version 2 or 3", hint=_HINT)
    digits, needed, refs = 40, list[str](), list[str]()
    for line in begin[len(signature) : end].splitlines():
        if line.startswith(b"@"):
            digits = _digits(line)
        elif found := _PREREQUISITE.fullmatch(line):
            needed.append(found[1].decode())
        elif found := _REF.fullmatch(line):
            refs.append(found[1].decode())
        else:
            raise BadInput(f"a bundle's header says {line[:80]!r}", hint=_HINT)
    if len(refs) != 1:
        raise BadInput(f"a bundle with {len(refs)} refs, and one commit is handed in", hint=_HINT)
    if any(len(name) != digits for name in (*needed, *refs)):
        raise BadInput("a bundle whose ids are of another length than its object format's", hint=_HINT)
    return BundleHeader(refs[0], tuple(needed), end + 2)


def _digits(line: bytes) -> int:
    if line not in _FORMATS:
        hint = "make it of a full clone: git fetch --refetch --filter= origin, then: onloop submit"
        raise BadInput(f"a bundle that needs {line[1:80].decode('ascii', 'replace')!r}", hint=hint)
    return _FORMATS[line]
