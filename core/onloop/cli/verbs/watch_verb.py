"""The verb watch: a line for each change of what needs people, for scripts and for whoever wants to see it go by."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Mapping

from onloop.cli.clock_arguments import WatchArguments
from onloop.cli.context import Context
from onloop.cli.json_models.clock_models import WatchedJson, WatchEndedJson
from onloop.cli.output import VerbOutput, write
from onloop.cli.running import stop_signals
from onloop.errors import BadInput
from onloop.text import safe
from onloop.times import second_words, utc_words
from onloop.views.queries.needs import CauseNow, Needs, ReadNeeds
from onloop.workflow.duration import milliseconds

LOOK_S = 0.2
"""How often is asked whether anything was written."""

RENEW_S = 5.0
"""After how long it is read again where nothing was: some things need a person because time has passed."""

_TASKS = 50
"""How many tasks a line names at most."""


def watch(context: Context[WatchArguments]) -> VerbOutput:
    """Print what needs people, then a line for each change, until stopped or until the time is over."""
    args = context.args
    if args.since is not None and args.since < 0:
        raise BadInput(f"--since {args.since} is no sequence number", hint="give the `seq` of the last line")
    left = milliseconds(args.until) / 1000 if args.until is not None else None
    with stop_signals() as stop:
        seq = _watched(context, stop, left)
    return VerbOutput(data=WatchEndedJson(seq), notes=(f"onloop watch --since {seq} goes on from here",))


def _watched(context: Context[WatchArguments], stop: threading.Event, left: float | None) -> int:
    gateway, args, began = context.opened.gateway, context.args, time.monotonic()
    seen = gateway.store.stamp()
    needs = gateway.perform(ReadNeeds(gateway.clock(), args.since or 0, args.since is not None))
    known = {each.cause: each for each in needs.before}
    decisions = args.since is not None
    while True:
        for told in _changes(known, needs, decisions=decisions):
            _print(told, as_json=args.as_json)
        known, decisions = {each.cause: each for each in needs.now}, True
        if stop.is_set() or (left is not None and time.monotonic() - began >= left):
            return needs.seq
        _wait(context, stop, seen, None if left is None else left - (time.monotonic() - began))
        seen = gateway.store.stamp()
        needs = gateway.perform(ReadNeeds(gateway.clock(), needs.seq))


def _wait(context: Context[WatchArguments], stop: threading.Event, seen: int, left: float | None) -> None:
    """Wait until something was written, or time may have changed something."""
    store, waited, most = context.opened.gateway.store, 0.0, RENEW_S if left is None else min(RENEW_S, left)
    while waited < most and not stop.is_set() and store.stamp() == seen:
        stop.wait(LOOK_S)
        waited += LOOK_S


def _changes(known: Mapping[str, CauseNow], needs: Needs, *, decisions: bool) -> Iterator[WatchedJson]:
    """What is different: decisions first, for they are why causes are cleared."""
    for said in needs.decisions if decisions else ():
        words = f"{said.answer} by {said.by}"
        yield WatchedJson("decided", "", words, "", said.answer, [said.task], said.by, utc_words(said.at), said.seq)
    now = {each.cause: each for each in needs.now}
    for cause, each in known.items():
        if cause not in now:
            yield _told("cleared", each, needs.seq)
    for cause, each in now.items():
        before = known.get(cause)
        if before is None:
            yield _told("new", each, needs.seq)
        elif before.tasks != each.tasks:
            yield _told("changed", each, needs.seq)


def _told(change: str, each: CauseNow, seq: int) -> WatchedJson:
    tasks = each.tasks[:_TASKS]
    headline, since = safe(each.headline, 300), utc_words(each.since)
    return WatchedJson(change, each.cause, headline, each.tier, each.reason, tasks, "", since, seq)


def _print(told: WatchedJson, *, as_json: bool) -> None:
    if as_json:
        write(VerbOutput(data=told), as_json=True)
        return
    tasks = ", ".join(told.tasks[:5])
    more = f" and {len(told.tasks) - 5} more" if len(told.tasks) > 5 else ""
    at = second_words(time.time_ns() // 1_000_000)
    words = f"{at} {told.change} {told.cause}{' ' if told.cause else ''}{told.headline}: {tasks}{more}"
    write(VerbOutput(lines=(safe(words, 600),)), as_json=False)
