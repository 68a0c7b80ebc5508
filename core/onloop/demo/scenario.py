"""A demo's scenario as checked data: personas, the scripted person's answers, and how each task must end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from onloop.errors import BadInput, UnknownThing
from onloop.machine.state import TERMINAL, Reason, State
from onloop.machine.task import DecisionKind, RequestKind
from onloop.records import Record

BUILT_IN = Path(__file__).with_name("scenario.yaml")


class Persona(StrEnum):
    """How a scripted agent goes about its work."""

    DILIGENT = "diligent"
    SYCOPHANT = "sycophant"
    TEST_DELETER = "test-deleter"
    IDLER = "idler"
    CRASHER = "crasher"
    HANGER = "hanger"
    STUCK = "stuck"
    ASKER = "asker"
    CARELESS = "careless"
    PLANNER = "planner"
    RESOLVER = "resolver"
    MENDER = "mender"
    ANTAGONIST = "antagonist"
    PRODUCT = "product"
    DISPATCHER = "dispatcher"
    QUALITY = "quality"
    SECURITY = "security"


class Pattern(StrEnum):
    """How the work is divided: one task per repository, one intent over several agents, or a roadmap over roles."""

    FLEET = "fleet"
    SWARM = "swarm"
    FACTORY = "factory"


class ScriptedReview(StrEnum):
    """The judgement of a reviewing agent."""

    PASS = "pass"  # noqa: S105 - a judgement, not a password
    FAIL = "fail"


class AttemptOutcome(StrEnum):
    """How an attempt ended without a submission."""

    CRASHED = "crashed"
    TIMED_OUT = "timed_out"
    LEASE_EXPIRED = "lease_expired"


class ScriptedReply(Record):
    """The scripted person's answer to a request."""

    answer: DecisionKind
    text: str = ""


class ScriptedOutcome(Record):
    """How a task ended (or stands) and what happened before; as an expectation, the least that must have happened.

    Rounds and attempts are counted over the whole task; answers and reviews are in order.
    """

    state: State
    merged: bool
    rounds: int = 0
    attempts: int = 1
    reasons: frozenset[Reason] = frozenset()
    ends: frozenset[AttemptOutcome] = frozenset()
    answers: tuple[DecisionKind, ...] = ()
    reviews: tuple[ScriptedReview, ...] = ()


class ScriptedPart(Record):
    """One task's part in the scenario; `steps` names the steps that a different persona plays."""

    name: str
    persona: Persona
    expected: ScriptedOutcome
    replies: Mapping[RequestKind, tuple[ScriptedReply, ...]]
    steps: Mapping[str, Persona]

    @property
    def personas(self) -> tuple[Persona, ...]:
        """All personas of the part."""
        return (self.persona, *self.steps.values())

    def reply(self, kind: RequestKind, earlier: int) -> ScriptedReply:
        """The answer after `earlier` answers to this kind of request; the last one repeats."""
        replies = self.replies[kind]
        return replies[min(earlier, len(replies) - 1)]


class Scenario(Record):
    """The scenario; it names parts by repository in a fleet, by a title's text before the first colon elsewhere."""

    title: str
    pattern: Pattern
    parts: Mapping[str, ScriptedPart]

    def part(self, name: str) -> ScriptedPart:
        """The part called `name`; UnknownThing if it does not exist."""
        if name not in self.parts:
            what = "repository" if self.pattern is Pattern.FLEET else "task"
            raise UnknownThing(
                f"the scenario has no part for the {what} {name!r}", hint=f"known: {', '.join(sorted(self.parts))}"
            )
        return self.parts[name]

    def part_of(self, repo: str, title: str) -> ScriptedPart:
        """The part of a task with that repository and title."""
        return self.part(repo if self.pattern is Pattern.FLEET else title.partition(":")[0])


def load(path: Path = BUILT_IN) -> Scenario:
    """The scenario in `path`; BadInput names the first invalid value and its place."""
    try:
        tree = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        problem = " ".join(str(error).split())
        raise BadInput(
            f"{path.name} cannot be read: {problem}", hint=f"compare it with the working example {BUILT_IN}"
        ) from error
    node = _Node(tree, path.name)
    pattern = _Node(dict(node.items()).get("kind", _Node(Pattern.FLEET, "")).value, f"{path.name}: kind").word(Pattern)
    listed = "repositories" if pattern is Pattern.FLEET else "tasks"
    required = {"scenario", "human", listed}
    top = node.fields(required | {"kind"}, required=required)
    replies = _replies(top["human"])
    missing = [kind.value for kind in RequestKind if kind not in replies]
    if missing:
        raise top["human"].bad(f"no reply to {missing[0]}", "give at least one for each of " + _words(RequestKind))
    parts = {name: _part(name, item, replies) for name, item in top[listed].items()}
    return Scenario(top["scenario"].text(), pattern, parts)


def verdict(expected: ScriptedOutcome, observed: ScriptedOutcome) -> tuple[str, ...]:
    """The differences between an observed and an expected outcome, in words; empty if there are none."""
    return tuple(_differences(expected, observed))


def _differences(expected: ScriptedOutcome, observed: ScriptedOutcome) -> Iterator[str]:
    if observed.state is not expected.state:
        yield f"it is {observed.state}, not {expected.state}"
    if observed.merged is not expected.merged:
        yield "its work was merged" if observed.merged else "its work was not merged"
    if observed.rounds < expected.rounds:
        yield f"a gate sent it back {observed.rounds} times, not {expected.rounds} or more"
    if observed.attempts < expected.attempts:
        yield f"it took {observed.attempts} attempts, not {expected.attempts} or more"
    yield from _missing_words(expected, observed)


def _missing_words(expected: ScriptedOutcome, observed: ScriptedOutcome) -> Iterator[str]:
    for reason in sorted(expected.reasons - observed.reasons):
        yield f"it was never {reason}"
    for end in sorted(_missing_ends(expected, observed)):
        yield f"no attempt {end}"
    if not _in_order(expected.answers, observed.answers):
        yield f"people answered {_listed(observed.answers)}, not {_listed(expected.answers)}"
    if not _in_order(expected.reviews, observed.reviews):
        yield f"reviewers said {_listed(observed.reviews)}, not {_listed(expected.reviews)}"


def _in_order(expected: Sequence[StrEnum], observed: Sequence[StrEnum]) -> bool:
    given = iter(observed)
    return all(word in given for word in expected)


def _missing_ends(expected: ScriptedOutcome, observed: ScriptedOutcome) -> frozenset[AttemptOutcome]:
    """The expected ends that did not happen; none if a lease expired, because then the worker died first."""
    return frozenset() if AttemptOutcome.LEASE_EXPIRED in observed.ends else expected.ends - observed.ends


def _listed(words: Sequence[StrEnum]) -> str:
    return ", then ".join(words) or "nothing"


def _part(name: str, node: _Node, otherwise: Mapping[RequestKind, tuple[ScriptedReply, ...]]) -> ScriptedPart:
    fields = node.fields({"persona", "steps", "human", "expect"}, required={"persona", "expect"})
    own = _replies(fields["human"]) if "human" in fields else {}
    steps = fields["steps"].items() if "steps" in fields else ()
    return ScriptedPart(
        name=name,
        persona=fields["persona"].word(Persona),
        expected=_expected(fields["expect"]),
        replies={**otherwise, **own},
        steps={step: item.word(Persona) for step, item in steps},
    )


def _expected(node: _Node) -> ScriptedOutcome:
    allowed = {"state", "merged", "rounds", "attempts", "reasons", "ends", "answers", "reviews"}
    fields = node.fields(allowed, required={"state", "merged"})
    state = fields["state"].word(State)
    if state not in TERMINAL:
        raise fields["state"].bad(f"{state} does not end a task", f"give one of {', '.join(sorted(TERMINAL))}")
    none = _Node([], "")
    return ScriptedOutcome(
        state=state,
        merged=fields["merged"].flag(),
        rounds=fields["rounds"].number() if "rounds" in fields else 0,
        attempts=fields["attempts"].number() if "attempts" in fields else 1,
        reasons=frozenset(item.word(Reason) for item in fields.get("reasons", none).list()),
        ends=frozenset(item.word(AttemptOutcome) for item in fields.get("ends", none).list()),
        answers=tuple(item.word(DecisionKind) for item in fields.get("answers", none).list()),
        reviews=tuple(item.word(ScriptedReview) for item in fields.get("reviews", none).list()),
    )


def _replies(node: _Node) -> dict[RequestKind, tuple[ScriptedReply, ...]]:
    replies: dict[RequestKind, tuple[ScriptedReply, ...]] = {}
    for name, item in node.items():
        kind = _Node(name, item.where).word(RequestKind)
        replies[kind] = tuple(_reply(entry) for entry in item.list())
        if not replies[kind]:
            raise item.bad("an empty list", "give at least one reply")
    return replies


def _reply(node: _Node) -> ScriptedReply:
    fields = node.fields({"answer", "text"}, required={"answer"})
    reply = ScriptedReply(fields["answer"].word(DecisionKind), fields["text"].text() if "text" in fields else "")
    if not reply.text and reply.answer is not DecisionKind.APPROVE:
        raise node.bad(f"{reply.answer} without a text", "say why: only an approval needs no text")
    return reply


Word = TypeVar("Word", bound=StrEnum)


class _Node(Record):
    """A value in the file and its place; each method returns the value in a required form or raises BadInput."""

    value: object
    where: str

    def bad(self, what: str, hint: str) -> BadInput:
        return BadInput(f"{self.where}: {what}", hint=hint)

    def items(self) -> Iterator[tuple[str, _Node]]:
        if not isinstance(self.value, dict):
            raise self.bad(f"{self.value!r} is not a mapping", "write `name: value` lines")
        for name, value in self.value.items():
            yield str(name), _Node(value, f"{self.where}: {name}")

    def fields(self, allowed: set[str], required: set[str]) -> dict[str, _Node]:
        fields = dict(self.items())
        for name in fields:
            if name not in allowed:
                raise self.bad(f"unknown field {name!r}", f"known: {', '.join(sorted(allowed))}")
        for name in sorted(required - set(fields)):
            raise self.bad(f"no {name!r}", f"it needs: {', '.join(sorted(required))}")
        return fields

    def list(self) -> list[_Node]:
        if not isinstance(self.value, list):
            raise self.bad(f"{self.value!r} is not a list", "write it in square brackets")
        return [_Node(value, f"{self.where}: {index}") for index, value in enumerate(self.value)]

    def word(self, words: type[Word]) -> Word:
        try:
            return words(str(self.value))
        except ValueError:
            raise self.bad(f"{self.value!r} is not allowed here", f"give one of {_words(words)}") from None

    def number(self) -> int:
        if type(self.value) is not int or self.value < 0:
            raise self.bad(f"{self.value!r} is not a number", "give 0 or more")
        return self.value

    def flag(self) -> bool:
        if not isinstance(self.value, bool):
            raise self.bad(f"{self.value!r} is neither true nor false", "give true or false")
        return self.value

    def text(self) -> str:
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.bad(f"{self.value!r} is not a text", "write a text in quotes")
        return self.value


def _words(words: type[StrEnum]) -> str:
    return ", ".join(sorted(words))
