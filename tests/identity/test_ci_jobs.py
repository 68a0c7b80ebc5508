"""A job of a CI is let in by what the CI signs of it, and by what ci.toml says of that; by nothing else."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey

from identity.local_issuer import KINDS, LocalIssuer, settings, shown_at, write_settings
from onloop.errors import BadInput, NotAllowed, Unavailable
from onloop.identity.ci.ci_jobs import LARGEST_TOKEN, CiJob, CiJobs
from onloop.identity.ci.ci_keys import ASKED_AGAIN_MS
from onloop.identity.ci.ci_settings import issuers_in
from onloop.machine.limits import NETWORK_UID
from onloop.machine.task import Hand

NOW_S = 1_800_000_000
HERE = Hand(NETWORK_UID, address="10.0.0.3")


class Gate:
    """What lets jobs in, over a folder, with a clock of its own."""

    def __init__(self, folder: Path) -> None:
        self.now, self.said = NOW_S * 1000, list[str]()
        self.jobs = CiJobs(folder, lambda: self.now, self.said.append)

    def let_in(self, token: str) -> CiJob:
        """The job that the token lets in."""
        return self.jobs.recognised(token, HERE)


@pytest.fixture
def issuer() -> LocalIssuer:
    return LocalIssuer()


@pytest.fixture
def gate(issuer: LocalIssuer, tmp_path: Path) -> Gate:
    """A gate that has the issuer's keys in a file."""
    (tmp_path / "keys.json").write_bytes(issuer.keys)
    write_settings(tmp_path, settings(issuer, str(tmp_path / "keys.json")))
    return Gate(tmp_path)


def test_a_job_may_what_its_entry_says_in_the_repository_that_its_token_names(gate: Gate, issuer: LocalIssuer) -> None:
    found = gate.let_in(issuer.token(NOW_S)).launcher

    assert (found.id, found.hand) == (
        "launcher:ci-acme",
        Hand(NETWORK_UID, "run:acme/4711", "ci:acme:repo:acme/shop:ref:refs/heads/main", "10.0.0.3"),
    )
    assert found.grant is not None
    assert (found.grant.roles, found.grant.repositories) == (("implementer",), ("forge.example/acme/shop",))
    assert (found.grant.at_most, found.grant.starts) == (2, False)
    assert found.grant.until == (NOW_S + 360) * 1000 < found.grant.work_until


@pytest.mark.filterwarnings("ignore:EdDSA is deprecated")
@pytest.mark.parametrize("algorithm", KINDS)
def test_each_algorithm_that_is_allowed_is_read(algorithm: str, tmp_path: Path) -> None:
    issuer = LocalIssuer(algorithm=algorithm, key=KINDS[algorithm]("k"))
    (tmp_path / "keys.json").write_bytes(issuer.keys)
    write_settings(tmp_path, settings(issuer, str(tmp_path / "keys.json")))

    assert Gate(tmp_path).let_in(issuer.token(NOW_S)).launcher.name == "ci-acme"


@pytest.mark.parametrize(
    ("claims", "why"),
    [
        ({"iss": "https://evil.example"}, "knows no issuer"),
        ({"aud": "https://other.example"}, "is for 'https://other.example'"),
        ({"aud": None}, "is for"),
        ({"aud": ["https://other.example"]}, "is for"),
        ({"exp": NOW_S - 61}, "has expired 61 s ago"),
        ({"exp": None}, "from when to when"),
        ({"iat": None}, "from when to when"),
        ({"exp": str(NOW_S + 9)}, "from when to when"),
        ({"iat": NOW_S + 61}, "a clock is wrong"),
        ({"nbf": NOW_S + 7_200}, "a clock is wrong"),
        ({"exp": NOW_S + 10**9}, "is the most"),
        ({"sub": None}, "no subject"),
        ({"sub": ""}, "no subject"),
        ({"repository": "evil/shop"}, "no job of acme"),
        ({"repository": None}, "no job of acme"),
        ({"repository": "acme/shop/.."}, "no job of acme"),
        ({"repository": "acme/*"}, "no job of acme"),
        ({"repository": "acme/{ref}"}, "no job of acme"),
        ({"repository": ["acme/shop"]}, "no job of acme"),
        ({"ref": "refs/heads/main/evil"}, "no job of acme"),
        ({"ref": "refs/heads/other"}, "no job of acme"),
    ],
)
def test_a_token_that_says_anything_else_lets_nobody_in(
    claims: dict[str, Any], why: str, gate: Gate, issuer: LocalIssuer
) -> None:
    with pytest.raises(NotAllowed, match=why) as told:
        gate.let_in(issuer.token(NOW_S, **claims))

    assert told.value.ground.value == "token"


def test_clocks_may_be_a_minute_apart(gate: Gate, issuer: LocalIssuer) -> None:
    assert gate.let_in(issuer.token(NOW_S, exp=NOW_S - 59, iat=NOW_S - 300))
    assert gate.let_in(issuer.token(NOW_S, iat=NOW_S + 59, nbf=NOW_S + 59))
    assert gate.let_in(issuer.token(NOW_S, aud=["https://other.example", "https://onloop.example"], nbf=None))


def _part(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def forged(issuer: LocalIssuer) -> dict[str, str]:
    """Tokens that somebody without the issuer's key could make."""
    good = issuer.token(NOW_S)
    header, claims, seal = good.split(".")
    told = {"iss": issuer.url, "aud": "https://onloop.example", "sub": "x", "iat": NOW_S, "exp": NOW_S + 300}
    shared = OctKey.import_key(base64.b64encode(issuer.key.as_pem(private=False)))
    other = LocalIssuer()
    return {
        "unsigned": f"{_part({'alg': 'none', 'kid': 'k1'})}.{claims}.",
        "the public key as a shared one": jwt.encode({"alg": "HS256", "kid": "k1"}, told, shared, algorithms=["HS256"]),
        "a key of their own": other.token(NOW_S),
        "a key that the token brings": other.token(NOW_S, {"jwk": other.key.as_dict(private=False)}),
        "keys at a place of theirs": other.token(NOW_S, {"jku": "https://evil.example/keys", "kid": "k9"}),
        "certificates of theirs": other.token(NOW_S, {"x5u": "https://evil.example/cert"}),
        "other claims": f"{header}.{_part({**told, 'repository': 'acme/shop', 'ref': 'refs/heads/main'})}.{seal}",
        "a cut seal": good[:-8],
        "an extension": f"{_part({'alg': 'ES256', 'kid': 'k1', 'crit': ['b64'], 'b64': False})}.{claims}.{seal}",
        "no token": "onl_lnc_abc",
        "no JSON": "e30.!!.e30",
        "a list": f"{_part([])}.{_part([])}.x",
        "deep": f"{_part({'alg': 'ES256'})}.{base64.urlsafe_b64encode(b'[' * 9_000).decode()}.x",
    }


@pytest.mark.filterwarnings("ignore")
def test_what_the_ci_did_not_sign_lets_nobody_in(gate: Gate, issuer: LocalIssuer) -> None:
    for what, token in forged(issuer).items():
        with pytest.raises(NotAllowed, match="lets nobody in"):
            gate.let_in(token)
            pytest.fail(what)
    with pytest.raises(BadInput, match="a token of"):
        gate.let_in("a" * (LARGEST_TOKEN + 1))


def test_keys_are_fetched_once_and_again_for_a_new_name_at_most_once_a_minute(
    issuer: LocalIssuer, tmp_path: Path
) -> None:
    with shown_at(issuer, tmp_path) as (url, authority):
        write_settings(tmp_path, settings(issuer, url, authority))
        gate = Gate(tmp_path)
        for _ in range(3):
            gate.let_in(issuer.token(NOW_S))
        assert issuer.shown == 1
        old = issuer.token(NOW_S)
        issuer.rotate("k2", "RS256")
        for _ in range(3):
            with pytest.raises(NotAllowed, match="acme has no key 'k2'"):
                gate.let_in(issuer.token(NOW_S))
        assert issuer.shown == 1, "whoever names keys makes nobody fetch them"
        gate.now += ASKED_AGAIN_MS + 1
        assert gate.let_in(issuer.token(NOW_S + 60))
        assert issuer.shown == 2
        with pytest.raises(NotAllowed, match="acme has no key 'k1'"):
            gate.let_in(old)


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ((302, {"Location": "https://evil.example/keys"}, b""), "it answers 302"),
        ((500, {}, b""), "it answers 500"),
        ((200, {}, b"<html>"), "no key set"),
        ((200, {}, b'{"keys": 7}'), "no key set"),
        ((200, {}, b'{"keys": [{"kty": "oct", "k": "AAAA"}]}'), "it holds no key for"),
        ((200, {}, b'{"keys": [{"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}'), "it holds no key for"),
        ((200, {}, b" " * 300_000), "no key set"),
    ],
)
def test_keys_that_cannot_be_had_are_said_and_tried_again(
    answer: tuple[int, dict[str, str], bytes], why: str, issuer: LocalIssuer, tmp_path: Path, monkeypatch: Any
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with shown_at(issuer, tmp_path) as (url, authority):
        write_settings(tmp_path, settings(issuer, url, authority))
        gate, issuer.answer = Gate(tmp_path), answer
        with pytest.raises(Unavailable, match=why):
            gate.let_in(issuer.token(NOW_S))
        with pytest.raises(Unavailable, match="a moment ago"):
            gate.let_in(issuer.token(NOW_S))
        issuer.answer = None
        gate.now += 6_000
        assert gate.let_in(issuer.token(NOW_S))


def test_a_ci_that_is_away_lets_jobs_in_by_the_keys_that_were_had(issuer: LocalIssuer, tmp_path: Path) -> None:
    with shown_at(issuer, tmp_path) as (url, authority):
        write_settings(tmp_path, settings(issuer, url, authority))
        gate = Gate(tmp_path)
        gate.let_in(issuer.token(NOW_S))
    gate.now += 3_600_000
    assert gate.let_in(issuer.token(NOW_S + 3_600))
    gate.now += 25 * 3_600_000
    with pytest.raises(Unavailable, match="cannot be had"):
        gate.let_in(issuer.token(NOW_S + 26 * 3_600))


def test_an_edit_counts_at_once_and_a_broken_one_leaves_the_last_good_one(
    gate: Gate, issuer: LocalIssuer, tmp_path: Path
) -> None:
    job = gate.let_in(issuer.token(NOW_S))
    assert gate.jobs.is_current(job)
    good = (tmp_path / "ci.toml").read_text()

    write_settings(tmp_path, good + "[broken")
    assert gate.jobs.is_current(job) and gate.let_in(issuer.token(NOW_S))
    assert len(gate.said) == 1 and "what it said before goes on" in gate.said[0]
    write_settings(tmp_path, good.replace("at_most = 2", "at_most = 1"))
    assert not gate.jobs.is_current(job)
    (tmp_path / "ci.toml").unlink()
    with pytest.raises(NotAllowed, match="knows no issuer"):
        gate.let_in(issuer.token(NOW_S))


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ('audience = "https://onloop.example"', "", "acme.audience: Field required"),
        ("at_most = 2", "at_most = 0", ":5: acme.at_most: Input should be greater"),
        ("at_most = 2", "colour = 1", ":5: acme.colour: Extra inputs are not permitted"),
        ("at_most = 2", 'work = "9d"', ":5: acme.work: use more than 0 and at most 24h"),
        ("at_most = 2", 'keys = "x"', "Cannot overwrite a value"),
        ('keys = "https', 'keys = "http', ":4: acme.keys: keys that come over http could be anybody's"),
        ('keys = "https://ci.example/keys"', 'keys = "keys.json"', ":4: acme.keys: it is neither"),
        ('keys = "https://ci', 'keys = "https://a:b@ci', ":4: acme.keys: it is neither"),
        ("ref = [", "ref = [], x = [", "acme.jobs.0.claims.ref: List should have at least 1"),
        ("{repository}", "{owner}", "repositories name {owner}, and claims do not say"),
        ("claims = {repository", "claims = {} #", "at least 1 item"),
        ("[acme]", "[Acme]", "cannot name a CI"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(
    old: str, new: str, why: str, issuer: LocalIssuer, tmp_path: Path
) -> None:
    text = settings(issuer, "https://ci.example/keys")
    assert old in text
    write_settings(tmp_path, text.replace(old, new))

    with pytest.raises(BadInput) as told:
        issuers_in(tmp_path)

    assert why in told.value.message, told.value.message


def test_the_file_is_the_owners_alone(issuer: LocalIssuer, tmp_path: Path) -> None:
    write_settings(tmp_path, settings(issuer, "https://ci.example/keys"))
    (tmp_path / "ci.toml").chmod(0o644)

    with pytest.raises(BadInput, match="is open to others"):
        issuers_in(tmp_path)
