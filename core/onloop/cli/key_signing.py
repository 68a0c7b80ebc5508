"""A person's security key signs what they decide: by OpenSSH's own program, which asks for the touch and the PIN."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from onloop.cli.context import Context, only_name
from onloop.cli.people_arguments import DigestArguments
from onloop.errors import BadInput, Unavailable
from onloop.machine.people import name_of
from onloop.machine.signed_text import NAMESPACE, SignedSubject, signed_text
from onloop.machine.store_state import StoreState
from onloop.text import safe
from onloop.views.queries.reads import ReadStoreState

PATIENCE_S = 120
"""How long a person has to touch the key."""

LONGEST_FILE = 8_192


def text_of(
    context: Context[DigestArguments], *, verb: str, gate: str, request: str, digest: str, version: int
) -> bytes:
    """What a key signs for a decision of the person who is meant, in this store."""
    house = context.opened.gateway.perform(ReadStoreState())
    person = principal_named(house, context.args.person or only_name(house))
    return signed_text(SignedSubject(verb, house.id, context.args.task, gate, request, digest, version, person))


def principal_named(house: StoreState, name: str) -> str:
    """The id of an enrolled person by the name that they sign in with."""
    known = house.people.get(name.removeprefix("human:"))
    if known is None:
        raise BadInput(f"nobody called {safe(name, 60)!r} is enrolled", hint="onloop people lists who is")
    return known.principal


def signature_given(sign: str | None, signature: str | None, text: bytes) -> str:
    """The signature over the text: made now with the key in file `sign`, or read from a file; empty for neither."""
    if sign is not None and signature is not None:
        raise BadInput("--sign makes a signature, and --signature brings one", hint="give one of them")
    if signature is not None:
        return _read(Path(signature))
    return signed_by_key(Path(sign), text) if sign is not None else ""


def signed_by_key(key: Path, text: bytes) -> str:
    """The signature that `ssh-keygen -Y sign` makes with a key; whatever it asks, it asks on the terminal itself."""
    if not key.is_file():
        raise BadInput(
            f"there is no key file {key}", hint="name the file of the key itself, such as ~/.ssh/id_ed25519_sk"
        )
    sys.stderr.write("touch your security key when it blinks\n")
    sys.stderr.flush()
    argv = ["ssh-keygen", "-Y", "sign", "-f", str(key), "-n", NAMESPACE]
    try:
        ran = subprocess.run(argv, input=text, stdout=subprocess.PIPE, timeout=PATIENCE_S, check=False)
    except FileNotFoundError:
        hint = "install OpenSSH 8.2 or later; or sign elsewhere: --to-sign, then --signature FILE"
        raise Unavailable("there is no ssh-keygen here", hint=hint) from None
    except subprocess.TimeoutExpired:
        words = f"the key did not sign within {PATIENCE_S} s"
        raise Unavailable(words, hint="nothing was decided; try again, and touch it") from None
    if ran.returncode != 0:
        raise Unavailable("ssh-keygen made no signature", hint="it said why above; nothing was decided")
    return ran.stdout.decode("utf-8", "replace")


def _read(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(LONGEST_FILE).decode("utf-8", "replace")
    except OSError as problem:
        raise BadInput(f"{path} cannot be read: {problem.strerror}", hint="--signature FILE") from None


def key_words(house: StoreState) -> str:
    """Whose security keys are enrolled, and so who can prove A3."""
    owners = sorted({name_of(key.enrolled.person) for key in house.keys.values()})
    if not owners:
        return "no security key is enrolled, so nobody proves A3: onloop people key add NAME --public-key FILE.pub"
    missing = "" if find_spec("cryptography") else "; but pip install 'onloop[signing]' is needed to check signatures"
    return f"{', '.join(owners)} can prove A3 with a security key (touch and PIN){missing}"
