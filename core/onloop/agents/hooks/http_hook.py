"""`POST /v1/hooks/claude`: the vendor's own hook over HTTP, for machines that have nothing of ours.

It is answered as `onloop hook claude` answers. What the agent did comes from the branch at the origin that its claim
named, and who it is from its token.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from onloop.access.opening import GatewayHandle
from onloop.access.submission import LONGEST_STATEMENT
from onloop.agents.agent_verdict import verdict_on
from onloop.agents.hooks.denials.step_facts import step_facts
from onloop.agents.hooks.denials.tool_deeds import deeds_of
from onloop.agents.hooks.denials.tool_ruling import UNREAD, ToolRuling, tool_reply, tool_ruling
from onloop.agents.hooks.payload import LARGEST_PAYLOAD, START, TOOL_EVENTS, Payload, payload_of
from onloop.agents.hooks.ruling import HookReply, Ruling, reply_of
from onloop.agents.hooks.turn_end import handed_in_by
from onloop.agents.hooks.turn_judgement import greeting, judged_turn, note_sub_agent
from onloop.agents.vendors.vendor import STOP, SUB_AGENT_BEGINS, SUB_AGENT_ENDS
from onloop.errors import Ground, OnloopError
from onloop.gateway.upkeep import CountDenial, RecogniseAgent
from onloop.home import Home
from onloop.machine.digest import Json
from onloop.machine.principal import Principal
from onloop.machine.task import Task
from onloop.records import Record
from onloop.remote.client import ClientStore, GatewayClient
from onloop.remote.connection_operations import SubmitBranch
from onloop.remote.http.answers.door_state import DoorState
from onloop.remote.http.entry.problem_details import unauthorized
from onloop.remote.http.entry.request_bodies import whole_body
from onloop.remote.http.entry.request_checks import ArrivedRequest, check_json
from onloop.remote.http.routes import DoorRoute
from onloop.remote.inner_connection import Adopt, InnerConnection
from onloop.remote.line import ConnectionLost
from onloop.text import safe

GATES_S = 40.0
"""How long the end of a turn waits for gates, in seconds."""

MOST_AT_ONCE = 32
"""How many hooks are answered at a time; each is a thread."""

LEAST_PAUSE_S = 0.25
_GREETING = (
    "You work under onloop. Commit your work and push it to the branch that you were given: when you end your turn, it "
    "is submitted to the gates of your step."
)


class HookDoor(Record):
    """Answers hooks for the gateway that adopts its connections. `clock` is the wall's, in ms."""

    home: Home
    adopt: Adopt
    clock: Callable[[], int]

    def answer(self, token: str, address: str, payload: Payload) -> dict[str, Json]:
        """The one object that the vendor reads, whatever happens."""
        line = InnerConnection(self.adopt, address)
        try:
            client = GatewayClient(line, ClientStore(line), self.clock)
            opened = GatewayHandle(self.home, client, client)
            return self._reply(opened, client.perform(RecogniseAgent(token)), payload)
        except OnloopError as problem:
            return _stopped(f"{problem.message}; {problem.hint}")
        except ConnectionLost:
            return _stopped("the gateway stops")
        finally:
            line.close()

    def _reply(self, opened: GatewayHandle, agent: Principal, payload: Payload) -> dict[str, Json]:
        if payload.event in {SUB_AGENT_BEGINS, SUB_AGENT_ENDS}:
            if payload.sub_agent.strip():
                note_sub_agent(opened, agent, payload, ended=payload.event == SUB_AGENT_ENDS)
            return reply_of(HookReply(Ruling.LET))
        if payload.event == START:
            return greeting(_GREETING)
        if payload.event in TOOL_EVENTS:
            return tool_reply(None, _ruled(opened, agent, payload))
        if payload.in_background or payload.event != STOP:
            return reply_of(HookReply(Ruling.LET))
        refusal = _handed_in(opened, agent, payload.said)
        ruled = partial(verdict_on, opened.gateway, agent, _head_of, "hook")
        return reply_of(judged_turn(opened, agent, refusal, ruled, patience_s=GATES_S, pause=_pause))


def hook_routes(home: Home, adopt: Adopt, clock: Callable[[], int]) -> tuple[DoorRoute, ...]:
    """The route of the hook, for the door of the gateway that has this home."""
    door, places = HookDoor(home, adopt, clock), CapacityLimiter(MOST_AT_ONCE)

    async def answer(state: DoorState, request: Request, arrived: ArrivedRequest) -> Response:
        if not arrived.bearer:
            raise unauthorized(
                "the hook has no token", "send $ONLOOP_TOKEN as a bearer token, in the header Authorization"
            )
        check_json(arrived.headers)
        body = await whole_body(request, arrived.headers, LARGEST_PAYLOAD, state.limits.body_s)
        told: dict[str, Any] = await to_thread.run_sync(
            door.answer, arrived.bearer, arrived.address, payload_of(body), limiter=places
        )
        return JSONResponse(told)

    return (DoorRoute("POST", "/v1/hooks/claude", answer, "hook", is_long=True),)


def _ruled(opened: GatewayHandle, agent: Principal, payload: Payload) -> str:
    """Why a tool may not be used, which is counted; empty where it may."""
    ruling = _forbidden(opened, agent, payload)
    if ruling.why:
        with suppress(OnloopError):  # a refusal stands, counted or not
            opened.gateway.perform(CountDenial(agent, ruling.tried, agent.task or "", Ground.HOOK))
    return ruling.why


def _forbidden(opened: GatewayHandle, agent: Principal, payload: Payload) -> ToolRuling:
    """What is ruled of a tool; its files are elsewhere, so that links are not followed."""
    if not payload.whole:
        return UNREAD
    deeds = deeds_of(payload.tool, payload.given, payload.folder)
    return tool_ruling(deeds, lambda: step_facts(opened.gateway, agent))


def _handed_in(opened: GatewayHandle, agent: Principal, said: str) -> str:
    """Submit what the branch holds, unless it was judged at this step; why that cannot be, in words."""
    asked = SubmitBranch(agent, said[:LONGEST_STATEMENT])
    return handed_in_by(lambda _: opened.gateway.perform(asked), opened, agent)


def _head_of(task: Task) -> str | None:
    """The commit that was handed in: no other one is known here."""
    return task.submission.head if task.submission is not None else None


def _stopped(why: str) -> dict[str, Json]:
    return reply_of(HookReply(Ruling.STOP, safe(f"onloop: {why}. Stop here; nobody has said that you are done.")))


def _pause(seconds: float) -> None:
    time.sleep(max(seconds, LEAST_PAUSE_S))
