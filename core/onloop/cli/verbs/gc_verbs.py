"""The verb that gives back the space of ended tasks, and what doctor says about space."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from onloop.access.opening import GatewayHandle
from onloop.agents.leftovers import Cache, Leftover, leftovers, remove
from onloop.agents.places.left_environments import left_environments, tidy_environments
from onloop.agents.places.place_makers import every_maker
from onloop.attention.groups import age
from onloop.cli.context import Context
from onloop.cli.json_models.store_models import GcJson, LeftoverJson
from onloop.cli.output import VerbOutput, columns
from onloop.cli.people_arguments import GcArguments
from onloop.gates.contents.beside_mirrors import BesideMirrors, Origins, beside_mirrors
from onloop.gates.contents.history import HISTORIES
from onloop.gates.contents.large_store import LARGE
from onloop.gates.environments.tree_cache import TreeCache
from onloop.gates.upkeep.disk_use import disk_use, size_words
from onloop.home import Home
from onloop.machine.task import Task
from onloop.views.queries.reads import ReadStoreState, ReadTask, ReadTasks
from onloop.workflow.duration import milliseconds

LEAST_FREE = 100 * 1_048_576
"""With less free space than this, in bytes, doctor says that something is wrong."""

LONGEST_LOOK_S = 2.0
"""How long doctor may measure one folder, in seconds."""

_DAY_S = 86_400


def caches_of(home: Home, tasks: Callable[[], Sequence[Task]]) -> tuple[Cache, ...]:
    """Every cache of folders that this user keeps; whoever makes a new one adds it here."""
    beside = BesideMirrors(home.mirrors, lambda: _origins(home, tasks()))
    return (beside,) if home.apart else (TreeCache(home.kept / "trees"), beside)


def _origins(home: Home, tasks: Sequence[Task]) -> Origins:
    named = [(home.mirror(task.origin).path.name, task.ended) for task in tasks if task.origin]
    return Origins(frozenset(name for name, _ in named), frozenset(name for name, ended in named if not ended))


def gc(context: Context[GcArguments]) -> VerbOutput:
    """Remove what nobody has needed for so long; only a person may, and with `--dry-run` nothing is removed."""
    args, opened = context.args, context.opened
    context.check_no_agent("remove what tasks left")
    older = milliseconds(args.older)
    if not args.dry_run:
        context.voice("remove what tasks left")
    home, now = opened.home, opened.gateway.clock()
    caches = caches_of(home, lambda: opened.gateway.perform(ReadTasks()))
    found = leftovers(home, lambda task: opened.gateway.perform(ReadTask(task)), caches, now - older)
    gone = [] if args.dry_run else [each for each in found if remove(each, caches)]
    kept = 0 if args.dry_run else len(found) - len(gone)
    counted = found if args.dry_run else gone
    total = sum(each.size for each in counted)
    verb = "would be removed" if args.dry_run else "removed"
    data = GcJson(args.dry_run, len(counted), total, kept, [_json(each) for each in counted])
    notes = (*((f"{kept} are in use, or could not be removed",) if kept else ()), *_environments(opened, args))
    lines = (*_table(counted, now), f"{len(counted)} {verb}: {size_words(total)}")
    return VerbOutput(lines=lines, data=data, notes=notes)


def _environments(opened: GatewayHandle, args: GcArguments) -> tuple[str, ...]:
    """Remove the environments whose workers have ended, however short ago that was; what was done, in words."""
    store, makers = opened.gateway.perform(ReadStoreState()).id, every_maker(opened.home)
    if args.dry_run:
        left = left_environments(opened.home, store, makers)
        return tuple(f"environment {each.id} ({each.kind}) would be removed: its worker has ended" for each in left)
    return tuple(tidy_environments(opened, store, makers))


def environments_check(opened: GatewayHandle) -> tuple[bool, str]:
    """Whether environments were left by workers that have ended, and which kinds this machine makes."""
    makers = every_maker(opened.home)
    kinds = [maker.kind.value for maker in makers if not maker.problem()]
    left = left_environments(opened.home, opened.gateway.perform(ReadStoreState()).id, makers)
    lacking = [f"no {maker.kind.value}: {why}" for maker in makers if (why := maker.problem())]
    if left:
        names = ", ".join(f"{each.id} ({each.kind})" for each in left[:5])
        return False, f"{len(left)} left by workers that have ended: {names}; onloop gc --as NAME removes them"
    return True, "; ".join((f"agents can work in {', '.join(kinds)}", *lacking))


def _table(found: Sequence[Leftover], now: int) -> tuple[str, ...]:
    if not found:
        return ()
    rows = [(each.kind.value, each.name, age(max(0, now - each.since)), size_words(each.size)) for each in found]
    return columns(rows, header=("WHAT", "OF", "UNUSED FOR", "SIZE"))


def _json(each: Leftover) -> LeftoverJson:
    return LeftoverJson(each.kind.value, each.name, [str(place) for place in each.places], each.size, each.since)


def disk_check(home: Home) -> tuple[bool, str]:
    """Whether there is room, and what uses it: parts of the store and what lies beside it, and what a day adds."""
    parts: tuple[tuple[str, Iterable[Path]], ...] = (
        ("mirrors", [home.mirrors]),
        ("histories", beside_mirrors(home.mirrors, HISTORIES)),
        ("large files", beside_mirrors(home.mirrors, LARGE)),
        ("clones", [home.environments]),
        ("environments", [home.rooms, home.homes]),
        ("people's folders", [home.people]),
        ("artefacts", [home.handed_over]),
        ("logs", [home.logs]),
        *([] if home.apart else [("caches", [home.kept]), ("store", [home.store])]),
    )
    day_ago = time.time() - _DAY_S
    used = {name: disk_use(places, day_ago, LONGEST_LOOK_S) for name, places in parts}
    within = {"histories", "large files"} | (set() if home.apart else {"mirrors", "caches"})
    whole = [use for name, use in used.items() if name not in within]
    words = ", ".join(f"{name} {use.words}" for name, use in used.items() if use.size)
    try:
        free = shutil.disk_usage(home.store if not home.apart else home.environments.parent).free
    except OSError:
        free = LEAST_FREE
    lately = sum(use.lately for use in whole)
    told = f"{size_words(free)} free; {words or 'nothing is used yet'}; {size_words(lately)} of it since a day ago"
    return free >= LEAST_FREE, f"{told}; onloop gc --older 7d --dry-run shows what could go"
