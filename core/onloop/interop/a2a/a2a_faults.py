"""PURE: what A2A calls errors, with its codes, and how each is told in JSON-RPC."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

from onloop.text import safe

DOMAIN = "a2a-protocol.org"
_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


class A2aFault(Enum):
    """An error by its code in JSON-RPC, its reason, and what the specification says in words."""

    PARSE = (-32700, "JSON_PARSE", "Invalid JSON payload")
    REQUEST = (-32600, "INVALID_REQUEST", "Request payload validation error")
    METHOD = (-32601, "METHOD_NOT_FOUND", "Method not found")
    PARAMS = (-32602, "INVALID_PARAMS", "Invalid parameters")
    INTERNAL = (-32603, "INTERNAL", "Internal error")
    NOT_FOUND = (-32001, "TASK_NOT_FOUND", "Task not found")
    NOT_CANCELABLE = (-32002, "TASK_NOT_CANCELABLE", "Task cannot be canceled")
    NO_PUSH = (-32003, "PUSH_NOTIFICATION_NOT_SUPPORTED", "Push notifications are not supported")
    UNSUPPORTED = (-32004, "UNSUPPORTED_OPERATION", "This operation is not supported")
    CONTENT_TYPE = (-32005, "CONTENT_TYPE_NOT_SUPPORTED", "Incompatible content types")
    VERSION = (-32009, "VERSION_NOT_SUPPORTED", "Protocol version not supported")
    DENIED = (-32098, "PERMISSION_DENIED", "Not allowed")
    PROOF = (-32099, "PROOF_REQUIRED", "A person's code over this operation is required")

    @property
    def code(self) -> int:
        """Its number."""
        return self.value[0]

    @property
    def reason(self) -> str:
        """Its name."""
        return self.value[1]

    @property
    def message(self) -> str:
        """What the specification says of it."""
        return self.value[2]


class A2aProblem(Exception):
    """A request that is answered with an error: `field` is the parameter that is wrong, `more` what else is told."""

    def __init__(
        self, fault: A2aFault, words: str = "", *, field: str = "", more: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(words or fault.message)
        self.fault, self.words, self.field, self.more = fault, safe(words, 500), safe(field, 100), more

    def body(self) -> dict[str, Any]:
        """The error as JSON-RPC tells it."""
        told: list[dict[str, Any]] = [{"@type": _INFO, "reason": self.fault.reason, "domain": DOMAIN}]
        if self.words:
            told[0]["metadata"] = {"detail": self.words}
        if self.field:
            told.append({"@type": _BAD_REQUEST, "fieldViolations": [{"field": self.field, "description": self.words}]})
        if self.more is not None:
            told.append({"@type": "onloop.dev/a2a/v1", **self.more})
        return {"code": self.fault.code, "message": self.fault.message, "data": told}
