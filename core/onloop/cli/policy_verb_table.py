"""The verb of policies as data."""

from __future__ import annotations

from onloop.cli.arguments import PolicyArguments
from onloop.cli.verb import AS, KEY, Reach, Verb, arg

POLICY = Verb(
    "policy",
    "build",
    "what the organization demands of every workflow: list, test, check, adopt or drop it",
    "policy_verbs:policy",
    PolicyArguments,
    (
        arg(
            "what",
            choices=("list", "test", "check", "facts", "print", "schema", "adopt", "drop"),
            help="list those in force, test files, check a task, facts, print, schema, adopt or drop",
        ),
        arg("names", nargs="*", help="files (default: .onloop/policies/*.yaml), or names, or a task"),
        arg("--control", help="adopt or test those committed in this repository", metavar="REPO"),
        arg("--control-branch", help="its branch (default: the one that its HEAD names)"),
        arg("--reason", help="why they are adopted or dropped; it goes into the log", default=""),
        *AS,
        KEY,
    ),
    prints=(
        "policy_models:PoliciesJson",
        "policy_models:PolicyTestJson",
        "policy_models:PolicyCheckJson",
        "policy_models:FactsJson",
        "policy_models:PolicySourceJson",
        "policy_models:ShippedPoliciesJson",
        "build_models:SchemaJson",
        "policy_models:PolicyChangeJson",
    ),
    reach=Reach.GATEWAY,
)
