"""Whose a container is: labels by which any later process sees whether its owner lives and when it must be gone."""

from __future__ import annotations

import time
from collections.abc import Mapping

from modelmill import owner
from sandbox.hardening import IDLE_SECONDS, LABEL

OWNER = f"{LABEL}.owner"
UNTIL = f"{LABEL}.until"
MARGIN_SECONDS = 60


def labels(longest_run: float) -> dict[str, str]:
    """For a container made now by this process."""
    until = time.time() + IDLE_SECONDS + longest_run + MARGIN_SECONDS
    return {LABEL: "sandbox", OWNER: owner.me(), UNTIL: f"{until:.0f}"}


def is_orphan(found: Mapping[str, str]) -> bool:
    """Past its time, or made by a process of this machine that is gone."""
    until = found.get(UNTIL, "0")
    return not until.isdigit() or time.time() > int(until) or owner.lives(found.get(OWNER, "")) is False
