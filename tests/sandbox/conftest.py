"""A real engine for every test here. Without one: failed in CI, skipped with the reason on a developer's machine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sandbox_asking import Asking
from sandbox_gateway import Site, site

from modelmill.errors import PrerequisiteError
from modelmill.settings import Settings
from sandbox import engine
from sandbox.languages import all_languages


@pytest.fixture(scope="session")
def api() -> object:
    """The engine with all images."""
    try:
        client = engine.connect()
        engine.require_images(client, [one.image for one in all_languages().values()])
    except PrerequisiteError as error:
        if os.environ.get("CI"):
            pytest.fail(str(error), pytrace=False)
        pytest.skip(str(error))
    return client


@pytest.fixture(scope="session")
def asking(api: object, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asking]:
    """One sandbox for all tests that ask it politely or not."""
    root: Path = tmp_path_factory.mktemp("sandbox")
    made = Asking(Settings(root=root, home=root / ".mill"))  # type: ignore[call-arg]
    yield made
    made.close()


@pytest.fixture(scope="session")
def house(api: object, server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Gateway and sandbox service as programs, for all tests that ask over HTTP; room for 2 runs and 6 that wait."""
    with site(server_url, template, tmp_path_factory.mktemp("site"), sandbox_queue=6) as made:
        yield made
