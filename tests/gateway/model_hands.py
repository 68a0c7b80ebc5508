"""Everything that agents, verifiers, people and effects do to a gateway, done to its plain twin as well."""

from __future__ import annotations

from gateway import plain_deeds as plain
from gateway.model_twins import Act, Taken, Twins
from gateway.model_workflows import WORKFLOWS
from gateway.plain_model import Deed
from gateway.plain_task import OK, PlainTask
from gateway.shop import LAUNCHER, VERIFIER, Shop
from onloop.gateway.claims import ClaimTask
from onloop.gateway.leases import Heartbeat
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.machine import commands as c
from onloop.machine.events import EffectProblem
from onloop.machine.principal import EFFECTS, Principal
from onloop.machine.setbacks import Trouble
from onloop.machine.store_state import Frozen
from onloop.machine.task import Evidence, Submission, Verdict
from onloop.records import replace
from support.scenario import NOON, work
from support.steps import HOUR

LAST = NOON + 150 * HOUR
"""Before the first key is forgotten."""


class Hands(Twins):
    """What can be done, each of it in one call; the answer is whether it was."""

    def begin(self, run: str, workflow: int, members: int = 0, most: int = 0) -> None:
        steps, definition = WORKFLOWS[workflow]

        def act(shop: Shop) -> object:
            shop.definition = definition
            return shop.fleet(members, most, run) if members else shop.begin(run=run)

        self.do(act, lambda: self.model.begin(run, steps, members, most))

    def fire_all(self) -> int:
        self.model.fire_all(wanted=False)
        return OK

    def take(self, agent: str, wanted: str | None, *, keyed: bool = False) -> None:
        """Claim a task, or whichever there is."""
        self.counted, got = self.counted + 1, list[str]()
        key = f"a-key-of-sixteen-{self.counted}" if keyed else ""
        with self.other.store.reading() as at:
            if at.due(self.clock.now):
                self.doom = 0  # a claim ends first what is over, in a transaction for each task

        def act(shop: Shop) -> None:
            claimed = shop.gateway.perform(ClaimTask(LAUNCHER, agent, "implementer", task=wanted, key=key))
            got[:] = [claimed.task.id, claimed.secret]

        known = key and f"{LAUNCHER.id} {key}"
        if self.do(act, lambda: self.model.claim(agent, "implementer", wanted, known, self.counted)):
            task, secret = got
            self.secrets[task] = secret
            self.agents.setdefault(task, []).append(self.other.agent(secret))
            if keyed:
                self.taken.append(Taken(agent, wanted, key, task, self.model.tasks[task].epoch))

    def take_again(self, taken: Taken) -> None:
        """Ask again for what a claim gave."""
        got = list[str]()

        def act(shop: Shop) -> None:
            again = shop.gateway.perform(
                ClaimTask(LAUNCHER, taken.agent, "implementer", task=taken.task, key=taken.key)
            )
            got.append(again.secret)

        if self.do(act, lambda: self.model.claim_again(taken.got, taken.epoch)):
            assert got == [self.secrets[taken.got]]

    def beat(self, task: PlainTask, who: Principal) -> bool:
        return self.do(
            lambda shop: shop.gateway.perform(Heartbeat(who)),
            lambda: self.model.heartbeat(task.name, who.id, who.epoch),
        )

    def hand_in(self, task: PlainTask, who: Principal, old: int = 0, *, keyed: bool = False) -> bool:
        known = self.heads.setdefault(task.name, [])
        head, at = f"{len(known) + 1:040x}", self.clock.now
        if 0 < old <= len(known):
            head = known[-old][0]
        what = work(head)
        command = c.Submit(who.id, who.epoch, Submission(what.head, what.tree, what.base, at=at))
        is_taken = self.perform(who, task.name, command, plain.submit(who.id, who.epoch, head, at), keyed=keyed)
        if is_taken:
            known.append((head, at))
        return is_taken

    def say(self, task: PlainTask, who: Principal, what: str) -> bool:
        me = (who.id, who.epoch)
        said: dict[str, tuple[c.Command, Deed]] = {
            "ask": (c.Ask(*me, "Which one?"), plain.ask(*me)),
            "fail": (c.Fail(*me, "too hard"), plain.give_up(*me)),
            "release": (c.Release(*me, c.ReleaseCause.CRASHED), plain.release(*me, "crashed")),
            "stop": (c.Release(*me, c.ReleaseCause.STOPPED), plain.release(*me, "stopped")),
            "trouble": (
                c.Release(*me, c.ReleaseCause.UNAVAILABLE, "away", Trouble.UNREACHABLE),
                plain.release(*me, "unavailable"),
            ),
            "not_now": (
                c.Release(*me, c.ReleaseCause.NOT_NOW, "usage limit", until=self.clock.now + HOUR),
                plain.release(*me, "not_now", self.clock.now + HOUR),
            ),
        }
        return self.perform(who, task.name, *said[what])

    def freeze_own(self, task: PlainTask, who: Principal) -> bool:
        scope = f"task:{task.name}"
        return self.do(
            lambda shop: shop.gateway.perform(RecordStoreEvent(who, Frozen(scope, who.id, "look"))),
            lambda: self.model.freeze(scope, (task.name, who.id, who.epoch)),
        )

    def freeze(self, scope: str) -> None:
        self.do(lambda shop: shop.freeze(scope), lambda: self.model.freeze(scope))

    def thaw(self, scope: str) -> None:
        self.do(lambda shop: shop.unfreeze(scope), lambda: self.model.unfreeze(scope))

    def found(self, task: PlainTask, gate: str, verdict: str, head: str, at: int) -> None:
        what, definition = work(head), self.other.task(task.name).definition
        evidence = Evidence(
            gate, Verdict(verdict), "seen", head, what.tree, what.base, definition, VERIFIER.id, self.clock.now
        )
        self.perform(VERIFIER, task.name, c.ReportGate(evidence, at), plain.report(gate, verdict, head, at))

    def take_effect(self, task: PlainTask, what: str, effect: str, problem: EffectProblem) -> None:
        result = "f" * 40
        said: dict[str, tuple[c.Command, Deed]] = {
            "start": (c.StartEffect(effect, "0" * 40, result), plain.start_effect(effect)),
            "finish": (c.FinishEffect(effect, result), plain.finish_effect(effect, result)),
            "fail": (c.FailEffect(effect, problem, "no"), plain.fail_effect(effect, problem.value)),
        }
        self.perform(EFFECTS, task.name, *said[what])

    def meet_trouble(self, task: PlainTask, *, late: bool = False) -> None:
        """What the verifier or the executor is to do cannot be done, through nobody's fault."""
        gate = "" if task.effect and not late else (*task.awaited, "tests")[0]
        effect = (task.effect or "") if not gate else ""
        command = c.ReportTrouble(Trouble.UNREACHABLE, "the origin is away", gate=gate, effect=effect)
        self.perform(EFFECTS if effect else VERIFIER, task.name, command, plain.report_trouble(gate, effect))

    def void_effect(self, task: PlainTask, effect: str) -> None:
        """The effect would do other than was shown: it hands the work in anew."""
        known = self.heads.setdefault(task.name, [])
        head, at = f"{len(known) + 1:040x}", self.clock.now
        what = work(head)
        command = c.VoidEffect(effect, Submission(what.head, what.tree, what.base, at=at), "main moved")
        if self.perform(EFFECTS, task.name, command, plain.void_effect(effect, head, at)):
            known.append((head, at))

    def judge(self, task: PlainTask, person: str, *, yes: bool, amiss: str | None = None) -> None:
        """Say yes or no to what is asked last, or, amiss, under a digest or a request that is an older one."""
        seen = [number for name, number in self.shown if name == task.name]
        if not seen:
            return
        number = seen[-2:][0] if amiss in {"request", "both"} else seen[-1]
        shown = seen[-2:][0] if amiss in {"digest", "both"} else seen[-1]
        voice, who = self.shop.voice(person), self.shop.person(person)
        request, digest = self.shown[task.name, number][0], self.shown[task.name, shown][1]
        if yes:
            self.perform(who, task.name, c.Approve(request, digest, voice), plain.approve(person, number, shown))
        else:
            command = c.Reject(request, digest, voice, "not so")
            self.perform(who, task.name, command, plain.reject(person, number, shown))

    def reply(self, task: PlainTask, *, keyed: bool = False) -> None:
        if (task.name, task.asks) in self.shown:  # what was asked and settled in one command was shown to nobody
            command = c.Reply(self.shown[task.name, task.asks][0], self.shop.voice(), "That one.")
            self.perform(self.shop.person(), task.name, command, plain.reply(task.asks), keyed=keyed)

    def command(self, task: str, what: str, *, keyed: bool = False) -> None:
        """A person says what is to become of a task."""
        voice = self.shop.voice()
        said: dict[str, tuple[c.Command, Deed]] = {
            "retry": (c.Retry(voice, "again"), plain.retry()),
            "pause": (c.Pause(voice, "look first"), plain.pause()),
            "resume": (c.Resume(voice), plain.resume()),
            "exclude": (c.Exclude(voice, "not this one"), plain.exclude()),
            "cancel": (c.Cancel(voice, "enough"), plain.cancel()),
        }
        self.perform(self.shop.person(), task, *said[what], keyed=keyed)

    def otherwise(self, act: Act) -> Act:
        """Another command under the key of one before."""
        self.counted += 1
        command = c.Retry(self.shop.voice(), f"otherwise {self.counted}")
        return replace(act, command=command, deed=plain.retry(), body=self.counted)

    def wait(self, ms: int) -> None:
        self.clock.now = min(LAST, self.clock.now + ms)

    def go_on(self, task: PlainTask, number: int, agent: str) -> None:
        """What somebody would do next who wants the task to end well; now and then somebody does otherwise."""
        owner = task.owner or ""
        if self.model.freezes and number % 2:
            self.thaw(self.model.freezes[0])
        elif task.state == "submitted":
            self.wait(max(0, task.not_before - self.clock.now))
            self.take(owner if owner.startswith("agent:") else agent, task.name, keyed=number > 3)
        elif task.state == "working":
            self.work_on(task, number)
        elif task.state == "paused":
            self.command(task.name, "resume")
        elif task.state == "input_required":
            self.settle(task, number)

    def work_on(self, task: PlainTask, number: int) -> None:
        """What is next where somebody works, or something runs."""
        if task.awaited and number != 2:
            known = self.heads.get(task.name)
            head, at = known[0] if known and number == 3 else (task.head, task.handed_at)
            self.found(task, task.awaited[0], "fail" if number == 6 else "pass", head, at)
        elif task.effect:
            what = {0: "start", 1: "fail"}.get(number, "finish")
            if number == 5:
                self.void_effect(task, task.effect)
            else:
                self.take_effect(task, what, task.effect, list(EffectProblem)[task.effects % 5])
        else:
            self.hand_in(task, self.agent(task), old=int(number == 4))

    def come_back(self, task: PlainTask, what: str) -> None:
        """Whoever holds a task, or held it, asks for something that only its holder may have."""
        taken = [one for one in self.taken if one.got == task.name]
        if what == "claim" and taken:
            self.take_again(taken[-1])
        elif what == "freeze":
            self.freeze_own(task, self.agent(task))
        else:
            self.beat(task, self.agent(task))

    def settle(self, task: PlainTask, number: int) -> None:
        """What is asked of a person is answered."""
        kind = task.asked.kind if task.asked else ""
        if number == 6:
            self.wait(2 * HOUR)
        if kind == "approval":
            amiss = {3: "digest", 5: "request"}.get(number)
            self.judge(task, ("ana", "ben")[number % 2], yes=number != 4, amiss=amiss)
        elif kind == "question":
            self.reply(task)
        else:
            self.command(task.name, "retry")
