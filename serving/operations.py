"""Routes for those who run it: health, counters, documentation. Open: they tell nothing about anybody's data."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
from fastapi import FastAPI, HTTPException, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, RedirectResponse

from modelmill.errors import PrerequisiteError
from modelmill.records import Release
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
        """The database answers, and for every released task a release does; 503 with the reasons otherwise.

        Of a gateway that was ready a new task, of which no release answered yet, makes "degraded", which is 200.
        """
        return await readiness(house)

    @app.get("/metrics", tags=["operations"])
    async def metrics() -> Response:
        """Prometheus's text format."""
        await _look_at_pipeline(house)
        return Response(house.metrics.text(), media_type="text/plain; version=0.0.4; charset=utf-8")

    @app.get("/", include_in_schema=False)
    async def front() -> Response:
        """Whoever opens the address that `mill up` prints looks for what is here."""
        return RedirectResponse("/docs")

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
    """The pipeline's runs, the releases and their drift; without a database only that it is down."""
    try:
        found, drifts = await house.state.runs(), await house.state.drifts()
        answers = await _answers(house, await house.state.live_releases())
    except PrerequisiteError:
        house.metrics.database_up.set(0)
    else:
        house.metrics.database_up.set(1)
        house.metrics.see_runs(*found)
        house.metrics.see_drift(drifts)
        house.metrics.see_releases(answers)


async def _answers(house: House, live: Sequence[Release]) -> dict[str, bool]:
    """By a release's name whether its service answers now."""
    return {release.name: await house.switch.ready(release, fresh=True) for release in live}


async def readiness(house: House) -> dict[str, Any]:
    """ "degraded", still 200: a champion does not answer while the release kept warm behind it does; and a task's first
    release was never seen answering by a gateway that was ready before. It took nothing away from the others: were
    that 503, a new task would shut the door to all of them, in every pod at once.
    """
    with anyio.move_on_after(READY_SECONDS):
        live = await house.state.live_releases()
        answers = await _answers(house, live)
        silent = {one.task for one in live} - {one.task for one in live if answers[one.name]}
        lost = {one.task for one in live if one.task in silent and house.switch.answered(one)}
        dead = lost if house.was_ready else silent
        if not dead:
            house.was_ready = True
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
