"""What to try for projects of other languages, and for those that only have a Makefile."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from onloop.proposals.project import Project
from onloop.proposals.proposal import Proposal, ProposedGate, SetupLine

_TARGETS = ("test", "check", "tests")


def node_proposals(project: Project) -> Iterator[Proposal]:
    """Projects with a package.json that has a test script."""
    if "package.json" not in project.texts:
        return
    try:
        package = json.loads(project.texts["package.json"])
    except ValueError:
        return
    scripts = package.get("scripts") if isinstance(package, dict) else None
    if not isinstance(scripts, dict) or "test" not in scripts or "no test specified" in str(scripts["test"]):
        return
    program, lock, install = next(
        (way for way in _NODE if way[1] in project.paths),
        ("npm", "package.json", ("npm", "install", "--no-audit", "--no-fund")),
    )
    gates = [ProposedGate("tests", (program, "test"), "the script test of package.json")]
    if "lint" in scripts:
        gates.append(ProposedGate("lint", (program, "run", "lint"), "the script lint of package.json", optional=True))
    setup = (SetupLine(install, f"as {lock} says"),)
    yield Proposal(
        f"{program} test", setup, tuple(gates), cache_key=("package.json", lock)[: 1 + (lock != "package.json")]
    )


_NODE = (
    ("pnpm", "pnpm-lock.yaml", ("pnpm", "install", "--frozen-lockfile")),
    ("yarn", "yarn.lock", ("yarn", "install", "--frozen-lockfile")),
    ("npm", "package-lock.json", ("npm", "ci", "--no-audit", "--no-fund")),
    ("npm", "npm-shrinkwrap.json", ("npm", "ci", "--no-audit", "--no-fund")),
)


def compiled_proposals(project: Project) -> Iterator[Proposal]:
    """Projects of Rust, Go and Java: dependencies come into the checkout, and tests run without a network."""
    if "Cargo.toml" in project.paths:
        setup = SetupLine(("cargo", "fetch"), "the dependencies of Cargo.toml")
        gate = ProposedGate("tests", ("cargo", "test", "--offline"), "cargo's tests")
        home = {"variables": ({"CARGO_HOME": ".cargo-home"}, "downloads stay in the checkout")}
        yield Proposal(
            "cargo test", (setup,), (gate,), cache_key=_there(project, "Cargo.toml", "Cargo.lock"), settings=home
        )
    if "go.mod" in project.paths:
        setup = SetupLine(("go", "mod", "vendor"), "the dependencies of go.mod, in the checkout")
        gate = ProposedGate("tests", ("go", "test", "-mod=vendor", "./..."), "go's tests")
        vendored = any(path.startswith("vendor/") for path in project.paths)
        yield Proposal("go test", () if vendored else (setup,), (gate,), cache_key=_there(project, "go.mod", "go.sum"))
    if "pom.xml" in project.paths:
        local = "-Dmaven.repo.local=.m2"
        program = "./mvnw" if "mvnw" in project.paths else "mvn"
        setup = SetupLine((program, "-q", "-B", local, "dependency:go-offline"), "the dependencies of pom.xml")
        gate = ProposedGate("tests", (program, "-q", "-B", "-o", local, "test"), "maven's tests")
        yield Proposal("maven test", (setup,), (gate,), cache_key=("pom.xml",))
    build = project.has("build.gradle", "build.gradle.kts")
    if build is not None:
        program = "./gradlew" if "gradlew" in project.paths else "gradle"
        own = ("--gradle-user-home", ".gradle-home")
        setup = SetupLine((program, *own, "--console=plain", "testClasses"), f"the dependencies of {build}")
        gate = ProposedGate("tests", (program, *own, "--offline", "--console=plain", "test"), "gradle's tests")
        yield Proposal("gradle test", (setup,), (gate,), cache_key=(build,))


def make_proposals(project: Project) -> Iterator[Proposal]:
    """Projects whose Makefile has a target for tests."""
    file = project.has("GNUmakefile", "makefile", "Makefile")
    text = project.texts.get(file, "") if file is not None else ""
    target = next((name for name in _TARGETS if re.search(rf"^{name}\s*:(?!=)", text, re.MULTILINE)), None)
    if target is not None:
        yield Proposal(
            f"make {target}", (), (ProposedGate("tests", ("make", target), f"the target {target} of {file}"),)
        )


def _there(project: Project, *paths: str) -> tuple[str, ...]:
    return tuple(path for path in paths if path in project.paths)
