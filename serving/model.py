"""A released model as a small app: loads in the background, answers in batches, says why it does not.

A model that was altered on the disk is refused at load and the service stays up, not ready, saying so: the gateway then
asks the release behind it. Loading is tried again, because a store can be restored.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import anyio.to_thread
from pydantic import BaseModel
from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from modelmill.errors import MillError, PrerequisiteError
from modelmill.failures import explained
from modelmill.inference.batches import WHOLE
from modelmill.settings import Settings, load
from modelmill.store import artifacts, database
from modelmill.store.publications import Stamp
from modelmill.task import Index, Predictor, Task, get_task
from serving.batcher import Batcher, in_thread, shared
from serving.mirror import Mirror
from serving.problems import add_handlers

LOG = logging.getLogger("bentoml.release")
ABOUT = Path(__file__).resolve().parent.parent / "release.json"
BATCH = 32  # inputs the model sees at once: more gain nothing on a CPU and make the first ones wait
AT_ONCE = len(os.sched_getaffinity(0))  # batches: what a core does in Python, another one does of the next in OpenVINO
RETRY_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class One:
    """One input on its way to the model."""

    tenant: str
    input: BaseModel
    searched: Stamp | None = None


class Model:
    """Knows at once which release it is; has its predictor when it is loaded."""

    def __init__(self) -> None:
        self.about: Mapping[str, str] = json.loads(ABOUT.read_bytes()) if ABOUT.is_file() else {}
        self.predictor: Predictor | None = None
        self.settings: Settings | None = None
        self.mirror: Mirror | None = None
        self.failed: MillError = _loading()
        self.ask = Batcher(in_thread(self._predict), BATCH, AT_ONCE, WHOLE)

    @property
    def ready(self) -> bool:
        """Whether it answers."""
        return self.predictor is not None

    @property
    def task(self) -> Task:
        """The task whose question it answers."""
        return get_task(self.about["task"])

    async def keep_loading(self) -> None:
        """Until it is loaded."""
        while not self.ready:
            try:
                await anyio.to_thread.run_sync(self.load)
            except MillError as error:
                self.failed = error
            except SQLAlchemyError as error:
                self.failed = explained(error)
            except Exception as error:  # noqa: BLE001  (whatever a library throws at a bad model: it is not ready)
                self.failed = _not_loaded(error)
            if not self.ready:
                LOG.error("not loaded, next try in %.0f s: %s", RETRY_SECONDS, self.failed)
                await asyncio.sleep(RETRY_SECONDS)

    def load(self) -> None:
        """Verify the artifact, load the predictor and ask it the task's sample, so that nobody waits for a first answer
        (measured .4 s against .05 s) and what cannot answer is not ready. Raises PrerequisiteError, DataError.
        """
        if not self.about:
            raise _no_bento()
        self.settings = load()
        predictor = self.task.predictor(artifacts.open_artifact(self.settings, self.about["candidate_sha256"]))
        served = getattr(predictor, "served", None)
        predictor = served() if served else predictor
        sample = self.task.input.model_validate(dict(self.task.sample))
        # Of this one: what a load that failed left knows a predictor that is gone.
        self.mirror = self._mirror(predictor)
        predictor.predict([sample], self._index(self.settings.tenant))
        self.predictor = predictor

    def _predict(self, batch: Sequence[One]) -> list[BaseModel]:
        """One call of the predictor a tenant: each sees its own units only."""
        assert self.predictor is not None
        outputs: dict[int, BaseModel] = {}
        for tenant in {one.tenant for one in batch}:
            mine = [place for place, one in enumerate(batch) if one.tenant == tenant]
            index = self._index(tenant, shared(batch[place].searched for place in mine))
            found = self.predictor.predict([batch[place].input for place in mine], index)
            outputs.update(zip(mine, found, strict=True))
        return [outputs[place] for place in range(len(batch))]

    def _mirror(self, encoder: Any) -> Mirror | None:
        if not self.task.indexes:
            return None
        return Mirror(self._db, encoder.name, encoder.dim, know=getattr(encoder, "know", None))

    def _index(self, tenant: str, told: Stamp | None = None) -> Index | None:
        return self.mirror.index(tenant, told) if self.mirror else None

    def _db(self) -> Engine:
        assert self.settings is not None
        return database.engine(self.settings)


def make_app(model: Model) -> Starlette:
    """GET /about; /predict is `serving.predicting`. Without FastAPI: importing it is a tenth of a release's start."""

    @asynccontextmanager
    async def running(_app: Starlette) -> AsyncGenerator[None, None]:
        loading = asyncio.create_task(model.keep_loading())
        yield
        loading.cancel()
        with suppress(asyncio.CancelledError):
            await loading

    async def about(_request: Request) -> JSONResponse:
        """Which release, and why it is not ready if it is not."""
        error = None if model.ready else model.failed.as_dict()
        return JSONResponse({**model.about, "ready": model.ready, "error": error})

    app = Starlette(routes=[Route("/about", about)], lifespan=running)
    add_handlers(app)
    return app


def _loading() -> PrerequisiteError:
    return PrerequisiteError(
        "the model is not loaded yet", allowed="a loaded model", found="it is loading", next="ask again in some seconds"
    )


def _not_loaded(error: Exception) -> PrerequisiteError:
    return PrerequisiteError(
        "the model could not be loaded",
        allowed="an artifact that its task's predictor reads",
        found=f"{type(error).__name__}: {error}"[:300],
        next="mill doctor; then mill rollback TASK, or mill run --force",
    )


def _no_bento() -> PrerequisiteError:
    return PrerequisiteError(
        "this service does not know which release it is",
        allowed=f"a Bento built by `mill deploy`, which has {ABOUT.name} at its root",
        found=f"no {ABOUT}",
        next="serve the exact tag that `mill releases` shows",
    )
