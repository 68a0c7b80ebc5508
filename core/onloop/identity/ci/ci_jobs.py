"""Which job of a CI a signed token belongs to, and what that may claim here."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from onloop.errors import BadInput, Ground, NotAllowed
from onloop.gates.globs import matches_whole
from onloop.identity.ci.ci_keys import IssuerKeys, SigningKey, check_available
from onloop.identity.ci.ci_settings import Issuer, Issuers, JobRule, issuers_in
from onloop.machine.definition import Isolation
from onloop.machine.launchers import OF_CI, Grant, hand_of_job
from onloop.machine.limits import NETWORK_UID
from onloop.machine.principal import Principal, launcher
from onloop.machine.task import Hand
from onloop.records import MutableRecord, Record, field, replace
from onloop.text import safe
from onloop.workflow.duration import milliseconds

LARGEST_TOKEN = 16_384
LEEWAY_S = 60
"""How far the clocks of a CI and of this gateway may be apart, in seconds."""

LONGEST_LIFE_S = 24 * 3_600
_NOT_IN_A_NAME = frozenset("*?{}[]\\")


class CiJob(Record):
    """A job that was let in: the launcher that it is, and a digest of what let it in."""

    launcher: Principal
    digest: str


class CiJobs(MutableRecord):
    """Lets jobs in, as the file in the store's folder says at that moment.

    An edit that cannot be read lets the last good one go on, and is said once.
    """

    folder: Path
    clock: Callable[[], int]
    say: Callable[[str], None]
    _known: Issuers = field(default_factory=dict)
    _keys: dict[str, IssuerKeys] = field(default_factory=dict)
    _said: str = ""

    def recognised(self, token: str, hand: Hand) -> CiJob:
        """The job that a token was signed for; NotAllowed where nobody lets it in. `hand` is whose it comes from."""
        check_available()
        if len(token) > LARGEST_TOKEN:
            raise BadInput(f"a token of {len(token)} characters", hint=f"one has at most {LARGEST_TOKEN}")
        header, told = _parts(token)
        issuers = self._issuers()
        named = [(name, each) for name, each in issuers.items() if each.issuer == told.get("iss")]
        if not named:
            raise _refused(f"ci.toml knows no issuer {_shown(told.get('iss'))}")
        problem = _refused("no job fits")
        for name, issuer in named:
            try:
                claims = self._verified(name, issuer, token, header)
                return self._let_in(name, issuer, claims, hand)
            except NotAllowed as no:
                problem = no
        raise problem

    def is_current(self, job: CiJob) -> bool:
        """Whether what let the job in still stands in the file."""
        found = self._issuers().get(job.launcher.name.removeprefix(OF_CI))
        return found is not None and found.digest == job.digest

    def at_most(self, name: str) -> int:
        """How many tasks the jobs of that CI may hold at a time."""
        found = self._issuers().get(name.removeprefix(OF_CI))
        return found.at_most if found is not None else 0

    def _issuers(self) -> Issuers:
        try:
            self._known = issuers_in(self.folder)
            self._said = ""
        except BadInput as problem:
            if self._said != problem.message:
                self._said = problem.message
                self.say(f"trouble: {problem.message}; what it said before goes on")
        return self._known

    def _verified(self, name: str, issuer: Issuer, token: str, header: Mapping[str, Any]) -> Mapping[str, Any]:
        known = self._keys.get(name)
        if known is None or known.issuer != issuer:
            known = self._keys[name] = IssuerKeys(issuer, self.clock)
        key = known.called(str(header.get("kid", "")))
        if key is None:
            raise _refused(f"{name} has no key {_shown(header.get('kid'))}")
        if header.get("alg") not in key.algorithms or "crit" in header:
            raise _refused(f"the token is signed with {_shown(header.get('alg'))}, and that key signs otherwise")
        claims = _signed(token, key)
        _check_times(claims, self.clock() // 1000)
        audience = claims.get("aud")
        if claims.get("iss") != issuer.issuer or issuer.audience not in _listed(audience):
            raise _refused(f"the token is for {_shown(audience)}, and not for {_shown(issuer.audience)}")
        return claims

    def _let_in(self, name: str, issuer: Issuer, claims: Mapping[str, Any], hand: Hand) -> CiJob:
        subject = claims.get("sub")
        if not isinstance(subject, str) or not subject:
            raise _refused("the token has no subject")
        rule = next((rule for rule in issuer.jobs if _fits(rule, claims)), None)
        if rule is None:
            raise _refused(f"no job of {name} in ci.toml fits {_shown(subject)}")
        run = safe(_word(claims.get(issuer.run)) or "", 100)
        whose = replace(hand, token=hand_of_job(name, subject))
        if hand.uid == NETWORK_UID:
            whose = replace(whose, process=f"run:{name}/{run}" if run else "")
        grant = Grant(
            tuple(rule.roles),
            tuple(_filled(pattern, claims) for pattern in rule.repositories),
            (claims["exp"] + LEEWAY_S) * 1000,
            Isolation(rule.isolation),
            issuer.at_most,
            work_until=self.clock() + milliseconds(issuer.work),
        )
        return CiJob(replace(launcher(f"{OF_CI}{name}", whose), grant=grant), issuer.digest)


def _parts(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Header and claims as the token says them; nothing of it is believed yet."""
    try:
        header, claims, _ = token.split(".")
        told = tuple(json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in (header, claims))
        if not all(isinstance(part, dict) for part in told):
            raise ValueError
    except (ValueError, RecursionError):
        raise _refused("it is no signed token") from None
    return told[0], told[1]


def _signed(token: str, key: SigningKey) -> Mapping[str, Any]:
    from joserfc import jwt  # here: only a gateway that CI jobs call needs it
    from joserfc.errors import JoseError
    from joserfc.jwk import import_key
    from joserfc.jws import JWSRegistry

    class OfTheKey(JWSRegistry):
        """The key's own algorithms, of which the library warns where another name is newer."""

        def get_alg(self, name: str) -> Any:
            if name not in key.algorithms:
                raise ValueError(name)
            return self.algorithms[name]

    try:
        public = import_key(dict(key.content))
        found = jwt.decode(token, public, algorithms=list(key.algorithms), registry=OfTheKey())
    except (JoseError, ValueError, TypeError, KeyError):
        raise _refused("its signature is wrong") from None
    return found.claims


def _check_times(claims: Mapping[str, Any], now_s: int) -> None:
    begun, ends, valid = (claims.get(name) for name in ("iat", "exp", "nbf"))
    if type(begun) is not int or type(ends) is not int or type(valid) not in {int, type(None)}:
        raise _refused("the token does not say from when to when it is good")
    if ends + LEEWAY_S <= now_s:
        raise _refused(f"the token has expired {now_s - ends} s ago")
    if max(begun, valid or 0) - LEEWAY_S > now_s:
        raise _refused(f"the token is good in {max(begun, valid or 0) - now_s} s: a clock is wrong")
    if ends - begun > LONGEST_LIFE_S:
        raise _refused(f"the token is good for {ends - begun} s, and {LONGEST_LIFE_S} is the most")


def _fits(rule: JobRule, claims: Mapping[str, Any]) -> bool:
    said = {name: _word(claims.get(name)) for name in rule.claims}
    return all(word is not None and matches_whole(rule.claims[name], word) for name, word in said.items())


def _filled(pattern: str, claims: Mapping[str, Any]) -> str:
    for name, value in claims.items():
        pattern = pattern.replace(f"{{{name}}}", _word(value) or "")
    return pattern


def _word(value: object) -> str | None:
    """A claim as a word that can stand in a pattern; None where it cannot, for then it fits nothing."""
    if isinstance(value, bool):
        return str(value).lower()
    word = str(value) if isinstance(value, str | int) else ""
    bad = not word or len(word) > 500 or _NOT_IN_A_NAME & set(word) or not word.isprintable()
    return None if bad or {"", ".", ".."} & set(word.split("/")) else word


def _listed(value: object) -> Sequence[object]:
    return value if isinstance(value, list) else [value]


def _shown(value: object) -> str:
    return repr(safe(str(value), 120))


def _refused(why: str) -> NotAllowed:
    hint = "ci.toml in the gateway's store says whose tokens it takes: onloop help ci"
    return NotAllowed(f"this token of a CI lets nobody in: {why}", hint=hint, ground=Ground.TOKEN)
