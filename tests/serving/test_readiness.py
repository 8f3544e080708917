"""What the gateway says and does while a release, the disk or the database is away. The last test ends them all."""

from __future__ import annotations

import os
import time
from pathlib import Path

import httpx
from ports import free_port
from serving_chain import add_candidate, add_dataset, add_report
from serving_house import ROUTE, House, promote, refused
from serving_programs import until
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url

from modelmill.store import releases
from modelmill.store.releases import Promotion


def test_health_and_counters_tell_the_truth(house: House) -> None:
    assert httpx.get(house.url + "/livez").json() == {"status": "alive"}
    assert httpx.get(house.url + "/readyz").json()["releases"] == {"letter_count@1.0.0": True}
    house.post({"text": "x"})
    counted = httpx.get(house.url + "/metrics").text
    assert f'mill_requests_total{{route="{ROUTE}",status="200"}}' in counted
    assert 'mill_release_up{release="letter_count@1.0.0"} 1.0' in counted


def test_a_new_task_whose_release_does_not_answer_yet_takes_the_others_from_nobody_but_a_new_gateway_waits(
    house: House, tmp_path: Path
) -> None:
    task = "intent_classification"
    data = add_dataset(house.db, "new", task)
    model = add_candidate(house.settings, house.db, tmp_path / "new", data, "new", task)
    wish = Promotion(task, model, data, add_report(house.db, model, data, task=task), "not:served", "new")
    with house.db.begin() as conn:
        releases.promote(conn, wish)
    try:
        time.sleep(1.1)  # until the gateway asks for the releases again
        ready = httpx.get(house.url + "/readyz", timeout=10)
        assert (ready.status_code, ready.json()["status"]) == (200, "degraded")
        assert ready.json()["releases"] == {"letter_count@1.0.0": True, f"{task}@1.0.0": False}
        assert f'mill_release_up{{release="{task}@1.0.0"}} 0.0' in httpx.get(house.url + "/metrics").text
        assert house.post({"text": "never asked before it"}).status_code == 200
        refused(house.post({"text": "x"}, route="/api/v1/intent-classification"), 503, "is not ready")
        port = free_port()
        program = house.programs.serve("serving.gateway:Gateway", port, cwd=tmp_path, tiny=True)
        until(
            lambda: httpx.get(f"http://127.0.0.1:{port}/livez").status_code == 200, 60, lambda: house.programs.log(port)
        )
        refused(httpx.get(f"http://127.0.0.1:{port}/readyz", timeout=10), 503, f"no release answers for {task}")
        house.programs.end(program)
        house.programs.started.remove(program)
    finally:
        with house.db.begin() as conn:
            conn.execute(text("DELETE FROM release WHERE task = :task"), {"task": task})
        time.sleep(1.1)
    assert f'mill_release_up{{release="{task}@1.0.0"}}' not in httpx.get(house.url + "/metrics").text


def test_a_release_that_is_down_or_altered_gives_way_to_the_one_kept_warm(house: House, tmp_path: Path) -> None:
    second = promote(house.settings, house.db, tmp_path, "bn")
    port = house.settings.release_port(second.number)
    until(lambda: httpx.get(house.url + "/readyz").json().get("status") == "degraded", 10)
    assert house.post({"text": "banana"}).json()["release"] == "letter_count@1.0.0"
    program = house.serve_release(second, tmp_path)
    until(lambda: house.post({"text": "banana"}).json()["release"] == "letter_count@1.1.0", 10)
    assert house.post({"text": "banana"}).json()["answer"] == {"count": 3}
    house.programs.end(program)  # what it said a moment ago may be said again for a second; this was never asked
    assert house.post({"text": "melon"}).json()["release"] == "letter_count@1.0.0"
    altered = house.settings.artifacts_dir / second.candidate_sha256[:2] / second.candidate_sha256 / "letters.json"
    altered.chmod(0o644)
    altered.write_text('{"letters": "z"}')
    house.programs.serve(second.bento_tag or "", port, cwd=tmp_path)
    until(
        lambda: "letters.json" in httpx.get(f"http://127.0.0.1:{port}/about").text, 60, lambda: house.programs.log(port)
    )
    assert httpx.get(f"http://127.0.0.1:{port}/readyz").status_code == 503
    refused(httpx.post(f"http://127.0.0.1:{port}/predict", json={"tenant": "t", "inputs": [{"text": "x"}]}), 503)
    assert house.post({"text": "banana"}).json()["release"] == "letter_count@1.0.0"


def test_a_full_disk_of_the_database_is_told_as_that_and_not_as_a_database_that_is_away(house: House) -> None:
    full = "RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = '53100'"
    with house.db.begin() as conn:
        conn.execute(text(f"CREATE FUNCTION mill.full() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN {full}; END $$"))
        conn.execute(
            text("CREATE TRIGGER full_disk BEFORE INSERT ON prediction FOR EACH ROW EXECUTE FUNCTION mill.full()")
        )
    try:
        answer = refused(house.post({"text": "banana"}), 503, "the disk is full (where the database lies)")
        assert "No space left" in answer.json()["error"]["found"]
    finally:
        with house.db.begin() as conn:
            conn.execute(text("DROP FUNCTION mill.full() CASCADE"))
    assert house.post({"text": "banana"}).status_code == 200


def test_no_release_and_no_database_are_503_and_not_ready(house: House) -> None:
    for program in house.programs.started[1:]:
        house.programs.end(program)
    answer = refused(house.post({"text": "never asked before"}), 503)
    assert "mill up" in answer.json()["error"]["next"] and answer.headers["Retry-After"]
    refused(httpx.get(house.url + "/readyz"), 503, "letter_count")
    name = make_url(os.environ["MILL_DATABASE_URL"]).database
    admin = create_engine(house.db.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false"))
        conn.execute(text(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
    try:
        time.sleep(2.1)  # until what it remembers is too old
        refused(house.post({"text": "banana"}), 503, "database")
        refused(httpx.get(house.url + "/readyz", timeout=10), 503, "database")
        assert httpx.get(house.url + "/livez").status_code == 200
    finally:
        with admin.connect() as conn:
            conn.execute(text(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true"))
        admin.dispose()
    until(lambda: house.get("/api/v1/models").status_code == 200, 10)
