"""Webhooks of the test forge: signed, with GitHub's headers, in the order of what happened; every delivery is kept."""

from __future__ import annotations

import hashlib
import hmac
import json
import queue
import threading
import urllib.error
import urllib.request
import uuid
from dataclasses import dataclass, field

from support.forge.forge_world import Json

HOOK_S = 10.0


@dataclass
class Delivery:
    """One delivery to one hook: what was sent, and with which status it was taken (0 if nobody answered)."""

    id: str
    event: str
    url: str
    secret: str
    body: bytes
    status: int | None = None

    @property
    def headers(self) -> dict[str, str]:
        """As GitHub sends them."""
        signed = hmac.new(self.secret.encode(), self.body, hashlib.sha256).hexdigest()
        old = hmac.new(self.secret.encode(), self.body, hashlib.sha1).hexdigest()
        return {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/test",
            "X-GitHub-Delivery": self.id,
            "X-GitHub-Event": self.event,
            "X-GitHub-Hook-ID": "1",
            "X-Hub-Signature": f"sha1={old}",
            "X-Hub-Signature-256": f"sha256={signed}",
        }

    @property
    def payload(self) -> Json:
        """What it says."""
        said: Json = json.loads(self.body)
        return said


@dataclass
class Hook:
    """Where events are told; all of them, where none is named."""

    url: str
    secret: str
    events: tuple[str, ...] = ()


@dataclass
class Hooks:
    """Sends what happens from a thread of its own, in order."""

    hooks: list[Hook] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    _waiting: queue.Queue[Delivery | None] = field(default_factory=queue.Queue)
    _thread: threading.Thread | None = None

    def tell(self, event: str, payload: Json) -> None:
        """Tell every hook that wants it."""
        body = json.dumps(payload).encode()
        for hook in self.hooks:
            if not hook.events or event in hook.events:
                self.send(Delivery(str(uuid.uuid4()), event, hook.url, hook.secret, body))

    def send(self, delivery: Delivery) -> None:
        """Send it after what waits already."""
        self.deliveries.append(delivery)
        self._waiting.put(delivery)
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def redeliver(self, delivery: Delivery) -> None:
        """Send it once more under the same id, as GitHub's button does."""
        self.send(Delivery(delivery.id, delivery.event, delivery.url, delivery.secret, delivery.body))

    def settle(self) -> None:
        """Wait until everything was sent."""
        self._waiting.join()

    def close(self) -> None:
        """Send no more."""
        if self._thread is not None:
            self._waiting.put(None)
            self._thread.join()

    def _run(self) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        while (delivery := self._waiting.get()) is not None:
            request = urllib.request.Request(delivery.url, delivery.body, delivery.headers, method="POST")  # noqa: S310
            try:
                with opener.open(request, timeout=HOOK_S) as got:
                    delivery.status = got.status
            except urllib.error.HTTPError as no:
                delivery.status = no.code
                no.close()
            except OSError:
                delivery.status = 0
            finally:
                self._waiting.task_done()
        self._waiting.task_done()
