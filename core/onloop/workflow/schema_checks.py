"""Checks whether data has the shape of a workflow file, or of another kind of file, and says in words what does not."""

from __future__ import annotations

import typing
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel, ValidationError

from onloop.records import Record
from onloop.workflow import model as m
from onloop.workflow.hints import described, nearest, quoted
from onloop.workflow.model import effect_parts as e
from onloop.workflow.positioned_tree import Fault, ListNode, MapNode, Node, Path, Scalar, Side

LATER_FIELDS: Mapping[str, tuple[str, ...]] = {}
"""Fields of later versions, which the documentation may already mention."""

LATER_VALUES: Mapping[str, tuple[str, ...]] = {}
"""Values of later versions."""

DEEPEST_PART = 5
"""How often a field is followed into itself: one more than the depth of nested fan-outs."""

_NOUNS = {
    (): "a workflow",
    ("steps",): "a step",
    ("gates",): "a gate",
    ("next",): "a way on",
    ("branches",): "a branch",
}

_PATTERNS = {
    m.WORKFLOW_NAME: "start with a letter, then small letters, digits and -, such as raise-coverage",
    m.STEP_ID: "write phase.name in small letters, digits, - and _, such as develop.implement",
    m.REJECT_TARGET: "name a step, such as develop.implement, or say end",
    m.NEXT_TARGET: "name a step, such as ship.release, or say end",
    m.GATE_ID: "use small letters, digits, - and _, such as unit-tests",
    m.VALUE_NAME: "start with a letter, then small letters, digits and _, such as python",
    m.MATRIX_VALUE: "use letters, digits and ._+:@/-, such as 3.12 or ubuntu-24.04",
    m.ROLE: "start with a letter, then small letters, digits, - and _, such as implementer",
    m.POLICY_PLACE: "write effect:merge, phase:develop, step:develop.implement or every",
    e.REF_NAME: "write a plain name, such as v1.2 or {target}",
    e.LOGIN: "write a login, or a team as org/team",
    e.INPUT_NAME: "write the input's name, such as environment",
    e.CI_FILE: "write a file's name without its folder, such as deploy.yml",
    m.PERSON: "write a person's or group's name without human: before it, such as approvers",
}

_WANTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list, such as [a, b]",
    "model_type": "a mapping of fields",
}

_Words = tuple[str, str]


class FileShape(Record):
    """A kind of file: its shape, and the words for what does not fit.

    `nouns` names its mappings by the fields that lead to them; `patterns` says in words what each pattern accepts.
    """

    whole: type[BaseModel]
    nouns: Mapping[tuple[str, ...], str]
    patterns: Mapping[str, str]
    later_fields: Mapping[str, tuple[str, ...]]
    later_values: Mapping[str, tuple[str, ...]]


WORKFLOW = FileShape(m.WorkflowFile, _NOUNS, _PATTERNS, LATER_FIELDS, LATER_VALUES)


def misfits(root: Node, data: object, form: FileShape) -> Iterator[Fault]:
    """Everything in `data`, the plain values of `root`, that does not fit a file of that form."""
    empty = {fault.path: fault for fault in empty_faults(root)}
    yield from empty.values()
    try:
        form.whole.model_validate(data)
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            if detail["loc"] not in empty:
                yield _fault(detail, form)


def empty_faults(node: Node, path: Path = ()) -> Iterator[Fault]:
    """Every field or item without a value: an empty value does not mean the default."""
    match node:
        case Scalar(value=None):
            yield Fault(path, f"{_name(path)} is empty", "give it a value, or remove it")
        case ListNode(items=items):
            for number, item in enumerate(items):
                yield from empty_faults(item, (*path, number))
        case MapNode(fields=fields):
            for name, entry in fields.items():
                yield from empty_faults(entry.value, (*path, name))
        case _:
            pass


def _fault(detail: Any, form: FileShape) -> Fault:
    path: Path = detail["loc"]
    match detail["type"]:
        case "extra_forbidden":
            return Fault(path, *_unknown(path, form), side=Side.KEY)
        case "missing":
            return Fault(path[:-1], f"{_noun(path[:-1], form)} lacks {path[-1]}", f"add {path[-1]}: …", side=Side.KEY)
        case m.OWN:
            return Fault(path, f"{_name(path)}: {detail['ctx']['what']}", detail["ctx"]["hint"])
        case kind if kind in _WANTED:
            return Fault(path, *_mistyped(path, detail["input"], _WANTED[kind]))
        case kind if kind in _RULES:
            return Fault(path, *_RULES[kind](_name(path), detail["input"], detail.get("ctx", {}), form))
        case _:
            return Fault(path, f"{_name(path)} is {described(detail['input'])}", detail["msg"].lower())


def _unknown(path: Path, form: FileShape) -> _Words:
    name, noun, valid = str(path[-1]), _noun(path[:-1], form), _fields(path[:-1], form)
    if name in form.later_fields.get(noun, ()):
        return f"{name} is not available in this version", f"fields of {noun}: {', '.join(valid)}"
    near = nearest(name, valid)
    return f"unknown field {quoted(name)} in {noun}", f"{near}valid fields: {', '.join(valid)}"


def _mistyped(path: Path, given: object, wanted: str) -> _Words:
    if wanted == "a text" and isinstance(given, bool | int | float):
        return f"{_name(path)} is {described(given)}", "put it in quotes to make it text"
    return f"{_name(path)} is {described(given)}", f"give {wanted}"


def _not_in_list(name: str, given: object, context: Mapping[str, Any], form: FileShape) -> _Words:
    valid = [word.strip("'") for word in context["expected"].replace(" or ", ", ").split(", ")]
    if name == "outcome" and given == "approve":
        return "approve can never be the outcome of a timeout", f"give one of: {', '.join(valid)}"
    if given in form.later_values.get(name, ()):
        return f"{name} {given} is not available in this version", f"give one of: {', '.join(valid)}"
    near = nearest(given, valid) if isinstance(given, str) else ""
    return f"{name} cannot be {quoted(given)}", f"{near}give one of: {', '.join(valid)}"


_RULES: Mapping[str, Callable[[str, object, Mapping[str, Any], FileShape], _Words]] = {
    "literal_error": _not_in_list,
    "enum": _not_in_list,
    "string_pattern_mismatch": lambda name, given, c, form: (
        f"{name} cannot be {quoted(given)}",
        form.patterns[c["pattern"]],
    ),
    "greater_than_equal": lambda name, given, c, _: (f"{name} is {quoted(given)}", f"give {c['ge']} or more"),
    "less_than_equal": lambda name, given, c, _: (f"{name} is {quoted(given)}", f"give {c['le']} or less"),
    "too_short": lambda name, _, c, __: (f"{name} is an empty list", f"give at least {c['min_length']}"),
    "too_long": lambda name, _, c, __: (f"{name} has {c['actual_length']} items", f"give at most {c['max_length']}"),
    "string_too_short": lambda name, _, c, __: (
        f"{name} is an empty text",
        f"give at least {c['min_length']} character",
    ),
    "string_too_long": lambda name, given, c, _: (
        f"{name} has {len(str(given))} characters",
        f"give at most {c['max_length']}",
    ),
}


def _name(path: Path) -> str:
    if not path:
        return "the file"
    if isinstance(path[-1], int):
        return f"item {path[-1] + 1} of {_name(path[:-1])}"
    return str(path[-1])


def _noun(path: Path, form: FileShape) -> str:
    names = _fields_on(path)
    return form.nouns.get(names) or form.nouns.get(names[-1:]) or (names[-1] if names else "")


def _fields(path: Path, form: FileShape) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in _parts(form.whole)[_fields_on(path)].model_fields.items())


def _fields_on(path: Path) -> tuple[str, ...]:
    """The fields on a path, without numbers of items and without names that the file gives, such as a branch's."""
    names = [part for part in path if isinstance(part, str)]
    return tuple(name for number, name in enumerate(names) if number == 0 or names[number - 1] != "branches")


@cache
def _parts(whole: type[BaseModel]) -> Mapping[tuple[str, ...], type[BaseModel]]:
    """Every kind of mapping in a file by the names of the fields that lead to it."""
    return dict(_reachable(whole, ()))


def _reachable(part: type[BaseModel], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], type[BaseModel]]]:
    yield path, part
    for name, field in part.model_fields.items():
        if path.count(name) == DEEPEST_PART:
            continue
        for inner in _models_in(field.annotation):
            yield from _reachable(inner, (*path, field.alias or name))


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and not typing.get_args(annotation) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models_in(argument)
