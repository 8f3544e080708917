"""Routes about what is known: the models, the way back of an answer, and what users said of answers."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import FastAPI, Request, Security
from fastapi.security import HTTPBearer
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError
from sqlalchemy import Engine

from modelmill import lineage
from modelmill.errors import UserError
from modelmill.records import Release
from modelmill.store import predictions
from modelmill.store.keys import Key
from modelmill.store.predictions import Verdict
from modelmill.task import Task, all_tasks
from serving import problems
from serving.house import House
from serving.problems import errors
from serving.scopes import API

LINEAGE_LIMIT = 500
CORRECTION_CHARS = 10_000  # a label has 50, the text and place of a search's hit some thousands


def _bounded(correction: dict[str, Any]) -> dict[str, Any]:
    if len(json.dumps(correction, ensure_ascii=False)) > CORRECTION_CHARS:
        raise PydanticCustomError("too_long", "at most {most} characters of JSON", {"most": CORRECTION_CHARS})
    return correction


class FeedbackInput(BaseModel):
    """What the user says of an answer. correction: what would have been right, in the task's own output fields."""

    model_config = ConfigDict(extra="forbid")

    prediction_id: uuid.UUID
    verdict: Verdict
    correction: Annotated[dict[str, Any], AfterValidator(_bounded)] | None = None
    comment: str = Field("", max_length=2000)


class Accepted(BaseModel):
    """The feedback is stored."""

    prediction_id: uuid.UUID
    verdict: Literal["right", "wrong"]


def add_records(app: FastAPI, house: House) -> None:
    """Add the routes."""
    secured: dict[str, Any] = {"dependencies": [Security(HTTPBearer(auto_error=False))], "tags": ["records"]}

    @app.get(f"{API}/models", responses=errors(401, 403), **secured)
    async def models(request: Request) -> dict[str, Any]:
        """The tasks, which release answers for each, and whether its service runs."""
        live = await house.state.live_releases()
        return {"models": [await _model(house, task, live) for task in all_tasks().values()]}

    @app.get(f"{API}/lineage/{{prediction_id}}", responses=errors(401, 403, 404), **secured)
    async def walk_back(prediction_id: uuid.UUID, request: Request, limit: int = 50) -> dict[str, Any]:
        """The way back of an answer: release, candidate, dataset, units, files, revisions. At most `limit` of each."""
        key: Key = request.state.key
        bounded = min(max(limit, 1), LINEAGE_LIMIT)
        return await _known(house, lambda db: lineage.lineage(db, prediction_id, bounded, key.tenant))

    @app.post(f"{API}/feedback", responses=errors(401, 403, 404, 422), **secured)
    async def feedback(body: FeedbackInput, request: Request) -> Accepted:
        """Say whether an answer was right. Said again with the same key, the newer word counts."""
        key: Key = request.state.key
        said = (body.prediction_id, body.verdict, body.correction, body.comment)
        await _known(house, lambda db: predictions.give_feedback(db, key.tenant, key.prefix, *said))
        return Accepted(prediction_id=body.prediction_id, verdict=body.verdict)


async def _model(house: House, task: Task, live: list[Release]) -> dict[str, Any]:
    mine = sorted((r for r in live if r.task == task.name), key=lambda r: r.status != "champion")
    return {
        "task": task.name,
        "title": task.title,
        "question": task.question,
        "route": f"{API}/{task.route}",
        "sample": dict(task.sample),
        "releases": [
            {
                "release": release.name,
                "status": release.status,
                "candidate_sha256": release.candidate_sha256,
                "dataset_sha256": release.dataset_sha256,
                "bento": release.bento_tag,
                "created_at": release.created_at.isoformat(),
                "answers": await house.switch.ready(release),
            }
            for release in mine
        ],
    }


async def _known(house: House, question: Callable[[Engine], Any]) -> Any:
    """A prediction that is not there is 404, not 400."""
    try:
        return await house.state.ask(question)
    except UserError as error:
        raise problems.of(error, 404) from error
