"""`onloop simulate`: the real core on a virtual clock, with agents, gates and people that follow a script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from onloop.access.runs import LARGEST_WORKFLOW, Workflow, builtin_workflow, is_builtin
from onloop.cli.context import Context
from onloop.cli.json_models.simulation_models import ConductJson, ForecastJson, QuantilesJson, SeedJson
from onloop.cli.output import VerbOutput, columns
from onloop.cli.running import say
from onloop.cli.simulation_verb_table import SimulateArguments
from onloop.errors import BadInput
from onloop.machine.wave_plan import HaltRule, WavePlan
from onloop.patterns.wave_sizes import divided, halt_rule
from onloop.simulation.conduct import Conduct
from onloop.simulation.conduct_file import LARGEST, load_conduct, written_conduct
from onloop.simulation.forecast import Forecast, Quantiles, simulated_seeds
from onloop.simulation.outcome import Outcome
from onloop.simulation.simulation_plan import LONGEST, MOST_AGENTS, MOST_REPOSITORIES, Plan
from onloop.text import safe
from onloop.workflow.builtins import builtins
from onloop.workflow.duration import milliseconds
from onloop.workflow.hints import nearest
from onloop.workflow.loader import load
from onloop.workflow.percentage import percentage

MOST_RUNS = 10_000
MOST_GATES = 1_000
MOST_CAUSES = 15
LARGEST_SEED = 2**53


def simulate(context: Context[SimulateArguments]) -> VerbOutput:
    """Simulate so many seeds of a plan, and say what they give together."""
    args = context.args
    if args.print_conduct:
        text = written_conduct()
        return VerbOutput(lines=tuple(text.splitlines()), data=ConductJson(text))
    plan, keep = _plan(args), _new_folder(args.keep)

    def told(outcome: Outcome) -> None:
        if args.runs > 1:
            say(f"seed {outcome.seed}: {_time(outcome.took_ms)}, {sum(outcome.decisions.values())} decisions")

    found = simulated_seeds(plan, args.runs, keep, told)
    notes = (f"look at seed {args.seed}: onloop --store {keep}",) if keep is not None else ()
    return VerbOutput(lines=tuple(_lines(plan, found)), data=_json(plan, found, args.keep or ""), notes=notes)


def _plan(args: SimulateArguments) -> Plan:
    for name, value, most in (
        ("--repos", args.repos, MOST_REPOSITORIES),
        ("--agents", args.agents, MOST_AGENTS),
        ("--runs", args.runs, MOST_RUNS),
        ("--gates", args.gates, MOST_GATES),
        ("--max-parallel", args.max_parallel or 1, MOST_REPOSITORIES),
    ):
        if not 1 <= value <= most:
            raise BadInput(f"{name} {value} cannot be simulated", hint=f"use 1 to {most}")
    if not 0 <= args.seed <= LARGEST_SEED:
        raise BadInput(f"--seed {args.seed} is no seed", hint=f"use 0 to {LARGEST_SEED}")
    limit = milliseconds(args.within)
    if not 0 < limit <= LONGEST:
        raise BadInput(f"--within {args.within} cannot be simulated", hint="use more than 0s, and at most 366d")
    return Plan(
        workflow=_workflow(args.workflow),
        conduct=Conduct() if args.conduct is None else load_conduct(_read(args.conduct, LARGEST), args.conduct),
        repositories=args.repos,
        agents=args.agents,
        seed=args.seed,
        gates_at_once=args.gates,
        max_parallel=args.max_parallel,
        waves=_waves(args),
        limit_ms=limit,
    )


def _waves(args: SimulateArguments) -> WavePlan | None:
    """How the fleet is divided, and when it halts; None where nothing asks for that."""
    halt = halt_rule(None if args.halt is None else percentage(args.halt), args.halt_of, args.halt_cause)
    if args.waves is None and halt == HaltRule():
        if args.ask_between:
            raise BadInput("a fleet of one wave has nothing between waves", hint="divide it: --waves 1,5,25,rest")
        return None
    if args.repos == 1:
        raise BadInput("one repository makes no waves", hint="simulate more: --repos 100")
    words = ("rest",) if args.waves is None else tuple(args.waves.split(","))
    return WavePlan(divided(words, args.repos).sizes, args.ask_between, halt)


def _workflow(name: str) -> Workflow:
    if is_builtin(name):
        return builtin_workflow(name)
    source = _read(name, LARGEST_WORKFLOW, f"{nearest(name, builtins())}onloop workflow list names the built-ins")
    return Workflow(load(source, name), source)


def _read(name: str, largest: int, hint: str = "onloop simulate --print-conduct prints one") -> bytes:
    path = Path(name)
    try:
        with path.open("rb") as file:
            content = file.read(largest + 1)
    except OSError as problem:
        why = problem.strerror or str(problem)
        raise BadInput(f"{safe(name)} cannot be read: {why}", hint=hint) from None
    if len(content) > largest:
        raise BadInput(f"{safe(name)} is larger than {largest} bytes", hint="give a smaller file")
    return content


def _new_folder(name: str | None) -> Path | None:
    if name is None:
        return None
    place = Path(name).absolute()
    if place.exists():
        raise BadInput(f"{safe(name)} is there already", hint="name a new folder; a simulation makes a store in it")
    if not place.parent.is_dir():
        raise BadInput(f"{safe(str(place.parent))} is no folder", hint="make it, or name another one")
    return place


def _lines(plan: Plan, found: Forecast) -> Iterator[str]:
    seeds = [outcome.seed for outcome in found.outcomes]
    told = f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {seeds[0]} to {seeds[-1]}"
    name = plan.workflow.definition.name
    yield f"{name} over {plan.repositories} repositories with {plan.agents} agents, {told}"
    yield "Agents, gates and people follow a script; everything else is the real code."
    yield ""
    yield from columns(list(_figures(found)), header=("", "HALF", "NINE OF TEN"))
    if found.blocked:
        yield ""
        shown = list(found.blocked.items())[:MOST_CAUSES]
        rows = [(safe(cause), str(count.p50), str(count.p90)) for cause, count in shown]
        yield from columns(rows, header=("PEOPLE WOULD HAVE TO STEP IN", "HALF", "NINE OF TEN"))
        if len(found.blocked) > MOST_CAUSES:
            yield f"and {len(found.blocked) - MOST_CAUSES} rarer causes; --json has all"
    if found.unfinished:
        yield ""
        yield f"{found.unfinished} of {len(seeds)} were not over after {_time(plan.limit_ms)}: see --within"


def _figures(found: Forecast) -> Iterator[tuple[str, str, str]]:
    yield "time", _time(found.took_ms.p50), _time(found.took_ms.p90)
    for name, count in found.tasks.items():
        yield f"repositories {name.replace('_', ' ')}", str(count.p50), str(count.p90)
    yield "decisions of people", str(found.decisions.p50), str(found.decisions.p90)
    yield "waiting for people at once, at most", str(found.most_waiting.p50), str(found.most_waiting.p90)
    yield "a request waited", _time(found.waited_ms.p50), _time(found.waited_ms.p90)
    yield "people spent", _time(found.people_ms.p50), _time(found.people_ms.p90)
    yield "agents worked", f"{found.busy.p50 / 10:.0f}% of it", f"{found.busy.p90 / 10:.0f}% of it"
    if found.brought.p90:
        yield "more agents, to have an independent one", str(found.brought.p50), str(found.brought.p90)
    yield "rounds after failed gates", str(found.rounds.p50), str(found.rounds.p90)
    yield "tries lost", str(found.lost.p50), str(found.lost.p90)


def _time(duration_ms: int) -> str:
    """A duration in its two largest units."""
    minutes = duration_ms // 60_000
    days, hours = divmod(minutes // 60, 24)
    if days:
        return f"{days} d {hours} h"
    return f"{hours} h {minutes % 60} min" if hours else f"{minutes} min"


def _json(plan: Plan, found: Forecast, store: str) -> ForecastJson:
    return ForecastJson(
        workflow=plan.workflow.definition.name,
        repositories=plan.repositories,
        agents=plan.agents,
        seeds=[SeedJson(o.seed, o.history, o.ended, o.took_ms, o.events, o.tasks, o.decisions) for o in found.outcomes],
        unfinished=found.unfinished,
        took_ms=_both(found.took_ms),
        decisions=_both(found.decisions),
        most_waiting=_both(found.most_waiting),
        waited_ms=_both(found.waited_ms),
        people_ms=_both(found.people_ms),
        busy=_both(found.busy),
        brought=_both(found.brought),
        lost=_both(found.lost),
        rounds=_both(found.rounds),
        tasks={name: _both(count) for name, count in found.tasks.items()},
        blocked={name: _both(count) for name, count in found.blocked.items()},
        store=store,
    )


def _both(found: Quantiles) -> QuantilesJson:
    return QuantilesJson(found.p50, found.p90)
