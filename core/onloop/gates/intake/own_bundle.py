"""A bundle of what the gateway itself made in a mirror, so that another gateway can have it in its own."""

from __future__ import annotations

from onloop.gates.intake.manifest import LARGEST_BUNDLE
from onloop.gates.repository.folders import scratch
from onloop.gates.repository.git import LONG_S
from onloop.gates.repository.mirror import Mirror


def bundle_of(mirror: Mirror, ref: str, tip: str) -> bytes:
    """What `ref` has and the target's `tip` lacks, complete; nothing where that is nothing, or more than intake takes.

    Then only this mirror has the commit, and the work is made again where the mirror is lost.
    """
    asked = f"{ref} ^{tip}".split()
    if not mirror.git.text("rev-list", "--max-count=1", *asked):
        return b""
    with scratch("bundle") as folder:
        path = folder / "bundle"
        mirror.git.run("bundle", "create", "--quiet", str(path), *asked, timeout_s=LONG_S)
        return path.read_bytes() if path.stat().st_size <= LARGEST_BUNDLE else b""
