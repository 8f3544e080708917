"""Every request has an id: the caller's X-Request-Id if it is a plain one, else a new one. It goes back with the answer
and stands in every log line of the request.

Logged are requests that went wrong; all of them with MILL_LOG_LEVEL=debug, for an access log costs a third of the
throughput. A line says method, route, status and time: no address, no body, no key.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Generator
from contextlib import contextmanager

from starlette.datastructures import Headers

from modelmill import logs

HEADER = "x-request-id"
PLAIN = re.compile(r"[A-Za-z0-9_-]{8,64}")


@contextmanager
def logged(method: str, route: str, headers: Headers, status: list[int]) -> Generator[str]:
    """The request's id; at the end its line. status: filled by whoever answers."""
    start = time.perf_counter()
    given = headers.get(HEADER, "")
    request = given if PLAIN.fullmatch(given) else secrets.token_hex(16)
    with logs.about(request=request):
        try:
            yield request
        finally:
            _tell(method, route, status[0] if status else 500, (time.perf_counter() - start) * 1000)


def _tell(method: str, route: str, status: int, ms: float) -> None:
    level = 40 if status >= 500 else 30 if status >= 400 else 10
    log = logs.logger()
    if log.isEnabledFor(level):
        log.log(level, "%s %s: %d in %.1f ms", method, route, status, ms)
