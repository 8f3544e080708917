"""Corpora of real sources: some modules of the standard library as code, the project's catalog as content."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from data_sources import copy_modules, take_in
from sqlalchemy import Engine

from modelmill.settings import CHECKOUT, Settings


@pytest.fixture
def code(settings: Settings, db: Engine, tmp_path: Path) -> Path:
    """A corpus `code` of some modules, normalized; its folder."""
    folder = copy_modules(tmp_path / "code")
    take_in(settings, db, "code", folder)
    return folder


@pytest.fixture
def catalog(settings: Settings, db: Engine) -> Path:
    """The corpus `catalog` with the frozen evaluation files beside it; its folder."""
    for name in ("catalog", "eval"):
        shutil.copytree(CHECKOUT / "data" / name, settings.data_dir / name)
    take_in(settings, db, "catalog", settings.data_dir / "catalog")
    return settings.data_dir / "catalog"
