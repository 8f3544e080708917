"""The installation that the tests of a module ask over HTTP."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

import httpx
import pytest
from ports import free_port
from serving_house import House, promote
from serving_programs import Programs, tiny_tasks, until
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from modelmill.settings import Settings
from modelmill.store import database, keys


@pytest.fixture(scope="module")
def house(server_url: str, template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("house")
    name = f"mill_house_{uuid.uuid4().hex[:8]}"
    admin = create_engine(make_url(server_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
    with pytest.MonkeyPatch.context() as patch, tiny_tasks():
        patch.setenv("MILL_ROOT", str(folder))
        patch.setenv("MILL_DATABASE_URL", url)
        settings = Settings(root=folder, release_port_base=free_port(9))  # type: ignore[call-arg]
        db = database.engine(settings)
        programs = Programs(settings, folder)
        try:
            release = promote(settings, db, folder, "aeiou")
            key = keys.create(settings, db, "app", ["predict", "feedback"]).secret
            port = free_port()
            programs.serve("serving.gateway:Gateway", port, tiny=True)
            made = House(settings, db, programs, f"http://127.0.0.1:{port}", release, key)
            made.serve_release(release, folder)
            until(lambda: httpx.get(made.url + "/readyz").status_code == 200, 60, lambda: programs.log(port))
            yield made
        finally:
            programs.end_all()
            db.dispose()
            with admin.connect() as conn:
                conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            admin.dispose()
