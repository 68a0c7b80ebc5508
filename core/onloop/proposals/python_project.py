"""What a Python project's files say of its dependencies and tests."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from onloop.proposals.project import Hint, Project
from onloop.proposals.proposal import Proposal, ProposedGate, SetupLine

PYTHON = ".venv/bin/python"
_PIP = (PYTHON, "-m", "pip", "install")
_TEST_NAMES = (
    "test",
    "tests",
    "testing",
    "unittest",
    "unit-tests",
    "tests-min",
    "dev",
    "develop",
    "development",
    "all",
)
_TEST_FILES = (
    *(
        pattern.format(name)
        for name in ("test", "tests", "testing", "dev")
        for pattern in (
            "requirements-{}.txt",
            "requirements_{}.txt",
            "{}-requirements.txt",
            "{}_requirements.txt",
            "requirements/{}.txt",
        )
    ),
    "tests/requirements.txt",
    "test/requirements.txt",
)
_FROM_GIT = (
    "setuptools_scm",
    "setuptools-scm",
    "hatch-vcs",
    "versioneer",
    "pbr",
    "setuptools-git",
    "dunamai",
    "versioningit",
)
_PLUGINS = {
    "--cov": "pytest-cov",
    "-n": "pytest-xdist",
    "--numprocesses": "pytest-xdist",
    "--timeout": "pytest-timeout",
    "--asyncio-mode": "pytest-asyncio",
    "asyncio_mode": "pytest-asyncio",
    "--benchmark": "pytest-benchmark",
    "--mypy": "pytest-mypy",
    "--black": "pytest-black",
    "--flake8": "pytest-flake8",
    "--ruff": "pytest-ruff",
    "--randomly": "pytest-randomly",
    "--reruns": "pytest-rerunfailures",
    "--doctest-plus": "pytest-doctestplus",
    "DJANGO_SETTINGS_MODULE": "pytest-django",
}
"""Options of pytest, and the plugins that they come from."""
_ABOUT_TESTS = re.compile(
    r"pytest|hypothesis|coverage|mock|freezegun|time-?machine|responses|vcrpy|tox|nose|testtools|trio|anyio"
)


def is_python(project: Project) -> bool:
    """Whether the project is one of Python's."""
    return (
        project.has("pyproject.toml", "setup.py", "setup.cfg", "tox.ini", "noxfile.py", "requirements.txt") is not None
    )


def python_proposals(project: Project) -> Iterator[Proposal]:
    """What to try for a Python project, the likeliest first."""
    settings = _settings(project)
    key = tuple(
        path
        for path in ("pyproject.toml", "setup.py", "setup.cfg", *_requirement_files(project))
        if path in project.paths
    )
    lint = tuple(_lint_gates(project))
    build = tuple(_build(project))
    tools = _build_tools(project) if build else ()
    for name, needs in _needs(project):
        venv = SetupLine(("python3", "-m", "venv", ".venv"), "a virtual environment in the checkout")
        setup = (venv, *needs, *tools)
        for gate in _test_gates(project):
            yield Proposal(f"{name}, {gate.why}", setup, (gate, *lint), build, cache_key=key, settings=settings)


def _build(project: Project) -> Iterator[SetupLine]:
    """What compiles the project's own sources, once for each commit."""
    compiled = next((path for path in sorted(project.paths) if path.endswith((".c", ".cpp", ".pyx", ".rs"))), None)
    if compiled is not None and "ext_modules" in project.texts.get("setup.py", ""):
        argv = (*_PIP, "--no-build-isolation", "--no-deps", "-e", ".")
        yield SetupLine(argv, f"compiles the commit's own {compiled}, without a network")


def _build_tools(project: Project) -> tuple[SetupLine, ...]:
    system = _build_system(project)
    required = tuple(str(each) for each in system.get("requires", ("setuptools",)))
    if str(system.get("build-backend", "setuptools")).startswith("setuptools"):
        required = (*required, "wheel")  # a setuptools before 70.1 builds nothing without it
    return (SetupLine((*_PIP, *required), "what the build needs, which has no network"),)


def _settings(project: Project) -> dict[str, tuple[object, str]]:
    required = " ".join(str(each) for each in _build_system(project).get("requires", ()))
    required += project.texts.get("setup.py", "") + project.texts.get("setup.cfg", "")
    tool = next((name for name in _FROM_GIT if name in required), None)
    return {} if tool is None else {"git": (True, f"{tool} reads the version from git's history and tags")}


def _build_system(project: Project) -> dict[str, Any]:
    return _dict(project.table("pyproject.toml").get("build-system"))


def _needs(project: Project) -> Iterator[tuple[str, tuple[SetupLine, ...]]]:
    """What to install, the likeliest first: each with a name for it."""
    runner = _runner(project)
    if project.has("pyproject.toml", "setup.py", "setup.cfg") is None or not _is_package(project):
        for hint in (*_named_files(project), *(_file(project, "requirements.txt"),)):
            if hint is not None:
                install = SetupLine((*_PIP, "-r", hint.what, *runner), hint.where)
                yield f"requirements of {hint.what}", (install,)
        yield "no dependencies", (SetupLine((*_PIP, *runner), "the test runner"),)
        return
    groups = _group_requirements(project)
    named = _named_files(project)
    for extra in _extras(project):
        install = SetupLine(
            (*_PIP, "-e", f".[{extra.what}]", *runner), f"the project with its extra, as {extra.where} says"
        )
        yield f"the project with [{extra.what}]", (install,)
    for hint in named:
        with_file = SetupLine((*_PIP, "-e", ".", "-r", hint.what, *runner), f"the project, and what {hint.where}")
        yield f"the project and {hint.what}", (with_file,)
    for group, requirements in groups:
        needed = tuple(each for each in requirements if _ABOUT_TESTS.search(each))
        for what, chosen in (("what its group {} has for tests", needed), ("its group {}", requirements)):
            words = f"the project, and {what.format(group)}"
            yield words, (SetupLine((*_PIP, "-e", ".", *chosen, *runner), words),)
    spoken = tuple(dict.fromkeys(hint.what for hint in project.installs if _ABOUT_TESTS.search(hint.what)))
    plain = tuple(dict.fromkeys((*runner, *spoken)))
    why = "the project, and what its commands install for tests" if spoken else "the project and the test runner"
    yield "the project", (SetupLine((*_PIP, "-e", ".", *plain), why),)


def _is_package(project: Project) -> bool:
    """Whether pip can install it: a `pyproject.toml` that only configures tools names no project."""
    table = project.table("pyproject.toml")
    if project.has("setup.py", "setup.cfg") or "project" in table or "build-system" in table:
        return True
    return "poetry" in _dict(table.get("tool"))


def _extras(project: Project) -> Iterator[Hint]:
    """Extras that bring what tests need: as commands name them, then by name."""
    known = _known_extras(project)
    told = [hint for hint in project.extras if all(name.strip() in known for name in hint.what.split(","))]
    named = [Hint(name, known[name]) for name in _TEST_NAMES if name in known]
    ordered = sorted(told, key=lambda hint: not any(name in hint.what for name in _TEST_NAMES))
    seen = set[str]()
    for hint in (*ordered, *named):
        if hint.what not in seen and any(name in hint.what for name in _TEST_NAMES):
            seen.add(hint.what)
            yield hint


def _known_extras(project: Project) -> dict[str, str]:
    """Each extra, and the file that declares it."""
    table = project.table("pyproject.toml")
    found = dict.fromkeys(_dict(_dict(table.get("project")).get("optional-dependencies")), "pyproject.toml")
    poetry = _dict(_dict(table.get("tool")).get("poetry"))
    found |= dict.fromkeys(_dict(poetry.get("extras")), "pyproject.toml")
    sections = project.sections("setup.cfg")
    if sections.has_section("options.extras_require"):
        found |= dict.fromkeys(sections.options("options.extras_require"), "setup.cfg")
    script = re.search(r"extras_require\s*=\s*\{(.*?)\}\s*,?\s*\n", project.texts.get("setup.py", ""), re.DOTALL)
    if script:
        found |= dict.fromkeys(re.findall(r"[\"']([\w-]+)[\"']\s*:", script[1]), "setup.py")
    return found


def _named_files(project: Project) -> list[Hint]:
    """Requirement files for tests: as commands name them, then by name."""
    told = [Hint(hint.what, f"{hint.where} installs") for hint in project.requirements if _is_for_tests(hint.what)]
    by_name = [Hint(name, f"{name} lists") for name in _TEST_FILES if name in project.paths]
    return list({hint.what: hint for hint in (*by_name, *told)}.values())


def _is_for_tests(name: str) -> bool:
    return re.search(r"test|dev|ci", name) is not None


def _file(project: Project, name: str) -> Hint | None:
    return Hint(name, f"{name} lists") if name in project.paths else None


def _requirement_files(project: Project) -> list[str]:
    return [hint.what for hint in _named_files(project)] + [
        name for name in ("requirements.txt",) if name in project.paths
    ]


def _group_requirements(project: Project) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The requirements of each dependency group (PEP 735, Poetry, PDM) that is about tests."""
    table = project.table("pyproject.toml")
    groups = _dict(table.get("dependency-groups"))
    tool = _dict(table.get("tool"))
    groups |= _dict(_dict(tool.get("pdm")).get("dev-dependencies"))
    for name in _TEST_NAMES:
        if isinstance(groups.get(name), list):
            yield name, tuple(_expanded(groups, name, set()))
    poetry = _dict(tool.get("poetry"))
    told = {name: _dict(_dict(group).get("dependencies")) for name, group in _dict(poetry.get("group")).items()}
    told |= {"dev": _dict(poetry["dev-dependencies"])} if "dev-dependencies" in poetry else {}
    for name in _TEST_NAMES:
        if name in told:
            yield name, tuple(_poetry(package, spec) for package, spec in told[name].items() if package != "python")


def _expanded(groups: dict[str, Any], name: str, seen: set[str]) -> Iterator[str]:
    if name in seen:
        return
    seen.add(name)
    for each in groups.get(name, ()):
        if isinstance(each, str) and not each.startswith("-"):
            yield each
        elif isinstance(each, dict) and isinstance(each.get("include-group"), str):
            yield from _expanded(groups, each["include-group"], seen)


def _poetry(package: str, spec: object) -> str:
    """A requirement of Poetry's as pip reads it: `^7.1` and `~7.1` become at least that."""
    extras = _dict(spec).get("extras")
    name = f"{package}[{','.join(map(str, extras))}]" if isinstance(extras, list) else package
    version = spec if isinstance(spec, str) else str(_dict(spec).get("version", "*"))
    found = re.fullmatch(r"[\^~]?\s*([0-9][\w.]*)", version)
    return f"{name}>={found[1]}" if found else name if version == "*" else f"{name}{version}".replace(" ", "")


def _runner(project: Project) -> tuple[str, ...]:
    """The test runner, and the plugins that the project's own options of it need."""
    table = project.table("pyproject.toml")
    options = str(_dict(_dict(table.get("tool")).get("pytest")))
    for path, section in (("pytest.ini", "pytest"), ("tox.ini", "pytest"), ("setup.cfg", "tool:pytest")):
        sections = project.sections(path)
        if sections.has_section(section):
            options += " ".join(f"{name} = {value}" for name, value in sections.items(section))
    words = re.split(r"[\s=,'\"\[\]]+", options)
    plugins = (
        plugin
        for flag, plugin in _PLUGINS.items()
        if any(word == flag or (flag[:2] == "--" and word.startswith(flag)) for word in words)
    )
    return ("pytest", *dict.fromkeys(plugins))


def _test_gates(project: Project) -> Iterator[ProposedGate]:
    told = project.said("pytest")
    why = f"pytest, as {told.where} runs it" if told else "pytest, which runs unittest's tests too"
    yield ProposedGate("tests", (PYTHON, "-m", "pytest", "-q", "--junitxml={report}"), why, counts="junit")
    folder = next(
        (name for name in ("tests", "test") if any(path.startswith(f"{name}/") for path in project.paths)), None
    )
    if folder is not None and told is None and not _configures_pytest(project):
        argv = (PYTHON, "-m", "unittest", "discover", "-s", folder, "-t", ".")
        yield ProposedGate("tests", argv, f"unittest in {folder}", counts="unittest")


def _configures_pytest(project: Project) -> bool:
    table = _dict(project.table("pyproject.toml").get("tool"))
    return "pytest" in table or project.has("pytest.ini", "conftest.py", "tests/conftest.py") is not None


def _lint_gates(project: Project) -> Iterator[ProposedGate]:
    """Checks that the project configures, and whose programs its test dependencies may bring."""
    table = _dict(project.table("pyproject.toml").get("tool"))
    if "ruff" in table or project.has("ruff.toml", ".ruff.toml"):
        yield ProposedGate("lint", (PYTHON, "-m", "ruff", "check"), "ruff is configured", optional=True, timeout="5m")
    if "mypy" in table and any(hint.what == "mypy" for hint in project.installs):
        yield ProposedGate("types", (PYTHON, "-m", "mypy"), "mypy is configured", optional=True)


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
