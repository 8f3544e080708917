"""Ends containers that nobody owns any more, by their labels: at the start and every half a minute."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from sandbox import engine, owner
from sandbox.hardening import LABEL

EVERY_SECONDS = 30.0
START_SECONDS = 60.0
log = logging.getLogger(__name__)


def reap(api: Any, now: float | None = None) -> list[str]:
    """The ids of the containers that are gone, or on their way. now: seconds of the epoch, the clock's if left out.

    One that the engine cannot remove is logged, and keeps no other from it. Raises the engine's errors when it is away.
    """
    every = api.containers(all=True, filters={"label": f"{LABEL}=sandbox"})
    dead = [one for one in every if owner.is_orphan(one["Labels"]) or _is_over(one, now or time.time())]
    return [one["Id"] for one in dead if _remove(api, one["Id"])]


def _remove(api: Any, container_id: str) -> bool:
    from docker.errors import APIError
    from requests.exceptions import ReadTimeout

    try:
        engine.removed(api, container_id)
    except (APIError, ReadTimeout) as error:
        log.warning("container %s was not removed: %s", container_id[:12], str(error))
        return False
    return True


def _is_over(found: dict[str, Any], now: float) -> bool:
    """Ended, and the engine, which removes such by itself, may have failed in that; or made, and not started in a
    minute: the engine went away in between."""
    if found["State"] == "created":
        return now - found["Created"] > START_SECONDS
    return found["State"] in ("exited", "removing", "dead")


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
                self.tend()
                reap(self.api)
            except Exception as error:  # noqa: BLE001  (the engine may be restarting; it is tried again)
                log.warning("not reaped: %s", str(error))
