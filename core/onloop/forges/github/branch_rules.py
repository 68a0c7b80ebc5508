"""PURE: what GitHub demands of a branch, out of its rulesets and its older branch protection together."""

from __future__ import annotations

from collections.abc import Sequence

from onloop.forges.forge_records import BranchRules, RequiredCheck
from onloop.forges.github.answer_fields import Fields


def rules_read(
    name: str, rules: Sequence[Fields], branch: Fields | None, protection: Fields | None, unread: tuple[str, ...]
) -> BranchRules:
    """The rules of a branch: whatever either of the two demands.

    Rulesets say nothing of who may pass by them to whoever may not change them, so `binds_admins` is None with them.
    """
    by_type = {rule.line("type"): rule.part_or_none("parameters") for rule in rules}
    checks = {check: None for rule in rules for check in _of_ruleset(rule)}
    checks |= dict.fromkeys(_of_branch(branch, protection))
    reviews = by_type.get("pull_request")
    old = protection.part_or_none("required_pull_request_reviews") if protection is not None else None
    return BranchRules(
        branch=name,
        protected=bool(rules) or (branch is not None and branch.flag("protected")),
        required_checks=tuple(checks),
        pull_request="pull_request" in by_type or old is not None,
        approvals=max(_approvals(reviews), _approvals(old)),
        up_to_date=_is_strict(by_type.get("required_status_checks"), protection),
        merge_queue="merge_queue" in by_type,
        linear_history="required_linear_history" in by_type or _on(protection, "required_linear_history"),
        signed_commits="required_signatures" in by_type or _on(protection, "required_signatures"),
        no_force="non_fast_forward" in by_type
        or (protection is not None and not _on(protection, "allow_force_pushes")),
        binds_admins=_on(protection, "enforce_admins") if protection is not None else None,
        unread=unread,
    )


def _of_ruleset(rule: Fields) -> tuple[RequiredCheck, ...]:
    parameters = rule.part_or_none("parameters")
    if rule.line("type") != "required_status_checks" or parameters is None:
        return ()
    checks = parameters.parts("required_status_checks")
    return tuple(RequiredCheck(each.line("context"), each.number_or("integration_id") or None) for each in checks)


def _of_branch(branch: Fields | None, protection: Fields | None) -> tuple[RequiredCheck, ...]:
    """Of the older protection: whole where it may be read, else what the branch itself tells of it."""
    summary = branch.part_or_none("protection") if branch is not None else None
    for given in (protection, summary):
        demanded = given.part_or_none("required_status_checks") if given is not None else None
        if demanded is None or demanded.line("enforcement_level") == "off":
            continue
        known = tuple(RequiredCheck(each.line("context"), _app(each)) for each in demanded.parts("checks"))
        return known or tuple(RequiredCheck(context) for context in demanded.lines("contexts"))
    return ()


def _app(check: Fields) -> int | None:
    """The app that must say it; GitHub writes -1 or null for any."""
    return check.positive_or_none("app_id")


def _approvals(given: Fields | None) -> int:
    return 0 if given is None else given.number_or("required_approving_review_count")


def _is_strict(parameters: Fields | None, protection: Fields | None) -> bool:
    old = protection.part_or_none("required_status_checks") if protection is not None else None
    by_ruleset = parameters is not None and parameters.flag("strict_required_status_checks_policy")
    return by_ruleset or (old is not None and old.flag("strict"))


def _on(protection: Fields | None, name: str) -> bool:
    part = protection.part_or_none(name) if protection is not None else None
    return part is not None and part.flag("enabled")
