"""The verbs that do work: the worker and the verifier."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

from onloop.access.opening import open_file
from onloop.access.verifier_process import ensure_verifier, only_verifier
from onloop.agents.worker import Worker, WorkerSettings, command_words
from onloop.cli.arguments import VerifierArguments, WorkArguments
from onloop.cli.context import Context
from onloop.cli.output import VerbOutput
from onloop.errors import BadInput, Exit, NotAllowed
from onloop.gates.repository.git import check_git
from onloop.gates.toolchain import toolchain_of
from onloop.inherited import variable_problem
from onloop.machine.principal import verifier as verifier_principal
from onloop.text import safe
from onloop.verifier.effects.away import Away
from onloop.verifier.effects.executor import EffectExecutor
from onloop.verifier.effects.recorder import EffectRecorder
from onloop.verifier.gate_context import gate_context_for, prover_of
from onloop.verifier.pool import MOST_AT_ONCE, Verifier, usual_at_once
from onloop.verifier.runner import Runner
from onloop.workflow.duration import milliseconds

_NOT_BY_AGENTS = "a person starts it, where ONLOOP_TOKEN is not set"


def work(context: Context[WorkArguments]) -> VerbOutput:
    """Be a worker until stopped."""
    if os.environ.get("ONLOOP_TOKEN"):
        raise NotAllowed("an agent may not be a worker: it would take both sides of a review", hint=_NOT_BY_AGENTS)
    args = context.args
    argv = command_words(args.command)
    if not argv:
        raise BadInput("there is no command to run", hint="onloop work --role ROLE -- CMD…, such as: -- claude -p")
    settings = WorkerSettings(
        name=args.name or f"{args.role}-{os.getpid()}",
        role=args.role,
        argv=argv,
        lease_ms=milliseconds(args.lease),
        stall_ms=milliseconds(args.stall) if args.stall else 0,
        agent_env=_nameable(args.agent_env),
    )
    opened = context.opened
    ensure_verifier(context.home)
    with stop_signals() as stop:
        worker = Worker(
            opened=opened,
            settings=settings,
            stopped=lambda: stop.is_set() or opened.home.is_gone,
            pause=_pause(stop),
            say=say,
            ensure_verifier=lambda: ensure_verifier(context.home),
        )
        code = worker.run(once=args.once)
    opened.home.check_there()
    return VerbOutput(code)


def _nameable(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, each of which an agent may be given."""
    for name in names:
        if problem := variable_problem(name):
            raise BadInput(f"--agent-env: {problem}", hint="name a variable of your own, such as ANTHROPIC_API_KEY")
    return names


def verifier(context: Context[VerifierArguments]) -> VerbOutput:
    """Be the verifier until stopped. Agents are refused, because they would choose what judges their own work."""
    if os.environ.get("ONLOOP_TOKEN"):
        context.note_denied("verify")
        raise NotAllowed(f"{context.agent().id} may not verify", hint="stop here; onloop work starts a verifier")
    idle = milliseconds(context.args.idle_exit) if context.args.idle_exit else None
    principal, away = verifier_principal(str(os.getpid())), Away()

    def runner(stopped: Callable[[], bool]) -> Runner:
        opened = open_file(context.home)
        gate_context = gate_context_for(opened, principal)
        return Runner(
            opened,
            principal,
            gate_context,
            EffectExecutor(EffectRecorder(opened, gate_context, stopped, lambda _point: None), away),
            stopped,
        )

    opened_file = (
        context.opened_file
    )  # before the lock: a verifier that cannot open the store must not look as if it were running
    os.environ["PATH"] = toolchain_of(context.home.store).path  # the caller's PATH must not choose which programs run
    check_git()  # here: which git is used depends on the line above
    with only_verifier(context.home), stop_signals() as stop:
        Verifier(
            opened=opened_file,
            principal=principal,
            runner=runner,
            at_once=jobs_at_once(context.args.jobs) or usual_at_once(),
            stopped=lambda: stop.is_set() or context.home.is_gone,
            pause=_pause(stop),
            say=say,
            keep_shown=prover_of(opened_file, principal, stop.is_set).keep_shown,
        ).run(idle_exit_ms=idle)
    context.home.check_there()
    return VerbOutput(Exit.OK)


def jobs_at_once(words: str) -> int:
    """The number given to `--jobs`, or 0 if it is empty; BadInput unless it is a number in range."""
    if not words:
        return 0
    if not words.isascii() or not words.isdigit() or not 1 <= int(words[:4]) <= MOST_AT_ONCE:
        raise BadInput(f"--jobs {words[:20]!r} is not valid", hint=f"give a number from 1 to {MOST_AT_ONCE}")
    return int(words)


def _pause(stop: threading.Event) -> Callable[[float], None]:
    def pause(seconds: float) -> None:
        stop.wait(seconds)

    return pause


class stop_signals:  # noqa: N801 - used like the functions of contextlib
    """An Event that SIGINT, SIGTERM and SIGHUP set; the end of the block restores the handlers from before."""

    def __enter__(self) -> threading.Event:
        """Install the handlers."""
        event = threading.Event()
        numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
        self._before = {number: signal.signal(number, lambda *_: event.set()) for number in numbers}
        return event

    def __exit__(self, *_: object) -> None:
        """Restore the handlers from before."""
        for number, handler in self._before.items():
            signal.signal(number, handler)


def say(words: str) -> None:
    """Write a line to stderr; errors in writing are ignored."""
    with suppress(OSError, ValueError):
        sys.stderr.write(safe(words) + "\n")
        sys.stderr.flush()
