"""Where a clone's commits come from: the origin where this machine reaches it, and else through the gateway."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from onloop.access.histories.kin import kin_of
from onloop.access.opening import GatewayHandle
from onloop.access.targets import is_url
from onloop.errors import OnloopError, Unavailable, UnknownThing
from onloop.gates.bundles.brought_history import download, forget_old, had_by, take_in, turn_to_bring
from onloop.gates.bundles.history_offer import HistoryOffer, check_offer
from onloop.gates.contents.tags import tags_or_none
from onloop.gates.repository.mirror import Mirror
from onloop.machine.definition import EnvironmentSpec
from onloop.machine.principal import Principal
from onloop.machine.task import Task
from onloop.remote.connection_operations import OfferHistory, ReadBundle
from onloop.text import safe

REACHED_S = 20.0
"""How long an origin may take to list its branches before the gateway is asked for its history, in seconds."""

TRIES = 3
"""How often a bundle is asked for that is gone from the gateway before it has come."""


def mirror_for_clone(
    opened: GatewayHandle, agent: Principal, task: Task, asked: EnvironmentSpec, say: Callable[[str], None]
) -> Mirror | None:
    """The mirror that a task's clone is made from; None for a task without a repository.

    Apart from the gateway, what is wanted of it is brought here first: what no origin has, and the target too where
    this machine does not reach the origin. Unavailable for what cannot come that way.
    """
    if task.origin is None:
        return None
    mirror = opened.mirror(task.origin)
    if not opened.home.apart:
        return mirror
    with turn_to_bring(opened.home.bundles, mirror):
        mirror.create()
        reached = _may_be_asked(opened, task.origin) and _reached(mirror, task.target)
        if not reached:
            _check_can_come(mirror, asked)
        if not reached or _is_beyond_origin(task):
            _brought(opened, agent, task, mirror, say)
    return replace(mirror, brought=True)


def _may_be_asked(opened: GatewayHandle, origin: str) -> bool:
    """Whether this machine may ask the origin: a folder that a gateway elsewhere names is of that machine's disk.

    What lies at the same place here is somebody's own, and would be handed to the agent.
    """
    return not opened.home.url or (is_url(origin) and not origin.lower().startswith("file:"))


def _reached(mirror: Mirror, target: str) -> bool:
    """Whether the origin gave its branch to this machine."""
    try:
        mirror.heads(REACHED_S)
        mirror.refresh(target)
    except OnloopError:
        return False
    tags_or_none(mirror)
    return True


def _check_can_come(mirror: Mirror, asked: EnvironmentSpec) -> None:
    """Unavailable where the workflow wants what a bundle does not carry."""
    kinds = [words for words, wanted in (("submodules", asked.submodules), ("files in Git LFS", asked.lfs)) if wanted]
    if kinds:
        raise Unavailable(
            f"the workflow wants {' and '.join(kinds)}, which do not come through the gateway, and this machine does "
            f"not reach {mirror.bare_origin}",
            hint="let it reach the origin: declare access to it in git.toml of this user",
        )


def _is_beyond_origin(task: Task) -> bool:
    """Whether commits are wanted that only the gateway has: what was handed in, and what was merged of it."""
    return bool(task.submission is not None or task.merges or task.funnel)


def _brought(opened: GatewayHandle, agent: Principal, task: Task, mirror: Mirror, say: Callable[[str], None]) -> None:
    tasks, gone = kin_of(task), None
    for _ in range(TRIES):
        had = had_by(mirror, task.target, tasks)
        offer = opened.gateway.perform(OfferHistory(agent, had.have, had.seen))
        check_offer(offer, task.target, tasks)
        try:
            _take(opened, agent, mirror, offer)
        except UnknownThing as problem:
            gone = problem
            continue
        if offer.size:
            say(safe(f"{task.id}: {offer.size} bytes of history came through the gateway"))
        return
    raise Unavailable("the bundle of the history went away while it was fetched", hint="try again") from gone


def _take(opened: GatewayHandle, agent: Principal, mirror: Mirror, offer: HistoryOffer) -> None:
    folder = opened.home.bundles
    forget_old(folder, time.time())
    if not offer.digest:
        take_in(mirror, offer, None)
        return

    def page(offset: int) -> bytes:
        return opened.gateway.perform(ReadBundle(agent, offer.digest, offset))

    bundle = download(folder, offer, page)
    take_in(mirror, offer, bundle)
    bundle.unlink(missing_ok=True)
