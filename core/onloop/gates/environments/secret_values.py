"""The secrets that setup may see: `secrets.toml` in the store, which a person writes and only our user may read."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path

from onloop.errors import BadInput, Unavailable
from onloop.gates.credentials.declared import private_text

FILE = "secrets.toml"
SHORTEST = 6
"""How many characters a secret must have: a shorter one could not be masked without masking half of a text."""


class SecretMissing(Unavailable):
    """A workflow names a secret that nobody has written down."""

    code = "secret_missing"


def declared_secrets(file: Path) -> Mapping[str, str]:
    """Every secret in the file by name; none if there is no file. BadInput names what is wrong with it."""
    text = private_text(file)
    if text is None:
        return {}
    try:
        found = tomllib.loads(text)
    except tomllib.TOMLDecodeError as problem:
        raise BadInput(f"{file}: {problem}", hint='write a line for each secret: NAME = "value"') from None
    for name, value in found.items():
        if not isinstance(value, str) or len(value) < SHORTEST or "\0" in value:
            raise BadInput(
                f"{file}: {name} is not a text of at least {SHORTEST} characters", hint=f'write: {name} = "value"'
            )
    return found


def secret_values(file: Path, names: Iterable[str]) -> Mapping[str, str]:
    """The values of those secrets; SecretMissing names those that the file does not have."""
    wanted = tuple(names)
    found = declared_secrets(file) if wanted else {}
    missing = [name for name in wanted if name not in found]
    if missing:
        raise SecretMissing(
            f"the workflow's setup needs {', '.join(missing)}, and {file} does not say what it is",
            hint=f'a person writes there: {missing[0]} = "value"; then chmod 600 {file}',
        )
    return {name: found[name] for name in wanted}
