"""What is printed with `--json` fits a model that its verb's row names, field for field."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from msgspec import ValidationError
from msgspec.json import Decoder

from onloop.cli.json_models.envelope import ErrorJson
from onloop.cli.json_models.schemas import models_named, printed
from onloop.cli.verb_table import DASHBOARD_PRINTS, VERBS, verb
from onloop.records import Record

DASHBOARD = "onloop"


def named(words: Sequence[str]) -> str:
    """The verb of a command's words; the dashboard's command where they name none."""
    return next((word for word in words if verb(word) is not None), DASHBOARD)


def model_of(name: str, text: str) -> type[Record]:
    """The model that a verb's output fits: one of its row's, or the error's. Nothing less and nothing more is in it."""
    problems: list[str] = []
    for model, decoder in _decoders(name):
        try:
            decoder.decode(text)
        except ValidationError as problem:
            problems.append(f"{model.__name__}: {problem}")
        else:
            return model
    raise AssertionError(f"onloop {name} --json fits none of its models: {'; '.join(problems)}\n{text}")


@cache
def _decoders(name: str) -> tuple[tuple[type[Record], Decoder[Any]], ...]:
    prints = DASHBOARD_PRINTS if name == DASHBOARD else next(row.prints for row in VERBS if row.name == name)
    return *((model, Decoder(printed(model))) for model in models_named(prints)), (ErrorJson, Decoder(ErrorJson))
