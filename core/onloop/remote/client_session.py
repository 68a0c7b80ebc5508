"""The caller at the other end of one connection: what they have proved, and so what they may ask."""

from __future__ import annotations

import hmac
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace as replaced

from onloop.errors import BadInput, Ground, NotAllowed
from onloop.gateway.claims import ClaimTask
from onloop.gateway.command_operations import PerformCommand
from onloop.gateway.upkeep import CountDenial, RecogniseAgent
from onloop.identity import scram
from onloop.identity.own_key import own_proof
from onloop.identity.passphrase import Challenge, PersonProof, Proved, not_right, recognised, without_keys
from onloop.identity.resolution import process_of
from onloop.machine.commands import Spoken
from onloop.machine.operation import Asker, Operation
from onloop.machine.principal import NOBODY, Principal, PrincipalKind, launcher
from onloop.machine.task import Hand
from onloop.records import replace
from onloop.remote.guess_limits import Guesses
from onloop.remote.protocol import sealed_content
from onloop.remote.unix_socket import Peer
from onloop.store.port import Reading
from onloop.store.rows import Token


@dataclass(frozen=True, slots=True)
class Authenticator:
    """What one gateway knows to admit callers by. `box_is_strong` says whether code under test sees nothing of ours."""

    own_key: bytes = field(repr=False)
    clock: Callable[[], int]
    guesses: Guesses
    box_is_strong: Callable[[], bool] = lambda: False
    blind: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)


@dataclass(slots=True)
class _Speaker:
    """A person who has proved themselves on this connection; `number` is that of their last decision."""

    principal: Principal
    store: str
    key: bytes = field(repr=False)
    number: int = 0
    decided: int = 0


@dataclass(slots=True)
class ClientSession:
    """One connection. `own` is set once it has shown that it can open the store; a user's number shows nothing."""

    peer: Peer
    keeper: Authenticator
    own: bool = False
    proven: set[Principal] = field(default_factory=set)
    _people: dict[str, _Speaker] = field(default_factory=dict)
    _asked: Challenge | None = None
    _challenge: str = ""

    def admitted(self, operation: Operation[Any], told: Mapping[str, Any]) -> Operation[Any]:
        """The operation as it counts for this caller; NotAllowed where they may not ask.

        Another user is whoever they proved to be on this connection, and a launcher under their number. What a person
        asks counts only with its code, whoever carries it; their voice is what the gateway knows of them.
        """
        if isinstance(operation, RecogniseAgent):
            return replaced(operation, uid=self.peer.uid)
        if isinstance(operation, ClaimTask):
            return replaced(operation, principal=self._claimer(operation.principal))
        who = operation.principal_or_none
        if isinstance(operation, CountDenial) and not self.own:
            return replaced(operation, principal=who if who in self.proven else NOBODY)
        if not self.own and operation.asker is Asker.OWNER:
            hint = "the gateway's own does it: whoever can open the store"
            words = f"user {self.peer.uid} may not {operation.name.replace('_', ' ')}"
            raise NotAllowed(words, hint=hint, ground=Ground.PEER)
        if who is not None and who.kind is PrincipalKind.HUMAN:
            return self._spoken(operation, who, told)
        if operation.asker is Asker.PROVEN and not self.own and who not in self.proven:
            raise self._unproven(who or NOBODY)
        return operation

    def _unproven(self, who: Principal) -> NotAllowed:
        hint = "ONLOOP_TOKEN or a passphrase proves it"
        words = f"user {self.peer.uid} has not proved to be {who.id}"
        return NotAllowed(words, hint=hint, ground=Ground.UNPROVEN)

    def _claimer(self, claimed: Principal) -> Principal:
        """Who claims: the kernel's word for user and process, whatever they call themselves.

        An agent that says so of itself is one, and may not.
        """
        if claimed in self.proven:
            return claimed
        hand = Hand(self.peer.uid, process_of(self.peer.pid))
        return replace(claimed, hand=hand) if self.own else launcher(f"uid-{self.peer.uid}", hand)

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
            words = f"user {self.peer.uid} did not show that they can open the store"
            raise NotAllowed(words, hint="only the owner of the store can", ground=Ground.PEER)
        self.own = True

    def finish_proof(self, at: Reading, message: str, *, typed: bool) -> Proved:
        """The person who is proved now; NotAllowed if the proof is wrong."""
        asked, self._asked = self._asked, None
        if asked is None:
            raise BadInput("no proof was asked for", hint="send the first message of the proof before")
        final, house = scram.final_from(message), at.house()
        with self.keeper.guesses.one(self.peer.uid, asked.name if asked.name in house.people else "") as right:
            answered = asked.answered(final)
            if answered is None or asked.person is None or house.people.get(asked.name) != asked.person:
                raise not_right(house, asked.name)
            right()
        proved_at = self.keeper.clock() - final.age_ms
        proof = PersonProof(typed, proved_at, final.uses, self.peer.uid, typed and self._is_apart(at))
        principal = recognised(house, asked.person, proof)
        self._people[principal.name] = _Speaker(principal, house.id, answered[1])
        earlier = None if asked.person.stored_key else without_keys(asked.person)
        return Proved(answered[0], principal, house.id, earlier)

    def _is_apart(self, at: Reading) -> bool:
        """Whether this user is neither the store's owner nor anybody who claims, and code under test is nobody of ours.

        The owner must not be one who claims either: then the gateway is not apart. An unknown claimer could be anybody.
        """
        owner = os.getuid()
        if self.peer.uid == owner or not self.keeper.box_is_strong():
            return False
        return not {None, owner, self.peer.uid} & {token.uid for token in at.select(Token)}
