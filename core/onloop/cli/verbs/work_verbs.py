"""The verb that runs gates and effects for all workers."""

from __future__ import annotations

import os
from collections.abc import Callable

from onloop.access.elsewhere.elsewhere_watch import ElsewhereWatch, watched
from onloop.access.elsewhere.forge_views import forge_view
from onloop.access.opening import opener
from onloop.access.verifier_process import only_verifier, verifiers_here
from onloop.cli.arguments import VerifierArguments
from onloop.cli.context import Context
from onloop.cli.output import VerbOutput
from onloop.cli.running import pause_until, say, stop_signals
from onloop.errors import BadInput, Exit, NotAllowed
from onloop.gates.repository.git import check_git
from onloop.gates.toolchain import toolchain_of
from onloop.machine.principal import verifier as verifier_principal
from onloop.verifier.effects.away import Away
from onloop.verifier.effects.executor import EffectExecutor
from onloop.verifier.effects.recorder import EffectRecorder
from onloop.verifier.gate_context import gate_context_for, prover_of
from onloop.verifier.job_leases import JobLeases
from onloop.verifier.outward_keeper import OutwardKeeper
from onloop.verifier.pool import MOST_AT_ONCE, Verifier, usual_at_once
from onloop.verifier.runner import Runner
from onloop.workflow.duration import milliseconds


def verifier(context: Context[VerifierArguments]) -> VerbOutput:
    """Be the verifier until stopped. Agents are refused, because they would choose what judges their own work."""
    if os.environ.get("ONLOOP_TOKEN"):
        context.note_denied("verify")
        raise NotAllowed(f"{context.agent().id} may not verify", hint="stop here; onloop work starts a verifier")
    idle = milliseconds(context.args.idle_exit) if context.args.idle_exit else None
    of_this_place, opened_by = verifiers_here(context.home), opener(context.home)
    principal, away = verifier_principal(f"{of_this_place}{os.getpid()}"), Away()

    def runner(stopped: Callable[[], bool]) -> Runner:
        opened = opened_by()
        gate_context = gate_context_for(opened, principal)
        return Runner(
            opened,
            principal,
            gate_context,
            EffectExecutor(EffectRecorder(opened, gate_context, stopped, lambda _point: None), away),
            stopped,
        )

    opened_file = context.opened_file  # before the lock: who cannot open the store must not look like a verifier
    os.environ["PATH"] = toolchain_of(context.home.store).path  # the caller's PATH must not choose which programs run
    check_git()  # here: which git is used depends on the line above
    watch = ElsewhereWatch(forge_view, say)
    outward = OutwardKeeper(opened_by, principal.id, say)
    with only_verifier(context.home), stop_signals() as stop, watched(opened_by, watch), outward.kept():
        Verifier(
            opened=opened_file,
            principal=principal,
            runner=runner,
            at_once=jobs_at_once(context.args.jobs) or usual_at_once(),
            stopped=lambda: stop.is_set() or context.home.is_gone,
            pause=pause_until(stop),
            say=say,
            leases=JobLeases(opened_by, principal),
            predecessors=f"verifier:{of_this_place}" if of_this_place else "",
            waits_elsewhere=lambda: watch.waits,
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
