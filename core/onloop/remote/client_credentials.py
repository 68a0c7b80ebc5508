"""What a client proves on every connection it makes: that it can open the store, its tokens, and who decides."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol

from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import RecogniseAgent
from onloop.identity import scram
from onloop.identity.own_key import own_proof
from onloop.identity.passphrase import Proved, Secret, check_server, new_nonce
from onloop.machine.operation import AnswerT, Operation
from onloop.machine.principal import Principal
from onloop.records import MutableRecord, field
from onloop.remote.connection_operations import AskChallenge, BeginProof, FinishProof, ProveOwner, RecogniseJob
from onloop.remote.protocol import sealed_content

_CLOCK = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps: a passphrase grows old then, too."""


class AskGateway(Protocol):
    """Asks the gateway for an operation."""

    def __call__(self, operation: Operation[AnswerT]) -> AnswerT:
        """What it answers."""
        ...


class HeldKeys(MutableRecord):
    """A passphrase's keys as one client holds them, from when on; `uses` counts what was decided under them."""

    secret: Secret
    since: float

    @staticmethod
    def now() -> float:
        """The time that `since` is of, in seconds; it goes on while the machine sleeps."""
        return time.clock_gettime(_CLOCK)

    @property
    def age_ms(self) -> int:
        """How long ago it was typed."""
        return max(0, int((self.now() - self.since) * 1000))


class Credentials(MutableRecord):
    """Shared by the lines of one client: what is proved over one of them is proved over all.

    `bearer` is the secret that goes along with whatever nobody else asks: of a launcher, an agent or a session that
    reads. `least_cost` is what the client does not go below, whatever a gateway asks for.
    """

    tokens: list[str] = field(default_factory=list)
    people: dict[str, HeldKeys] = field(default_factory=dict)
    bearer: str = ""
    least_cost: int = scram.LEAST_COST

    def __repr__(self) -> str:
        return "Credentials(…)"


class ProvedOnConnection(MutableRecord):
    """What one connection has proved of its client's credentials, and the codes that go with what people decide.

    People are kept by the name with which they sign in; `signed_in` gives it for the one by which the log knows them.
    """

    proved: set[str] = field(default_factory=set)
    speakers: dict[str, tuple[str, bytes, int]] = field(default_factory=dict)
    signed_in: dict[str, str] = field(default_factory=dict)

    def code(self, credentials: Credentials, name: str, person: Principal, fields: object) -> dict[str, object] | None:
        """The code for what a person asks, spent with it; None where they have proved nothing here."""
        name_there = self.signed_in.get(person.name, person.name)
        speaker = self.speakers.get(name_there)
        if speaker is None:
            return None
        store, key, number = speaker[0], speaker[1], speaker[2] + 1
        self.speakers[name_there] = (store, key, number)
        held = credentials.people.get(name_there)
        if held is not None and name == PerformCommand.name:
            held.secret.uses += 1
        return {"n": number, "tag": scram.decision_tag(key, sealed_content(store, number, name, fields))}


def prove_own(ask: AskGateway, key: bytes) -> None:
    """Show that the store's secret is known."""
    ask(ProveOwner(own_proof(key, ask(AskChallenge()))))


def prove_person(
    ask: AskGateway,
    standing: ProvedOnConnection,
    name: str,
    held: Callable[[scram.Demand], HeldKeys | None],
    least_cost: int,
) -> tuple[Proved, HeldKeys] | None:
    """Prove who decides by keys that `held` gives for what the gateway demands; None where it gives none.

    NotAllowed where the keys are not right, or the gateway does not know the person itself.
    """
    nonce = new_nonce()
    first = scram.client_first(name, nonce)
    demanded = ask(BeginProof(first))
    demand = scram.demand_from(demanded, nonce, least_cost)
    known = held(demand)
    if known is None:
        return None
    secret = known.secret
    exchange = scram.Exchange(first, demanded, scram.client_final(demand.nonce, known.age_ms, secret.uses))
    proved = ask(FinishProof(exchange.proof(secret.keys), secret.typed))
    check_server(exchange, secret.keys, proved.final)
    standing.speakers[name] = (proved.store, exchange.decision_key(secret.keys.client), 0)
    standing.signed_in[proved.person.name] = name
    return proved, known


def proof_by(secret: str) -> Operation[Principal]:
    """What proves who has a secret: an agent's token, a launcher's, a session's, or the signed one of a CI's job."""
    if secret.startswith("onl_agt_"):
        return RecogniseAgent(secret)
    from onloop.gateway.credential_operations import RecogniseLauncher, RecogniseSession  # here: agents do without
    from onloop.identity.network_credentials import OF_LAUNCHER, OF_SESSION

    if secret.startswith(OF_LAUNCHER):
        return RecogniseLauncher(secret)
    return RecogniseSession(secret) if secret.startswith(OF_SESSION) else RecogniseJob(secret)
