"""The lock before the sandbox service: who does not know the secret of this installation is turned away.

On loopback is everybody who has an account on the machine; to run code is not for all of them.
"""

from __future__ import annotations

import hmac

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from modelmill.errors import MillError
from modelmill.settings import Settings
from modelmill.store import keys
from sandbox.contract import SERVICE


class Guard:
    """ASGI middleware, for HTTP and WebSocket."""

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self.app, self.settings = app, settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan" or self._knows(scope):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: HTTP 403
        else:
            await JSONResponse({"error": _turned_away().as_dict()}, 401)(scope, receive, send)

    def _knows(self, scope: Scope) -> bool:
        told = Headers(scope=scope).get("authorization", "")
        return hmac.compare_digest(told.encode(), keys.between(self.settings, SERVICE).encode())


def _turned_away() -> MillError:
    return MillError(
        "the sandbox service did not let the request in",
        allowed="the gateway of the same installation, which knows its secret (home/secrets)",
        found="no secret, or another one",
        next="ask the gateway: POST /api/v1/devlab/execute, with a key",
    )
