"""What each answer to a request would do, in a sentence: computed from the workflow, never from anybody's text."""

from __future__ import annotations

from collections.abc import Mapping

from onloop.machine.definition import END, Definition, Step
from onloop.machine.effect_specs import deed_words
from onloop.machine.rules.looking_first import is_held_by_base, red_on_base
from onloop.machine.rules.people.entitlement import counted_voices
from onloop.machine.state import Reason
from onloop.machine.task import DecisionKind, Request, RequestKind, Task, Verdict
from onloop.machine.wave_plan import Waves
from onloop.machine.way import way_to

_CANCELED = "the task ends as canceled; nothing is merged"


def consequences(definition: Definition, task: Task, request: Request) -> Mapping[DecisionKind, str]:
    """Each answer that the request takes, with what happens then."""
    if task.waves is not None:
        return _of_fleet(task)
    step = definition.step(request.step)
    if is_about_base(task, request):
        return {DecisionKind.RETRY: "the gates run on the base again", DecisionKind.CANCEL: _CANCELED}
    match request.kind:
        case RequestKind.APPROVAL:
            return {
                DecisionKind.APPROVE: _approved(definition, task, request),
                DecisionKind.REJECT: _rejected(definition, task, step),
            }
        case RequestKind.QUESTION:
            return {
                DecisionKind.ANSWER: f"the answer goes into the brief, and {task.role} goes on with {step.id}",
                DecisionKind.CANCEL: _CANCELED,
            }
        case RequestKind.CHOICE:
            return _choices(definition, task, step)


def _of_fleet(task: Task) -> Mapping[DecisionKind, str]:
    """What letting a fleet go on would do: wave by wave, it touches more repositories."""
    waves = task.waves or Waves(0)
    begins = f"wave {waves.current + 1} of {waves.total} begins"
    rest = f"what wave {waves.current} of {waves.total} still has may begin"
    goes_on = f"the halt is lifted: {rest}; only what fails beyond what is shown halts it again"
    lifts = waves.halted and not (waves.passed and waves.current < waves.total)
    return {
        DecisionKind.APPROVE: goes_on if lifts else begins,
        DecisionKind.REJECT: "the fleet stays as it is, and your reason is recorded; it goes on when somebody approves",
    }


def no_worse_consequence(definition: Definition, task: Task, request: Request) -> str:
    """What going on no worse than a red base would do; empty where that is not asked, or would be refused."""
    red = red_on_base(definition, task) if is_about_base(task, request) else ()
    if not red or any(found.verdict is not Verdict.FAIL for found in red):
        return ""
    names = ", ".join(found.gate for found in red)
    return f"agents start; {names} of {red[0].step} then allows what fails on the base {red[0].head[:12]}, and no more"


def amend_command(task: str) -> str:
    """The command line that mends the workflow of a task."""
    return f'onloop amend {task} --workflow FILE --reason "…"'


def is_about_base(task: Task, request: Request) -> bool:
    """Whether a request asks how to go on because gates fail on the base."""
    return request.kind is RequestKind.CHOICE and is_held_by_base(task)


def _choices(definition: Definition, task: Task, step: Step) -> Mapping[DecisionKind, str]:
    if step.effect is not None:
        again = f"{deed_words(step.effect.value, task.target)} is tried again"
    elif step.role is not None:
        again = f"an agent as {task.owner or step.role} tries {step.id} again, with your note in its brief"
    else:
        again = f"{step.id} is tried again"
    again = f"{again}; rounds and attempts start at zero"
    if task.reason is Reason.BUDGET_EXHAUSTED:
        again = f"{again}; it is refused until you add to the budget: onloop retry {task.id} --more …"
    answers = {DecisionKind.RETRY: again}
    if step.role is not None:
        answers[DecisionKind.REASSIGN] = f"only whom you name may take {step.id}; its history stays"
    answers[DecisionKind.REJECT] = _rejected(definition, task, step)
    answers[DecisionKind.CANCEL] = _CANCELED
    return answers


def _approved(definition: Definition, task: Task, request: Request) -> str:
    step = definition.step(request.step)
    leads = (step.id,) if step.effect is not None else definition.followers(request.step)
    missing = request.quorum - 1 - counted_voices(d for d in task.decisions if d.request == request.id)
    if missing > 0:
        return f"counts as one of {request.quorum}; {missing} more must approve"
    others = [other.gate or other.id for other in task.requests if other.id != request.id]
    if others:
        return f"{request.gate} is done; {', '.join(others)} must be decided, too"
    if len(leads) > 1:
        return f"the rules of {step.id} say what follows: {_one_of(definition, task, leads)}"
    if leads[0] == END:
        return "the task is completed"
    following = definition.step(leads[0])
    if following.effect is not None:
        return f"{following.id} starts: {_effect_words(task, following)}"
    return f"the task goes on to {following.id}"


def _one_of(definition: Definition, task: Task, leads: tuple[str, ...]) -> str:
    """Each step that may follow; what an effect among them would do is said, for the answer may start it."""
    steps = (None if to == END else definition.step(to) for to in leads)
    words = (
        "the task is completed"
        if step is None
        else f"{step.id} ({_effect_words(task, step)})"
        if step.effect is not None
        else step.id
        for step in steps
    )
    return " or ".join(words)


def _effect_words(task: Task, step: Step) -> str:
    head = task.submission.head[:12] if task.submission else "nothing"
    kind = step.effect.value if step.effect else ""
    if kind == "merge":
        return f"merge {head} into {task.target} of {task.repo}"
    return f"{deed_words(kind, task.target)} of {task.repo}, for {head}"


def _rejected(definition: Definition, task: Task, step: Step) -> str:
    target = definition.reject_target(step.id, way_to(definition, task))
    if target is None:
        return "the task ends as rejected; nothing is merged"
    return f"{task.id} goes back to {target.id}, and your reason goes into the agent's brief"
