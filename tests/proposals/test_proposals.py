"""What a project's files say of how it is tested becomes workflows to try, the likeliest first."""

from __future__ import annotations

import pytest

from onloop.proposals.likely import proposals_for
from onloop.proposals.project import Project
from onloop.proposals.proposal import Proposal, written
from onloop.workflow.loader import load

EXTRA = '[project]\nname = "x"\n[project.optional-dependencies]\ntest = ["pytest"]\ndocs = ["sphinx"]\n'
POETRY = '[tool.poetry]\nname = "x"\n[tool.poetry.group.dev.dependencies]\npytest = "^7.1"\nsphinx = "*"\n'
GROUPS = 'base = ["pytest>=8"]\ntest = [{include-group = "base"}, "hypothesis"]\n'
GROUP = f'[project]\nname = "x"\n[dependency-groups]\n{GROUPS}'
SCM = '[project]\nname = "x"\n[build-system]\nrequires = ["hatchling", "hatch-vcs"]\n'
OPTIONS = '[project]\nname = "x"\n[tool.pytest.ini_options]\naddopts = "--cov=x -n auto"\n'
CI = "  test:\n    steps:\n      - run: pip install pytest pytest-httpserver mypy\n      - run: python -m pytest\n"
TOX = "[testenv]\ndeps = -r requirements/test.txt\ncommands = pytest {posargs}\n"


def of(files: dict[str, str], *others: str) -> tuple[Proposal, ...]:
    found = proposals_for(Project("my shop", frozenset({*files, *others}), files))
    for proposal in found:
        assert load(written(proposal, "my shop").encode(), "w.yaml").steps, "each is a workflow that can be loaded"
    return found


def installed(proposal: Proposal) -> str:
    return " ".join(proposal.setup[-1].argv)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"pyproject.toml": EXTRA}, "install -e .[test] pytest"),
        ({"pyproject.toml": POETRY}, "install -e . pytest>=7.1 pytest"),
        ({"pyproject.toml": GROUP}, "install -e . pytest>=8 hypothesis pytest"),
        ({"pyproject.toml": OPTIONS}, "install -e . pytest pytest-cov pytest-xdist"),
        ({"setup.py": "setup()", ".github/workflows/ci.yml": CI}, "install -e . pytest pytest-httpserver"),
        (
            {"setup.cfg": "", "tox.ini": TOX, "requirements/test.txt": ""},
            "install -e . -r requirements/test.txt pytest",
        ),
        ({"requirements.txt": ""}, "install -r requirements.txt pytest"),
    ],
    ids=["an extra", "poetry", "a group", "options", "what CI installs", "what tox installs", "requirements"],
)
def test_what_python_tests_need_is_read_where_the_project_says_it(files: dict[str, str], expected: str) -> None:
    assert installed(of(files, "tests/test_x.py")[0]).endswith(expected)


@pytest.mark.parametrize(
    ("backend", "tools"),
    [("setuptools.build_meta", "install setuptools>=61 wheel"), ("mesonpy", "install setuptools>=61")],
)
def test_what_compiles_a_commit_is_installed_before_with_what_an_old_setuptools_needs(backend: str, tools: str) -> None:
    system = f'[build-system]\nrequires = ["setuptools>=61"]\nbuild-backend = "{backend}"\n'
    (first, *_) = of({"pyproject.toml": system, "setup.py": "setup(ext_modules=[])"}, "fast.c", "tests/test_x.py")

    assert installed(first).endswith(tools)
    assert [line.argv[4] for line in first.build] == ["--no-build-isolation"]


def test_a_version_that_comes_from_git_asks_for_git() -> None:
    assert of({"pyproject.toml": SCM})[0].settings["git"][0] is True


@pytest.mark.parametrize(
    ("files", "others", "setup", "gate"),
    [
        ({"package.json": '{"scripts": {"test": "jest"}}'}, ("package-lock.json",), "npm ci", "npm test"),
        ({"package.json": '{"scripts": {"test": "jest"}}'}, ("yarn.lock",), "yarn install", "yarn test"),
        ({"Cargo.toml": ""}, ("Cargo.lock",), "cargo fetch", "cargo test --offline"),
        ({"go.mod": ""}, (), "go mod vendor", "go test -mod=vendor ./..."),
        ({"pom.xml": ""}, (), "mvn -q", "mvn -q -B -o"),
        ({"build.gradle": ""}, ("gradlew",), "./gradlew", "./gradlew --gradle-user-home .gradle-home --offline"),
        ({"Makefile": "test: x\n\ttrue\n"}, (), "", "make test"),
    ],
)
def test_other_projects_are_known_by_their_files(
    files: dict[str, str], others: tuple[str, ...], setup: str, gate: str
) -> None:
    (first, *_) = of(files, *others)

    assert " ".join(first.gates[0].argv).startswith(gate)
    assert (" ".join(first.setup[0].argv) if first.setup else "").startswith(setup)


def test_a_project_that_says_nothing_gets_no_proposal() -> None:
    assert of({}, "README.md", "src/main.c") == ()
    assert of({"package.json": '{"scripts": {"test": "echo \\"Error: no test specified\\" && exit 1"}}'}) == ()


def test_every_line_says_why_and_nothing_of_the_project_becomes_yaml() -> None:
    hostile = {"pyproject.toml": '[project]\nname = "x"\n', "tox.ini": "[testenv]\ncommands = pytest\x1b[2J # x: {y}\n"}
    (first, *_) = proposals_for(Project("a\n# b: {c}", frozenset(hostile), hostile))

    text = written(first, "a\n# b: {c}")

    assert load(text.encode(), "w.yaml").name == "a-b-c"
    assert "\x1b" not in text
    assert all(" # " in line for line in text.splitlines() if line.startswith("    - ["))


def test_submodules_and_large_files_are_asked_for() -> None:
    files = {"Makefile": "test:\n", ".gitmodules": "", ".gitattributes": "*.bin filter=lfs\n"}

    assert {"submodules", "lfs"} <= of(files)[0].settings.keys()
