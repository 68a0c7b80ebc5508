"""Who sent a webhook: what each scheme signs, what is forged, replayed, late, or signed under another secret."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from onloop.errors import Ground, NotAllowed
from onloop.triggers.hook_proofs import HookKind, ProvedDelivery, proved, signed
from support.hooked import SECRET, github_headers, standard_headers

KEY = SECRET.encode()
NOW = 1_800_000_000_000
BODY = b'{"type": "x"}'


def lower(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def github(headers: dict[str, str], body: bytes = BODY, secrets: tuple[bytes, ...] = (KEY,)) -> ProvedDelivery:
    return proved(HookKind.GITHUB, lower(headers), body, secrets, NOW)


def standard(headers: dict[str, str], body: bytes = BODY, secrets: tuple[bytes, ...] = (KEY,)) -> ProvedDelivery:
    return proved(HookKind.STANDARD, lower(headers), body, secrets, NOW)


def linear(said: object, secret: bytes = KEY) -> ProvedDelivery:
    body = json.dumps(said).encode()
    tag = {"linear-signature": signed(secret, body).hex(), "linear-delivery": "l-1"}
    return proved(HookKind.LINEAR, tag, body, (KEY,), NOW)


def test_github_signs_the_body_as_its_documentation_says() -> None:
    documented = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    headers = {"X-Hub-Signature-256": f"sha256={documented}"}

    assert github(headers, b"Hello, World!", (b"It's a Secret to Everybody",)).identity.startswith("body:")


def test_the_same_body_under_another_delivery_id_is_the_same() -> None:
    first, second = (github(github_headers(BODY, "push", each)) for each in ("one", "two"))

    assert first.identity == second.identity
    assert (first.id, second.id) == ("one", "two")
    assert github(github_headers(b"{}", "push"), b"{}").identity != first.identity


@pytest.mark.parametrize(
    "told", ["", "sha256=", "sha256=00", "sha1=" + "0" * 64, "sha256=" + "g" * 64, "sha256=" + "0" * 64]
)
def test_github_believes_no_other_signature(told: str) -> None:
    with pytest.raises(NotAllowed, match="nobody vouches") as no:
        github({"X-Hub-Signature-256": told})
    assert no.value.ground is Ground.TOKEN and SECRET not in f"{no.value.message}{no.value.hint}"


def test_linear_has_a_window_of_a_minute_both_ways() -> None:
    assert linear({"webhookTimestamp": NOW - 59_000}).sent_at == NOW - 59_000
    for at in (NOW - 61_000, NOW + 61_000):
        with pytest.raises(NotAllowed, match="says that it was sent 61 s"):
            linear({"webhookTimestamp": at})
    for said in ({}, {"webhookTimestamp": "now"}, {"webhookTimestamp": True}, [1]):
        with pytest.raises(NotAllowed, match="no webhookTimestamp"):
            linear(said)
    with pytest.raises(NotAllowed, match="does not fit"):
        linear({"webhookTimestamp": NOW}, b"another")


def test_standard_webhooks_signs_id_time_and_body_within_five_minutes() -> None:
    headers = standard_headers(BODY, "msg_1", NOW // 1000 - 299)

    assert standard(headers).identity == "id:msg_1"
    for change in ({"webhook-id": "msg_2"}, {"webhook-timestamp": str(NOW // 1000)}, {"webhook-signature": "v1,xx"}):
        with pytest.raises(NotAllowed):
            standard({**headers, **change})
    with pytest.raises(NotAllowed, match="301 s ago"):
        standard(standard_headers(BODY, "msg_1", NOW // 1000 - 301))


def test_standard_webhooks_takes_any_of_several_signatures_and_secrets_while_one_is_changed() -> None:
    old, new = b"the old secret", b"the new secret"
    at = NOW // 1000
    first, second = (standard_headers(BODY, "m", at, each)["webhook-signature"] for each in (old, new))
    headers = {**standard_headers(BODY, "m", at, old), "webhook-signature": f"v1a,xx {first} {second}"}

    assert (
        standard(headers, secrets=(new,)) == standard(headers, secrets=(old, new)) == standard(headers, secrets=(old,))
    )
    with pytest.raises(NotAllowed):
        standard(headers, secrets=(b"a third secret",))


def test_a_secret_of_standard_webhooks_is_base64_after_its_prefix() -> None:
    documented = b"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    at, body = 1_614_265_330, b'{"test": 2432232314}'
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": str(at),
        "webhook-signature": "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }

    assert proved(HookKind.STANDARD, headers, body, (documented,), at * 1000).id == headers["webhook-id"]


def test_cloudevents_are_proved_by_a_bearer_only_where_that_is_declared() -> None:
    headers = {"authorization": f"Bearer {SECRET}", "ce-id": "1", "ce-source": "/a"}

    assert proved(HookKind.CLOUDEVENTS, headers, BODY, (KEY,), NOW, bearer=True).identity == "id:/a|1"
    with pytest.raises(NotAllowed):
        proved(HookKind.CLOUDEVENTS, headers, BODY, (KEY,), NOW)
    for wrong in ("Bearer x", "Basic x", "", f"Bearer {SECRET}x"):
        with pytest.raises(NotAllowed):
            proved(HookKind.CLOUDEVENTS, {**headers, "authorization": wrong}, BODY, (KEY,), NOW, bearer=True)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "x-hub-signature-256",
                "webhook-id",
                "webhook-timestamp",
                "webhook-signature",
                "linear-signature",
                "authorization",
                "ce-id",
            ]
        ),
        st.text(max_size=90),
    ),
    st.binary(max_size=200),
    st.sampled_from(list(HookKind)),
    st.booleans(),
)
def test_whatever_comes_without_the_secret_is_refused_and_ends_nothing(
    headers: dict[str, str], body: bytes, kind: HookKind, bearer: bool
) -> None:
    with pytest.raises(NotAllowed):
        proved(kind, headers, body, (KEY,), NOW, bearer=bearer)


@given(st.binary(max_size=300), st.integers(0, 299))
def test_one_changed_byte_of_the_body_breaks_every_signature(body: bytes, at: int) -> None:
    changed = bytearray(body or b"x")
    changed[at % len(changed)] ^= 1
    with pytest.raises(NotAllowed):
        github(github_headers(body, "push"), bytes(changed))
    with pytest.raises(NotAllowed):
        standard(standard_headers(body, "m", NOW // 1000), bytes(changed))


def test_base64_of_signatures_is_strict() -> None:
    headers = standard_headers(BODY, "m", NOW // 1000)
    tag = base64.b64decode(headers["webhook-signature"].removeprefix("v1,"))
    with pytest.raises(NotAllowed):
        standard({**headers, "webhook-signature": "v1," + base64.b64encode(tag[:-1]).decode()})
