"""Each check can fail: absent, present and stale, with the line that says why."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from onloop.insight.audit.artefact import finding_of
from onloop.insight.audit.degrees import ArtefactStanding
from onloop.insight.audit.known_artefacts import ARTEFACTS, telling
from onloop.insight.audit.listing import BINARY, Listing, listing_of

CHECKS = {each.name: each for each in ARTEFACTS}
WORKFLOW = "name: ci\njobs:\n  unit tests:\n    runs-on: x\n  build:\n    name: Build ${{ matrix.os }}\n"


class Case(NamedTuple):
    """An artefact, files that make it present, files that make it stale, where, and a word of the reason."""

    artefact: str
    present: dict[str, str]
    stale: dict[str, str]
    where: str
    word: str


CASES = (
    Case(
        "agents-md",
        {"AGENTS.md": "See `src/a.py`.", "src/a.py": ""},
        {"AGENTS.md": "x\nSee `src/b.py`.", "src/a.py": ""},
        "AGENTS.md:2",
        "src/b.py",
    ),
    Case(
        "agents-md",
        {"CLAUDE.md": "Run `make test`", "Makefile": "test:\n"},
        {"CLAUDE.md": "Run `make check`", "Makefile": "test:\n"},
        "CLAUDE.md:1",
        "check",
    ),
    Case(
        "agents-md",
        {"AGENTS.md": "npm run a", "package.json": '{"scripts": {"a": "x"}}'},
        {"AGENTS.md": "\npnpm run b", "package.json": '{"scripts": {"a": "x"}}'},
        "AGENTS.md:2",
        "'b'",
    ),
    Case(
        "agents-md",
        {"AGENTS.md": "[x](docs/a.md#b)", "docs/a.md": ""},
        {"AGENTS.md": "[x](docs/c.md)", "docs/a.md": ""},
        "AGENTS.md:1",
        "docs/c.md",
    ),
    Case(
        "agents-md",
        {"CLAUDE.md": "@AGENTS.md", "AGENTS.md": "a"},
        {"CLAUDE.md": "@agents/AGENTS.md"},
        "CLAUDE.md:1",
        "takes in",
    ),
    Case("agents-md", {"AGENTS.md": "a"}, {"AGENTS.md": BINARY}, "AGENTS.md:1", "no text"),
    Case("agents-md", {"AGENTS.md": "a"}, {"AGENTS.md": " \n"}, "AGENTS.md:1", "empty"),
    Case(
        "skills",
        {"skills/x/SKILL.md": "---\nname: x\ndescription: y\n---\n"},
        {"skills/x/SKILL.md": "# x\n"},
        "skills/x/SKILL.md:1",
        "description",
    ),
    Case(
        "decision-records",
        {"docs/adr/0001-a.md": "# a"},
        {"docs/adr/0001-a.md": "By [2](0002-b.md)"},
        "docs/adr/0001-a.md:1",
        "0002",
    ),
    Case(
        "runbooks",
        {"docs/runbooks/disk.md": "# a"},
        {"docs/runbooks/disk.md": "\n[x](../no.md)"},
        "docs/runbooks/disk.md:2",
        "no.md",
    ),
    Case("contracts", {"api/openapi.json": "{}"}, {"api/openapi.json": "{\n,}"}, "api/openapi.json:2", "no JSON"),
    Case(
        "contracts",
        {"p/a.proto": 'import "p/b.proto";', "p/b.proto": "x"},
        {"p/a.proto": '\nimport "p/b.proto";'},
        "p/a.proto:2",
        "p/b.proto",
    ),
    Case(
        "set-up",
        {".devcontainer/devcontainer.json": '{\n"dockerFile": "Dockerfile"\n}', ".devcontainer/Dockerfile": ""},
        {".devcontainer/devcontainer.json": '{\n"dockerFile": "Dockerfile"\n}'},
        ".devcontainer/devcontainer.json:2",
        "Dockerfile",
    ),
    Case(
        "ownership",
        {"CODEOWNERS": "/src/ @a", "src/x": ""},
        {"CODEOWNERS": "* @a\n/lib/ @a", "src/x": ""},
        "CODEOWNERS:2",
        "/lib/",
    ),
    Case("ownership", {"CODEOWNERS": "* @a"}, {"CODEOWNERS": "# * @a\n"}, "CODEOWNERS:1", "owner"),
    Case(
        "linters",
        {"ruff.toml": "[per-file-ignores]\n'a/b.py' = []", "a/b.py": ""},
        {"ruff.toml": "[lint.per-file-ignores]\n'a/b.py' = []"},
        "ruff.toml:2",
        "a/b.py",
    ),
    Case(
        "types",
        {"tsconfig.json": '"extends": "./base.json"', "base.json": ""},
        {"tsconfig.json": '\n"extends": "./base.json"'},
        "tsconfig.json:2",
        "base.json",
    ),
    Case(
        "hooks",
        {".pre-commit-config.yaml": "    entry: tools/a.sh", "tools/a.sh": ""},
        {".pre-commit-config.yaml": "    entry: tools/b.sh", "tools/a.sh": ""},
        ".pre-commit-config.yaml:1",
        "tools/b.sh",
    ),
    Case(
        "branch-protection",
        {".github/settings.yml": "branches:\n  - contexts:\n      - Build linux", ".github/workflows/ci.yml": WORKFLOW},
        {
            ".github/settings.yml": "branches:\n  - x:\n    contexts:\n      - lint",
            ".github/workflows/ci.yml": WORKFLOW,
        },
        ".github/settings.yml:4",
        "'lint'",
    ),
    Case(
        "branch-protection",
        {".github/rulesets/main.json": '{"rules": [{"context": "build"}]}', ".github/workflows/ci.yml": WORKFLOW},
        {".github/rulesets/main.json": '{"rules": [\n{"context": "built"}]}', ".github/workflows/ci.yml": WORKFLOW},
        ".github/rulesets/main.json:2",
        "built",
    ),
    Case(
        "scanners",
        {".github/dependabot.yml": "  directory: /web", "web/x": ""},
        {".github/dependabot.yml": "  directory: /web"},
        ".github/dependabot.yml:1",
        "/web",
    ),
    Case(
        "tests",
        {"tests/test_a.py": "", "pytest.ini": "[pytest]\ntestpaths = tests"},
        {"tests/test_a.py": "", "pytest.ini": "[pytest]\ntestpaths = test"},
        "pytest.ini:2",
        "'test'",
    ),
    Case(
        "coverage-threshold",
        {".coveragerc": "[report]\nfail_under = 80"},
        {".coveragerc": "[report]\nfail_under = 0"},
        ".coveragerc:2",
        "nothing",
    ),
    Case(
        "fixtures",
        {"a/__snapshots__/x.test.ts.snap": "", "a/x.test.ts": ""},
        {"a/__snapshots__/x.test.ts.snap": ""},
        "a/__snapshots__/x.test.ts.snap",
        "gone",
    ),
    Case(
        "previews",
        {"netlify.toml": 'base = "site/"', "site/x": ""},
        {"netlify.toml": '\nbase = "site/"'},
        "netlify.toml:2",
        "site",
    ),
    Case(
        "flags",
        {"config/feature_flags.json": "{}"},
        {"config/feature_flags.json": "{"},
        "config/feature_flags.json:1",
        "no JSON",
    ),
    Case(
        "migrations",
        {"db/migrations/1_a.up.sql": "", "db/migrations/1_a.down.sql": ""},
        {"db/migrations/1_a.down.sql": ""},
        "db/migrations/1_a.down.sql",
        "back",
    ),
    Case(
        "migrations",
        {"alembic.ini": "script_location = m", "m/versions/a.py": "", "m/migrations/1.py": ""},
        {"alembic.ini": "script_location = n", "m/migrations/1.py": ""},
        "alembic.ini:1",
        "'n'",
    ),
    Case(
        "reproducible-builds",
        {"package.json": '{"dependencies": {"a": "1"}}', "package-lock.json": '"node_modules/a": {}'},
        {"package.json": '{"dependencies": {\n"b": "1"}}', "package-lock.json": '"node_modules/a": {}'},
        "package.json:2",
        "'b'",
    ),
    Case(
        "reproducible-builds",
        {"pyproject.toml": '[project]\ndependencies = ["A_b>1"]', "uv.lock": 'name = "a-b"'},
        {"pyproject.toml": '[project]\ndependencies = ["zeta>1"]', "uv.lock": 'name = "a-b"'},
        "pyproject.toml:2",
        "zeta",
    ),
    Case(
        "reproducible-builds",
        {"go.mod": "require example.org/a v1.2.0", "go.sum": "example.org/a v1.2.0/go.mod h1:x"},
        {"go.mod": "require example.org/a v1.3.0", "go.sum": "example.org/a v1.2.0/go.mod h1:x"},
        "go.mod:1",
        "example.org/a",
    ),
    Case(
        "reproducible-builds",
        {"Cargo.toml": '[dependencies]\na = "1"', "Cargo.lock": 'name = "a"'},
        {"Cargo.toml": '[dependencies]\nb = "1"', "Cargo.lock": 'name = "a"'},
        "Cargo.toml:2",
        "'b'",
    ),
)


def _listing(files: dict[str, str]) -> Listing:
    return listing_of("project", files, files)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.artefact}: {case.word}")
def test_a_check_says_present_stale_and_where(case: Case) -> None:
    check = CHECKS[case.artefact]

    present, stale = finding_of(check, _listing(case.present)), finding_of(check, _listing(case.stale))

    assert present.standing is ArtefactStanding.PRESENT, present
    assert stale.standing is ArtefactStanding.STALE, stale
    place = stale.places[0]
    assert (f"{place.path}:{place.line}" if place.line else place.path) == case.where
    assert case.word in place.words and stale.next


@pytest.mark.parametrize("name", CHECKS)
def test_every_check_can_say_absent_and_each_is_shown_present_and_stale(name: str) -> None:
    found = finding_of(CHECKS[name], _listing({"README.md": "Words about feature flags, tests and runbooks."}))

    assert found.standing is ArtefactStanding.ABSENT and found.next
    assert name in {case.artefact for case in CASES}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.artefact}: {case.word}")
def test_what_a_check_reads_is_read_of_a_repository(case: Case) -> None:
    """A check that reads a file whose text nobody brings would call everything present."""
    where = case.where.partition(":")[0]

    assert ":" not in case.where or telling(where) is not None


def test_links_and_paths_that_are_meant_for_people_elsewhere_are_no_trouble() -> None:
    links = "[a](https://x.example/y) [b](#c) [d](mailto:e@f) ![i](n.png)"
    text = f"{links} `src/{{name}}.py` `src/*.py` `dist/x.js` `other/x.py`"
    fenced = "```\n[x](nowhere.md) `src/no.py`\n```\n"

    found = finding_of(CHECKS["agents-md"], _listing({"AGENTS.md": f"{text}\n{fenced}", "src/a.py": "", "dist/a": ""}))

    assert found.standing is ArtefactStanding.PRESENT, found.places


def test_what_others_brought_and_examples_are_not_the_projects_own() -> None:
    others = ("vendor/x/CODEOWNERS", "node_modules/a/a.test.js", "third_party/p/a.proto", "tests/fixtures/AGENTS.md")

    findings = [finding_of(CHECKS[name], _listing(dict.fromkeys(others, ""))) for name in CHECKS if name != "fixtures"]

    assert {each.standing for each in findings} == {ArtefactStanding.ABSENT}
