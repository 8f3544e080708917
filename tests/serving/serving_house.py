"""One installation as real programs: a gateway, a champion whose service runs, a task that nothing was released of."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import httpx
from serving_chain import TASK, add_candidate, add_dataset, add_report
from serving_programs import Programs, until
from sqlalchemy import Engine

from modelmill.deploy import bento
from modelmill.records import Release
from modelmill.settings import Settings
from modelmill.store import releases
from modelmill.store.releases import Promotion
from modelmill.task import get_task

ROUTE = "/api/v1/letter-count"


@dataclass
class House:
    settings: Settings
    db: Engine
    programs: Programs
    url: str
    release: Release
    key: str

    def post(self, body: object, key: str | None = None, route: str = ROUTE, **more: object) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.post(self.url + route, json=body, headers=headers, timeout=20, **more)  # type: ignore[arg-type]

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url + path, headers={"X-API-Key": self.key}, timeout=20)

    def serve_release(self, release: Release, folder: Path) -> subprocess.Popen[bytes]:
        port = self.settings.release_port(release.number)
        assert release.bento_tag
        program = self.programs.serve(release.bento_tag, port, cwd=folder)
        until(
            lambda: httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 200, 60, lambda: self.programs.log(port)
        )
        return program


def promote(settings: Settings, db: Engine, folder: Path, letters: str) -> Release:
    data = add_dataset(db, letters)
    model = add_candidate(settings, db, folder / f"model-{letters}", data, letters)
    tag = bento.build(settings, get_task(TASK), model)
    with db.begin() as conn:
        return releases.promote(conn, Promotion(TASK, model, data, add_report(db, model, data), tag, letters)).release


def refused(answer: httpx.Response, status: int, words: str = "") -> httpx.Response:
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    assert set(answer.json()["error"]) == {"failed", "allowed", "found", "next"}
    assert all(answer.json()["error"].values()), answer.text
    assert words in answer.text
    return answer
