"""Services that do nothing, for benchmarks/serving_speed.py: FastAPI alone, BentoML in its forms, the gateway.

Each is made when it is asked for. GC_LOG: a file that gets a line for each full garbage collection, its milliseconds of
the processor.
"""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from modelmill.quiet import QUIET

ROUTE = "/api/v1/nothing"


def fastapi() -> Any:
    """One route."""
    from fastapi import FastAPI

    app = FastAPI()

    @app.get(ROUTE)
    async def nothing() -> dict[str, bool]:  # pyright: ignore[reportUnusedFunction]
        return {"ok": True}

    return app


def remembered() -> Any:
    """The same, but it embeds a text that it has embedded before."""
    from fastapi import FastAPI

    from modelmill.embed.encoder import load_encoder, remembering
    from modelmill.settings import load

    app, encoder = FastAPI(), remembering(load_encoder(load()))
    gc.collect()
    gc.freeze()  # as serving/program.py does

    @app.get(ROUTE)
    async def embed() -> dict[str, bool]:  # pyright: ignore[reportUnusedFunction]
        return {"ok": len(encoder.encode(["how do I read a file line by line"])) == 1}

    return app


def mounted(**settings: Any) -> Any:
    """The same app in BentoML."""
    import bentoml

    @bentoml.asgi_app(fastapi(), path="/")
    @bentoml.service(name="nothing", workers=1, **settings)
    class Nothing:
        pass

    return Nothing


def method(**settings: Any) -> Any:
    """BentoML's own way: a method is an endpoint (POST)."""
    import bentoml

    @bentoml.service(name="nothing", workers=1, **settings)
    class Nothing:
        @bentoml.api(route=ROUTE)
        async def nothing(self) -> dict[str, bool]:
            return {"ok": True}

    return Nothing


def gateway() -> Any:
    """Ours: key, scope, rates, counters, and then nothing."""
    from serving import gateway, scopes

    @gateway.app.get(ROUTE)
    async def nothing() -> dict[str, bool]:  # pyright: ignore[reportUnusedFunction]
        return {"ok": True}

    gateway.app.router.routes.insert(0, gateway.app.router.routes.pop())  # where the tasks' are
    known = {**scopes.table(), ("GET", ROUTE): scopes.Rule("GET", ROUTE, "predict")}
    scopes.table = lambda: known  # pyright: ignore
    return gateway.Gateway


MAKERS: dict[str, Callable[[], Any]] = {
    "Fastapi": fastapi,
    "Remembered": remembered,
    "Mounted": mounted,
    "Quiet": lambda: mounted(**QUIET),
    "Method": method,
    "Gateway": gateway,
}


def __getattr__(name: str) -> Any:
    if name not in MAKERS:
        raise AttributeError(name)
    made = globals()[name] = MAKERS[name]()
    if file := os.environ.get("GC_LOG"):
        _tell_collections(Path(file))
    return made


def _tell_collections(file: Path) -> None:
    start = 0.0

    def told(phase: str, info: dict[str, int]) -> None:
        nonlocal start
        if phase == "start":
            start = time.thread_time()
        elif info["generation"] == 2:
            with file.open("a") as log:
                log.write(f"{(time.thread_time() - start) * 1000:.1f}\n")

    gc.callbacks.append(told)
