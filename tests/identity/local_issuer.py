"""A CI of a test's own: it signs tokens, and shows its keys at a URL over TLS."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import trustme
from joserfc import jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

KINDS: dict[str, Callable[[str], Any]] = {
    "RS256": lambda name: RSAKey.generate_key(2048, {"kid": name}),
    "ES256": lambda name: ECKey.generate_key("P-256", {"kid": name}),
    "EdDSA": lambda name: OKPKey.generate_key("Ed25519", {"kid": name}),
}


@dataclass
class LocalIssuer:
    """Signs for whoever asks; `shown` counts how often its keys were looked at."""

    url: str = "https://ci.example"
    algorithm: str = "ES256"
    key: Any = field(default_factory=lambda: KINDS["ES256"]("k1"))
    shown: int = 0
    answer: tuple[int, dict[str, str], bytes] | None = None

    @property
    def keys(self) -> bytes:
        """Its public keys."""
        return json.dumps({"keys": [{**self.key.as_dict(private=False), "use": "sig"}]}).encode()

    def rotate(self, name: str, algorithm: str = "ES256") -> None:
        """Sign with another key from now on, and show that one alone."""
        self.key, self.algorithm = KINDS[algorithm](name), algorithm

    def token(self, now_s: int, header: dict[str, Any] | None = None, **claims: Any) -> str:
        """A token as a CI gives it to a job; a claim that is None is left out."""
        told = {
            "iss": self.url,
            "aud": "https://onloop.example",
            "sub": "repo:acme/shop:ref:refs/heads/main",
            "repository": "acme/shop",
            "ref": "refs/heads/main",
            "run_id": "4711",
            "iat": now_s,
            "nbf": now_s,
            "exp": now_s + 300,
            **claims,
        }
        said = {"alg": self.algorithm, "kid": self.key.kid, "typ": "JWT", **(header or {})}
        kept = {name: value for name, value in told.items() if value is not None}
        return jwt.encode(said, kept, self.key, algorithms=[said["alg"]])


@contextmanager
def shown_at(issuer: LocalIssuer, folder: Path) -> Iterator[tuple[str, Path]]:
    """The URL of the issuer's keys while they are shown over TLS, and the file of the authority to believe."""
    authority = trustme.CA()
    trusted = folder / "ci-ca.pem"
    authority.cert_pem.write_to_path(str(trusted))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(issuer))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"https://localhost:{server.server_address[1]}/keys", trusted
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _handler(issuer: LocalIssuer) -> type[BaseHTTPRequestHandler]:
    class Keys(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.shown += 1
            status, headers, body = issuer.answer or (200, {}, issuer.keys)
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    return Keys


def settings(issuer: LocalIssuer, keys: str, ca: Path | None = None, **more: str) -> str:
    """`ci.toml` for the issuer: its jobs of acme's repositories on main may implement there."""
    given = {"issuer": issuer.url, "audience": "https://onloop.example", "keys": keys, **more}
    lines = [f'{name} = "{value}"' for name, value in {**given, **({"ca": str(ca)} if ca else {})}.items()]
    return "\n".join(
        [
            "[acme]",
            *lines,
            "at_most = 2",
            "",
            "[[acme.jobs]]",
            'roles = ["implementer"]',
            'repositories = ["forge.example/{repository}"]',
            'claims = {repository = ["acme/*"], ref = ["refs/heads/main"]}',
            "",
        ]
    )


def write_settings(folder: Path, text: str) -> None:
    """Put the file where a store has it."""
    file = folder / "ci.toml"
    file.write_text(text)
    file.chmod(0o600)
