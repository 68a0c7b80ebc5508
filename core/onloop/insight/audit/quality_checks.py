"""PURE: what reads code without running it: linters, checkers of types, scanners."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain, islice

from onloop.insight.audit.artefact import Looked, SeenPlace
from onloop.insight.audit.listing import Listing, beside
from onloop.insight.audit.seeking import MOST, RUNS, files, line_of, lines

LINTERS = re.compile(
    r"(?:.*/)?(?:\.?ruff\.toml|\.flake8|\.?pylintrc(?:\.toml)?|\.eslintrc[^/]*|eslint\.config\.[cm]?[jt]s|biome\.jsonc?"
    r"|\.golangci\.(?:ya?ml|toml|json)|\.?clippy\.toml|\.rubocop\.yml|checkstyle[^/]*\.xml|detekt[^/]*\.ya?ml|\.stylelintrc[^/]*"
    r"|stylelint\.config\.[cm]?js|\.shellcheckrc|\.clang-tidy|\.markdownlint[^/]*|\.yamllint[^/]*|\.hadolint\.ya?ml"
    r"|\.credo\.exs|analysis_options\.yaml|\.swiftlint\.yml|\.luacheckrc|phpcs\.xml[^/]*|\.jshintrc|tslint\.json|\.oxlintrc\.json"
    r"|\.jscsrc|\.scss-lint\.yml|\.ansible-lint[^/]*|\.spectral\.ya?ml|\.xo-config[^/]*|pmd[^/]*\.xml|\.sqlfluff|stylecop\.json|[^/]+\.ruleset)$"
)
CHECKERS = re.compile(
    r"(?:\.?mypy\.ini|pyrightconfig\.json|(?:.*/)?tsconfig[\w.-]*\.json|(?:.*/)?go\.mod|(?:.*/)?Cargo\.toml|(?:.*/)?pom\.xml"
    r"|(?:.*/)?build\.gradle(?:\.kts)?|(?:.*/)?[^/]+\.(?:csproj|fsproj|sln)|Package\.swift|(?:.*/)?phpstan[^/]*\.neon[^/]*"
    r"|psalm\.xml[^/]*|sorbet/config|\.flowconfig|build\.sbt|ty\.toml|pyrefly\.toml|configure\.ac|dune-project)$"
)
SCANNERS = re.compile(
    r"(?:\.github/dependabot\.ya?ml|(?:\.github/)?renovate\.json5?|\.renovaterc[^/]*|\.semgrep[^/]*|\.?gitleaks\.toml"
    r"|\.gitleaksignore|\.trivyignore[^/]*|\.?trivy\.ya?ml|\.snyk|deny\.toml|\.secrets\.baseline|\.bandit|osv-scanner\.toml"
    r"|sonar-project\.properties|\.github/codeql/.+|\.cargo/audit\.toml|\.talismanrc|\.github/renovate[^/]*|\.?zizmor\.ya?ml"
    r"|\.whitesource|\.github/zizmor\.ya?ml|\.gitlab/renovate[^/]*|bin/brakeman|config/brakeman[^/]*|\.pyup\.yml)$"
)

_LINTS = re.compile(
    r"\bcargo (?:\+\S+ )?clippy|golangci-lint|\beslint\b|\bruff\b(?! format)|\bflake8\b|\bpylint\b|\bshellcheck\b"
    r"|super-linter|\bxo\b(?=\s|\"|')|\bstandard(?:rb)?\b(?=\s*(?:\"|'|&&|--fix))|\bbiome\b|\boxlint\b|\bstaticcheck\b"
    r"|\brubocop\b|\bgo vet\b|markdownlint|yamllint|actionlint|\bhacking\b|ktlint|spotless:check|\bnext lint\b|ng lint"
    r"|\bcodespell\b|\bstylelint\b"
)
_PY_LINTER = ("ruff", "pylint", "flake8")
_PY_CHECKER = ("mypy", "pyright", "basedpyright", "ty", "pyrefly", "pytype")
_TYPES = re.compile(
    r"\bmypy\b|\bpyright\b|\bbasedpyright\b|\bty check\b|\btsc\b|\bvue-tsc\b|\bpyrefly\b|\btsd\b|\bpytype\b"
)
_SCANS = re.compile(
    r"codeql-action|\bsemgrep\b|gitleaks|trufflehog|\btrivy\b|\bsnyk\b|osv-scanner|scorecard-action|zizmor|\bbandit\b"
    r"|pip-audit|safety check"
    r"|govulncheck|cargo[- ](?:audit|deny)|\bgrype\b|dependency-review|sonar(?:cloud|qube|source)|npm audit|brakeman"
    r"|bundler?-audit|checkov|tfsec|\bkics\b|anchore|fossa|dependency-check|detect-secrets|detect-private-key"
    r"|pnpm audit|yarn audit|microsoft/security|gosec|audit-ci|codacy|ossf/|dependabot",
    re.IGNORECASE,
)
_INI_SECTIONS = re.compile(r"(?:setup\.cfg|tox\.ini)$")
_LINT_SECTION = re.compile(r"^\[(?:flake8|pylint\S*|pycodestyle|hacking)\b")
_TYPE_SECTION = re.compile(r"^\[mypy\]")
_BUILDS = re.compile(r"(?:.*/)?(?:pom\.xml|build\.gradle(?:\.kts)?)$")
_MIX = re.compile(r"(?:.*/)?mix\.exs$")
_JAVA_LINT = re.compile(r"checkstyle|spotbugs|\bpmd\b|ktlint|detekt|errorprone|spotless")
_EDITOR = re.compile(r"(?:.*/)?\.editorconfig$")
_NET_RULES = re.compile(r"dotnet_(?:diagnostic|analyzer)")
_PACKAGE = re.compile(r"(?:.*/)?package\.json$")
_PACKAGE_LINT = re.compile(r"\"(?:eslintConfig|xo|standard|eslint|@biomejs/biome|oxlint|stylelint)\"\s*:")
_PACKAGE_TYPE = re.compile(r"\"(?:typescript|tsd|flow-bin)\"\s*:")
_DEPENDABOT = re.compile(r"\s*(?:-\s*)?directory:\s*[\"']?(/[^\"'\s#*]*)")
_EXTENDS = re.compile(r"\s*\"extends\"\s*:\s*\"(\.{1,2}/[^\"]+)\"")


def linters(listing: Listing) -> Looked:
    """Linters that are configured or run; stale where their rules name files that are not there."""
    named = files(listing, LINTERS, "its rules")
    tables = (
        SeenPlace("pyproject.toml", _line(listing, tool), f"rules for {tool}") for tool in _tools(listing, _PY_LINTER)
    )
    told = chain(
        lines(listing, _INI_SECTIONS, _LINT_SECTION),
        lines(listing, _PACKAGE, _PACKAGE_LINT),
        lines(listing, RUNS, _LINTS),
        lines(listing, _BUILDS, _JAVA_LINT),
        lines(listing, _MIX, re.compile(r":credo\b")),
        lines(listing, _EDITOR, _NET_RULES),
    )
    return Looked(tuple(chain(named, tables, told)), tuple(islice(_dead_ignores(listing), MOST)))


def _tools(listing: Listing, names: tuple[str, ...]) -> Iterator[str]:
    tools = listing.toml("pyproject.toml").get("tool")
    yield from (name for name in names if isinstance(tools, dict) and name in tools)


def _line(listing: Listing, tool: str) -> int:
    return line_of(listing.texts.get("pyproject.toml", ""), f"[tool.{tool}")


def _dead_ignores(listing: Listing) -> Iterator[SeenPlace]:
    """The files that ruff is told to be lenient with, and that are gone."""
    for path, table in (("pyproject.toml", _ruff(listing)), ("ruff.toml", listing.toml("ruff.toml"))):
        lint = table.get("lint")
        known = (table.get("per-file-ignores"), lint.get("per-file-ignores") if isinstance(lint, dict) else None)
        for name in (name for each in known if isinstance(each, dict) for name in each):
            if re.fullmatch(r"[\w./-]+/[\w.-]+\.pyi?", name) and not listing.has(name):
                yield SeenPlace(path, line_of(listing.texts.get(path, ""), name), f"{name!r} is not there")


def _ruff(listing: Listing) -> dict[str, object]:
    tools = listing.toml("pyproject.toml").get("tool")
    ruff = tools.get("ruff") if isinstance(tools, dict) else None
    return ruff if isinstance(ruff, dict) else {}


def types(listing: Listing) -> Looked:
    """Checkers of types, or a language whose compiler is one; stale where a configuration extends what is not there."""
    named = files(listing, CHECKERS, "types are checked")
    tables = (
        SeenPlace("pyproject.toml", _line(listing, tool), f"rules for {tool}") for tool in _tools(listing, _PY_CHECKER)
    )
    told = chain(
        lines(listing, _INI_SECTIONS, _TYPE_SECTION),
        lines(listing, _PACKAGE, _PACKAGE_TYPE),
        lines(listing, RUNS, _TYPES),
        lines(listing, _MIX, re.compile(r":dialyx(?:ir|er)\b")),
    )
    return Looked(tuple(chain(named, tables, told)), tuple(islice(_dead_extends(listing), MOST)))


def _dead_extends(listing: Listing) -> Iterator[SeenPlace]:
    for path, number, line in listing.lines(re.compile(r"(?:.*/)?tsconfig[\w.-]*\.json$")):
        found = _EXTENDS.match(line)
        where = beside(path, found[1]) if found is not None else ""
        is_made = ".svelte-kit" in where or ".nuxt" in where or "node_modules" in where or ".astro" in where
        if where and not is_made and not listing.has(where) and not listing.has(f"{where}.json"):
            yield SeenPlace(path, number, f"it extends {where!r}, which is not there")


def scanners(listing: Listing) -> Looked:
    """Scanners of code, secrets or dependencies; stale where one watches a folder that is not there."""
    named = files(listing, SCANNERS, "it is scanned")
    seen = tuple(chain(named, lines(listing, RUNS, _SCANS), (_bandit(listing))))
    return Looked(seen, tuple(islice(_dead_folders(listing), MOST)))


def _bandit(listing: Listing) -> Iterator[SeenPlace]:
    return (
        SeenPlace("pyproject.toml", _line(listing, tool), f"rules for {tool}") for tool in _tools(listing, ("bandit",))
    )


def _dead_folders(listing: Listing) -> Iterator[SeenPlace]:
    for path, number, line in listing.lines(re.compile(r"\.github/dependabot\.ya?ml$")):
        found = _DEPENDABOT.match(line)
        if found is not None and found[1].strip("/") and not listing.has(found[1]):
            yield SeenPlace(path, number, f"it watches {found[1]!r}, which is not there")
