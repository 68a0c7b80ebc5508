"""A workflow of the forge's CI, started once, whose end is waited for: the factory does not end at the merge."""

from __future__ import annotations

from hashlib import sha256

from onloop.forges.port import WorkflowRun
from onloop.machine.effect_specs import DispatchSpec
from onloop.machine.events import EffectProblem
from onloop.machine.links import Link, LinkKind
from onloop.machine.setbacks import Trouble
from onloop.store.rows import LinkRow
from onloop.text import safe
from onloop.verifier.effects.outside_deed import Awaited, CannotBeDone, OutsideDeed

LOOKS = 8
"""How often (about two minutes) a run is looked for after a start of which we do not know whether it got out."""

_SUCCEEDED = "success"


def dispatch(deed: OutsideDeed, spec: DispatchSpec) -> str:
    """Carry out the effect; the answer says how it ended. Awaited while the run has not ended."""
    ref, word = deed.text(spec.ref) if spec.ref else deed.task.target, word_of(deed.effect.id)
    was_begun = deed.is_begun
    if not was_begun:
        deed.begin(_newest(deed, ref), word)
    run = _run(deed, spec, ref, word) if was_begun else None
    if run is None:
        _start(deed, spec, ref, word, was_begun=was_begun)
        raise Awaited(f"{spec.workflow} was started on {ref}, and is not listed yet", hint="nothing to do")
    deed.link(LinkKind.DEPLOYMENT, url=run.url, name=word)
    deed.link(LinkKind.DEPLOYMENT, run.id, run.url)  # no other effect takes it
    return _ended(deed, spec, run)


def word_of(effect_id: str) -> str:
    """Our word for the run of one effect, which no other effect has."""
    return f"onloop-{sha256(effect_id.encode()).hexdigest()[:16]}"


def _newest(deed: OutsideDeed, ref: str) -> str:
    """The newest run there before ours, as the intent records it."""
    return str(max((run.id for run in _runs(deed, ref)), default=0))


def _runs(deed: OutsideDeed, ref: str) -> tuple[WorkflowRun, ...]:
    return deed.forge.workflow_runs(deed.repo, event="workflow_dispatch", branch=ref)


def _run(deed: OutsideDeed, spec: DispatchSpec, ref: str, word: str) -> WorkflowRun | None:
    """Our run of that workflow: the one that shows our word.

    Without an input for it, the first that began there after our intent, and that no other effect has taken.
    """
    before = int(deed.effect.expected or 0)
    later = sorted((run for run in _runs(deed, ref) if run.id > before), key=lambda run: run.id)
    of_it = [run for run in later if run.path.rpartition("/")[2] == spec.workflow.rpartition("/")[2]]
    if spec.correlation:
        return next((run for run in of_it if word in run.title), None)
    return next((run for run in of_it if not _is_taken(deed, run, word)), None)


def _is_taken(deed: OutsideDeed, run: WorkflowRun, word: str) -> bool:
    """Whether it is the run of another task, or of another effect of this one; also of a task that has ended."""
    key = Link(LinkKind.DEPLOYMENT, deed.repo.host, deed.repo.words, run.id).key
    with deed.recorder.opened.gateway.store.reading() as reading:
        row = reading.get(LinkRow, key)
    if row is None or row.task != deed.task.id:
        return row is not None
    mine = deed.linked(LinkKind.DEPLOYMENT, word)
    return mine is None or mine.url != safe(run.url, 4_000)


def _start(deed: OutsideDeed, spec: DispatchSpec, ref: str, word: str, *, was_begun: bool) -> None:
    """Start it, unless that was done; where nobody knows, it is looked for first, for as long as a forge may need."""
    if deed.linked(LinkKind.DEPLOYMENT, word) is not None:
        _check_time(deed, spec, f"{spec.workflow} was started on {ref}, and the forge lists no run of it")
        return
    setback = deed.task.setback
    looked = setback.count if setback is not None and setback.trouble is Trouble.AWAITED else 0
    if was_begun and looked < LOOKS:
        return
    inputs = {name: deed.text(text) for name, text in spec.inputs}
    if spec.correlation:
        inputs[spec.correlation] = word
    deed.check_may_act()
    deed.forge.dispatch_workflow(deed.repo, spec.workflow, ref, inputs)
    deed.recorder.reached("dispatched")
    deed.link(LinkKind.DEPLOYMENT, name=word)


def _ended(deed: OutsideDeed, spec: DispatchSpec, run: WorkflowRun) -> str:
    shown = f"run {run.id} of {spec.workflow}"
    if run.status != "completed":
        _check_time(deed, spec, f"{shown} is {safe(run.status, 40)}")
        raise Awaited(f"{shown} is {safe(run.status, 40)}", hint="nothing to do: it is looked at again by itself")
    if run.conclusion != _SUCCEEDED:
        words = f"{shown} ended with {safe(run.conclusion, 40) or 'nothing'}: {safe(run.url, 200)}"
        raise CannotBeDone(EffectProblem.RUN_FAILED, words)
    return deed.done(deed.submission.head, f"{shown} succeeded")


def _check_time(deed: OutsideDeed, spec: DispatchSpec, words: str) -> None:
    setback, now = deed.task.setback, deed.recorder.opened.gateway.clock()
    if setback is not None and now - setback.since > spec.timeout_ms:
        raise CannotBeDone(EffectProblem.RUN_FAILED, f"{words}, after {(now - setback.since) // 1000} s")
