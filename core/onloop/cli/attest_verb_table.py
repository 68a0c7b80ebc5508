"""The verb that signs what is known of a decision, as data."""

from __future__ import annotations

from onloop.cli.arguments import AttestArguments
from onloop.cli.verb import Reach, Verb, arg

ATTEST = Verb(
    "attest",
    "build",
    "sign a decision with its evidence, so that it can be verified anywhere; or verify one",
    "attest_verbs:attest",
    AttestArguments,
    (
        arg("task", nargs="?", help="the task that is attested"),
        arg("--out", help="write the statement to this new file (default: stdout)", metavar="FILE"),
        arg("--verify", help="verify this file instead; needs no store", metavar="FILE"),
        arg("--key", help="with --verify: the public key, as PEM", dest="key_file", metavar="PUB"),
        arg("--public-key", help="print the public key that verifies what this store attests", action="store_true"),
    ),
    prints=(
        "store_models:AttestationJson",
        "store_models:AttestationKeyJson",
        "store_models:AttestationCheckedJson",
    ),
    reach=Reach.FILE,
)
