"""`onloop demo`: the whole product on real repositories, with agents that misbehave: a fleet, or a swarm."""

from __future__ import annotations

import sys
import threading
import time

from onloop.access.submission import task_of
from onloop.cli.arguments import DemoArguments
from onloop.cli.context import Context
from onloop.cli.json_models.work_models import DemoEndJson, DemoJson, DemoLeftJson
from onloop.cli.output import VerbOutput, columns
from onloop.cli.running import say, stop_signals
from onloop.cli.verbs.dashboard import dashboard
from onloop.demo.crew import Crew
from onloop.demo.folder import DemoFolder, begin, demo_folder, prepare
from onloop.demo.plays import play_named
from onloop.demo.script import ScriptedPerson
from onloop.demo.summary import Summary, summary_of
from onloop.errors import Exit, Unavailable

PACE_S = 0.4
UNATTENDED_LIMIT_S = 600.0
POLL_S = 0.1
PERSON = "you"
SCRIPTED = "scripted"


def demo(context: Context[DemoArguments]) -> VerbOutput:
    """Play the demo, with a person at the dashboard or with a script in their place."""
    unattended = context.args.unattended
    if not unattended and not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise Unavailable("the demo shows a dashboard, and this is no terminal", hint="onloop demo --unattended")
    folder = demo_folder(context.args.dir)
    say(f"demo: {folder.path}")
    prepare(folder, play_named(context.args.play) if context.args.play else None)
    return _unattended(folder) if unattended else _attended(folder, tour=context.args.tour)


def _attended(folder: DemoFolder, *, tour: bool) -> VerbOutput:
    opened, person, _ = begin(folder, PERSON)
    opened.close()
    crew = Crew(folder, PACE_S)
    ended = threading.Event()
    keeper = threading.Thread(target=_keep_up, args=(crew, ended), daemon=True)
    keeper.start()
    left = "stop"
    try:
        left = dashboard()(folder.home, person=person, person_name=None, read_only=False, ask_on_quit=True, tour=tour)
    finally:
        ended.set()
        keeper.join()
        if left != "leave":
            crew.stop()
    again = f"onloop demo --dir {folder.path}"
    words = "it goes on by itself" if left == "leave" else "it stands still"
    lines = (f"{words}; look again: {again}", f"its store: onloop list --store {folder.home.store}")
    return VerbOutput(lines=lines, data=DemoLeftJson(str(folder.path), left))


def _keep_up(crew: Crew, ended: threading.Event) -> None:
    """Start what is missing until the end: a member that was killed comes back."""
    crew.start_missing()
    while not ended.wait(1.0) and not crew.folder.home.is_gone:
        crew.start_missing()


def _unattended(folder: DemoFolder) -> VerbOutput:
    began = time.monotonic()
    opened, person, root = begin(folder, SCRIPTED)
    script = ScriptedPerson(opened, person, folder.scenario())
    crew = Crew(folder, 0.0)
    try:
        with stop_signals() as stop:
            while not stop.is_set() and time.monotonic() - began < UNATTENDED_LIMIT_S:
                folder.home.check_there()
                crew.start_missing()
                script.decide_all()
                if task_of(opened, root.id).ended:
                    break
                stop.wait(POLL_S)
        crew.stop()
        return _summary_output(folder, summary_of(opened, folder.scenario(), time.monotonic() - began))
    finally:
        crew.stop()
        opened.close()


def _summary_output(folder: DemoFolder, summary: Summary) -> VerbOutput:
    rows = [
        (
            end.task,
            end.name,
            end.persona,
            end.course.state.value,
            "merged" if end.course.merged else "not merged",
            f"{end.course.attempts} attempts, {end.course.rounds} rounds",
            "as it should" if not end.differences else "; ".join(end.differences),
        )
        for end in summary.ends
    ]
    head = f"{sum(not end.differences for end in summary.ends)} of {len(summary.ends)} ended as the scenario says"
    lines = (
        *columns(rows, header=("TASK", "NAME", "AGENT", "STATE", "TARGET", "TOOK", "ENDED")),
        f"{head}, in {summary.seconds:.1f} s; {summary.events} events, "
        + ("the log verifies" if not summary.problems else "that is not all as it should be"),
    )
    data = DemoJson(
        ok=summary.right,
        dir=str(folder.path),
        seconds=f"{summary.seconds:.1f}",
        events=summary.events,
        problems=summary.problems,
        tasks=[
            DemoEndJson(end.task, end.name, end.persona, end.course.state, end.course.merged, end.differences)
            for end in summary.ends
        ],
    )
    return VerbOutput(Exit.OK if summary.right else Exit.INTERNAL, lines, data, summary.problems)
