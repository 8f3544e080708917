"""Routes for those who run it: health, counters, documentation. Open: they tell nothing about anybody's data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import anyio
from fastapi import FastAPI, HTTPException, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse

from modelmill.errors import PrerequisiteError
from serving.house import House
from serving.problems import Problem, errors

READY_SECONDS = 3.0
DOCS_FILES = {"swagger-ui.css": "text/css", "swagger-ui-bundle.js": "text/javascript"}


def add_operations(app: FastAPI, house: House) -> None:
    """Add the routes."""

    @app.get("/livez", tags=["operations"])
    async def livez() -> dict[str, str]:
        """The process answers."""
        return {"status": "alive"}

    @app.get("/readyz", tags=["operations"], responses=errors(503))
    async def readyz() -> dict[str, Any]:
        """The database answers, and for every released task a release does; 503 with the reasons otherwise."""
        return await readiness(house)

    @app.get("/metrics", tags=["operations"])
    async def metrics() -> Response:
        """Prometheus's text format."""
        await _look_at_pipeline(house)
        return Response(house.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        """Swagger UI, from the files that come with BentoML: no other host is asked."""
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="modelmill",
            swagger_js_url="/docs/swagger-ui-bundle.js",
            swagger_css_url="/docs/swagger-ui.css",
            swagger_favicon_url="data:,",
        )

    @app.get("/docs/{file}", include_in_schema=False)
    async def docs_file(file: str) -> Response:
        """One of the two files of Swagger UI."""
        if file not in DOCS_FILES:
            raise HTTPException(404)
        return FileResponse(_swagger_folder() / file, media_type=DOCS_FILES[file])


async def _look_at_pipeline(house: House) -> None:
    """The pipeline's runs and the releases' drift; without a database only that it is down."""
    try:
        found, drifts = await house.state.runs(), await house.state.drifts()
    except PrerequisiteError:
        house.metrics.database_up.set(0)
    else:
        house.metrics.database_up.set(1)
        house.metrics.see_runs(*found)
        house.metrics.see_drift(drifts)


async def readiness(house: House) -> dict[str, Any]:
    """A champion that does not answer while the release kept warm behind it does is "degraded", still 200."""
    with anyio.move_on_after(READY_SECONDS):
        live = await house.state.live_releases()
        answers = {release.name: await house.switch.ready(release, fresh=True) for release in live}
        dead = [task for task in {r.task for r in live} if not any(answers[r.name] for r in live if r.task == task)]
        if not dead:
            champions = all(answers[r.name] for r in live if r.status == "champion")
            return {"status": "ready" if champions else "degraded", "database": True, "releases": answers}
        raise _not_ready(f"no release answers for {', '.join(sorted(dead))}")
    raise _not_ready(f"no answer in {READY_SECONDS:.0f} s")


def _not_ready(found: str) -> Problem:
    allowed = "the database and a release of every released task answer"
    return Problem(503, "the gateway is not ready", allowed=allowed, found=found, next="mill up, then mill status")


def _swagger_folder() -> Path:
    import bentoml

    return Path(str(bentoml.__file__)).parent / "_internal" / "server" / "static_content"
