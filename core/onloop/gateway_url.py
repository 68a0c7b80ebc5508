"""What `ONLOOP_URL` may name, for whoever may load nothing else: a gateway's socket, or one over HTTPS.

Plain HTTP is for this machine alone: whoever is between could read the credentials.
"""

from __future__ import annotations

PORTS = {"https": 443, "http": 80}
LONGEST_URL = 300
_HOST = frozenset("abcdefghijklmnopqrstuvwxyz0123456789-._")
_ADDRESS = frozenset("0123456789abcdef:.")


def is_over_http(url: str) -> bool:
    """Whether the URL is meant to name a gateway over HTTP or HTTPS, whether or not it is a good one."""
    return url[:8].lower().startswith(("http:", "https:"))


def place_of(url: str) -> tuple[str, str, int]:
    """The scheme, host and port of `https://HOST[:PORT]`; ValueError says in words what is wrong with it."""
    scheme, _, rest = url.partition("://")
    scheme = scheme.lower()
    if scheme not in PORTS or len(url) > LONGEST_URL:
        raise ValueError("it is not https://HOST:PORT")
    host, port = _parts(rest.removesuffix("/").lower())
    if not port:
        port = str(PORTS[scheme])
    if not (port.isascii() and port.isdigit() and len(port) <= 5 and 0 < int(port) <= 65535):
        raise ValueError("its port is not a number from 1 to 65535")
    if scheme == "http" and not is_loopback(host):
        raise ValueError("plain http is for 127.0.0.1 alone: others could read what is sent")
    return scheme, host, int(port)


def _parts(rest: str) -> tuple[str, str]:
    """The host and the port of what stands behind the scheme; no user, path or query may stand there."""
    if rest.startswith("["):
        host, closing, port = rest[1:].partition("]")
        good, separator, port = bool(closing) and bool(host) and set(host) <= _ADDRESS, port[:1], port[1:]
    else:
        host, separator, port = rest.partition(":")
        good = bool(host) and set(host) <= _HOST and not host.startswith(("-", "."))
    if not good or separator not in {"", ":"} or bool(separator) != bool(port) or not set("@/?#").isdisjoint(rest):
        raise ValueError("only https://HOST:PORT is expected, without a user, a path or a query")
    return host, port


def is_loopback(host: str) -> bool:
    """Whether the host is this machine, by its name or address alone."""
    if host in {"localhost", "::1"}:
        return True
    parts = host.split(".")
    return len(parts) == 4 and parts[0] == "127" and all(part.isdigit() and int(part) < 256 for part in parts)


def host_header(host: str, port: int) -> str:
    """A host and port as a request names them."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def plain_url(url: str) -> str:
    """The URL as it is compared and shown, its port always named; ValueError as `place_of`."""
    scheme, host, port = place_of(url)
    return f"{scheme}://{host_header(host, port)}"
