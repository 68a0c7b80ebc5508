"""`POST /v1/{operation}`: one request over HTTP is one on a line of the gateway, whose answer is passed on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from onloop.errors import Ground, NotAllowed, Unavailable, UnknownThing
from onloop.gateway.operations import operation_named
from onloop.machine.operation import Operation
from onloop.records import Record, defaults_of
from onloop.remote.http.answers.door_state import DoorState
from onloop.remote.http.entry.problem_details import HttpProblem, answered_problem, bad_request, unauthorized
from onloop.remote.http.entry.request_bodies import parsed_object, while_there, whole_body
from onloop.remote.http.entry.request_checks import ArrivedRequest, Headers, check_json
from onloop.remote.http.lines.adopted_line import AdoptedLine, LineLost

BEGINS, ENDS = "scram_first", "scram_final"
"""The operations by which a person proves who they are: the first one begins a session."""
LARGEST_UNPROVED = 4_096
"""Bytes that may come from somebody who has shown nothing."""
SESSION = "Onloop-Session"
"""The header that names a person's session."""


class AskedOperation(Record):
    """An operation with its fields as they go over the line, and a person's code."""

    kind: type[Operation[Any]]
    fields: Mapping[str, Any]
    code: Mapping[str, object] | None

    @property
    def name(self) -> str:
        """Its name."""
        return self.kind.name


async def ask_operation(state: DoorState, request: Request, arrived: ArrivedRequest) -> Response:
    """Carry out what the path names."""
    asked = await asked_operation(state, request, arrived, request.path_params["operation"])
    if asked.name == BEGINS and not arrived.session:
        return await _begin_session(state, arrived, asked)
    return json_response(await while_there(request, ask_for(state, arrived, asked)))


async def asked_operation(state: DoorState, request: Request, arrived: ArrivedRequest, name: str) -> AskedOperation:
    """What a request asks; HttpProblem where it is no valid one, or nobody in particular sent it."""
    kind, headers = operation_named(name), arrived.headers
    if kind is None:
        raise HttpProblem(UnknownThing(f"there is no operation {name[:40]!r}", hint="GET /v1/openapi.json lists them"))
    if name != BEGINS and not arrived.has_credential:
        raise unauthorized("the request has no credential")
    check_json(headers)
    if not arrived.session and arrived.bearer and not state.lines.is_known(arrived.bearer):
        async with state.lines.of_bearer(arrived.bearer, arrived.address):
            pass  # whoever has no credential sends nothing more
    most = state.limits.body if arrived.has_credential else LARGEST_UNPROVED
    content = await whole_body(request, headers, most, state.limits.body_s)
    fields = parsed_object(content)
    if kind.proves and (arrived.session or fields.get("token") != arrived.bearer):
        words = "a line is of one credential, the one in the Authorization header"
        no = NotAllowed(words, hint="send the same in both, and no session", ground=Ground.TOKEN)
        raise HttpProblem(no)
    return AskedOperation(kind, with_key(kind, fields, headers), said_code(headers))


async def ask_for(state: DoorState, arrived: ArrivedRequest, asked: AskedOperation) -> bytes:
    """What the gateway answers to whoever sent a request; HttpProblem where that is an error."""
    if arrived.session:
        return await _ask_in_session(state, asked, arrived)
    if not arrived.bearer:
        raise unauthorized("the request has no credential")
    async with state.lines.of_bearer(arrived.bearer, arrived.address) as line:
        answer = await ask_line(state, line, asked)
        problem = answered_problem(answer)
        if problem is not None and problem.code == NotAllowed.code:  # it may not be right any more
            lost = await state.lines.proof_refused(line, arrived.bearer)
            if lost is not None:
                state.lines.drop(line)
                raise lost
        if problem is not None:
            raise problem
        return answer


async def ask_line(state: DoorState, line: AdoptedLine, asked: AskedOperation) -> bytes:
    """What the gateway answers on that line; Unavailable where it closes the line."""
    within_s = state.limits.slow_answer_s if asked.kind.is_slow else state.limits.answer_s
    try:
        return await line.ask(asked.name, asked.fields, asked.code, within_s=within_s)
    except LineLost as lost:
        words = "the gateway closed the line" + (": the request may still take effect" if lost.was_asked else "")
        raise Unavailable(words, hint="try again under the same key") from None


async def _begin_session(state: DoorState, arrived: ArrivedRequest, asked: AskedOperation) -> Response:
    name, kept = await state.lines.begun_session(arrived.address)
    try:
        found = json_response(good(await ask_line(state, kept.line, asked)))
    except BaseException:
        state.lines.end_session(name)
        raise
    found.headers[SESSION] = name
    return found


async def _ask_in_session(state: DoorState, asked: AskedOperation, arrived: ArrivedRequest) -> bytes:
    kept = state.lines.session(arrived.session, arrived.address)
    if not kept.is_proved and asked.name not in {BEGINS, ENDS}:
        raise unauthorized("nobody has proved who they are in this session", "send scram_final first")
    answer = good(await ask_line(state, kept.line, asked))
    kept.is_proved = kept.is_proved or asked.name == ENDS
    return answer


def good(answer: bytes) -> bytes:
    """A gateway's answer; HttpProblem where it is an error."""
    problem = answered_problem(answer)
    if problem is not None:
        raise problem
    return answer


def json_response(content: bytes) -> Response:
    """An answer as a response."""
    return Response(content, media_type="application/json")


def with_key(kind: type[Operation[Any]], fields: dict[str, Any], headers: Headers) -> dict[str, Any]:
    """The fields with the key under which the operation happens once, which a header may say as well."""
    said = headers.get("idempotency-key")
    if said is None:
        return fields
    if ("key", "") not in defaults_of(kind):
        raise bad_request(f"{kind.name} takes no key", "leave out the header Idempotency-Key")
    if fields.get("key", said) != said:
        raise bad_request("the key of the header is not the one of the fields", "send the same, or one of them")
    return {**fields, "key": said}


def said_code(headers: Headers) -> Mapping[str, object] | None:
    """A person's code, as the header says it: `N:TAG`."""
    said = headers.get("onloop-code")
    if said is None:
        return None
    number, colon, tag = said.partition(":")
    if not colon or not number.isascii() or not number.isdecimal() or len(number) > 15:
        raise bad_request("the header Onloop-Code is not N:TAG", "send the request's number and its tag")
    return {"n": int(number), "tag": tag}
