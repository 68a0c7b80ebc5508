"""PURE: every artefact that is looked for, and the files whose text its check reads."""

from __future__ import annotations

import re
from collections.abc import Sequence

from onloop.gates.changes.code_owners import PLACES
from onloop.insight.audit import (
    agent_checks,
    ground_checks,
    guard_checks,
    interface_checks,
    knowledge_checks,
    quality_checks,
    trial_checks,
)
from onloop.insight.audit.artefact import ArtefactFinding, KnownArtefact, finding_of
from onloop.insight.audit.listing import Listing
from onloop.insight.audit.seeking import RUNS

ARTEFACTS: tuple[KnownArtefact, ...] = (
    KnownArtefact(
        "agents-md", "told to agents", agent_checks.instructions,
        "put right what it names, or take it out: agents believe it", "write AGENTS.md",
    ),
    KnownArtefact(
        "skills", "a skill", agent_checks.skills,
        "give each a name, a description, and links that lead somewhere", "write .agents/skills/NAME/SKILL.md",
    ),
    KnownArtefact(
        "decision-records", "a decision record", knowledge_checks.decisions,
        "mend the links between records", "write docs/adr/0001-….md when the next thing is decided",
    ),
    KnownArtefact(
        "runbooks", "a runbook", knowledge_checks.runbooks,
        "mend the links of the runbook", "write docs/runbooks/….md: what to do when something is down",
    ),
    KnownArtefact(
        "contracts", "a contract with others", interface_checks.contracts,
        "make the contract readable again", "describe an interface by OpenAPI, protobuf or JSON Schema",
    ),
    KnownArtefact(
        "set-up", "a way to make a machine ready", ground_checks.setup,
        "mend what it is made of", "add .devcontainer/devcontainer.json, mise.toml or scripts/setup",
    ),
    KnownArtefact(
        "ownership", "said of owners", guard_checks.ownership,
        "take out patterns that fit nothing, name owners", "add .github/CODEOWNERS",
    ),
    KnownArtefact(
        "linters", "a linter", quality_checks.linters,
        "take out rules for files that are gone", "configure the linter of the language, and run it for each change",
    ),
    KnownArtefact(
        "types", "a check of types", quality_checks.types,
        "mend what the configuration extends", "run a checker of types for each change",
    ),
    KnownArtefact(
        "hooks", "a hook", guard_checks.hooks,
        "mend what the hook starts", "add .pre-commit-config.yaml, and onloop hook install AGENT",
    ),
    KnownArtefact(
        "branch-protection", "a rule for branches", guard_checks.branch_protection,
        "ask for checks that workflows have", "protect the branch; onloop doctor --forge URL looks at the forge itself",
    ),
    KnownArtefact(
        "scanners", "a scanner", quality_checks.scanners,
        "let it watch folders that are there", "add .github/dependabot.yml, or a scanner to the CI",
    ),
    KnownArtefact(
        "tests", "a test", trial_checks.tests,
        "name the folder in which tests are", "write the first test: without one no gate can say no",
    ),
    KnownArtefact(
        "coverage-threshold", "demanded of coverage", trial_checks.thresholds,
        "demand more than nothing", "demand a share: fail_under, coverageThreshold, or a coverage gate of a workflow",
    ),
    KnownArtefact(
        "fixtures", "given to tests", trial_checks.fixtures,
        "remove what is left of tests that are gone", "keep what tests are given in tests/fixtures",
    ),
    KnownArtefact(
        "previews", "a preview of changes", interface_checks.previews,
        "build what is there", "show a change before it is merged: a preview from the CI",
    ),
    KnownArtefact(
        "flags", "a feature flag", interface_checks.flags,
        "make the file of flags readable again", "put unfinished work behind a flag",
    ),
    KnownArtefact(
        "migrations", "a migration", interface_checks.migrations,
        "mend the way from step to step", "change what is stored by migrations, if anything is stored",
    ),
    KnownArtefact(
        "reproducible-builds", "a lock file", ground_checks.locks,
        "lock again: what is depended on is not fixed", "commit the lock file of the package manager",
    ),
)  # fmt: skip

_MORE = re.compile(
    r"\.onloop/[^/]+\.ya?ml$|\.onloop/workflows/[^/]+\.ya?ml$|(?:.*/)?(?:alembic\.ini|\.editorconfig|netlify\.toml)$"
    r"|pytest\.ini$|app\.json$|render\.yaml$|ruff\.toml$"
    r"|\.claude/settings\.json$|(?:.*/)?tsconfig[\w.-]*\.json$|\.github/dependabot\.ya?ml$"
    r"|(?:[\w.-]*requirements[^/]*/)?[\w.-]*requirements[\w.-]*\.txt$|\.husky/[^/]+$"
)
_FIRST = (
    re.compile("|".join(re.escape(place) for place in (*PLACES, "OWNERS"))),
    re.compile(r"(?:AGENTS|CLAUDE|GEMINI)\.md|\.github/copilot-instructions\.md"),
    RUNS,
    _MORE,
    guard_checks.PROTECTION,
    trial_checks.THRESHOLDS,
    ground_checks.SETUP,
    ground_checks.LOCKS,
    interface_checks.MANIFESTS,
    agent_checks.INSTRUCTIONS,
    agent_checks.SKILLS,
    knowledge_checks.RUNBOOKS,
    knowledge_checks.DECISIONS,
    interface_checks.FLAGS,
    interface_checks.CONTRACTS,
)
"""The files whose text is read, what most depends on first: what lies past the caps is not read."""


def is_lock(path: str) -> bool:
    """Whether a file fixes dependencies, and so may be larger than what people write."""
    return ground_checks.LOCKS.match(path) is not None


def telling(path: str) -> int | None:
    """How early a file is read, the smaller the earlier; None for one that no check reads."""
    return next((rank for rank, pattern in enumerate(_FIRST) if pattern.match(path)), None)


def findings_of(listing: Listing, artefacts: Sequence[KnownArtefact] = ARTEFACTS) -> tuple[ArtefactFinding, ...]:
    """What every check says of a repository."""
    return tuple(finding_of(artefact, listing) for artefact in artefacts)
