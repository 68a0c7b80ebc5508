"""`onloop harness`: where agents get lost, what is proposed against it, adopted and dropped, and how that does."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from onloop.attention.fingerprint import fingerprint
from onloop.cli.context import Context
from onloop.cli.harness_verb_table import HarnessArguments
from onloop.cli.json_models.insight.harness_models import LessonChangeJson, LessonProposedJson, LessonsJson
from onloop.cli.name_checks import check_names
from onloop.cli.output import VerbOutput
from onloop.cli.past_moment import past_moment
from onloop.cli.reports.harness_json import harness_json
from onloop.cli.reports.harness_json import lesson_json as lesson_model
from onloop.cli.reports.harness_text import harness_lines, lesson_lines
from onloop.errors import BadInput, UnknownThing
from onloop.gateway.upkeep import RecordStoreEvent
from onloop.insight.harness.encodings import Encoding, evidence_words, suggested_lesson
from onloop.insight.harness.harness_figures import FailureFigures, HarnessFigures
from onloop.insight.harness.harness_fold import HarnessFold, HarnessScope
from onloop.insight.measures.loop_pages import read_on
from onloop.machine.lessons import TELLABLE, Lesson, LessonAdopted, LessonDropped, LessonProposed
from onloop.machine.told_lessons import LONGEST_LESSON
from onloop.text import safe, safe_lines
from onloop.views.queries.reads import ReadStoreState


def harness(context: Context[HarnessArguments]) -> VerbOutput:
    """Report, propose, adopt or drop."""
    return _WHATS[context.args.what](context)


def _figures(context: Context[HarnessArguments], scope: HarnessScope) -> HarnessFigures:
    gateway = context.opened.gateway
    fold = HarnessFold(scope, gateway.perform(ReadStoreState()).lessons.values())
    read_on(gateway, fold)
    return fold.figures(gateway.clock())


def _report(context: Context[HarnessArguments]) -> VerbOutput:
    args = context.args
    if args.name is not None:
        raise BadInput(f"{safe(args.name, 60)!r} is one word too many", hint="onloop harness, or harness propose ID")
    check_names(context, run=args.run, workflow=args.workflow, step=args.step)
    since = past_moment(args.since, context.opened.gateway.clock())
    figures = _figures(context, HarnessScope(since, args.run, args.workflow, args.step))
    return VerbOutput(lines=tuple(harness_lines(figures)), data=harness_json(figures), is_long=True)


def _lessons(context: Context[HarnessArguments]) -> VerbOutput:
    figures = _figures(context, HarnessScope())
    none = "no lesson is proposed or in force: onloop harness says where one would help"
    data = LessonsJson([lesson_model(each) for each in figures.lessons])
    return VerbOutput(lines=tuple(lesson_lines(figures.lessons)) or (none,), data=data)


def _propose(context: Context[HarnessArguments]) -> VerbOutput:
    """A lesson waits for an approver from then on; a change of files begins as a task, which its gates hold."""
    args = context.args
    context.check_no_agent("propose a lesson")
    failure = _failure_named(context)
    if args.kind != Encoding.LESSON.value:
        from onloop.cli.verbs.harness_changes import begin_change  # here: it reads workflow files, and few need it

        return begin_change(context, Encoding(args.kind), failure)
    words = _lesson_words(context, failure)
    lesson = Lesson(fingerprint("lesson", failure.id, words), failure.pattern, words)
    person = context.person()
    event = LessonProposed(lesson, person.id, evidence_words(failure))
    context.opened.gateway.perform(RecordStoreEvent(person, event, key=args.key))
    note = f'next, by an approver: onloop harness adopt {lesson.id} --reason "…"'
    line = safe(f"proposed: lesson {lesson.id} against {failure.id}; nobody is told it before it is adopted", 300)
    shown = tuple(f"    | {safe(row)}" for row in words.splitlines())
    return VerbOutput(lines=(line, *shown), data=LessonProposedJson(lesson.id, failure.id, words), notes=(note,))


def _failure_named(context: Context[HarnessArguments]) -> FailureFigures:
    name = _name(context, "failure", "onloop harness lists them")
    failures = _figures(context, HarnessScope()).failures
    found = next((each for each in failures if each.id == name), None)
    if found is None:
        there_are = ", ".join(each.id for each in failures[:8]) or "none yet"
        raise UnknownThing(f"there is no failure {safe(name, 60)!r}", hint=f"onloop harness; there are: {there_are}")
    return found


def _lesson_words(context: Context[HarnessArguments], failure: FailureFigures) -> str:
    """The words of the lesson: a person's, or ours, so that nothing that an agent or a program printed gets in."""
    words = safe_lines(context.args.lesson or suggested_lesson(failure.pattern)).strip()
    if failure.pattern.kind not in TELLABLE:
        what = f"no refusal tells a lesson about a {failure.pattern.kind.value}"
        raise BadInput(what, hint=f"onloop harness propose {failure.id} --kind agents-md --repo PATH")
    if not words:
        raise BadInput("what is to be said?", hint=f'onloop harness propose {failure.id} --lesson "what to do instead"')
    if len(words) > LONGEST_LESSON:
        raise BadInput(f"a lesson of {len(words)} characters is too long", hint=f"use at most {LONGEST_LESSON}")
    return words


def _adopt(context: Context[HarnessArguments]) -> VerbOutput:
    args = context.args
    context.check_no_agent("adopt a lesson")
    name = _name(context, "lesson", "onloop harness lessons lists them")
    person = context.person()
    event = LessonAdopted(name, person.id, args.reason)
    context.opened.gateway.perform(RecordStoreEvent(person, event, key=args.key))
    known = context.opened.gateway.perform(ReadStoreState()).lessons.get(name)
    words = () if known is None else tuple(f"    | {safe(line)}" for line in known.lesson.words.splitlines())
    line = f"adopted: lesson {name} is told from now on, wherever its failure strikes"
    note = "how it does: onloop harness lessons"
    return VerbOutput(lines=(line, *words), data=LessonChangeJson([name], []), notes=(note,))


def _drop(context: Context[HarnessArguments]) -> VerbOutput:
    args = context.args
    context.check_no_agent("drop a lesson")
    name = _name(context, "lesson", "onloop harness lessons lists them")
    person = context.person()
    event = LessonDropped(name, person.id, args.reason)
    context.opened.gateway.perform(RecordStoreEvent(person, event, key=args.key))
    return VerbOutput(lines=(f"dropped: lesson {name} is told no longer",), data=LessonChangeJson([], [name]))


def _name(context: Context[HarnessArguments], kind: str, hint: str) -> str:
    if context.args.name is None:
        raise BadInput(f"which {kind}?", hint=hint)
    return context.args.name


_WHATS: Mapping[str, Callable[[Context[HarnessArguments]], VerbOutput]] = {
    "report": _report,
    "lessons": _lessons,
    "propose": _propose,
    "adopt": _adopt,
    "drop": _drop,
}
