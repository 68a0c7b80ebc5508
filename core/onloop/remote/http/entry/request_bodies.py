"""What comes with a request: read up to a size and a time, and parsed as one JSON object that can be read one way."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Coroutine, Mapping
from contextlib import suppress
from http import HTTPStatus
from typing import Any

from starlette.requests import ClientDisconnect, Request
from starlette.types import Receive

from onloop.errors import Unavailable
from onloop.remote.http.entry.problem_details import HttpProblem, bad_request
from onloop.remote.http.entry.request_checks import Headers, announced_length, too_large

LEFT_UNREAD_S = 2.0
LEFT_UNREAD_BYTES = 128 * 1_048_576
"""How long, and how much, what is not wanted is taken and dropped: a caller that sends does not read an answer yet."""


async def whole_body(request: Request, headers: Headers, most: int, within_s: float) -> bytes:
    """The request's content; HttpProblem where there is more than `most` bytes, or it takes longer."""
    announced_length(headers, most)
    found = bytearray()
    async for chunk in timely_chunks(request, within_s):
        found += chunk
        if len(found) > most:
            raise too_large(most)
    return bytes(found)


async def timely_chunks(request: Request, within_s: float) -> AsyncIterator[bytes]:
    """The pieces of a request's content as they come; HttpProblem where all of it takes longer."""
    loop = asyncio.get_running_loop()
    end = loop.time() + within_s
    chunks = request.stream()
    while True:
        try:
            async with asyncio.timeout_at(end):
                chunk = await anext(chunks, None)
        except TimeoutError:
            raise _too_slow(within_s) from None
        if chunk is None:
            return
        yield chunk


async def leave_unread(request: Request) -> None:
    """Take what still comes and drop it, for a moment: so that the answer is read, and not a broken connection.

    Who asks before they send (`Expect: 100-continue`) reads the answer first, and is not told to go on.
    """
    if request.headers.get("expect"):
        return
    dropped = 0
    with suppress(TimeoutError, ClientDisconnect, RuntimeError):  # RuntimeError: it has been read
        async with asyncio.timeout(LEFT_UNREAD_S):
            async for chunk in request.stream():
                dropped += len(chunk)
                if dropped > LEFT_UNREAD_BYTES:
                    return


async def while_there(request: Request, asking: Coroutine[Any, Any, bytes]) -> bytes:
    """What `asking` gives, which ends with whoever sent the request, whose content has come.

    They may have asked another gateway since, and been answered there: what still waits must not happen then.
    """
    asked, gone = asyncio.ensure_future(asking), asyncio.ensure_future(hung_up(request.receive))
    try:
        await asyncio.wait({asked, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not asked.done():
            raise ClientDisconnect
        return await asked
    finally:
        gone.cancel()
        asked.cancel()


async def hung_up(receive: Receive) -> None:
    """Until whoever sent a request has gone; what else they send is dropped."""
    with suppress(asyncio.CancelledError):
        while (await receive())["type"] != "http.disconnect":
            pass


def _too_slow(within_s: float) -> HttpProblem:
    slow = Unavailable(f"the request has not arrived within {within_s:g} s", hint="send it again, faster")
    return HttpProblem(slow, HTTPStatus.REQUEST_TIMEOUT, closes=True)


def parsed_object(content: bytes) -> dict[str, Any]:
    """The object in a content; HttpProblem for anything else, a name that comes twice, or a number that is none."""
    try:
        said = json.loads(content, object_pairs_hook=_unique, parse_constant=_no_number)
    except (ValueError, RecursionError) as problem:
        words = "it is nested too deeply" if isinstance(problem, RecursionError) else str(problem)[:120]
        raise bad_request(f"the content is not valid JSON: {words}", "send one JSON object") from None
    if not isinstance(said, dict):
        raise bad_request(f"the content is a {type(said).__name__}, not an object", "send one JSON object")
    return said


def _unique(pairs: list[tuple[str, Any]]) -> Mapping[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(name for at, (name, _) in enumerate(pairs) if any(name == other for other, _ in pairs[:at]))
        raise ValueError(f"{twice[:60]!r} comes twice")
    return found


def _no_number(word: str) -> float:
    raise ValueError(f"{word} is no number")
