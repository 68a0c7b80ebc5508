"""What launchers ask about the environments that they make: kept while one exists, attested once it is ready."""

from __future__ import annotations

from typing import Annotated, ClassVar

from onloop.errors import Ground, NotAllowed, Refused, unknown_task
from onloop.gateway.claims import is_apart, isolation_of
from onloop.gateway.grants.launcher_scope import grant_now, sees
from onloop.gateway.service import Gateway, Write
from onloop.machine.agent_environment import EnvironmentKind, ReportEnvironment
from onloop.machine.limits import Id, Items, Key
from onloop.machine.operation import Asker, DeniedAct
from onloop.machine.principal import Principal, PrincipalKind
from onloop.machine.task import Task
from onloop.records import replace
from onloop.store.port import Transaction
from onloop.store.rows import EnvironmentRow, Token

_TRUST = {
    (True, False): "a launcher that a person let in",
    (True, True): "a launcher that a person let in",
    (False, False): "a worker of the gateway's own user",
    (False, True): "a worker of the agents' user, who attests a clone at most",
}

MOST_KEPT = 1_000
"""How many environments are known of one launcher at a time."""


class KeepEnvironment(Write[None], frozen=True):
    """An environment is about to be made, or is used by another task now: its row outlives whoever makes it."""

    name: ClassVar[str] = "keep_environment"
    asker: ClassVar[Asker] = Asker.PROVEN
    principal: Principal
    environment: Id
    kind: EnvironmentKind
    host: Id
    of_task: Id = ""

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal, "keep an environment", self.environment)

    def carry_out(self, gateway: Gateway) -> None:
        """See Write."""
        who, now = self.principal, gateway.clock()

        def body(tx: Transaction) -> None:
            _check_launcher(who)
            grant = grant_now(tx, who, now)
            task = tx.task(self.of_task) if self.of_task else None
            if self.of_task and (task is None or (grant is not None and not sees(grant, task))):
                raise unknown_task(self.of_task)
            known = tx.get(EnvironmentRow, self.environment)
            if known is not None and known.launcher != who.id:
                words = f"{self.environment} was made by {known.launcher}"
                raise NotAllowed(words, hint="give it another id", ground=Ground.FOREIGN)
            if known is None and len(tx.select(EnvironmentRow, launcher=who.id)) >= MOST_KEPT:
                words = f"{who.id} keeps {MOST_KEPT} environments, which is the most there may be"
                raise NotAllowed(words, hint="remove those that are left: onloop gc", ground=Ground.RULE)
            made_at = now if known is None else known.made_at
            run = self.of_task.partition(".")[0]
            row = EnvironmentRow(
                self.environment, self.of_task, run, self.kind.value, self.host, who.id, made_at, now, "{}"
            )
            tx.put(row)

        gateway.store.transact(body)


class DropEnvironments(Write[int], frozen=True):
    """These environments are not there any more; the answer is how many were known.

    With `others`, the launcher has no other on the machine `host` but these: the rest is dropped instead.
    """

    name: ClassVar[str] = "drop_environments"
    asker: ClassVar[Asker] = Asker.PROVEN
    principal: Principal
    host: Id
    environments: Annotated[tuple[Id, ...], Items(MOST_KEPT)]
    others: bool = False

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal, "drop environments", self.host)

    def carry_out(self, gateway: Gateway) -> int:
        """See Write."""
        who = self.principal

        def body(tx: Transaction) -> int:
            _check_launcher(who)
            mine = [row for row in tx.select(EnvironmentRow, launcher=who.id) if row.host == self.host]
            gone = [row for row in mine if (row.id in self.environments) is not self.others]
            for row in gone:
                tx.delete(EnvironmentRow, row.id)
            return len(gone)

        return gateway.store.transact(body)


class AttestEnvironment(Write[Task], frozen=True):
    """Record on its task what a launcher made; no more counts than its token attests, and of its own claims alone.

    A worker of another user than the gateway's, without a token, attests no more than a clone: it is the agents' user.
    """

    name: ClassVar[str] = "attest_environment"
    asker: ClassVar[Asker] = Asker.PROVEN
    principal: Principal
    task: Id
    report: ReportEnvironment
    key: Key = ""

    @property
    def attempt(self) -> DeniedAct:
        """What a denial of it says."""
        return DeniedAct(self.principal, "attest an environment", self.task)

    def carry_out(self, gateway: Gateway) -> Task:
        """See Write."""
        who, now = self.principal, gateway.clock()

        def body(tx: Transaction) -> Task | Refused:
            _check_launcher(who)
            grant, made = grant_now(tx, who, now), self.report.made
            isolation = isolation_of(made.isolation, grant, apart=is_apart(who))
            trust = _TRUST[grant is not None, is_apart(who)]
            if grant is not None and not any(token.launcher == who.name for token in tx.select(Token, task=self.task)):
                words = f"{self.task} was not claimed by {who.id}"
                raise NotAllowed(words, hint="attest what was made for a claim of yours", ground=Ground.FOREIGN)
            told = replace(self.report, made=replace(made, isolation=isolation, by=who.id, trust=trust))
            try:
                return gateway.advance(tx, who, self.task, told, self.key)
            except Refused as no:
                return no

        return gateway.transact(body, about=self.task)


def _check_launcher(who: Principal) -> None:
    if who.kind is not PrincipalKind.LAUNCHER:
        words = f"{who.id} may not say where agents work"
        raise NotAllowed(words, hint="a worker does it: onloop work", ground=Ground.KIND)
