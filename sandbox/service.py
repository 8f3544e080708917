"""The sandbox as a BentoML service: `python -P serving/program.py sandbox.service:Sandbox --port 8090`.

Only the gateway speaks to it. One process: the pools and the line are this process's own.
"""

from __future__ import annotations

import bentoml

from modelmill.quiet import QUIET
from modelmill.settings import load
from sandbox.api import make_app


@bentoml.asgi_app(make_app(load()), path="/")
@bentoml.service(
    name="sandbox",
    workers=1,
    traffic={"timeout": 3600},
    **QUIET,
)
class Sandbox:
    """Runs code in containers; BentoML answers /livez and /readyz."""
