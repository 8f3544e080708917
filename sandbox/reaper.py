"""Ends containers that nobody owns any more, by their labels: at the start and every half a minute."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from sandbox import owner
from sandbox.hardening import LABEL

EVERY_SECONDS = 30.0
START_SECONDS = 60.0
log = logging.getLogger(__name__)


def reap(api: Any, now: float | None = None) -> list[str]:
    """The ids of the containers that were removed. now: seconds of the epoch, the clock's if left out."""
    from docker.errors import APIError

    removed: list[str] = []
    for found in api.containers(all=True, filters={"label": f"{LABEL}=sandbox"}):
        if owner.is_orphan(found["Labels"]) or _never_began(found, now or time.time()):
            try:
                api.remove_container(found["Id"], force=True)
            except APIError as error:
                if error.status_code not in (404, 409):
                    raise
            removed.append(found["Id"])
    return removed


def _never_began(found: dict[str, Any], now: float) -> bool:
    """Made, and not started in a minute: the engine went away in between. One that ended is removed by the engine."""
    return found["State"] == "created" and now - found["Created"] > START_SECONDS


class Reaper:
    """`reap`, and whatever else is to be looked after, in the background until `stop`."""

    def __init__(self, api: Any, tend: Callable[[], None]) -> None:
        self.api, self.tend = api, tend
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self._run, name="reaper", daemon=True)
        self.thread.start()

    def stop(self) -> None:
        """Returns when it is not at work any more."""
        self.ended.set()
        self.thread.join(timeout=10)

    def _run(self) -> None:
        while not self.ended.wait(EVERY_SECONDS):
            try:
                reap(self.api)
                self.tend()
            except Exception as error:  # noqa: BLE001  (the engine may be restarting; it is tried again)
                log.warning("not reaped: %s", str(error))
