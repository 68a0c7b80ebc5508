"""The caller at the other end of one connection: what they have proved, and so what they may ask."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace as replaced

from onloop.errors import BadInput, Ground, NotAllowed, UnknownThing
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.credential_operations import RecogniseLauncher
from onloop.gateway.environment_operations import AttestEnvironment, DropEnvironments, KeepEnvironment
from onloop.gateway.service import Gateway
from onloop.gateway.upkeep import CountDenial, RecogniseAgent
from onloop.identity import scram
from onloop.identity.accounts import account_words
from onloop.identity.ci.ci_jobs import CiJob, CiJobs
from onloop.identity.network_credentials import check_still, keys_digest
from onloop.identity.own_key import own_proof
from onloop.identity.passphrase import Challenge, PersonProof, Proved, not_right, recognised, without_keys
from onloop.identity.resolution import process_of, token_digest
from onloop.machine.commands import Spoken
from onloop.machine.operation import Asker, Operation
from onloop.machine.principal import NOBODY, Principal, PrincipalKind, launcher
from onloop.machine.task import Hand
from onloop.records import replace
from onloop.remote.apartness import why_not_apart
from onloop.remote.fences.guess_limits import Guesses
from onloop.remote.network_access import OPENING, check_about, check_network
from onloop.remote.protocol import sealed_content
from onloop.remote.redacted_reading import RedactedReading
from onloop.remote.unix_socket import Peer
from onloop.store.port import Reading
from onloop.views.queries.short_answers import ShortQuery

_READING = frozenset({PrincipalKind.HUMAN, PrincipalKind.SESSION})


@dataclass(frozen=True, slots=True)
class Authenticator:
    """What one gateway knows to admit callers by. `box_is_strong` says whether code under test sees nothing of ours."""

    own_key: bytes = field(repr=False)
    clock: Callable[[], int]
    guesses: Guesses
    box_is_strong: Callable[[], bool] = lambda: False
    jobs: CiJobs | None = None
    blind: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)


@dataclass(slots=True)
class _Speaker:
    """A person who has proved themselves on this connection; `number` is that of their last decision."""

    principal: Principal
    store: str
    key: bytes = field(repr=False)
    keys: str
    """A digest of what the gateway kept of their passphrase."""
    number: int = 0
    decided: int = 0


@dataclass(slots=True)
class ClientSession:
    """One connection. `own` is set once it has shown that it can open the store; a user's number shows nothing."""

    peer: Peer
    keeper: Authenticator
    own: bool = False
    proven: set[Principal] = field(default_factory=set)
    address: str = ""
    """From where they call over the network."""
    _credentials: dict[Principal, str] = field(default_factory=dict)
    _people: dict[str, _Speaker] = field(default_factory=dict)
    _jobs: list[CiJob] = field(default_factory=list)
    _asked: Challenge | None = None
    _challenge: str = ""

    def __post_init__(self) -> None:
        kind, _, place = self.peer.account.partition(":")
        self.address = place if self.peer.is_network and kind == "address" else ""

    def admitted(self, operation: Operation[Any], told: Mapping[str, Any]) -> Operation[Any]:
        """The operation as it counts for this caller; NotAllowed where they may not ask.

        Another user is whoever they proved to be on this connection, and a launcher under their number. What a person
        asks counts only with its code, whoever carries it; their voice is what the gateway knows of them. Over the
        network, everything needs a proof.
        """
        if self.peer.is_network:
            check_network(operation, self.known)
            operation = self._in_own_name(operation)
        if isinstance(operation, RecogniseAgent | RecogniseLauncher | ClaimTask | ShortQuery):
            return self._completed(operation)
        if isinstance(operation, KeepEnvironment | DropEnvironments | AttestEnvironment):
            return replaced(operation, principal=self._claimer(operation.principal))
        who = operation.principal_or_none
        if isinstance(operation, CountDenial) and not self.own:
            return replaced(operation, principal=who if who in self.proven else NOBODY)
        if not self.own and not self.peer.is_network and operation.asker is Asker.OWNER:
            hint = "the gateway's own does it: whoever can open the store"
            words = f"{self.words} may not {operation.name.replace('_', ' ')}"
            raise NotAllowed(words, hint=hint, ground=Ground.PEER)
        if who is not None and who.kind is PrincipalKind.HUMAN:
            return self._spoken(operation, who, told)
        needs_proof = operation.asker is Asker.PROVEN or (self.peer.is_network and who is not None)
        if needs_proof and not self.own and who not in self.proven:
            raise self._unproven(who or NOBODY)
        return operation

    def _completed(self, operation: RecogniseAgent | RecogniseLauncher | ClaimTask | ShortQuery) -> Operation[Any]:
        """What asks of itself who asks, with that put in; NotAllowed where a short answer is not one agent's."""
        if isinstance(operation, RecogniseAgent):
            return replaced(operation, uid=self.peer.uid)
        if isinstance(operation, RecogniseLauncher):
            return replaced(operation, hand=self._hand)
        if isinstance(operation, ClaimTask):
            return replaced(operation, principal=self._claimer(operation.principal))
        if self.own and operation.principal != NOBODY:
            return operation
        agents = [each for each in self.proven if each.kind is PrincipalKind.AGENT]
        if len(agents) != 1 or operation.principal not in {NOBODY, *agents}:
            raise self._unproven(operation.principal)
        return replaced(operation, principal=agents[0], now=self.keeper.clock())

    def _unproven(self, who: Principal) -> NotAllowed:
        hint = "ONLOOP_TOKEN or a passphrase proves it"
        words = f"{self.words} has not proved to be {who.id}"
        return NotAllowed(words, hint=hint, ground=Ground.UNPROVEN)

    def _claimer(self, claimed: Principal) -> Principal:
        """Who claims: the kernel's word for user and process, whatever they call themselves.

        An agent that says so of itself is one, and may not.
        """
        if claimed in self.proven:
            return claimed
        if self.peer.is_network:
            raise self._unproven(claimed)
        if self.own:
            return replace(claimed, hand=self._hand, grant=None)
        return launcher(f"uid-{self.peer.uid}", self._hand)

    @property
    def _hand(self) -> Hand:
        """Whose hand this is: user and process, as the kernel says, or from where they call over the network."""
        if self.peer.is_network:
            return Hand(self.peer.uid, address=self.address)
        return Hand(self.peer.uid, process_of(self.peer.pid))

    def _in_own_name(self, operation: Operation[Any]) -> Operation[Any]:
        """The operation in the name of whom a credential proved, whatever name was sent; a person needs a code."""
        who = operation.principal_or_none
        if who is None or who.kind is PrincipalKind.HUMAN or not self.proven or who in self.proven:
            return operation
        return replaced(operation, principal=next(iter(self.proven)))

    def check_now(self, gateway: Gateway, operation: Operation[Any]) -> None:
        """Refuse, over the network, whoever is let in no more, and what they may not ask about; it is counted.

        Who asks about what is not theirs is told that it does not exist.
        """
        if not self.peer.is_network or operation.name in OPENING:
            return
        who = operation.principal_or_none or next(iter(self.known), NOBODY)
        try:
            with gateway.store.reading() as reading:
                self._check_still(reading)
                mine = [each for each in self.known if operation.principal_or_none is None or each.id == who.id]
                check_about(reading, operation, mine, self.keeper.clock())
        except NotAllowed as no:
            gateway.count_denial(replace(operation.attempt, who=who), no)
            raise
        except UnknownThing:
            foreign = NotAllowed(f"{who.id} may not know of it", hint="stay with your own", ground=Ground.FOREIGN)
            gateway.count_denial(replace(operation.attempt, who=who), foreign)
            raise

    def _check_still(self, reading: Reading) -> None:
        """NotAllowed where a credential has ended since, or a person was removed or has another passphrase."""
        for who, digest in self._credentials.items():
            check_still(reading, who, digest, self.keeper.clock())
        if self._jobs and self.keeper.jobs is not None and not all(map(self.keeper.jobs.is_current, self._jobs)):
            hint = "onloop help ci"
            raise NotAllowed("ci.toml lets this job in no more, or otherwise", hint=hint, ground=Ground.TOKEN)
        people = reading.house().people.values()
        for speaker in self._people.values():
            if not any(keys_digest(each) == speaker.keys for each in people):
                words = f"{speaker.principal.id} was removed, or has another passphrase"
                raise NotAllowed(words, hint="prove who you are again: --as NAME", ground=Ground.TOKEN)

    def _spoken(self, operation: Operation[Any], who: Principal, told: Mapping[str, Any]) -> Operation[Any]:
        speaker = self._people.get(who.name)
        if speaker is None:
            raise self._unproven(who)
        self._check_code(speaker, operation.name, told)
        voice = speaker.principal.voice
        person = replace(speaker.principal, voice=voice and replace(voice, decided=voice.decided + speaker.decided))
        if not isinstance(operation, PerformCommand):
            return replaced(operation, principal=person)
        speaker.decided += 1
        command = operation.command
        if isinstance(command, Spoken) and person.voice is not None:
            command = replace(command, voice=person.voice)
        return replaced(operation, principal=person, command=command)

    def _check_code(self, speaker: _Speaker, name: str, told: Mapping[str, Any]) -> None:
        """Refuse a request that was changed, inserted or repeated in transit, or before which one is missing."""
        code = told.get("code")
        number, tag = (code.get("n"), code.get("tag")) if isinstance(code, dict) else (None, None)
        good = False
        if type(number) is int and isinstance(tag, str) and number == speaker.number + 1:
            expected = scram.decision_tag(speaker.key, sealed_content(speaker.store, number, name, told.get("fields")))
            good = hmac.compare_digest(expected.encode(), tag.encode("utf-8", "surrogateescape"))
        if not good:
            raise NotAllowed(
                f"the request of {speaker.principal.id} was changed, inserted or repeated in transit",
                hint="something intercepts the connection: check ONLOOP_URL, then type the passphrase again",
                ground=Ground.VOICE,
            )
        speaker.number += 1

    def redacted(self, reading: Reading) -> Reading:
        """What of a moment of the store they may read."""
        grants = [who.grant for who in self.proven if who.grant is not None]
        narrow = self.peer.is_network and not any(who.kind in _READING for who in self.known)
        return RedactedReading(reading, self.words, narrow, grants[0].roles if narrow and grants else ())

    @property
    def words(self) -> str:
        """Who is at the other end, as people read it."""
        return account_words(self.peer.counted)

    @property
    def known(self) -> frozenset[Principal]:
        """Everybody who has proved themselves on this connection, people among them."""
        return frozenset(self.proven) | {speaker.principal for speaker in self._people.values()}

    def prove(self, who: Principal, secret: str) -> None:
        """Somebody has proved themselves by a secret; over the network, one at most on each connection."""
        if self.peer.is_network and self.proven - {who}:
            words = f"this connection has proved to be {next(iter(self.proven)).id}, and cannot be {who.id} too"
            raise NotAllowed(words, hint="use a connection for each credential", ground=Ground.VOICE)
        self.proven.add(who)
        self._credentials[who] = token_digest(secret)
        self.count_as(f"agent:{who.name}@{who.task}" if who.kind is PrincipalKind.AGENT else who.id)

    def recognise_job(self, token: str) -> Principal:
        """The launcher that the job of a CI is who has this token; it has proved itself from then on."""
        if self.keeper.jobs is None:
            raise NotAllowed("this gateway takes no tokens of a CI", hint="onloop serve does", ground=Ground.TOKEN)
        job = self.keeper.jobs.recognised(token, self._hand)
        self.prove(job.launcher, token)
        self._jobs.append(job)
        return job.launcher

    def count_as(self, account: str) -> None:
        """What is asked over the network is counted in the name of whom a credential proved, not of an address.

        Users of this machine stay whom the kernel says.
        """
        if self.peer.is_network:
            self.peer = replace(self.peer, account=account)

    @property
    def asked_for(self) -> str:
        """The person whom the current exchange will prove; empty if there is no exchange."""
        return self._asked.name if self._asked is not None else ""

    @property
    def is_of_people(self) -> bool:
        """Whether a person has proved themselves on this connection."""
        return bool(self._people)

    def challenged(self) -> str:
        """A challenge to the store's owner, which replaces the one before."""
        self._challenge = secrets.token_urlsafe(24)
        return self._challenge

    def begin_proof(self, reading: Reading, message: str) -> str:
        """What a person is asked to prove."""
        self._asked = Challenge.begin(reading.house(), message, self.keeper.blind)
        return self._asked.demanded

    def prove_own(self, said: str) -> None:
        """Accept the owner's answer to the challenge; NotAllowed if it is wrong."""
        challenge, self._challenge = self._challenge, ""
        expected = own_proof(self.keeper.own_key, challenge)
        if not challenge or not hmac.compare_digest(expected.encode(), said.encode("utf-8", "surrogateescape")):
            words = f"{self.words} did not show that they can open the store"
            raise NotAllowed(words, hint="only the owner of the store can", ground=Ground.PEER)
        self.own = True

    def finish_proof(self, at: Reading, message: str, *, typed: bool) -> Proved:
        """The person who is proved now; NotAllowed if the proof is wrong."""
        asked, self._asked = self._asked, None
        if asked is None:
            raise BadInput("no proof was asked for", hint="send the first message of the proof before")
        final, house = scram.final_from(message), at.house()
        with self.keeper.guesses.one(self.peer.counted, asked.name if asked.name in house.people else "") as right:
            answered = asked.answered(final)
            if answered is None or asked.person is None or house.people.get(asked.name) != asked.person:
                raise not_right(house, asked.name)
            right()
        proved_at = self.keeper.clock() - final.age_ms
        why = why_not_apart(at, self._hand, self.keeper) if typed else ""
        proof = PersonProof(typed, proved_at, final.uses, self.peer.uid, typed and not why, why, self.address)
        principal = recognised(house, asked.person, proof)
        if self.peer.is_network:
            principal = replace(principal, hand=self._hand)
        self._people[principal.name] = _Speaker(principal, house.id, answered[1], keys_digest(asked.person))
        self.count_as(f"person:{principal.name}")
        earlier = None if asked.person.stored_key else without_keys(asked.person)
        return Proved(answered[0], principal, house.id, earlier)
