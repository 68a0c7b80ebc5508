"""What an administrator wants shown of a forge: its token works, with which rights, and nobody merges past onloop."""

from __future__ import annotations

from collections.abc import Iterator

from onloop.errors import OnloopError
from onloop.forges.forge_records import BranchRules, ForgeIdentity, FoundRepository, RepositoryName
from onloop.forges.port import Forge
from onloop.records import Record
from onloop.text import safe

OWN_CHECK = "onloop"
"""The name of the gateway's own check run."""

RIGHTS = (
    ("contents", "write", "merges, branches and tags"),
    ("pull_requests", "write", "pull requests, their labels and reviewers"),
    ("checks", "write", "the gateway's own check, which protects the branch"),
    ("issues", "write", "comments, and issues that are moved"),
    ("statuses", "read", "gates that read statuses"),
    ("actions", "write", "workflows that are dispatched, and logs of failures"),
    ("administration", "read", "whether the branch's protection binds everybody"),
)
"""What an App needs, and what for."""

_LONGEST = 400


class ProofRow(Record):
    """One thing that was looked at, and what came of it, with what would work where it is not well."""

    name: str
    good: bool
    words: str


def prove_forge(forge: Forge, repo: RepositoryName, branch: str = "") -> tuple[ProofRow, ...]:
    """Every row, up to the first question that nobody answers; nothing is changed at the forge."""
    rows: list[ProofRow] = []
    try:
        for row in _rows(forge, repo, branch):
            rows.append(row)  # noqa: PERF402 - what came before a problem stays
    except OnloopError as problem:
        rows.append(ProofRow("answer", good=False, words=safe(f"{problem.message}; {problem.hint}", _LONGEST)))
    return tuple(rows)


def _rows(forge: Forge, repo: RepositoryName, branch: str) -> Iterator[ProofRow]:
    who = forge.identity(repo)
    as_app = f"the app {who.login}, number {who.app_id}" if who.app_id is not None else f"the account {who.login}"
    yield ProofRow("token", good=True, words=f"{repo.host} takes us for {as_app}")
    found = forge.repository(repo)
    yield _repository(found)
    yield _rights(who, found)
    yield _checks(who)
    rules = forge.branch_rules(repo, branch or found.default_branch)
    yield _pull_requests(rules)
    yield _required(rules, who)
    yield _bypass(rules)


def _repository(found: FoundRepository) -> ProofRow:
    if found.archived:
        return ProofRow("repository", good=False, words=f"{found.name.words} is archived: nothing can be changed in it")
    seen = "private" if found.private else "public"
    return ProofRow("repository", good=True, words=f"{found.name.words} is {seen}, its branch {found.default_branch}")


def _rights(who: ForgeIdentity, found: FoundRepository) -> ProofRow:
    """An App's rights are told; of an account, what it may do in the repository is."""
    if who.app_id is None:
        may = found.permission in {"admin", "maintain", "write"}
        hint = "" if may else "; give it write access, or declare a token that has it"
        return ProofRow("rights", good=may, words=f"{found.permission or 'nothing'} in {found.name.words}{hint}")
    has = dict(who.rights)
    missing = [f"{name}: {level} ({why})" for name, level, why in RIGHTS if has.get(name) not in {level, "write"}]
    if missing:
        words = (
            f"the app lacks {'; '.join(missing)}. Grant them on the App's page, and accept them where it is installed"
        )
        return ProofRow("rights", good=False, words=words[:_LONGEST])
    return ProofRow("rights", good=True, words=", ".join(f"{name}: {has[name]}" for name, _, _ in RIGHTS))


def _checks(who: ForgeIdentity) -> ProofRow:
    if who.app_id is None:
        words = (
            "an account makes no check runs, and anybody who may write can set its status: "
            "declare an App, app = { id, installation, key_file }"
        )
        return ProofRow("own check", good=False, words=words)
    return ProofRow("own check", good=True, words=f"check runs called {OWN_CHECK} are this app's")


def _pull_requests(rules: BranchRules) -> ProofRow:
    if not rules.protected:
        words = f"{rules.branch} is not protected: anybody who may write pushes to it; protect it (guide forges)"
        return ProofRow("branch", good=False, words=words)
    if not rules.pull_request and rules.unread:
        words = f"whether {rules.branch} changes by pull requests alone could not be read; grant administration: read"
        return ProofRow("branch", good=False, words=words)
    if not rules.pull_request:
        words = f"{rules.branch} can be pushed to; require a pull request before merging"
        return ProofRow("branch", good=False, words=words)
    return ProofRow("branch", good=True, words=f"{rules.branch} changes by pull requests alone")


def _required(rules: BranchRules, who: ForgeIdentity) -> ProofRow:
    """Whether the branch demands our check, said by our app and by nobody else."""
    own = [each for each in rules.required_checks if each.name == OWN_CHECK]
    if not own:
        words = f"{rules.branch} does not require the check {OWN_CHECK}: add it, with this app as its source"
        return ProofRow("required check", good=False, words=words)
    app = own[0].app_id
    if app is None:
        words = f"{rules.branch} takes {OWN_CHECK} from any source: choose the app as the only source of the check"
        return ProofRow("required check", good=False, words=words)
    if app != who.app_id:
        words = f"{rules.branch} requires {OWN_CHECK} from app {app}, and we are {who.app_id or 'no app'}"
        return ProofRow("required check", good=False, words=words)
    return ProofRow("required check", good=True, words=f"{rules.branch} requires {OWN_CHECK} from app {app} alone")


def _bypass(rules: BranchRules) -> ProofRow:
    if rules.binds_admins is None:
        words = "who may bypass the rules could not be read: see that the ruleset's bypass list is empty"
        return ProofRow("bypass", good=not rules.unread and rules.protected, words=words)
    if not rules.binds_admins:
        words = "administrators pass by the rules: switch on that they apply to administrators, too"
        return ProofRow("bypass", good=False, words=words)
    return ProofRow("bypass", good=True, words="the rules bind administrators, too")
