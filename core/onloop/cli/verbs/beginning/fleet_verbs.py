"""`onloop fleet`: one task per repository, in waves if wanted; more of them in a live fleet; how a fleet stands."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from onloop.access.elsewhere.forge_targets import query_in, targets_of_query
from onloop.access.fleet_file import FOLDER, FleetFilePart, load_fleet, order_in
from onloop.access.fleet_order import FleetOrder, WavesAsked, plan_of
from onloop.access.preflight import TargetLook, preflight, wants_of
from onloop.access.run_inputs import attached
from onloop.access.runs import Workflow, add_targets, builtin_workflow, committed_workflow, start_fleet
from onloop.access.target_sources import targets_in_file, targets_of_command, targets_of_glob
from onloop.access.targets import RunTarget, target_of
from onloop.access.verifier_process import ensure_verifier
from onloop.cli.budget_argument import budget_given
from onloop.cli.context import Context
from onloop.cli.fleet_arguments import FleetArguments
from onloop.cli.json_models.envelope import extended
from onloop.cli.json_models.start_models import AddedJson
from onloop.cli.json_models.work_models import FleetJson, TaskJson
from onloop.cli.output import VerbOutput
from onloop.cli.render import task_json
from onloop.cli.verbs.beginning.start_verbs import begun, check_ready, looks_table, told_looks
from onloop.cli.verbs.fleet_standing import fleet_standing
from onloop.errors import BadInput, UnknownThing
from onloop.machine.task import Kind, Task
from onloop.machine.wave_plan import SlotLimits
from onloop.patterns.wave_sizes import halt_rule
from onloop.records import replace
from onloop.views.pinned_workflow import ReadDefinition
from onloop.views.queries.reads import ReadTask
from onloop.workflow.percentage import percentage

ADD, SHOW = "add", "show"
"""The words in the place of a workflow that add targets to a live fleet, and show how one stands."""

LARGEST_FILE = 1_048_576
_IN_FILE = (
    ("workflow", "the workflow"),
    ("targets", "--targets"),
    ("glob", "--glob"),
    ("targets_from", "--targets-from"),
    ("control", "--control"),
    ("control_branch", "--control-branch"),
    ("waves", "--waves"),
    ("ask_between", "--ask-between"),
    ("halt", "--halt"),
    ("halt_of", "--halt-of"),
    ("halt_cause", "--halt-cause"),
    ("max_parallel", "--max-parallel"),
    ("max_per_host", "--max-per-host"),
    ("max_per_owner", "--max-per-owner"),
)
"""What a fleet file says, and the command line may not say beside one."""


def fleet(context: Context[FleetArguments]) -> VerbOutput:
    """Begin a task per repository, begin more tasks in a live fleet, or show how one stands."""
    args = context.args
    if args.file is not None:
        return _begin_from_file(context, args.file)
    if args.workflow == SHOW:
        return fleet_standing(context, _run_named(args, SHOW))
    if args.workflow == ADD:
        return _add(context)
    if args.workflow is None:
        raise BadInput("which workflow?", hint="onloop fleet WORKFLOW --targets FILE, or onloop fleet --file FLEET")
    if args.run is not None:
        raise BadInput(f"{args.run!r} is one word too many", hint="onloop fleet WORKFLOW --targets FILE")
    order = _order(args)
    return _begin(context, _workflow(context, args), _targets(context, args), order)


def _run_named(args: FleetArguments, word: str) -> str:
    if args.run is None:
        raise BadInput("which fleet?", hint=f"onloop fleet {word} RUN; onloop list names the runs")
    return args.run


def _order(args: FleetArguments) -> FleetOrder:
    """What the command line says of the fleet, without what is stored first."""
    for flag, most in (
        ("--max-parallel", args.max_parallel),
        ("--max-per-host", args.max_per_host),
        ("--max-per-owner", args.max_per_owner),
    ):
        if most is not None and most < 1:
            raise BadInput(f"{flag} {most} lets nothing run", hint="use 1 or more, or leave it out")
    share = percentage(args.halt) if args.halt is not None else None
    rule = halt_rule(share, args.halt_of, args.halt_cause)
    words = tuple(args.waves.split(",")) if args.waves is not None else ()
    limits = SlotLimits(args.max_per_host or 0, args.max_per_owner or 0)
    return FleetOrder(args.title or "", args.max_parallel, limits, WavesAsked(words, args.ask_between, rule))


def _begin(
    context: Context[FleetArguments], workflow: Workflow, targets: Sequence[RunTarget], order: FleetOrder
) -> VerbOutput:
    args = context.args
    plan_of(order.waves, targets)
    looks = preflight(targets, context.opened.mirror, wants_of(workflow.definition))
    if args.dry_run:
        return looks_table(looks)
    ready = _ready(looks, args)
    labels, budget = (*order.given.labels, *(args.label or ())), budget_given("--budget", args.budget)
    given = attached(context.opened, args.brief, args.attach, labels, budget)
    title = order.title or workflow.definition.description or workflow.definition.name
    checks = not args.no_base_check
    order = replace(order, title=title, check_base=checks, key=args.key, given=given)
    root = start_fleet(context.opened, context.launcher(), workflow, ready, order)
    following = f"onloop fleet show {root.id}" if root.plan is not None else f"onloop tree --run {root.id}"

    def data(now: Task) -> TaskJson:
        return extended(FleetJson, task_json(now), tasks=len(ready))

    return begun(context, root, data, following, workflow, looks, _minded(order, ready))


def _minded(order: FleetOrder, targets: Sequence[RunTarget]) -> tuple[str, ...]:
    """What to mind about the plan, and how many each wave has."""
    plan, mind = plan_of(order.waves, targets)
    if plan is None:
        return ()
    sizes = ", ".join(map(str, plan.sizes))
    return (*((f"mind: {mind}",) if mind else ()), *((f"waves: {sizes}",) if len(plan.sizes) > 1 else ()))


def _begin_from_file(context: Context[FleetArguments], name: str) -> VerbOutput:
    args = context.args
    said = [words for field, words in _IN_FILE if getattr(args, field) not in (None, False, ())]
    if said:
        hint = "change the file, or begin without one"
        raise BadInput(f"{', '.join(said)} beside --file: the file says that", hint=hint)
    path = _fleet_path(name)
    try:
        with path.open("rb") as opened:
            source = opened.read(LARGEST_FILE + 1)
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror}", hint="give a fleet file") from None
    part = load_fleet(source, str(path))
    order = order_in(part)
    order = replace(order, title=args.title or order.title)
    return _begin(context, _workflow_in(context, part, path), _targets_in(context, part, path), order)


def _fleet_path(name: str) -> Path:
    """The file of that name: as it is, or in .onloop/fleets of this folder or one above it."""
    path = Path(name)
    if path.exists() or "/" in name or path.suffix:
        return path
    for folder in (Path.cwd(), *Path.cwd().parents):
        found = folder / FOLDER / f"{name}.yaml"
        if found.exists():
            return found
    raise UnknownThing(f"there is no fleet file {name!r}", hint=f"write {FOLDER}/{name}.yaml, or name a file")


def _workflow_in(context: Context[FleetArguments], part: FleetFilePart, path: Path) -> Workflow:
    if part.control is None:
        return builtin_workflow(part.workflow)
    control = target_of(part.control, part.control_branch, path.absolute().parent, "control")
    return committed_workflow(context.opened.mirror(control.origin), control.branch, part.workflow)


def _targets_in(context: Context[FleetArguments], part: FleetFilePart, path: Path) -> tuple[RunTarget, ...]:
    named, folder = part.targets, path.absolute().parent
    if named.file is not None:
        return targets_in_file(folder / named.file, named.file)
    if named.glob is not None:
        return targets_of_glob(named.glob, folder)
    if named.forge is not None and named.query is not None:
        return targets_of_query(context.home, named.forge, named.query)
    return targets_of_command(named.command or (), folder)


def _workflow(context: Context[FleetArguments], args: FleetArguments) -> Workflow:
    name = args.workflow or ""
    if args.control is None:
        return builtin_workflow(name)
    control = target_of(args.control, args.control_branch, Path.cwd(), "--control")
    return committed_workflow(context.opened.mirror(control.origin), control.branch, name)


def _targets(context: Context[FleetArguments], args: FleetArguments) -> tuple[RunTarget, ...]:
    given = [args.targets is not None, args.glob is not None, bool(args.targets_from)]
    if sum(given) != 1:
        told = "several sources of targets" if any(given) else "no targets"
        raise BadInput(
            f"{told} were given", hint="give one of --targets FILE, --glob PATTERN, --targets-from -- PROGRAM"
        )
    if args.targets is not None and (asked := query_in(args.targets)) is not None:
        return targets_of_query(context.home, *asked)
    if args.targets is not None:
        return targets_in_file(Path(args.targets), args.targets)
    if args.glob is not None:
        return targets_of_glob(args.glob, Path.cwd())
    return targets_of_command(args.targets_from, Path.cwd())


def _ready(looks: Sequence[TargetLook], args: FleetArguments) -> tuple[RunTarget, ...]:
    """The targets in which work begins: all, or with `--skip-bad` those that nothing speaks against."""
    if not args.skip_bad:
        check_ready(looks, args.targets or "the targets")
    ready = tuple(look.target for look in looks if not look.stops)
    if not ready:
        raise BadInput("no target is ready", hint="--dry-run shows what is wrong with each, and what would work")
    return ready


def _add(context: Context[FleetArguments]) -> VerbOutput:
    args, gateway = context.args, context.opened.gateway
    root = gateway.perform(ReadTask(_run_named(args, ADD)))
    if root is None or root.kind is not Kind.FLEET:
        raise UnknownThing(f"there is no fleet {args.run or ''!r}", hint="onloop fleet add RUN --targets FILE")
    targets = _targets(context, args)
    looks = preflight(targets, context.opened.mirror, wants_of(gateway.perform(ReadDefinition(root.definition))))
    if args.dry_run:
        return looks_table(looks)
    ready = _ready(looks, args)
    made = add_targets(context.opened, context.launcher(), root, ready)
    if root.check_base:
        ensure_verifier(context.home)
    lines = tuple(f"{task} {target.name}" for task, target in zip(made, ready, strict=True))
    following = f"next: onloop fleet show {root.id}"
    return VerbOutput(lines=lines, data=AddedJson(made), notes=(*told_looks(looks), following))
