"""What fields hold and operations answer, as JSON Schemas with limits: of the annotations by which they are checked."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Annotated, Any

from msgspec import NODEFAULT

from onloop.machine.limits import Items, Range, Size, Text
from onloop.records import Record, defaults_of, fields_of

Schema = dict[str, Any]
PLACE = "#/components/schemas/"
_LARGEST = 2**53 - 1


class FieldSchemas:
    """Makes schemas, and gathers those of the records that they mention in `components`, by name."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}

    def schema(self, hint: Any, *, named: bool = False) -> Schema:
        """The schema of an annotation. Where records of a union are `named`, a value is a pair: name and fields."""
        mark = None
        if typing.get_origin(hint) is Annotated:
            hint, mark = typing.get_args(hint)[:2]
        origin = typing.get_origin(hint)
        if origin in (typing.Union, types.UnionType):
            return self._union(typing.get_args(hint), named=named)
        if origin in (tuple, Sequence, list):
            return self._items(typing.get_args(hint), mark, named=named)
        if origin in (Mapping, dict):
            return {"type": "object", "additionalProperties": self.schema(typing.get_args(hint)[1])}
        return self._single(hint, mark)

    def fields(self, hints: Mapping[str, Any], defaults: Mapping[str, Any], about: str, *, named: bool) -> Schema:
        """The schema of an object with such fields; those without a default are required."""
        required = [name for name in hints if name not in defaults]
        return {
            "type": "object",
            **({"description": about} if about else {}),
            "properties": {name: self.schema(hint, named=named) for name, hint in hints.items()},
            **({"required": required} if required else {}),
            "additionalProperties": False,
        }

    def _union(self, members: Sequence[Any], *, named: bool) -> Schema:
        rest = [member for member in members if member is not type(None)]
        is_of_records = named and len(rest) > 1 and all(_is_record(member) for member in rest)
        found = [self._named(member) if is_of_records else self.schema(member, named=named) for member in rest]
        if len(rest) < len(members):
            found.append({"type": "null"})
        return found[0] if len(found) == 1 else {"anyOf": found}

    def _named(self, member: Any) -> Schema:
        pair = [{"const": member.__name__}, self.schema(member)]
        return {"type": "array", "prefixItems": pair, "minItems": 2, "maxItems": 2}

    def _items(self, args: Sequence[Any], mark: Any, *, named: bool) -> Schema:
        if len(args) == 1 or args[1] is Ellipsis:
            most = {"maxItems": mark.most} if isinstance(mark, Items) else {}
            return {"type": "array", "items": self.schema(args[0], named=named), **most}
        parts = [self.schema(arg, named=named) for arg in args]
        return {"type": "array", "prefixItems": parts, "minItems": len(parts), "maxItems": len(parts)}

    def _single(self, kind: Any, mark: Any) -> Schema:
        if kind is str:
            return {"type": "string", **({"maxLength": mark.most} if isinstance(mark, Text) else {})}
        if kind is bool:
            return {"type": "boolean"}
        if kind is int:
            least, most = (mark.least, mark.most) if isinstance(mark, Range) else (-_LARGEST, _LARGEST)
            return {"type": "integer", "minimum": least, "maximum": most}
        if kind is bytes:
            most_text = {"maxLength": (mark.most + 2) // 3 * 4} if isinstance(mark, Size) else {}
            return {"type": "string", "contentEncoding": "base64", **most_text}
        if kind is type(None):
            return {"type": "null"}
        if isinstance(kind, type) and issubclass(kind, Enum):
            return {"enum": [member.value for member in kind]}
        if _is_record(kind) or dataclasses.is_dataclass(kind):
            return self._reference(kind)
        raise TypeError(f"{kind!r} has no schema")

    def _reference(self, kind: Any) -> Schema:
        if kind.__name__ not in self.components:
            self.components[kind.__name__] = {}  # it may mention itself
            hints = typing.get_type_hints(kind, include_extras=True)
            own = {name: hints[name] for name in _names(kind)}
            made = self.fields(own, _defaults(kind), first_sentence(kind), named=False)
            self.components[kind.__name__] = _tagged(made, kind)
        return {"$ref": PLACE + kind.__name__}


def _tagged(made: Schema, kind: Any) -> Schema:
    """The schema of a record that says its own kind in one of its fields, if it does."""
    config = getattr(kind, "__struct_config__", None)
    if config is None or config.tag is None:
        return made
    made["properties"] = {config.tag_field: {"const": config.tag}, **made["properties"]}
    made["required"] = [config.tag_field, *made.get("required", ())]
    return made


def first_sentence(kind: Any) -> str:
    """What a record or an operation is, from its own words."""
    words = " ".join((kind.__doc__ or "").split("\n\n")[0].split())
    return "" if words.startswith(f"{kind.__name__}(") else words


def _is_record(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Record)


def _names(kind: Any) -> tuple[str, ...]:
    return fields_of(kind) if _is_record(kind) else tuple(each.name for each in dataclasses.fields(kind))


def _defaults(kind: Any) -> dict[str, Any]:
    if _is_record(kind):
        return {name: default for name, default in defaults_of(kind) if default is not NODEFAULT}
    missing = dataclasses.MISSING
    return {
        each.name: each.default
        for each in dataclasses.fields(kind)
        if each.default is not missing or each.default_factory is not missing
    }
