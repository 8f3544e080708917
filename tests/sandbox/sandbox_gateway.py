"""A gateway and a sandbox service as real programs, on free ports, with a database of their own."""

from __future__ import annotations

import json
import signal
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import httpx
import psutil
from ports import free_port
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from modelmill.programs import served
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import database, keys


@dataclass
class Site:
    """Both programs; `sandbox` may be ended and started by a test."""

    settings: Settings
    db: Engine
    folder: Path
    port: int
    environment: dict[str, str]
    key: str = ""
    programs: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"}

    def start(self, name: str, what: str, port: int) -> None:
        argv = served(what, "127.0.0.1", port)
        with (self.folder / f"{name}.log").open("ab") as log:
            self.programs[name] = subprocess.Popen(
                argv, env=self.environment, cwd=CHECKOUT, stdout=log, stderr=log, start_new_session=True
            )
        end = time.monotonic() + 180
        while time.monotonic() < end:
            try:
                httpx.get(f"http://127.0.0.1:{port}/livez")
                return
            except httpx.HTTPError:
                time.sleep(0.1)
        raise AssertionError((self.folder / f"{name}.log").read_text(errors="replace")[-3000:])

    def start_gateway(self) -> None:
        self.start("gateway", "serving.gateway:Gateway", self.port)

    def start_sandbox(self) -> None:
        self.start("sandbox", "sandbox.service:Sandbox", self.settings.sandbox_port)

    @property
    def recorded(self) -> list[str]:
        """The reasons of all runs there are records of and that have ended, the newest first."""
        wanted = "SELECT reason FROM mill.execution WHERE status <> 'running' ORDER BY created_at DESC"
        with self.db.connect() as conn:
            return list(conn.execute(text(wanted)).scalars())

    @property
    def running(self) -> list[str]:
        """The ids of the records whose end is not known yet."""
        with self.db.connect() as conn:
            found = conn.execute(text("SELECT id FROM mill.execution WHERE status = 'running'"))
            return [str(one) for one in found.scalars()]

    def end(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        """The program and what it started."""
        program = self.programs.pop(name)
        every = [*psutil.Process(program.pid).children(recursive=True), psutil.Process(program.pid)]
        for one in every if number == signal.SIGKILL else every[-1:]:
            one.send_signal(number)
        _, left = psutil.wait_procs(every, 20)
        for one in left:
            one.kill()
        program.wait(10)

    def record(self, execution: str) -> dict[str, Any]:
        """What is kept of a run."""
        answer = httpx.get(f"{self.url}/api/v1/devlab/executions/{execution}", headers=self.headers)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def post(self, body: object, **more: object) -> httpx.Response:
        given = {"headers": self.headers, "timeout": 120} | more
        if isinstance(body, bytes):
            given["headers"] = {**self.headers, "Content-Type": "application/json"}
            return httpx.post(f"{self.url}/api/v1/devlab/execute", content=body, **given)  # type: ignore[arg-type]
        return httpx.post(f"{self.url}/api/v1/devlab/execute", json=body, **given)  # type: ignore[arg-type]


@contextmanager
def site(server_url: str, template: str, folder: Path, **more: object) -> Iterator[Site]:
    name = f"mill_site_{uuid.uuid4().hex[:8]}"
    admin = create_engine(make_url(server_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
    settings = Settings(root=folder, database_url=url, sandbox_port=free_port(), sandbox_warm=1, **more)  # type: ignore[arg-type]
    told = {f"MILL_{key.upper()}": str(value) for key, value in more.items()}
    environment = {
        **{**settings.child_env(), "MILL_DATABASE_URL": url, "MILL_SANDBOX_WARM": "1"},
        **{"MILL_SANDBOX_PORT": str(settings.sandbox_port), **told},
    }
    db = database.engine(settings)
    made = Site(settings, db, folder, free_port(), environment)
    try:
        made.key = keys.create(settings, db, "app", ["execute"]).secret
        made.start_gateway()
        made.start_sandbox()
        yield made
    finally:
        for program in list(made.programs):
            made.end(program)
        db.dispose()
        with admin.connect() as conn:
            conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()


def one(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    [result] = answer.json()["results"]
    return result


def refused(answer: httpx.Response, status: int, words: str = "") -> dict[str, str]:
    assert answer.status_code == status, (answer.status_code, answer.text)
    parts = answer.json()["error"]
    assert set(parts) == {"failed", "allowed", "found", "next"}
    assert words in answer.text
    return parts


async def converse(house: Site, first: Any, *answers: Callable[[dict[str, Any]], list[Any]]) -> list[dict[str, Any]]:
    """All events of a stream. Each of `answers` gets one event, when it comes, and says what is sent then."""
    left = list(answers)
    events: list[dict[str, Any]] = []
    where = f"{house.url}/api/v1/devlab/execute/stream"
    async with aiohttp.ClientSession() as client, client.ws_connect(where, headers=house.headers) as socket:
        await socket.send_str(first if isinstance(first, str) else json.dumps(first))
        async for message in socket:
            events.append(message.json())
            for word in left.pop(0)(events[-1]) if left else ():
                await socket.send_json(word)
    return events


def say(*words: Any) -> Callable[[dict[str, Any]], list[Any]]:
    """Whatever the event was."""
    return lambda _event: list(words)
