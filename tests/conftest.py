"""Every test gets real parts: a migrated PostgreSQL database and a root folder of its own. Telemetry is off."""

from __future__ import annotations

import gc
import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from modelmill.settings import CHECKOUT, Settings
from modelmill.store import database
from modelmill.store.server import embedded_url

os.environ.setdefault("HF_HUB_OFFLINE", "1")  # the tests' models are bundled or trained here
# By itself it would convert each model, which takes a minute; tests of the engine set it to openvino.
os.environ["MILL_ENGINE"] = "torch"
# Two test sessions may share the cores: threads that wait must not spin, as in what Settings.child_env starts.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
# OpenBLAS's cannot be told so: two of them took 4.8 s of a shared processor for a fit that one does in 0.3 s.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
# What a shell starts in the background ignores Ctrl-C, and so would every program that a test sends it to.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="module", autouse=True)
def _left() -> Iterator[None]:  # pyright: ignore[reportUnusedFunction]
    """What a module's tests leave behind (imports, caches, statements compiled) the collector of garbage need not go
    through at each later look: of 160 s for the tests of intake that took 34.
    """
    yield
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def server_url(tmp_path_factory: pytest.TempPathFactory) -> str:
    """One PostgreSQL a test session: MILL_TEST_DATABASE_URL, or the embedded one. It must start: nothing is skipped."""
    return os.environ.get("MILL_TEST_DATABASE_URL") or embedded_url(tmp_path_factory.mktemp("pg"))


@pytest.fixture(scope="session")
def template(server_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A migrated database that every test's own is copied from (0.1 s instead of 1 s)."""
    name = f"mill_template_{os.getpid()}"  # two sessions may share one server
    _sql(server_url, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name}")
    settings = _settings(tmp_path_factory.mktemp("template"), _with_database(server_url, name))
    database.migrate(settings)
    database.engine(settings).dispose()
    return name


@pytest.fixture
def settings(
    server_url: str, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Iterator[Settings]:
    """Settings of an empty installation: own root, own home, own migrated database. The environment says the same."""
    name = f"mill_t{os.getpid()}_{abs(hash(request.node.nodeid)) % 10**9}"
    _sql(server_url, f"DROP DATABASE IF EXISTS {name}", f"CREATE DATABASE {name} TEMPLATE {template}")
    root = tmp_path / "root"
    root.mkdir()
    shutil.copy(CHECKOUT / "params.yaml", root)
    made = _settings(root, _with_database(server_url, name))
    assert made.database_url is not None
    monkeypatch.setenv("MILL_ROOT", str(root))
    monkeypatch.setenv("MILL_DATABASE_URL", made.database_url.get_secret_value())
    yield made
    database.engine(made).dispose()
    _sql(server_url, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture
def empty(server_url: str, settings: Settings) -> Iterator[Settings]:
    """The same installation on a database in which there is nothing: a test migrates it as far as it likes."""
    assert settings.database_url
    name = f"{make_url(settings.database_url.get_secret_value()).database}_old"
    _sql(server_url, f"CREATE DATABASE {name}")
    made = _settings(settings.root, _with_database(server_url, name))
    yield made
    database.engine(made).dispose()
    _sql(server_url, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def db(settings: Settings) -> Engine:
    """The engine on the test's own database."""
    return database.engine(settings)


def _settings(root: Path, url: str) -> Settings:
    return Settings(root=root, home=root / ".mill", database_url=url, profile="tiny", seed=17)  # type: ignore[arg-type]


def _with_database(url: str, name: str) -> str:
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def _sql(url: str, *statements: str) -> None:
    admin = create_engine(make_url(url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        for statement in statements:
            conn.execute(text(statement))
    admin.dispose()
