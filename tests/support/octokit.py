"""GitHub's own examples of webhooks, as npm's `@octokit/webhooks-examples` has them: fetched when a test asks."""

from __future__ import annotations

import json
import subprocess
import tarfile
from functools import cache
from pathlib import Path
from shutil import which
from tempfile import mkdtemp
from typing import Any

import pytest

PACKAGE = "@octokit/webhooks-examples@7.6.1"
INDEX = "package/api.github.com/index.json"
PACK_S = 120


@cache
def _fetched() -> tuple[tuple[str, bytes], ...]:
    npm = which("npm")
    if npm is None:
        return ()
    folder = Path(mkdtemp(prefix="onloop-octokit-"))
    try:
        done = subprocess.run(
            [npm, "pack", "--silent", PACKAGE], cwd=folder, capture_output=True, text=True, timeout=PACK_S, check=False
        )
    except subprocess.TimeoutExpired:
        return ()
    packed = next(folder.glob("*.tgz"), None)
    if done.returncode != 0 or packed is None:
        return ()
    with tarfile.open(packed) as archive:
        file = archive.extractfile(INDEX)
        said: list[dict[str, Any]] = json.load(file) if file is not None else []
    return tuple((str(each["name"]), json.dumps(one).encode()) for each in said for one in each["examples"])


def examples() -> tuple[tuple[str, bytes], ...]:
    """Each example as the event's name and its body; the test is skipped, and says so, where no registry answers."""
    found = _fetched()
    if not found:
        pytest.skip(f"no npm, or no registry that has {PACKAGE}")
    return found
