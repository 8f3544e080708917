"""MLflow's files in the store that machines share: written by one, shown by another, no secret in any place."""

from __future__ import annotations

import json
import logging
import shutil
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import text

from modelmill import backup, doctor, erasure, logs, programs, supervise, tracking
from modelmill.errors import PrerequisiteError
from modelmill.settings import Settings
from modelmill.store import artifacts, bucket, corpora, database, tracked_files

NAMES = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_DEFAULT_REGION",
    "MLFLOW_S3_ENDPOINT_URL",
)
SECRET = "open-sesame"


@pytest.fixture(autouse=True)
def _own_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is told to boto3 by the environment is forgotten after the test."""
    for name in NAMES:
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def on(settings: Settings, url: str) -> Settings:
    return settings.model_copy(update={"store_url": SecretStr(url)})


@pytest.fixture
def first(settings: Settings, s3: str, tmp_path: Path) -> Settings:
    return on(settings, s3.format(tmp_path.name))


@pytest.fixture
def second(first: Settings, tmp_path: Path) -> Settings:
    """Another machine on the same database and bucket, with nothing on its disk."""
    root = tmp_path / "second"
    root.mkdir()
    shutil.copy(first.root / "params.yaml", root)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    return Settings(  # type: ignore[call-arg]
        root=root,
        home=root / ".mill",
        database_url=first.database_url,
        store_url=first.store_url,
        mlflow_port=port,
    )


def tracked(settings: Settings, tmp_path: Path) -> str:
    """A run with a page, a note and a model's description; its id."""
    page = tmp_path / f"letter_count-{'c' * 12}.html"
    page.write_text("<h1>what it got wrong</h1>")
    with tracking.run(settings, "letter_count", "one", params={"lr": 0.1}) as run:
        run.metric("loss", 0.5)
        run.text("seen elsewhere", "notes.md")
        run.artifact(page)
        run.model("letter_count", "c" * 64, {"text": "banana"})
    return run.id


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("s3://team/x", {}),
        ("s3://team/x?region=eu-central-1", {"AWS_DEFAULT_REGION": "eu-central-1"}),
        ("s3://team/x?scheme=http&endpoint_override=minio%3A9000", {"MLFLOW_S3_ENDPOINT_URL": "http://minio:9000"}),
        ("s3://team?endpoint_override=s3.example", {"MLFLOW_S3_ENDPOINT_URL": "https://s3.example"}),
        (
            "s3://me:a%2Fb@team/x?force_virtual_addressing=true",
            {
                "AWS_ACCESS_KEY_ID": "me",
                "AWS_SECRET_ACCESS_KEY": "a/b",
                "AWS_SESSION_TOKEN": "",
                "MLFLOW_BOTO_CLIENT_ADDRESSING_STYLE": "virtual",
            },
        ),
        ("gs://team/x", {}),
        ("file:///shared", {}),
    ],
)
def test_boto3_is_told_what_the_address_says_and_nothing_else(
    settings: Settings, url: str, told: dict[str, str]
) -> None:
    assert tracked_files.environment(on(settings, url)) == told


def test_the_place_of_an_experiment_is_plain(settings: Settings) -> None:
    here = (settings.mlruns_dir / "t").as_uri()
    assert tracked_files.place(settings, "t") == here
    assert tracked_files.place(on(settings, "gs://team/x"), "t") == here, "MLflow reaches it by what is not ours"
    assert tracked_files.place(on(settings, "file:///shared/"), "t") == "file:///shared/mlflow/t"
    assert tracked_files.place(on(settings, "s3://me:secret@team?region=x"), "t") == "s3://team/mlflow/t"


def test_what_one_machine_tracks_lies_in_the_bucket_and_another_reads_and_shows_it(
    first: Settings, second: Settings, tmp_path: Path
) -> None:
    run = tracked(first, tmp_path)
    assert not any(file.is_file() for file in first.root.rglob("mlruns/**/*"))
    mlflow = tracking.client(second)
    assert mlflow.get_run(run).info.artifact_uri == f"s3://team/{tmp_path.name}/mlflow/letter_count/{run}/artifacts"
    names = {one.path for one in mlflow.list_artifacts(run)}
    assert names == {"notes.md", "model", f"letter_count-{'c' * 12}.html"}
    got = Path(mlflow.download_artifacts(run, "notes.md", str(tmp_path)))
    assert got.read_text() == "seen elsewhere"
    assert _shown_by_the_server(second, run, tmp_path / "server.log") == b"seen elsewhere"
    assert SECRET not in (tmp_path / "server.log").read_text()
    with database.engine(first).connect() as conn:
        tables = conn.scalars(text("SELECT tablename FROM pg_tables WHERE schemaname = 'mlflow'")).all()
        assert len(tables) > 20
        for table in tables:
            holds = text(f'SELECT count(*) FROM mlflow."{table}" t WHERE t::text LIKE :said')
            assert conn.scalar(holds, {"said": f"%{SECRET}%"}) == 0, table


def _shown_by_the_server(settings: Settings, run: str, log: Path) -> bytes:
    """A file of the run as MLflow's own server gives it to a browser."""
    ui = programs.mlflow_ui(settings)
    (settings.root / "mlruns").mkdir()
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    with log.open("w") as out:
        server = subprocess.Popen(
            ui.argv, env=supervise.environment(settings), cwd=settings.root, stdout=out, stderr=out
        )
    try:
        for _ in range(240):
            try:
                opener.open(ui.probe, timeout=2).close()
                break
            except OSError:
                assert server.poll() is None, log.read_text()
                time.sleep(0.5)
        page = f"{ui.address}/get-artifact?path=notes.md&run_uuid={run}"
        try:
            with opener.open(page, timeout=30) as reply:
                return reply.read()
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{error.code}: {error.read()[:500]!r}; {log.read_text()[-2000:]}") from error
    finally:
        server.terminate()
        server.wait(20)


def test_an_experiment_that_is_there_keeps_its_place(settings: Settings, s3: str, tmp_path: Path) -> None:
    with tracking.run(settings, "letter_count", "before"):
        pass
    run = tracked(on(settings, s3.format(tmp_path.name)), tmp_path)
    assert (settings.mlruns_dir / "letter_count" / run / "artifacts" / "notes.md").is_file()


def test_a_shared_folder_is_a_place_too(settings: Settings, tmp_path: Path) -> None:
    run = tracked(on(settings, f"file://{tmp_path}/shared"), tmp_path)
    kept = tmp_path / "shared" / "mlflow" / "letter_count" / run / "artifacts" / "notes.md"
    assert kept.read_text() == "seen elsewhere"


@pytest.mark.parametrize("kind", ["s3", "file"])
def test_erasing_a_corpus_deletes_the_frozen_set_and_the_pages_there_too(
    settings: Settings, s3: str, tmp_path: Path, kind: str
) -> None:
    url = s3.format(tmp_path.name) if kind == "s3" else f"file://{tmp_path}/shared"
    now, db = on(settings, url), database.engine(settings)
    database.migrate(now)
    corpora.add(now, db, "shop", str(tmp_path), "MIT", consent=True)
    staging = tmp_path / "staging"
    staging.mkdir()
    (staging / "examples.json").write_text('{"input": "what the shop said"}')
    frozen, folder = artifacts.publish_dir(now, staging, "dataset")
    (staging / "letters.json").write_text("{}")
    model, _ = artifacts.publish_dir(now, staging, "model")
    with db.begin() as conn:
        conn.execute(
            text("INSERT INTO dataset (sha256, task, path, counts, manifest) VALUES (:s, 't', :p, '{}', '{}')"),
            {"s": frozen, "p": str(folder)},
        )
        conn.execute(
            text(
                "INSERT INTO dataset_unit (dataset_sha256, corpus, path, name, unit_sha256, document_sha256, revision,"
                " split) VALUES (:s, 'shop', 'a.py', 'f', 'u', 'd', 'r', 'train')"
            ),
            {"s": frozen},
        )
        conn.execute(
            text(
                "INSERT INTO candidate (sha256, task, dataset_sha256, profile, seed, params, manifest)"
                " VALUES (:c, 't', :s, 'tiny', 1, '{}', '{}')"
            ),
            {"s": frozen, "c": "c" * 64},
        )
    run = tracked(now, tmp_path)
    assert erasure.remove(now, db, "default", "shop", by="a test").counts["files"] >= 2
    with pytest.raises(PrerequisiteError, match="is not in the store"):
        artifacts.open_artifact(now, frozen)
    assert bucket.fetch(now, model, tmp_path / "model"), "a model is marked, not deleted"
    assert {one.path for one in tracking.client(now).list_artifacts(run)} == {"notes.md", "model"}


def test_a_key_in_the_address_is_taken_out_of_every_line_and_out_of_the_backup(
    first: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert first.store_url is not None
    monkeypatch.setenv("MILL_STORE_URL", first.store_url.get_secret_value())
    record = logging.makeLogRecord({"msg": f"could not sign with {SECRET}", "levelname": "ERROR", "created": 0.0})
    assert SECRET not in logs.Lines("test", first.home_dir).format(record)
    for name, value in tracked_files.environment(first).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("MILL_STORE_URL")
    assert SECRET not in logs.Lines("test", first.home_dir).format(record)
    assert SECRET not in json.dumps(backup.plain_settings(first))


def test_without_boto3_it_is_said_before_anything_is_trained(first: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    find = tracked_files.importlib.util.find_spec
    monkeypatch.setattr(tracked_files.importlib.util, "find_spec", lambda name: None if name == "boto3" else find(name))
    with pytest.raises(PrerequisiteError, match="cannot be kept in s3://team") as told:
        tracked(first, first.root)
    assert "modelmill[s3]" in told.value.next and SECRET not in str(told.value)


def test_the_doctor_looks_at_the_store(first: Settings, tmp_path: Path) -> None:
    def store(settings: Settings) -> doctor.Finding:
        return next(one for one in doctor.examine(settings) if one.part == "store")

    found = store(first)
    assert (found.state, SECRET in found.found) == ("ok", False)
    assert first.store_url is not None
    gone = store(on(first, first.store_url.get_secret_value().replace("@team/", "@nobodys/")))
    assert gone.state == "missing" and "no bucket nobodys" in gone.found
