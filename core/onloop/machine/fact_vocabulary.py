"""The words that rules are written in: each fact that a rule may read, its type, and what it says.

Checks of rules, the table of `onloop policy facts` and what an engine declares are made of this list.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from onloop.records import Record


class FactType(StrEnum):
    """What a fact is; the value says it in the words of CEL."""

    TEXT = "string"
    WHOLE = "int"
    NUMBER = "double"
    FLAG = "bool"
    TEXTS = "list(string)"
    TEXTS_BY_NAME = "map(string, list(string))"
    RECORDS_BY_NAME = "map(string, map(string, dyn))"


class Fact(Record):
    """One fact: where a rule finds it, and what it says. `*` in a path stands for a name, such as a gate's."""

    path: str
    kind: FactType
    words: str


MOST_ITEMS = 1_000
"""How many items of a list a rule is given; a longer list is not given at all."""

LONGEST_TEXT = 1_024
"""How many characters a text may have that a rule is given."""

EVIDENCE = "evidence"

_TASK = (
    Fact("task.id", FactType.TEXT, "the task's id"),
    Fact("task.kind", FactType.TEXT, "work, child (of a fan-out) or fleet"),
    Fact("task.repo", FactType.TEXT, "the repository's name, empty where there is none"),
    Fact("task.target", FactType.TEXT, "the branch that it goes into"),
    Fact("task.labels", FactType.TEXTS, "its labels"),
    Fact("task.workflow", FactType.TEXT, "the name of its workflow"),
    Fact("task.step", FactType.TEXT, "the step where it stands, such as develop.implement"),
    Fact("task.phase", FactType.TEXT, "the part of the step before the dot"),
    Fact("task.role", FactType.TEXT, "the role that the step needs, empty where it needs none"),
    Fact("task.visits", FactType.WHOLE, "how often it has entered this step, this time included"),
    Fact("task.attempt", FactType.WHOLE, "how often it was claimed"),
    Fact("task.tries", FactType.WHOLE, "attempts at this step that were lost"),
    Fact("task.round", FactType.WHOLE, "how often failed gates of this step were sent back"),
)

_CHANGE = (
    Fact("change.count", FactType.WHOLE, "changed files"),
    Fact("change.added", FactType.WHOLE, "lines added"),
    Fact("change.removed", FactType.WHOLE, "lines removed"),
    Fact("change.paths", FactType.TEXTS, f"the changed paths; not given where there are more than {MOST_ITEMS}"),
    Fact("change.new_files", FactType.WHOLE, "files that are new"),
    Fact("change.deleted_files", FactType.WHOLE, "files that are gone"),
    Fact("change.tests", FactType.WHOLE, "changed test files"),
    Fact("change.docs", FactType.WHOLE, "changed files of documentation"),
    Fact("change.lockfiles", FactType.WHOLE, "changed lock files"),
    Fact("change.manifests", FactType.WHOLE, "changed files that say what is installed, lock files aside"),
    Fact("change.configuration", FactType.WHOLE, "changed files that configure tests, builds or CI"),
    Fact("change.sensitive", FactType.WHOLE, "changed files that run in CI, name owners or steer agents"),
    Fact("change.binary", FactType.WHOLE, "changed binary files"),
    Fact("change.largest", FactType.WHOLE, "bytes of the largest changed file"),
    Fact("change.unlicensed", FactType.WHOLE, "new source files without a licence or copyright line"),
    Fact("change.owners", FactType.TEXTS, "who owns changed paths, by the CODEOWNERS file of the base"),
    Fact("change.unowned", FactType.WHOLE, "changed paths that nobody owns"),
)

_EVIDENCE = (
    Fact("evidence", FactType.RECORDS_BY_NAME, "what gates found on the commit that was handed in, by gate"),
    Fact("evidence.*.verdict", FactType.TEXT, "pass, fail, error or timed_out"),
    Fact("evidence.*.step", FactType.TEXT, "the step of the gate"),
    Fact("evidence.*.ran", FactType.WHOLE, "tests that ran"),
    Fact("evidence.*.skipped", FactType.WHOLE, "tests that were skipped"),
    Fact("evidence.*.failed", FactType.WHOLE, "tests that failed"),
    Fact("evidence.*.base_ran", FactType.WHOLE, "tests that ran on the base, where that was compared"),
    Fact("evidence.*.score", FactType.NUMBER, "the number that a scoring gate printed"),
    Fact("evidence.*.coverage", FactType.NUMBER, "lines covered, in per cent"),
    Fact("evidence.*.base_coverage", FactType.NUMBER, "lines covered on the base, in per cent, where compared"),
    Fact("evidence.*.findings", FactType.WHOLE, "findings of a scanner that count"),
    Fact("evidence.*.new_findings", FactType.WHOLE, "findings that the base does not have, where compared"),
    Fact("evidence.*.exit_code", FactType.WHOLE, "how the command ended"),
    Fact("evidence.*.seconds", FactType.NUMBER, "how long it took"),
    Fact("evidence.*.flags", FactType.WHOLE, "changed paths that decide what this gate says"),
    Fact("evidence.*.network", FactType.FLAG, "whether it could reach the network"),
    Fact("evidence.*.isolation", FactType.TEXT, "the kind of box that it ran in"),
)

_HISTORY = (
    Fact("history.rejections", FactType.WHOLE, "how often people rejected its work"),
    Fact("history.approvals", FactType.WHOLE, "how often people approved"),
    Fact("history.retries", FactType.WHOLE, "how often people had it tried again"),
    Fact("history.bypasses", FactType.WHOLE, "gates that people bypassed, on the commit that was handed in"),
    Fact("history.amendments", FactType.WHOLE, "how often its workflow was amended"),
    Fact("history.steps", FactType.WHOLE, "steps that it has entered, repeats included"),
)

_PEOPLE = (
    Fact("people.sponsor", FactType.TEXT, "who started it"),
    Fact("people.authors", FactType.TEXTS, "addresses of the authors of its commits"),
    Fact("people.workers", FactType.TEXTS, "who held it at some step"),
    Fact("people.approvers", FactType.TEXTS, "people who approved the commit that was handed in, each once"),
    Fact("people.approvals", FactType.TEXTS_BY_NAME, "who approved that commit, by gate"),
    Fact("people.groups", FactType.TEXTS_BY_NAME, "who approved that commit, by the group that they are in"),
    Fact(
        "people.independent",
        FactType.FLAG,
        "whether somebody approved, and none of them began, held or wrote it",
    ),
)

_BUDGET = (
    Fact("budget.minutes", FactType.WHOLE, "minutes since the task began"),
    Fact("budget.gate_minutes", FactType.WHOLE, "minutes that gates ran on the commit that was handed in"),
    Fact("budget.claims", FactType.WHOLE, "how often an agent was given the task"),
    Fact("budget.children", FactType.WHOLE, "children that it ever had"),
    Fact("budget.agent_minutes", FactType.WHOLE, "minutes for which agents had held it when their leases ended"),
    Fact("budget.tokens", FactType.WHOLE, "tokens in and out, as its agents tell; not given where none told any"),
    Fact("budget.cost", FactType.NUMBER, "US dollars, as its agents tell; not given where none told any"),
    Fact("budget.telling", FactType.WHOLE, "in how many of its claims agents told tokens"),
)

_TIME = (
    Fact("time.hour", FactType.WHOLE, "the hour of the day, 0 to 23, in UTC"),
    Fact("time.weekday", FactType.WHOLE, "1 for Monday to 7 for Sunday, in UTC"),
    Fact("time.date", FactType.TEXT, "the day in UTC, such as 2027-02-28"),
)

FACTS: tuple[Fact, ...] = (*_TASK, *_CHANGE, *_EVIDENCE, *_HISTORY, *_PEOPLE, *_BUDGET, *_TIME)

BY_PATH: Mapping[str, Fact] = {fact.path: fact for fact in FACTS}

DECLARED: tuple[Fact, ...] = tuple(fact for fact in FACTS if "*" not in fact.path)
"""The facts that have a name of their own; what is in the maps among them is found at run time."""

ROOTS = frozenset(fact.path.partition(".")[0] for fact in FACTS)
