"""PURE: what the gateway offers of a repository's history, and which names may be in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from hashlib import sha256

from onloop.errors import BadInput
from onloop.gates.repository.ref_names import TAG_SPACE, check_commit, check_ref_name, check_task, is_tag_name
from onloop.records import Record

LARGEST_PASSED = 1_024 * 1_048_576
"""How many bytes of history are passed on in one bundle."""

LARGEST_PAGE = 1_048_576
MOST_HAVE = 64
"""How many commits a client may say that it has."""

MOST_REFS = 4_096
"""How many refs one bundle brings; of the tags, the last by name are left out."""

_DIGEST = re.compile(r"[0-9a-f]{64}")
_TASKS = "refs/onloop/tasks/"


class HistoryOffer(Record):
    """The refs that a task's clone is made from, and the bundle of what of them the client lacks.

    It is read in pages by its digest; without one, the client has all of it.
    """

    refs: tuple[tuple[str, str], ...]
    digest: str = ""
    size: int = 0


def refs_digest(refs: Iterable[tuple[str, str]]) -> str:
    """What a client says to show that it has all of these refs."""
    return sha256(json.dumps(sorted(refs)).encode()).hexdigest()


def tasks_of(task: str, merges: tuple[str, ...], parent: str | None, funnel: str | None) -> tuple[str, ...]:
    """The tasks whose commits a clone needs: its own, those to merge, its parent's where it begins at a merge."""
    kin = (*merges, *((parent,) if parent and funnel else ()))
    return tuple(dict.fromkeys(check_task(each) for each in (task, *kin)))


def wanted(target: str, tasks: tuple[str, ...]) -> tuple[str, ...]:
    """The refs of a mirror that are passed on beside tags: the target's, and those of the tasks."""
    return (f"refs/heads/{check_ref_name(target)}", *(f"{_TASKS}{check_task(task)}" for task in tasks))


def check_offer(offer: HistoryOffer, target: str, tasks: tuple[str, ...]) -> None:
    """BadInput for an offer of anything but the target, tags, and what these tasks handed in; or of too much."""
    if len(offer.refs) > MOST_REFS or not 0 <= offer.size <= LARGEST_PASSED:
        raise _odd(f"{len(offer.refs)} refs and {offer.size} bytes")
    if (offer.digest or offer.size) and not _DIGEST.fullmatch(offer.digest):
        raise _odd(f"a bundle by the name of {offer.digest[:80]!r}")
    for name, commit in offer.refs:
        check_commit(commit)
        if not _is_wanted(name, target, tasks):
            raise _odd(f"the ref {name[:200]!r}")


def check_digest(digest: str) -> str:
    """The digest of a bundle; BadInput if it is none."""
    if not _DIGEST.fullmatch(digest):
        raise BadInput(f"{digest[:80]!r} is not the digest of a bundle", hint="use the one that was offered")
    return digest


def _is_wanted(name: str, target: str, tasks: tuple[str, ...]) -> bool:
    if name == f"refs/heads/{target}":
        return True
    if name.startswith(TAG_SPACE):
        return is_tag_name(name.removeprefix(TAG_SPACE))
    task, _, number = name.removeprefix(_TASKS).rpartition("/")
    return name.startswith(_TASKS) and task in tasks and number.isascii() and number.isdigit()


def _odd(what: str) -> BadInput:
    return BadInput(f"the gateway offers {what}", hint="use the same version of onloop at both ends")
