"""`POST /v1/hooks/NAME`: takes a webhook of a declared hook whose sender is proved, and stores it before it answers.

A webhook is a hint from outside: nothing that comes in here approves, is evidence, or speaks for a person.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack
from pathlib import Path

from anyio import CapacityLimiter, to_thread
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from onloop.errors import BadInput, NotAllowed, Unavailable, UnknownThing
from onloop.identity.accounts import address_account
from onloop.remote.http.answers.door_state import DoorState
from onloop.remote.http.entry.door_rates import Allowance
from onloop.remote.http.entry.problem_details import HttpProblem, too_many
from onloop.remote.http.entry.request_bodies import whole_body
from onloop.remote.http.entry.request_checks import ArrivedRequest, Headers, announced_length, check_plain_bytes
from onloop.remote.http.routes import DoorRoute
from onloop.text import safe
from onloop.triggers.body_turns import BodyTurns
from onloop.triggers.declared_hooks import Hook, declared_hooks, hook_with_secrets
from onloop.triggers.delivery_intake import DeliveryIntake
from onloop.triggers.delivery_processing import kept_headers
from onloop.triggers.delivery_records import LARGEST_BODY, DeliveryReceipt, TakenDelivery, delivery_id
from onloop.triggers.hook_events import event_of
from onloop.triggers.hook_proofs import check_shows_proof, digest_of, proved

MOST_BODIES = 32
"""How many bodies are in memory at a time: the largest of them are LARGEST_BODY."""

KNOWN_S = 10.0
"""How long what hooks.toml and its secrets say is kept in memory."""

FORGED_PER_S, FORGED_AT_ONCE = 0.5, 20.0
"""How many webhooks that nobody vouches for are looked at from one address: in a second, and at once after a rest."""


class HookDoors:
    """The declared hooks of one store, as the HTTP door asks for them; its loop alone uses it.

    `clock` is the wall's, in ms.
    """

    def __init__(self, folder: Path, intake: DeliveryIntake, clock: Callable[[], int]) -> None:
        self._folder, self._intake, self._clock = folder, intake, clock
        self._known: dict[str, tuple[float, Hook]] = {}
        self._forged = Allowance(FORGED_PER_S, FORGED_AT_ONCE)
        self._bodies, self._turns = asyncio.Semaphore(MOST_BODIES), BodyTurns()
        self._threads = CapacityLimiter(4)

    async def answer(self, state: DoorState, request: Request, arrived: ArrivedRequest) -> Response:
        """Take one webhook: 202 once it is stored."""
        now, account = state.now(), address_account(arrived.address)
        if wait_s := self._forged.wait_s(account, now):
            raise too_many("too many webhooks from there that nobody vouches for", retry_s=int(wait_s) + 1)
        hook = await self._hook(request.path_params["hook"], account, now)
        check_plain_bytes(arrived.headers)
        announced_length(arrived.headers, LARGEST_BODY)
        check_shows_proof(hook.kind, arrived.headers, bearer=hook.bearer)
        async with AsyncExitStack() as leaving:
            body = await self._body(state, request, arrived, leaving)
            try:
                taken = await to_thread.run_sync(
                    _taken, hook, dict(arrived.headers), body, self._clock(), limiter=self._threads
                )
            except NotAllowed:
                self._forged.spend(account, state.now())
                raise
            receipt = await asyncio.wrap_future(self._intake.give(taken))
        return JSONResponse(_told(receipt), status_code=202)

    async def _body(
        self, state: DoorState, request: Request, arrived: ArrivedRequest, leaving: AsyncExitStack
    ) -> bytes:
        """The body, in one of the places for bodies until `leaving`; one that does not come whole is counted."""
        account = address_account(arrived.address)
        async with self._turns.reading(account):
            if self._bodies.locked():
                raise HttpProblem(Unavailable("too many webhooks come in at once", hint="send it again in a moment"))
            await leaving.enter_async_context(self._bodies)
            try:
                return await whole_body(request, arrived.headers, LARGEST_BODY, state.limits.body_s)
            except (HttpProblem, ClientDisconnect, asyncio.CancelledError):
                self._forged.spend(account, state.now())
                raise

    async def _hook(self, name: str, account: str, now: float) -> Hook:
        """The hook of that name, with its secrets as they were of late."""
        known = self._known.get(name)
        if known is not None and now - known[0] < KNOWN_S:
            return known[1]
        found = await to_thread.run_sync(self._declared, name, limiter=self._threads)
        if found is None:
            self._forged.spend(account, now)
            raise UnknownThing(f"there is no hook {safe(name, 64)!r}", hint="hooks.toml of the store declares hooks")
        self._known[name] = (now, found)
        return found

    def _declared(self, name: str) -> Hook | None:
        try:
            return next((hook_with_secrets(each) for each in declared_hooks(self._folder) if each.name == name), None)
        except BadInput:  # what is wrong with a file of ours is nothing that a sender is told
            words = f"hook {safe(name, 64)} cannot be used as it is declared"
            raise Unavailable(words, hint="its owner finds out why: onloop trigger hooks") from None


def hook_doors(folder: Path, intake: DeliveryIntake, clock: Callable[[], int]) -> tuple[DoorRoute, ...]:
    """The route of declared hooks, for the door of the gateway whose store is in that folder."""
    doors: list[HookDoors] = []

    async def answer(state: DoorState, request: Request, arrived: ArrivedRequest) -> Response:
        if not doors:  # on the door's own loop
            doors.append(HookDoors(folder, intake, clock))
        return await doors[0].answer(state, request, arrived)

    return (DoorRoute("POST", "/v1/hooks/{hook}", answer, "hooks"),)


def taken_delivery(hook: Hook, headers: Headers, body: bytes, now: int) -> TakenDelivery:
    """A webhook as it is stored; NotAllowed where nobody vouches for it, BadInput where it says nothing."""
    sender = proved(hook.kind, headers, body, hook.secrets, now, bearer=hook.bearer)
    event = event_of(hook.name, hook.kind, headers, body, sender.sent_at)
    digest = digest_of(body)
    return TakenDelivery(
        delivery_id(hook.name, sender.identity),
        hook.name,
        sender.id,
        event.name,
        digest,
        kept_headers(hook.kind, headers, sender.sent_at),
        body.decode(),
    )


_taken = taken_delivery


def _told(receipt: DeliveryReceipt) -> dict[str, str]:
    return {"delivery": receipt.id, "became": receipt.became}
