"""`onloop hook VENDOR`, as the vendor's agent calls it: one JSON object on stdout and exit code 0, whatever happens."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from onloop.agents.hooks.payload import LARGEST_PAYLOAD, START, TOOL_EVENTS, Payload, payload_of
from onloop.agents.hooks.ruling import HookReply, Ruling, reply_of
from onloop.agents.vendors.known_vendors import HOOKED, VENDORS
from onloop.agents.vendors.vendor import SUB_AGENT_BEGINS, SUB_AGENT_ENDS
from onloop.errors import OnloopError, Unavailable
from onloop.inherited import drop_git_variables
from onloop.text import safe

if TYPE_CHECKING:
    from onloop.agents.hooks.denials.prohibitions import StepFacts
    from onloop.machine.digest import Json

DEADLINE_S = 540
"""Vendors wait ten minutes, as `vendors` asks them to, and let an agent go that was not answered by then."""
GATES_S = 40.0
"""How long the end of a turn waits for gates, unless `$ONLOOP_HOOK_WAIT` says another number of seconds."""
TOOL_S = 10
"""How long the gateway may take before a tool is used; vendors let an agent go that was not answered in time."""
NOTE_S = 5
"""How long a sub-agent that begins or ends may be kept waiting for it to be noted."""


_ENDS = frozenset(vendor.hook.stop for vendor in HOOKED.values() if vendor.hook is not None)
"""The events at the end of a turn, as vendors call them."""


class _TooLate(Exception):
    """The deadline is over."""


def answer_hook(vendor: str) -> int:
    """Answer one call. An agent outside of a task is nobody of ours, and let go."""
    drop_git_variables(os.environ)
    try:
        with _deadline(DEADLINE_S):
            payload = payload_of(sys.stdin.buffer.read(LARGEST_PAYLOAD + 1))
            _leave_proof(vendor, payload.event)
            reply = _before_tool(vendor, payload) if payload.event in TOOL_EVENTS else _reply(vendor, payload)
    except _TooLate:
        reply = _stopped(f"the gateway did not answer within {DEADLINE_S} s")
    except OnloopError as problem:
        reply = _stopped(f"{problem.message}; {problem.hint}")
    except Exception as problem:
        reply = _stopped(f"the hook failed: {type(problem).__name__}: {problem}")
    sys.stdout.write(json.dumps(reply, ensure_ascii=True) + "\n")
    sys.stdout.flush()
    return 0


def _stopped(why: str) -> dict[str, Json]:
    inside = bool(os.environ.get("ONLOOP_TOKEN"))
    return reply_of(
        HookReply(Ruling.STOP, safe(f"onloop: {why}. Stop here; nobody has said that you are done."))
        if inside
        else HookReply(Ruling.LET)
    )


def _before_tool(vendor: str, payload: Payload) -> dict[str, Json]:
    """What a vendor's agent is answered before it uses a tool; most of the time that takes no store."""
    if not os.environ.get("ONLOOP_TOKEN"):
        return {}
    from onloop.agents.hooks.denials.tool_deeds import deeds_of
    from onloop.agents.hooks.denials.tool_ruling import LET, UNREAD, tool_reply, tool_ruling
    from onloop.cli.joined import clone_around

    known = VENDORS.get(vendor)
    ruling = UNREAD
    if payload.whole:
        folder = payload.folder if payload.folder.startswith("/") else str(Path.cwd())
        deeds = deeds_of(payload.tool, payload.given, folder, clone_around(folder) or folder)
        ruling = tool_ruling(deeds, _facts) if deeds else LET
    if ruling.why:
        _count(ruling.tried)
    return tool_reply(known, ruling.why)


def _count(tried: str) -> None:
    """Have a refusal counted; whatever goes wrong here changes nothing of it."""
    from onloop.cli.arguments import Arguments
    from onloop.cli.context import Context
    from onloop.errors import Ground
    from onloop.gateway.upkeep import CountDenial

    context = Context(Arguments(), "hook")
    with suppress(Exception), _deadline(NOTE_S):
        agent = context.agent()
        context.opened.gateway.perform(CountDenial(agent, tried, agent.task or "", Ground.HOOK))
    with suppress(Exception):
        context.close()


def _facts() -> StepFacts:
    """What the gateway says of the agent's step; OnloopError where it does not in time."""
    from onloop.agents.hooks.denials.step_facts import step_facts
    from onloop.cli.arguments import Arguments
    from onloop.cli.context import Context

    context = Context(Arguments(), "hook")
    try:
        with _deadline(TOOL_S):
            return step_facts(context.opened.gateway, context.agent())
    except _TooLate:
        raise Unavailable(f"the gateway did not answer within {TOOL_S} s", hint="try again") from None
    finally:
        context.close()


def _reply(vendor: str, payload: Payload) -> dict[str, Json]:
    if not os.environ.get("ONLOOP_TOKEN"):
        return reply_of(HookReply(Ruling.LET))
    if payload.event in {SUB_AGENT_BEGINS, SUB_AGENT_ENDS}:
        _note(payload)
        return reply_of(HookReply(Ruling.LET))
    if payload.in_background:
        return reply_of(HookReply(Ruling.LET))
    if payload.event == START and vendor in HOOKED:
        context = (
            "You work under onloop. `onloop next` is your brief. Commit your work: when you end your turn, it is "
            "submitted to the gates of your step, as `onloop submit` does."
        )
        from onloop.agents.hooks.turn_judgement import greeting

        return greeting(context)
    if payload.event not in _ENDS:
        return reply_of(HookReply(Ruling.LET))
    return reply_of(_judged(payload.said))


def _note(payload: Payload) -> None:
    """Say to the gateway which sub-agent begins or ends. One that ends does not say that the agent is done.

    Whatever goes wrong here holds up no sub-agent: the end of the turn is where an agent is stopped.
    """
    from onloop.agents.hooks.turn_judgement import note_sub_agent
    from onloop.cli.arguments import Arguments
    from onloop.cli.context import Context

    if not payload.sub_agent.strip():
        return
    context = Context(Arguments(), "hook")
    with suppress(Exception), _deadline(NOTE_S):
        note_sub_agent(context.opened, context.agent(), payload, ended=payload.event == SUB_AGENT_ENDS)
        context.close()


def _judged(said: str) -> HookReply:
    """The verdict on the agent's step once its HEAD is handed in."""
    from onloop.agents.hooks.turn_end import hand_in_head
    from onloop.agents.hooks.turn_judgement import judged_turn
    from onloop.cli.arguments import Arguments
    from onloop.cli.context import Context
    from onloop.cli.verbs.agent_verbs import verdict

    context = Context(Arguments(), "hook")
    try:
        agent = context.agent()
        refusal, ruled = hand_in_head(context.opened, agent, said), lambda: verdict(context, agent)
        return judged_turn(context.opened, agent, refusal, ruled, patience_s=_patience(), pause=time.sleep)
    finally:
        context.close()


def _patience() -> float:
    given = os.environ.get("ONLOOP_HOOK_WAIT", "")
    return min(float(given), GATES_S) if given.isdecimal() else GATES_S


def _leave_proof(vendor: str, event: str) -> None:
    path = os.environ.get("ONLOOP_HOOK_PROOF")  # rehearsal.PROOF: how `onloop doctor --agent` knows
    if path:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(f"{vendor} {event[:40]}\n")


@contextmanager
def _deadline(seconds: int) -> Iterator[None]:
    def over(_number: int, _frame: object) -> None:
        raise _TooLate

    before = signal.signal(signal.SIGALRM, over)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
