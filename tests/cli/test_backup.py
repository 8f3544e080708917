"""A backup restored elsewhere gives the same hashes and the same answers; what was altered or lies changes nothing."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import tarfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url

from modelmill import asking, backup, restore
from modelmill.embed.stage import embed
from modelmill.errors import DataError, MillError, UserError
from modelmill.extract.stage import extract
from modelmill.normalize.stage import normalize
from modelmill.settings import Settings
from modelmill.store import artifacts, corpora, database, keys, tables

CODE = '''"""Numbers."""


def largest(numbers):
    """The largest of the numbers, or None when there is none."""
    return max(numbers, default=None)


def parse_date(text):
    """A date out of a string like 2026-11-21."""
    return tuple(int(part) for part in text.split("-"))
'''


@pytest.fixture
def elsewhere(settings: Settings, server_url: str, tmp_path: Path) -> Iterator[Settings]:
    """Another root, another home, an empty database."""
    name = f"mill_restored_{uuid.uuid4().hex[:8]}"
    admin = create_engine(make_url(server_url).set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT")
    with admin.connect() as conn:
        conn.execute(text(f"CREATE DATABASE {name}"))
    root = tmp_path / "elsewhere"
    root.mkdir()
    url = make_url(server_url).set(database=name).render_as_string(hide_password=False)
    made = settings.model_copy(
        update={"root": root, "home": root / "home", "database_url": type(settings.database_url)(url)}  # pyright: ignore
    )
    made.__dict__.pop("home_dir", None)
    yield made
    database.engine(made).dispose()
    with admin.connect() as conn:
        conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture
def filled(settings: Settings, db: Engine, tmp_path: Path) -> Settings:
    """An installation with a corpus that can be searched, an artifact, a frozen set's row, MLflow's folder."""
    folder = tmp_path / "code"
    folder.mkdir()
    (folder / "numbers.py").write_text(CODE)
    corpora.add(settings, db, "code", str(folder), "Apache-2.0", consent=True)
    extract(settings, db, corpora.get(db, settings.tenant, "code"))
    normalize(settings, db, corpora.get(db, settings.tenant, "code"))
    embed(settings, db, corpora.get(db, settings.tenant, "code"))
    staging = tmp_path / "staging"
    staging.mkdir()
    (staging / "model.json").write_text('{"letters": "aeiou"}')
    sha256, path = artifacts.publish_dir(settings, staging, "model")
    with db.begin() as conn:
        row = {"sha256": sha256, "task": "t", "path": str(path), "counts": {}, "manifest": {}}
        conn.execute(tables.dataset.insert().values(**row))
    run = settings.mlruns_dir / "t" / "run" / "artifacts"
    run.mkdir(parents=True)
    (run / "notes.md").write_text("seen")
    (run / "link.md").symlink_to("notes.md")
    return settings


def contents(db: Engine) -> dict[str, str]:
    """A hash of every table's rows but where they say where something lies."""
    found: dict[str, str] = {}
    with db.connect() as conn:
        for table in tables.metadata.sorted_tables:
            rows = f"SELECT md5(coalesce(string_agg(r::text, ' ' ORDER BY r::text), '')) FROM {table.fullname} r"
            found[table.name] = conn.execute(text(rows)).scalar_one()
    return {name: value for name, value in found.items() if name != "dataset"}


def answers(settings: Settings, db: Engine) -> list[dict[str, object]]:
    hits = asking.search(settings, db, "which of these values is the biggest", 3, {})
    return [asking.as_dict(hit) for hit in hits]


def test_what_is_restored_elsewhere_has_the_same_hashes_and_gives_the_same_answers(
    filled: Settings, db: Engine, elsewhere: Settings, tmp_path: Path
) -> None:
    key = keys.create(filled, db, "app")
    pepper = (filled.home_dir / "secrets" / "pepper").read_bytes()
    file = tmp_path / "mill.backup"
    made = backup.write(filled, file)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made.left_out == ("mlruns/t/run/artifacts/link.md",)
    assert pepper not in file.read_bytes()
    assert key.secret.encode() not in file.read_bytes()

    done = restore.read(elsewhere, file)
    there = database.engine(elsewhere)
    assert done.files == made.files
    assert contents(there) == contents(db)
    [artifact] = [path for path in filled.artifacts_dir.glob("*/*") if path.is_dir()]
    moved = artifacts.open_artifact(elsewhere, artifact.name)
    with there.connect() as conn:
        assert conn.execute(text("SELECT path FROM mill.dataset")).scalar_one() == str(moved)
    notes = elsewhere.mlruns_dir / "t" / "run" / "artifacts" / "notes.md"
    assert notes.read_text() == "seen"
    modes = [stat.S_IMODE(file.stat().st_mode) for file in (notes, moved / "model.json")]
    assert modes == [0o644, 0o444], "MLflow writes on, a model stays as it is"
    assert answers(elsewhere, there) == answers(filled, db) != []

    assert keys.check(elsewhere, there, key.secret) is None  # a pepper of its own was made
    with_pepper = elsewhere.model_copy(update={"key_pepper": type(elsewhere.database_url)(pepper.decode())})  # pyright: ignore
    assert keys.check(with_pepper, there, key.secret) is not None
    corpora.add(elsewhere, there, "more", str(tmp_path / "code"), "Apache-2.0")  # the counters went on
    with pytest.raises(UserError, match="is not empty"):
        restore.read(elsewhere, file)
    restore.read(elsewhere, file, replace=True)
    assert contents(there) == contents(db)


def test_an_existing_file_is_not_overwritten_and_settings_hold_no_secret(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(UserError, match="was not written"):
        backup.write(settings, tmp_path / "taken")
    assert (tmp_path / "taken").read_text() == "mine"
    secret = settings.model_copy(update={"key_pepper": type(settings.database_url)("planted")})  # pyright: ignore
    assert backup.plain_settings(secret) == {"profile": "tiny", "engine": "torch"}  # what a test sets


def rewritten(file: Path, target: Path, change: str) -> Path:
    """The archive with one change, everything else as it was."""
    members: list[tuple[tarfile.TarInfo, bytes]] = []
    with tarfile.open(file) as archive:
        for member in archive:
            stream = archive.extractfile(member)
            members.append((member, stream.read() if stream else b""))
    victim = next(i for i, (member, _) in enumerate(members) if member.name.endswith("model.json"))
    member, content = members[victim]
    extra = tarfile.TarInfo(
        {
            "parent": "artifacts/../../outside",
            "absolute": str(target.parent / "outside"),
            "unknown": "secrets/pepper",
            "twice": member.name.upper().replace("ARTIFACTS", "artifacts"),
            "link": "artifacts/link.json",
            "device": "artifacts/null.json",
            "unlisted": "artifacts/more.json",
        }.get(change, "artifacts/x")
    )
    if change == "altered":
        members[victim] = member, content.replace(b"aeiou", b"aeioy")
    elif change == "missing":
        del members[victim]
    elif change == "manifest":
        members.pop()
    elif change == "newer":
        about = json.loads(members[-1][1])
        members[-1] = members[-1][0], json.dumps({**about, "schema": "9999"}).encode()
    else:
        extra.type = {"link": tarfile.SYMTYPE, "device": tarfile.CHRTYPE}.get(change, tarfile.REGTYPE)
        extra.linkname = "/etc/passwd" if change == "link" else ""
        members.insert(1, (extra, b"" if change in ("link", "device") else b"{}"))
    with tarfile.open(target, "w") as archive:
        for one, data in members:
            one.size = len(data)
            archive.addfile(one, io.BytesIO(data))
    return target


HOSTILE = ("parent", "absolute", "unknown", "twice", "link", "device", "manifest", "newer")


@pytest.fixture
def small(settings: Settings, db: Engine, tmp_path: Path) -> Path:
    """A backup with one artifact."""
    staging = tmp_path / "staging"
    staging.mkdir()
    (staging / "model.json").write_text('{"letters": "aeiou"}')
    artifacts.publish_dir(settings, staging, "model")
    return backup.write(settings, tmp_path / "good").file


def test_an_archive_that_is_altered_or_lies_is_refused_and_changes_nothing(
    small: Path, elsewhere: Settings, tmp_path: Path
) -> None:
    for change in (*HOSTILE, "altered", "missing", "unlisted", "torn"):
        kind: type[MillError] = UserError if change in (*HOSTILE, "torn") else DataError
        if change == "torn":
            bad = tmp_path / change
            bad.write_bytes(small.read_bytes()[:-15000])
        else:
            bad = rewritten(small, tmp_path / change, change)
        with pytest.raises(kind) as refused:
            restore.read(elsewhere, bad)
        assert "nothing was changed" in refused.value.next or change == "newer", change
        assert list(elsewhere.home_dir.iterdir()) == [], change
        assert not restore.dump.holds_something(elsewhere), change
        assert not (tmp_path / "outside").exists()
    good = hashlib.sha256(small.read_bytes()).hexdigest()
    restore.read(elsewhere, small)
    assert hashlib.sha256(small.read_bytes()).hexdigest() == good
    assert list(elsewhere.artifacts_dir.iterdir())
