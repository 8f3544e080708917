"""A release that is tried again until it is loaded, because what it needs may come later than it."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from serving_chain import add_candidate, add_dataset
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

import modelmill.tasks
from modelmill.settings import Settings
from modelmill.task import all_tasks
from serving.model import Model

# Searches by the length of a text: a model that can be checked by hand.
TASK = """
from dataclasses import replace
import numpy as np
from modelmill.tasks import semantic_search

class Lengths:
    name, dim = "lengths", 1

    def __init__(self, path):
        pass

    def know(self, index):
        pass

    def predict(self, inputs, index):
        hits = index.nearest(np.array([[len(one.query)] for one in inputs], dtype=np.float32), 1, {})
        return [semantic_search.Output(results=[], confidence=0.0, alternatives=[]) for _ in hits]

TASK = replace(semantic_search.TASK, name="length_search", predictor=Lengths)
"""


@pytest.fixture
def model(settings: Settings, db: Engine, tmp_path: Path) -> Iterator[Model]:
    """Of the task `length_search`, in this process."""
    (tmp_path / "tasks").mkdir()
    (tmp_path / "tasks" / "length_search.py").write_text(TASK)
    made = Model()
    candidate = add_candidate(settings, db, tmp_path / "model", add_dataset(db))
    made.about = {"task": "length_search", "candidate_sha256": candidate}
    with pytest.MonkeyPatch.context() as found:
        found.setattr(modelmill.tasks, "__path__", [str(tmp_path / "tasks"), *modelmill.tasks.__path__])
        found.setenv("MILL_HOME", str(settings.home_dir))
        all_tasks.cache_clear()
        yield made
    all_tasks.cache_clear()
    del sys.modules["modelmill.tasks.length_search"]


def test_one_that_began_before_its_database_copies_for_the_predictor_that_answers(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the one whose load failed stays in memory, and the words of what is searched are counted for that one."""
    with monkeypatch.context() as away:
        away.setenv("MILL_DATABASE_URL", "postgresql:///none?host=/nowhere")
        with pytest.raises(OperationalError):
            model.load()
    assert not model.ready
    model.load()
    assert model.mirror
    assert model.mirror.know.__self__ is model.predictor  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("url", "words"), [("postgresql:///none?host=/nowhere", "start it"), (None, "mill migrate")], ids=["away", "empty"]
)
def test_a_database_that_is_away_or_empty_is_told_as_that_and_not_as_a_bad_model(
    model: Model, empty: Settings, monkeypatch: pytest.MonkeyPatch, url: str | None, words: str
) -> None:
    assert empty.database_url
    monkeypatch.setenv("MILL_DATABASE_URL", url or empty.database_url.get_secret_value())

    async def look() -> None:
        loading = asyncio.create_task(model.keep_loading())
        while "it is loading" in model.failed.found:
            await asyncio.sleep(0.05)
        loading.cancel()

    asyncio.run(asyncio.wait_for(look(), 30))
    assert not model.ready
    assert model.failed.failed.startswith("the database")
    assert words in model.failed.next
