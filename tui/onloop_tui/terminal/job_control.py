"""Stopping as a program in a shell does, where there is a shell that brings it back."""

from __future__ import annotations

import os
import signal


def has_a_shell() -> bool:
    """Whether a shell with job control started us: it gives every job a process group that is not its own."""
    return os.getpgrp() != os.getsid(0)


def stop_the_job() -> None:
    """Stop all processes of our group, as a terminal does on ^Z."""
    os.killpg(os.getpgrp(), signal.SIGTSTP)
