"""What is wrong with a gateway's certificate, and what would work."""

from __future__ import annotations

import time

from onloop.errors import Unavailable
from onloop.times import second_words

_TOO_OLD, _TOO_NEW = 10, 9
"""OpenSSL's numbers: the certificate has expired, or is not valid yet."""

_PEM = "name a file with certificates in PEM"
_OTHER_NAME = frozenset({62, 64})
"""The certificate is for another host, or another address."""


def trouble_with(problem: BaseException, url: str, ca: str) -> Unavailable | None:
    """The error for a certificate that was not believed, or a port that speaks no TLS; None for any other problem."""
    found = _certificate_problem(problem)
    if found is None:
        return _spoken(problem, url, ca)
    code, words = int(getattr(found, "verify_code", 0)), str(getattr(found, "verify_message", ""))[:200]
    now = second_words(time.time_ns() // 1_000_000)
    if code == _TOO_OLD:
        hint = f"renew it at the gateway, which reads its files anew; here it is {now}: check this clock"
        return Unavailable(f"the certificate of {url} has expired", hint=hint)
    if code == _TOO_NEW:
        hint = f"here it is {now}: check this machine's clock"
        return Unavailable(f"the certificate of {url} is not valid yet", hint=hint)
    if code in _OTHER_NAME:
        hint = "set ONLOOP_URL to a name that the certificate holds"
        return Unavailable(f"the certificate of {url} is another host's: {words}", hint=hint)
    against = f"the authorities in {ca}" if ca else "the authorities that this system trusts"
    hint = "ONLOOP_CA=FILE names the certificate of the authority that signed it"
    return Unavailable(f"the certificate of {url} is not vouched for by {against}: {words}", hint=hint)


def _certificate_problem(problem: BaseException) -> BaseException | None:
    """The failed verification behind a problem, however it was wrapped."""
    seen: BaseException | None = problem
    while seen is not None:
        if hasattr(seen, "verify_code"):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def _spoken(problem: BaseException, url: str, ca: str) -> Unavailable | None:
    words = str(problem)
    if any(sign in words for sign in ("WRONG_VERSION_NUMBER", "UNKNOWN_PROTOCOL", "HTTP_REQUEST", "RECORD_LAYER")):
        hint = "check the port in ONLOOP_URL"
        return Unavailable(f"what answers at {url} does not speak TLS", hint=hint)
    if ca and isinstance(problem, FileNotFoundError | PermissionError | IsADirectoryError):
        return Unavailable(f"ONLOOP_CA is {ca}, which cannot be read", hint=_PEM)
    if ca and any(sign in words for sign in ("NO_CERTIFICATE_OR_CRL_FOUND", "PEM lib", "NOT_ENOUGH_DATA")):
        return Unavailable(
            f"ONLOOP_CA is {ca}, which holds no certificate", hint="name a file with certificates in PEM"
        )
    return None
