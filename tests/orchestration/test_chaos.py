"""Killed at random moments, from a seed: nothing half done is ever seen, nothing committed is lost, and the next run
gives what an undisturbed one gives. `make chaos` is the whole form (MILL_CHAOS=whole); numbers: docs/experiments.md.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from dagster import DagsterInstance, DagsterRunStatus
from sqlalchemy import Engine, text

from modelmill.errors import DataError
from modelmill.settings import CHECKOUT, Settings
from modelmill.store import artifacts, corpora, heartbeats, publications
from orchestration import reaper

WHOLE = os.environ.get("MILL_CHAOS") == "whole"
SEED = int(os.environ.get("MILL_CHAOS_SEED", "17"))
KILLS = 500 if WHOLE else 40
ROUNDS = 10 if WHOLE else 1
STAGES = ("documents", "units", "vectors")
HERE = Path(__file__).parent


def test_writers_killed_in_mid_publish_leave_nothing_torn_and_an_old_token_publishes_nothing(
    settings: Settings, db: Engine
) -> None:
    argv = [sys.executable, str(HERE / "chaos_publisher.py"), str(KILLS), str(SEED)]
    environment = {**os.environ, "MILL_HOME": str(settings.home_dir)}
    done = subprocess.run(argv, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    with db.connect() as conn:
        rows = conn.execute(text("SELECT token, sha256 FROM publication WHERE asset = 'chaos' ORDER BY id")).all()
        partial = conn.execute(
            text(
                "SELECT count(*) FROM (SELECT d.sha256 FROM dataset d LEFT JOIN dataset_unit u ON u.dataset_sha256 = "
                "d.sha256 GROUP BY d.sha256 HAVING count(u.name) <> 50 OR NOT EXISTS "
                "(SELECT FROM publication p WHERE p.sha256 = d.sha256)) x"
            )
        ).scalar_one()
    tokens = [row.token for row in rows]
    print(f"{KILLS} writers killed, {told['woken']} woken, {len(rows)} publications, seed {SEED}")
    assert told["woken"] and len(rows) > KILLS / 10, "hardly anything was under way when it was killed"
    assert partial == 0
    assert tokens == sorted(set(tokens)), "an orphan with an old token has published"
    assert set(told["committed"]) <= set(tokens), "what was committed is lost"
    for row in rows:
        artifacts.open_artifact(settings, row.sha256)
    for folder in settings.artifacts_dir.glob("??/*"):
        artifacts.verify(folder, folder.name)


def corrupt(rng: random.Random, path: Path) -> None:
    """One random harm to one random file: a bit, the end, more, nothing, another name, a link."""
    file = rng.choice([one for one in path.rglob("*") if one.is_file()])
    content = file.read_bytes()
    file.chmod(0o644)
    harm = rng.choice(("bit", "cut", "more", "gone", "renamed", "link", "zeros"))
    at = rng.randrange(len(content))
    if harm == "bit":
        file.write_bytes(content[:at] + bytes([content[at] ^ (1 << rng.randrange(8))]) + content[at + 1 :])
    elif harm == "cut":
        file.write_bytes(content[:at])
    elif harm == "more":
        file.write_bytes(content + b" ")
    elif harm == "gone":
        file.unlink()
    elif harm == "renamed":
        file.rename(file.with_name("other.json"))
    elif harm == "link":
        moved = path.parent / "moved"
        file.replace(moved)
        file.symlink_to(moved)
    else:
        file.write_bytes(bytes(len(content)))


def test_two_hundred_altered_artifacts_are_refused(settings: Settings, tmp_path: Path) -> None:
    rng, refused = random.Random(SEED), 0
    staging = tmp_path / "staging"
    (staging / "folder").mkdir(parents=True)
    for name in ("config.json", "folder/vocabulary.txt", "card.md"):
        (staging / name).write_text(json.dumps({name: [rng.random() for _ in range(200)]}))
    for _ in range(200):
        shutil.rmtree(settings.artifacts_dir, ignore_errors=True)
        sha256, path = artifacts.publish_dir(settings, staging, "model")
        corrupt(rng, path)
        try:
            artifacts.open_artifact(settings, sha256)
        except DataError as error:
            refused += str(path) in error.failed
    assert refused == 200


@pytest.fixture
def corpus(settings: Settings, db: Engine, tmp_path: Path) -> Path:
    """Some real modules."""
    folder = tmp_path / "code"
    folder.mkdir()
    for name in ("heapq.py", "bisect.py"):
        shutil.copy(Path(os.__file__).parent / name, folder)
    corpora.add(settings, db, "code", str(folder), "Apache-2.0", consent=True)
    return folder


def start() -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "orchestration.launch", "intake", "--corpus", "code"]
    return subprocess.Popen(argv, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def published(db: Engine) -> dict[str, tuple[str, str]]:
    found = {asset: publications.current(db, asset, "code") for asset in STAGES}
    return {asset: (one.input_hash, one.sha256) for asset, one in found.items() if one}


def test_runs_killed_at_random_moments_are_found_dead_and_the_next_gives_what_an_undisturbed_one_gives(
    settings: Settings, db: Engine, dagster: DagsterInstance, corpus: Path
) -> None:
    rng = random.Random(SEED)
    for _ in range(ROUNDS):
        killed = start()
        at_work(db, killed)
        time.sleep(rng.uniform(0, 1.5))
        killed.kill()
        killed.communicate()
        reaper.reap(settings, dagster, db)
        assert heartbeats.all_beats(db) == []
        assert unfinished(dagster) == []
    both = start(), start()
    said = [one.communicate(timeout=480)[0] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    result = published(db)
    assert set(result) == set(STAGES)
    with db.begin() as conn:
        counts = conn.execute(
            text("SELECT count(*) FROM publication WHERE partition = 'code' GROUP BY asset")
        ).scalars()
        assert list(counts) == [1, 1, 1], "two runs at once, or one killed and one whole: each asset published once"
        conn.execute(text("DELETE FROM publication; DELETE FROM vector; DELETE FROM document; DELETE FROM signature"))
    undisturbed = start()
    assert undisturbed.wait(480) == 0
    assert published(db) == result


def at_work(db: Engine, run: subprocess.Popen[str]) -> None:
    """Until a step of it beats, so that it dies at work and not while Python is loading."""
    end = time.monotonic() + 90
    while not heartbeats.all_beats(db):
        assert run.poll() is None and time.monotonic() < end, run.communicate()[0]
        time.sleep(0.02)


def unfinished(dagster: DagsterInstance) -> list[str]:
    ended = (DagsterRunStatus.SUCCESS, DagsterRunStatus.FAILURE, DagsterRunStatus.CANCELED)
    return [run.run_id for run in dagster.get_runs() if run.status not in ended]
