"""Ends containers that nobody owns any more, by their labels: at the start and every half a minute."""

from __future__ import annotations

import logging
import threading
from typing import Any

from sandbox import owner
from sandbox.hardening import LABEL

EVERY_SECONDS = 30.0
log = logging.getLogger(__name__)


def reap(api: Any) -> list[str]:
    """The ids of the containers that were removed."""
    from docker.errors import APIError

    removed: list[str] = []
    for found in api.containers(all=True, filters={"label": f"{LABEL}=sandbox"}):
        if owner.is_orphan(found["Labels"]):
            try:
                api.remove_container(found["Id"], force=True)
            except APIError as error:
                if error.status_code not in (404, 409):
                    raise
            removed.append(found["Id"])
    return removed


class Reaper:
    """`reap` in the background until `stop`."""

    def __init__(self, api: Any) -> None:
        self.api = api
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
            except Exception as error:  # noqa: BLE001  (the engine may be restarting; it is tried again)
                log.warning("not reaped: %s", error)
