"""Parts of a fan-out that are declared in the file: branches with steps of their own, and combinations of values."""

from __future__ import annotations

VALUE = "ONLOOP_MATRIX_"
"""What the name of a variable begins with that holds a value of a combination."""

Combination = tuple[tuple[str, str], ...]
"""Names with a value each, in the order of the file."""


def part_of(combination: Combination) -> str:
    """How a combination is called, and told apart from the others of its step."""
    return ", ".join(f"{name} {value}" for name, value in combination)


def filled(text: str, combination: Combination) -> str:
    """A word of a command with the values of the combination in the place of `{matrix.NAME}`."""
    for name, value in combination:
        text = text.replace(f"{{matrix.{name}}}", value)
    return text


def variables_of(combination: Combination) -> tuple[tuple[str, str], ...]:
    """The values as variables: `ONLOOP_MATRIX_PYTHON` for `python`."""
    return tuple((f"{VALUE}{name.upper()}", value) for name, value in combination)


def values_among(variables: tuple[tuple[str, str], ...]) -> dict[str, str]:
    """The values of a combination among the variables of a child's commands: its agents get them, too."""
    return {name: value for name, value in variables if name.startswith(VALUE)}
