"""`attention` for scripts: it can wait until something needs a person, woken by what is written to the store."""

from __future__ import annotations

import threading

from onloop.cli.context import Context
from onloop.cli.json_models.attention_models import AttentionJson
from onloop.cli.output import VerbOutput
from onloop.cli.people_arguments import AttentionArguments
from onloop.cli.running import say, stop_signals
from onloop.cli.verbs.attention_verbs import attention as attention_now
from onloop.errors import BadInput, Exit
from onloop.records import replace
from onloop.workflow.duration import milliseconds

LOOK_S = 0.2
"""How often is asked whether anything was written."""

RENEW_S = 5.0
"""After how long it is read again where nothing was: some things need a person because time has passed."""


def attention(context: Context[AttentionArguments]) -> VerbOutput:
    """What needs a person now; with `--wait`, as soon as anything does, or 15 when the time is over."""
    args = context.args
    if args.timeout is not None and not args.wait:
        raise BadInput("--timeout says how long --wait waits", hint="onloop attention --wait --timeout 10m")
    if not args.wait:
        return attention_now(context)
    left = milliseconds(args.timeout) / 1000 if args.timeout is not None else None
    with stop_signals() as stop:
        return _waited(context, stop, left)


def _waited(context: Context[AttentionArguments], stop: threading.Event, left: float | None) -> VerbOutput:
    """The first answer that names something; the last one, as `nothing`, once `left` seconds are over."""
    store, is_told = context.opened.gateway.store, False
    while True:
        seen, answer = store.stamp(), attention_now(context)
        if isinstance(answer.data, AttentionJson) and answer.data.groups:
            return answer
        if stop.is_set() or (left is not None and left <= 0):
            return replace(answer, exit=Exit.NOTHING)
        if not is_told:
            say(f"waiting until something needs a person in {context.home.name}")
            is_told = True
        waited = 0.0
        while waited < min(RENEW_S, RENEW_S if left is None else left) and not stop.is_set() and store.stamp() == seen:
            stop.wait(LOOK_S)
            waited += LOOK_S
        left = None if left is None else left - waited
