"""Work that is handed in over HTTP: announced, sent in pieces that may be sent again, and submitted."""

from __future__ import annotations

import json
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from onloop.errors import Exit, Refused, Unavailable
from onloop.remote.connection_operations import AnnounceWork, SubmitAnnounced
from onloop.remote.http.answers.door_state import DoorState
from onloop.remote.http.answers.operation_route import ask_line, asked_operation, good, json_response
from onloop.remote.http.entry.problem_details import HttpProblem, bad_request, unauthorized
from onloop.remote.http.entry.request_bodies import timely_chunks
from onloop.remote.http.entry.request_checks import ArrivedRequest, announced_length, check_plain_bytes, too_large
from onloop.remote.http.lines.adopted_line import LineLost
from onloop.remote.http.lines.kept_uploads import KeptUpload

UPLOAD = "Onloop-Upload"
"""The header that names an upload."""


async def announce(state: DoorState, request: Request, arrived: ArrivedRequest) -> Response:
    """Open an upload; its id is in the header."""
    asked = await asked_operation(state, request, arrived, AnnounceWork.name)
    if not arrived.bearer:
        raise unauthorized("only an agent hands in, and the request has no credential of one")
    name, kept = await state.uploads.begun(arrived.bearer, arrived.address)
    try:
        found = json_response(good(await ask_line(state, kept.line, asked)))
    except BaseException:
        state.uploads.end(name)
        raise
    found.headers[UPLOAD] = name
    return found


async def submit(state: DoorState, request: Request, arrived: ArrivedRequest) -> Response:
    """Submit what has come of an upload. The same asked again is answered as before: an answer may get lost."""
    asked = await asked_operation(state, request, arrived, SubmitAnnounced.name)
    name = arrived.headers.get(UPLOAD.lower(), "")
    if not name:
        raise bad_request("submit names no upload", f"send the header {UPLOAD}, which hand_in answered")
    kept = state.uploads.of(name, arrived.bearer)
    asked_text = json.dumps(asked.fields, sort_keys=True)
    async with kept.turn:
        if not kept.answer or kept.asked != asked_text:
            kept.asked, kept.answer = asked_text, await ask_line(state, kept.line, asked)
        kept.used_at = state.now()
    return json_response(good(kept.answer))


async def send_piece(state: DoorState, request: Request, arrived: ArrivedRequest) -> Response:
    """Take the bytes of an upload from `offset` on; the answer is how many have come in all."""
    kept = _upload(state, request, arrived)
    check_plain_bytes(arrived.headers)
    announced_length(arrived.headers, state.limits.piece)
    if kept.turn.locked():
        raise _elsewhere(kept, "another piece of this upload is on its way")
    async with kept.turn:
        if request.query_params.get("offset", "") != str(kept.received):
            raise _elsewhere(kept, f"{kept.received} bytes of this upload have come, and this piece begins elsewhere")
        await _pass_on(state, request, kept)
    return JSONResponse({"received": kept.received})


async def _pass_on(state: DoorState, request: Request, kept: KeptUpload) -> None:
    taken = 0
    async for chunk in timely_chunks(request, state.limits.piece_s):
        taken += len(chunk)
        if taken > state.limits.piece:
            raise too_large(state.limits.piece)
        if state.is_draining:
            raise Unavailable("the gateway stops", hint="hand in again once it is back")
        try:
            await kept.line.send(chunk)
        except LineLost:
            raise kept.refusal() or Unavailable("the gateway closed the upload", hint="hand in again") from None
        kept.received += len(chunk)
        kept.used_at = state.now()


async def tell_received(state: DoorState, request: Request, arrived: ArrivedRequest) -> Response:
    """How many bytes of an upload have come."""
    return JSONResponse({"received": _upload(state, request, arrived).received})


def _upload(state: DoorState, request: Request, arrived: ArrivedRequest) -> KeptUpload:
    if not arrived.bearer:
        raise unauthorized("the request has no credential")
    return state.uploads.of(request.path_params["upload"], arrived.bearer)


def _elsewhere(kept: KeptUpload, words: str) -> HttpProblem:
    refused = Refused(words, exit=Exit.REDO, hint=f"go on with ?offset={kept.received}")
    return HttpProblem(refused, HTTPStatus.CONFLICT, closes=True)
