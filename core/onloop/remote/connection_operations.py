"""The operations of one connection: proofs of who is at its other end, work that is handed in, and a look at git."""

from __future__ import annotations

from typing import Annotated, ClassVar, Generic, Protocol

from onloop.errors import Unavailable, UnknownThing
from onloop.gates.bundles.history_offer import MOST_HAVE, HistoryOffer
from onloop.gates.intake.manifest import Manifest, manifest_from
from onloop.identity.passphrase import Proved
from onloop.machine.limits import Digest, Id, Items, Key, Odd, Path, Range, Text
from onloop.machine.operation import AnswerT, Asker, Lane, Operation
from onloop.machine.principal import Principal
from onloop.machine.task import Task
from onloop.records import values_of
from onloop.remote.agent_log import AgentLogPage
from onloop.store.rows import Head
from onloop.views.changes import Changes, PageWanted, PatchPage

Size = Annotated[int, Range(-(2**53), 2**53)]
Names = Annotated[tuple[Odd, ...], Items(10_000)]
"""The manifest's own limits are narrower, and say more."""


class Host(Protocol):
    """What a gateway's end of a connection does for the operations on it."""

    def announce(self, asked: AnnounceWork) -> None:
        """Be ready for the bytes that are announced; Refused where the agent holds no lease."""
        ...

    def received(self) -> int:
        """How many bytes of it have come."""
        ...

    def submit(self, asked: SubmitAnnounced) -> Task:
        """Submit what has come."""
        ...

    def changes(self, task: str, since: str) -> Changes:
        """What the task's submission changes, or what since an earlier one."""
        ...

    def patch_page(self, asked: ReadPatchPage) -> PatchPage:
        """A page of what one file of it changes."""
        ...

    def agent_log(self, task: str, start: int) -> AgentLogPage:
        """Lines that the task's agents printed; NotAllowed for whoever may not read them."""
        ...

    def offer_history(self, asked: OfferHistory) -> HistoryOffer:
        """What a clone for the agent's task needs of its repository."""
        ...

    def bundle_page(self, asked: ReadBundle) -> bytes:
        """A page of the bundle of it."""
        ...

    def submit_branch(self, asked: SubmitBranch) -> Task:
        """Submit what the branch of the agent's claim holds at the origin."""
        ...

    def stamp(self) -> int:
        """The store's stamp."""
        ...

    def recognise_job(self, token: str) -> Principal:
        """The launcher that a job of a CI is; NotAllowed for a token that lets nobody in."""
        ...

    def challenge(self) -> str:
        """A challenge to the store's owner."""
        ...

    def prove_owner(self, proof: str) -> None:
        """Take the owner's answer to it; NotAllowed where it does not fit."""
        ...

    def begin_proof(self, message: str) -> str:
        """What a person is asked to prove."""
        ...

    def finish_proof(self, message: str, *, typed: bool) -> Proved:
        """Who proved to be whom; NotAllowed where the proof does not fit."""
        ...


class Histories(Protocol):
    """What a gateway does with whole histories of repositories, for agents that hold a task."""

    def offer(self, asked: OfferHistory) -> HistoryOffer:
        """What a clone for the agent's task needs of its repository."""
        ...

    def page(self, asked: ReadBundle) -> bytes:
        """A page of the bundle of it."""
        ...

    def submit_branch(self, asked: SubmitBranch) -> tuple[Task, Head | None]:
        """Submit what the branch of the agent's claim holds; the answer has the log's head after it."""
        ...


class NoHistories:
    """See Histories: where no mirrors are."""

    def offer(self, asked: OfferHistory) -> HistoryOffer:
        """See Histories.offer; here it is refused."""
        raise Unavailable(f"no history of {asked.principal.task} is here", hint="ask the gateway that has its mirror")

    def page(self, asked: ReadBundle) -> bytes:
        """See Histories.page; here it is refused."""
        raise UnknownThing(f"no bundle {asked.digest[:12]!r} is here", hint="ask the gateway that has its mirror")

    def submit_branch(self, asked: SubmitBranch) -> tuple[Task, Head | None]:
        """See Histories.submit_branch; here it is refused."""
        raise Unavailable(f"no mirror for {asked.principal.task} is here", hint="ask the gateway that has it")


class ConnectionOperation(Operation[AnswerT], Generic[AnswerT], frozen=True):
    """An operation that only means something on a connection."""

    lane: ClassVar[Lane] = Lane.ASIDE
    asker: ClassVar[Asker] = Asker.ANYBODY

    def carry_out(self, host: Host) -> AnswerT:
        """Do it at the gateway's end of the connection."""
        raise NotImplementedError


class AnnounceWork(ConnectionOperation[None], frozen=True):
    """Announce what is handed in: its bytes follow in frames of their own, and then `SubmitAnnounced`."""

    name: ClassVar[str] = "hand_in"
    asker: ClassVar[Asker] = Asker.PROVEN
    principal: Principal
    commit: Odd
    bundle: Size = 0
    artefacts: Annotated[tuple[tuple[Odd, Size], ...], Items(10_000)] = ()
    left: Names = ()
    large: Annotated[tuple[tuple[Odd, Size], ...], Items(10_000)] = ()

    @classmethod
    def of(cls, principal: Principal, manifest: Manifest) -> AnnounceWork:
        """The announcement of a manifest."""
        artefacts, large = (
            tuple((each.name, each.size) for each in parts) for parts in (manifest.artefacts, manifest.large)
        )
        return cls(principal, manifest.commit, manifest.bundle, artefacts, manifest.left, large)

    @property
    def manifest(self) -> Manifest:
        """What is announced; BadInput says what is wrong with it."""
        artefacts, large = (
            [{"name": name, "size": size} for name, size in parts] for parts in (self.artefacts, self.large)
        )
        parts = {"artefacts": artefacts, "left": list(self.left), "large": large}
        return manifest_from({"commit": self.commit, "bundle": self.bundle, **parts})

    def carry_out(self, host: Host) -> None:
        """See ConnectionOperation."""
        host.announce(self)


class ReadReceived(ConnectionOperation[int], frozen=True):
    """How many bytes of what was announced on this connection have come, so that the sender goes on from there."""

    name: ClassVar[str] = "received"

    def carry_out(self, host: Host) -> int:
        """See ConnectionOperation."""
        return host.received()


class SubmitAnnounced(ConnectionOperation[Task], frozen=True):
    """Submit what was announced and sent, and ask for the gates on it."""

    name: ClassVar[str] = "submit"
    asker: ClassVar[Asker] = Asker.PROVEN
    is_slow: ClassVar[bool] = True
    principal: Principal
    statement: Annotated[str, Text(16_384)]
    key: Key = ""

    def carry_out(self, host: Host) -> Task:
        """See ConnectionOperation."""
        return host.submit(self)


class ReadChanges(ConnectionOperation[Changes], frozen=True):
    """What a task's submission changes, or what since an earlier one: only the gateway may look into its mirrors."""

    name: ClassVar[str] = "changes"
    task: Id
    since: Digest = ""

    def carry_out(self, host: Host) -> Changes:
        """See ConnectionOperation."""
        return host.changes(self.task, self.since)


class ReadPatchPage(ConnectionOperation[PatchPage], frozen=True):
    """Up to `count` rows of the whole patch of one file of a task's submission, each of at most `columns` cells.

    See PageWanted for the rest.
    """

    name: ClassVar[str] = "patch_page"
    task: Id
    path: Path
    first: Annotated[int, Range(1, 2**53)] = 1
    count: Annotated[int, Range(1, 2_000)] = 2_000
    columns: Annotated[int, Range(20, 4_000)] = 4_000
    since: Digest = ""
    without_space: bool = False
    soon: bool = False

    @classmethod
    def of(cls, task: str, wanted: PageWanted) -> ReadPatchPage:
        """The operation that asks for a page."""
        return cls(task, *values_of(wanted))

    @property
    def page(self) -> PageWanted:
        """Which page it asks for."""
        return PageWanted(*values_of(self)[1:])

    def carry_out(self, host: Host) -> PatchPage:
        """See ConnectionOperation."""
        return host.patch_page(self)


class ReadAgentLog(ConnectionOperation[AgentLogPage], frozen=True):
    """What a task's agents printed, from the byte `start` on, or, before 0, its end: where the gateway's user ran them.

    For the store's owner, for people, and for the agents of that task.
    """

    name: ClassVar[str] = "agent_log"
    task: Id
    start: Size = -1

    def carry_out(self, host: Host) -> AgentLogPage:
        """See ConnectionOperation."""
        return host.agent_log(self.task, self.start)


class OfferHistory(ConnectionOperation[HistoryOffer], frozen=True):
    """Which refs a clone for the agent's task is made from, and a bundle of what is lacking: for its lease's holder.

    `have` are commits that are here already, and `seen` the digest of the refs that are here.
    """

    name: ClassVar[str] = "offer_history"
    asker: ClassVar[Asker] = Asker.PROVEN
    is_slow: ClassVar[bool] = True
    principal: Principal
    have: Annotated[tuple[Odd, ...], Items(MOST_HAVE)] = ()
    seen: Odd = ""

    def carry_out(self, host: Host) -> HistoryOffer:
        """See ConnectionOperation."""
        return host.offer_history(self)


class ReadBundle(ConnectionOperation[bytes], frozen=True):
    """A page of an offered bundle, from the byte `offset` on; a short one is the last."""

    name: ClassVar[str] = "read_bundle"
    asker: ClassVar[Asker] = Asker.PROVEN
    principal: Principal
    digest: Odd
    offset: Size = 0

    def carry_out(self, host: Host) -> bytes:
        """See ConnectionOperation."""
        return host.bundle_page(self)


class SubmitBranch(ConnectionOperation[Task], frozen=True):
    """Submit what the branch that the agent's claim named holds at the origin, and ask for the gates on it."""

    name: ClassVar[str] = "submit_branch"
    asker: ClassVar[Asker] = Asker.PROVEN
    is_slow: ClassVar[bool] = True
    principal: Principal
    statement: Annotated[str, Text(16_384)]
    key: Key = ""

    def carry_out(self, host: Host) -> Task:
        """See ConnectionOperation."""
        return host.submit_branch(self)


class ReadStamp(ConnectionOperation[int], frozen=True):
    """A number that differs after the store has changed."""

    name: ClassVar[str] = "stamp"

    def carry_out(self, host: Host) -> int:
        """See ConnectionOperation."""
        return host.stamp()


class AskChallenge(ConnectionOperation[str], frozen=True):
    """A challenge that whoever can open the store can answer."""

    name: ClassVar[str] = "challenge"

    def carry_out(self, host: Host) -> str:
        """See ConnectionOperation."""
        return host.challenge()


class ProveOwner(ConnectionOperation[None], frozen=True):
    """The answer to the challenge: a proof that the store's secret is known."""

    name: ClassVar[str] = "own"
    proof: Odd

    def carry_out(self, host: Host) -> None:
        """See ConnectionOperation."""
        host.prove_owner(self.proof)


class BeginProof(ConnectionOperation[str], frozen=True):
    """A person's first message of SCRAM; the answer is what they are asked to prove."""

    name: ClassVar[str] = "scram_first"
    lane: ClassVar[Lane] = Lane.PEOPLE
    message: Odd

    def carry_out(self, host: Host) -> str:
        """See ConnectionOperation."""
        return host.begin_proof(self.message)


class FinishProof(ConnectionOperation[Proved], frozen=True):
    """A person's final message of SCRAM."""

    name: ClassVar[str] = "scram_final"
    lane: ClassVar[Lane] = Lane.PEOPLE
    message: Odd
    typed: bool

    def carry_out(self, host: Host) -> Proved:
        """See ConnectionOperation."""
        return host.finish_proof(self.message, typed=self.typed)


class RecogniseJob(ConnectionOperation[Principal], frozen=True):
    """The launcher that a job of a CI is, by the token that the CI signed for it. It also proves who speaks."""

    name: ClassVar[str] = "job"
    is_slow: ClassVar[bool] = True
    proves: ClassVar[bool] = True
    token: Annotated[str, Text(16_384)]

    def carry_out(self, host: Host) -> Principal:
        """See ConnectionOperation."""
        return host.recognise_job(self.token)
