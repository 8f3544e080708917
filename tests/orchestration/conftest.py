"""A real Dagster instance in the test's own database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from dagster import DagsterInstance

from modelmill.settings import Settings
from orchestration import instance


@pytest.fixture
def dagster(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[DagsterInstance]:
    for name, value in instance.environment(settings).items():
        monkeypatch.setenv(name, value)
    with instance.connect(settings) as made:
        yield made
