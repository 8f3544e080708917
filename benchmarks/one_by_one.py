"""For benchmarks/serving_speed.py: a released model behind FastAPI alone, asked for one text at a time, in threads; it
searches the same copy of the vectors as the release's service does.
"""

from __future__ import annotations

import os
from typing import Any

from fastapi import FastAPI

from modelmill.settings import load
from modelmill.store import artifacts, database
from modelmill.task import get_task
from serving.mirror import Mirror

settings = load()
task: Any = get_task(os.environ["MILL_BENCHMARK_TASK"])
predictor: Any = task.predictor(artifacts.open_artifact(settings, os.environ["MILL_BENCHMARK_CANDIDATE"]))
mirror = Mirror(lambda: database.engine(settings), predictor.name, predictor.dim)
mirror.copy(settings.tenant)
app = FastAPI()


@app.post("/predict")
def predict(asked: dict[str, Any]) -> dict[str, Any]:
    """As the release's service answers."""
    [output] = predictor.predict([task.input.model_validate(asked["inputs"][0])], mirror.index(settings.tenant))
    return {"outputs": [output.model_dump(mode="json")]}


@app.get("/readyz")
def ready() -> dict[str, bool]:
    """It was loaded before it listened."""
    return {"ready": True}
