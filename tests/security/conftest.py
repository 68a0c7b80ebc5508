"""Attacks are tried on shops over a file, as the tests of the gateway have them."""

from __future__ import annotations

from gateway.conftest import durable as durable
