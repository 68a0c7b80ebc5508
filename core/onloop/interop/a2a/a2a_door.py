"""`POST /a2a/v1` and the agent card: A2A 1.0 over JSON-RPC, at the door of `onloop serve --listen`.

Each call becomes operations of the list, asked with the caller's own credential: who may see or do what is decided
where it always is. A message approves nothing; it answers a question, for a person who proves it with their code.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Any

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from onloop.errors import BadInput, NotAllowed, Refused, UnknownThing
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import RecogniseAgent
from onloop.identity.network_credentials import OF_AGENT
from onloop.interop.a2a.a2a_faults import A2aFault, A2aProblem
from onloop.interop.a2a.a2a_requests import (
    AnswerWish,
    RpcCall,
    answer_wish,
    call_from,
    check_version,
    list_wish,
    task_wish,
)
from onloop.interop.a2a.a2a_tasks import a2a_task
from onloop.interop.a2a.agent_card import CARD_PATH, RPC_PATH, agent_card
from onloop.interop.a2a.task_pages import task_page
from onloop.machine.commands import Cancel, Reply
from onloop.machine.definition import Assurance
from onloop.machine.operation import AnswerT, Operation
from onloop.machine.principal import Principal, PrincipalKind
from onloop.machine.requests import Request as AskedRequest
from onloop.machine.requests import RequestKind
from onloop.machine.task import Task
from onloop.machine.voice import Voice
from onloop.records import Record
from onloop.remote.http.answers.door_state import DoorState
from onloop.remote.http.answers.operation_route import AskedOperation, ask_for, said_code
from onloop.remote.http.entry.problem_details import HttpProblem, unauthorized
from onloop.remote.http.entry.request_bodies import whole_body
from onloop.remote.http.entry.request_checks import ArrivedRequest, check_json
from onloop.remote.http.routes import DoorRoute
from onloop.remote.protocol import answer_from, request_fields
from onloop.store.port import TaskFilter
from onloop.views.effective_status import ReadTaskNow, ReadTasksNow, TaskNow

LARGEST_CALL = 262_144
"""Bytes of one call."""

CARD_S = 300


class Caller(Record):
    """One call's caller, at their door."""

    state: DoorState
    arrived: ArrivedRequest

    async def ask(self, operation: Operation[AnswerT], *, is_coded: bool = False) -> AnswerT:
        """What the gateway answers to the caller; HttpProblem where it refuses them."""
        code = said_code(self.arrived.headers) if is_coded else None
        asked = AskedOperation(type(operation), request_fields(operation), code)
        content = await ask_for(self.state, self.arrived, asked)
        return await to_thread.run_sync(lambda: answer_from(operation, json.loads(content))[0])

    async def task(self, name: str) -> TaskNow:
        """A task as of now."""
        return await self.ask(ReadTaskNow(name, self.state.clock()))

    def person(self, name: str, operation: Callable[[Principal, Voice], PerformCommand]) -> PerformCommand:
        """What a person asks; A2aProblem where no person has proved themselves, or their code is lacking."""
        if not self.arrived.session or not name:
            words = "only a person may: in a session in which they proved themselves, named as person in metadata"
            raise A2aProblem(A2aFault.DENIED, words)
        asked = operation(Principal(PrincipalKind.HUMAN, name), Voice(f"human:{name}", (), Assurance.A0))
        if said_code(self.arrived.headers) is None:
            words = "send it again with Onloop-Code over exactly this operation"
            more = {"operation": asked.name, "fields": request_fields(asked)}
            raise A2aProblem(A2aFault.PROOF, words, more=more)
        return asked


async def _list(caller: Caller, call: RpcCall) -> Mapping[str, Any]:
    wish, now = list_wish(call.params), caller.state.clock()
    wanted = TaskFilter(run=wish.run, states=wish.states)
    bearer = caller.arrived.bearer if not caller.arrived.session else ""
    if bearer.startswith(OF_AGENT):
        found = await _of_agent(caller, bearer, wanted)
    else:
        found = await caller.ask(ReadTasksNow(now, wanted))
    return await to_thread.run_sync(task_page, found, wish)


async def _of_agent(caller: Caller, bearer: str, wanted: TaskFilter) -> tuple[TaskNow, ...]:
    """An agent's own task, and those right below it."""
    agent = await caller.ask(RecogniseAgent(bearer))
    own = agent.task or ""
    below = await caller.ask(ReadTasksNow(caller.state.clock(), TaskFilter(parent=own)))
    known = (await caller.task(own), *below)
    return tuple(
        each
        for each in known
        if wanted.run in {None, each.task.run} and (wanted.states is None or each.task.state in wanted.states)
    )


async def _get(caller: Caller, call: RpcCall) -> Mapping[str, Any]:
    wish = task_wish(call.params)
    return a2a_task(await caller.task(wish.task), history=wish.history)


async def _cancel(caller: Caller, call: RpcCall) -> Mapping[str, Any]:
    wish = task_wish(call.params)
    found = await caller.task(wish.task)
    if found.task.ended:
        raise A2aProblem(A2aFault.NOT_CANCELABLE, f"it has ended: {found.task.state.value}")
    reason = wish.reason or "canceled over A2A"
    asked = caller.person(
        wish.person,
        lambda person, voice: PerformCommand(person, wish.task, Cancel(voice, reason), f"a2a-cancel-{wish.task}"),
    )
    await caller.ask(asked, is_coded=True)
    return a2a_task(await caller.task(wish.task))


async def _send(caller: Caller, call: RpcCall) -> Mapping[str, Any]:
    wish = answer_wish(call.params)
    task = (await caller.task(wish.task)).task
    if wish.context and wish.context != task.run:
        raise A2aProblem(A2aFault.PARAMS, "the task is of another context", field="message.contextId")
    if task.ended:
        raise A2aProblem(A2aFault.UNSUPPORTED, f"it has ended: {task.state.value}")
    request = _question(task, wish)
    asked = caller.person(
        wish.person,
        lambda person, voice: PerformCommand(
            person, task.id, Reply(request.id, voice, wish.text), f"a2a-{wish.message}"
        ),
    )
    await caller.ask(asked, is_coded=True)
    return {"task": a2a_task(await caller.task(task.id), history=wish.history)}


def _question(task: Task, wish: AnswerWish) -> AskedRequest:
    """The one question that a message answers; an approval is given by nobody's message."""
    open_ones = [each for each in task.requests if wish.request in {"", each.id}]
    questions = [each for each in open_ones if each.kind is RequestKind.QUESTION]
    if len(questions) == 1:
        return questions[0]
    if questions:
        words = f"name one as request in metadata: {', '.join(each.id for each in questions)}"
        raise A2aProblem(A2aFault.PARAMS, words, field="message.metadata")
    if open_ones:
        words = (
            f"a message gives no {open_ones[0].kind.value}: a person decides with onloop, which shows what it is about"
        )
        raise A2aProblem(A2aFault.UNSUPPORTED, words)
    raise A2aProblem(A2aFault.UNSUPPORTED, "nothing is asked that a message could answer")


_Method = Callable[[Caller, RpcCall], Awaitable[Mapping[str, Any]]]
METHODS: Mapping[str, _Method] = {"SendMessage": _send, "GetTask": _get, "ListTasks": _list, "CancelTask": _cancel}
"""The methods that are answered."""

UNSUPPORTED: Mapping[str, A2aFault] = {
    **dict.fromkeys(("SendStreamingMessage", "SubscribeToTask", "GetExtendedAgentCard"), A2aFault.UNSUPPORTED),
    **dict.fromkeys(
        (
            *("CreateTaskPushNotificationConfig", "GetTaskPushNotificationConfig"),
            *("ListTaskPushNotificationConfigs", "DeleteTaskPushNotificationConfig"),
        ),
        A2aFault.NO_PUSH,
    ),
}
"""Those of the specification that are not, each with the error that it wants for that."""


async def answer_call(state: DoorState, request: Request, arrived: ArrivedRequest) -> Response:
    """One call over JSON-RPC."""
    if not arrived.has_credential:
        raise unauthorized("the request has no credential")
    check_json(arrived.headers)
    content = await whole_body(request, arrived.headers, LARGEST_CALL, state.limits.body_s)
    name: str | int | float | None = None
    try:
        call = call_from(_parsed(content))
        name = call.id
        check_version(arrived.headers.get("a2a-version") or request.query_params.get("A2A-Version", ""))
        told: dict[str, Any] = {"result": await _result(Caller(state, arrived), call)}
    except A2aProblem as problem:
        told = {"error": problem.body()}
    return JSONResponse({"jsonrpc": "2.0", "id": name, **told})


def _parsed(content: bytes) -> Any:
    """The JSON value; A2aProblem where there is none, or one that no answer could repeat: NaN, half a character."""
    try:
        said = json.loads(content)
        json.dumps(said, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise A2aProblem(A2aFault.PARSE, "send one JSON object in UTF-8, not nested too deeply") from None
    return said


async def _result(caller: Caller, call: RpcCall) -> Mapping[str, Any]:
    method = METHODS.get(call.method)
    if method is None:
        fault = UNSUPPORTED.get(call.method, A2aFault.METHOD)
        words = f"{call.method[:60]!r} is not answered here; these are: {', '.join(METHODS)}"
        raise A2aProblem(fault, words)
    try:
        return await method(caller, call)
    except HttpProblem as problem:
        raise _told(problem) from None


def _told(problem: HttpProblem) -> Exception:
    """What A2A calls what the gateway answered; what HTTP says better (who are you, not now) stays as it is."""
    error = problem.error
    words = f"{error.message}; {error.hint}"
    if isinstance(error, NotAllowed):
        return problem if problem.status == HTTPStatus.UNAUTHORIZED else A2aProblem(A2aFault.DENIED, words)
    if isinstance(error, UnknownThing):
        return A2aProblem(A2aFault.NOT_FOUND)
    if isinstance(error, Refused):
        return A2aProblem(A2aFault.UNSUPPORTED, words)
    if isinstance(error, BadInput):
        return A2aProblem(A2aFault.PARAMS, words)
    return problem


async def tell_card(state: DoorState, _: Request, arrived: ArrivedRequest) -> Response:
    """The agent card: for everybody, and about nothing but this gateway's door."""
    settings = state.settings
    host = arrived.headers.get("host", "")
    url = settings.public[0] if settings.public else f"{settings.scheme}://{host}"
    return JSONResponse(agent_card(url), headers={"Cache-Control": f"max-age={CARD_S}"})


A2A_ROUTES: tuple[DoorRoute, ...] = (
    DoorRoute("POST", RPC_PATH, answer_call, "a2a"),
    DoorRoute("GET", CARD_PATH, tell_card, "agent_card", is_open=True),
)
"""What `onloop serve --listen` answers beside its own routes."""
